"""A multi-label loss as one point of the sigmoid family: plain numbers, nothing else.

A label is a two-class problem of its own, [without, with]; see `focalsweep.losses.sigmoid_family`
for the formula and `focalsweep.losses.point` for the single-label counterpart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.point import LossPoint

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SigmoidPoint:
    """Hold the parameters of one multi-label loss.

    Parameters
    ----------
    weight : array of shape (labels, 2)
        Weights of rows without and with each label; prior-weighted mean 1 over all cells when made
        by `binary_arms`.
    gamma : array of shape (labels, 2)
        Focusing parameters of rows without and with each label, in [0, 10]; 0 is cross-entropy.
    offset : array of shape (labels,)
        Logits in training are ``z + offset``; 0 leaves them alone.
    clip : float, default 0.0
        Probability in [0, 1) that is taken off where a label is absent: absent labels of a lower
        probability have no loss.
    smoothing : float, default 0.0
        Label smoothing eps in [0, 1), applied after the focal factor; not together with `clip`.

    Raises
    ------
    ValueError
        If `clip` or `smoothing` is out of its range, or both are above 0: what is clipped away
        would have an infinite share of the smoothed loss.
    """

    weight: Array
    gamma: Array
    offset: Array
    clip: float = 0.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("clip", self.clip), ("smoothing", self.smoothing)):
            if not 0.0 <= value < 1.0:
                raise ValueError(f"`{name}` must be in [0, 1). Received: {name}={value}.")
        if self.clip and self.smoothing:
            raise ValueError(
                "`clip` and `smoothing` exclude each other. "
                f"Received: clip={self.clip}, smoothing={self.smoothing}."
            )

    @classmethod
    def cross_entropy(cls, n_labels: int) -> SigmoidPoint:
        """Plain binary cross-entropy of every label: the origin of the family."""
        return cls(
            weight=np.ones((n_labels, 2)), gamma=np.zeros((n_labels, 2)), offset=np.zeros(n_labels)
        )

    @property
    def softened(self) -> bool:
        """Whether the loss needs the arithmetic of clipping or label smoothing."""
        return self.clip > 0.0 or self.smoothing > 0.0

    def two_class(self) -> LossPoint:
        """Return the same loss in the two-class family, label by label.

        Returns
        -------
        LossPoint
            With vectors of shape (labels, 2), for logits ``stack([0, z])`` on a new last axis;
            `focalsweep.losses.posterior` then corrects each label. `clip` has no counterpart
            there and is left out.
        """
        zero = np.zeros_like(self.weight)
        return LossPoint(
            weight=self.weight,
            gamma=self.gamma,
            scale=np.ones_like(self.weight),
            offset=np.stack([np.zeros_like(self.offset), self.offset], axis=-1),
            margin=zero,
            smoothing=self.smoothing,
        )
