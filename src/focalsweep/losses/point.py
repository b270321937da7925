"""A loss as one point of the family: plain numbers, one vector a role, nothing else.

Every loss that focalsweep compares is such a point, which is why models with different losses
can train side by side in one population (see `focalsweep.losses.family` for the formula).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LossPoint:
    """Hold the parameters of one loss, each vector of shape (classes,).

    Parameters
    ----------
    weight : vector
        alpha, the class weights w; > 0, prior-weighted mean 1 when made by `class_weights`, which
        gives 0 to a class without training rows.
    gamma : vector
        Focusing parameter a class, in [0, 10]; 0 is cross-entropy.
    scale, offset, margin : vector
        Logits in training are ``scale * z + offset - margin * t``; 1, 0 and 0 leave them alone.
    smoothing : float
        Label smoothing eps in [0, 1), applied after the focal factor.
    power : float
        Generalised cross-entropy's r in [0, 1]; 0 is the logarithm.
    """

    weight: Vector
    gamma: Vector
    scale: Vector
    offset: Vector
    margin: Vector
    smoothing: float = 0.0
    power: float = 0.0

    @classmethod
    def cross_entropy(cls, n_classes: int) -> LossPoint:
        """Plain cross-entropy: the origin of the family."""
        one, zero = np.ones(n_classes), np.zeros(n_classes)
        return cls(weight=one, gamma=zero, scale=one, offset=zero, margin=zero)

    @property
    def softened(self) -> bool:
        """Whether the loss needs the arithmetic of label smoothing or generalised cross-entropy."""
        return self.smoothing > 0.0 or self.power > 0.0
