"""The weights that members start from, drawn once for each fold and seed.

Every trial of every arm starts from the same weights again, so they are kept. Folds may differ in
columns; all weights have the widest fold's shapes, with zeros at their ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
from numpy.typing import NDArray

from focalsweep.models.last_dense import last_dense
from focalsweep.training.member import View
from focalsweep.training.randomness import fresh_weights, initial_weights
from focalsweep.training.stacking import StackedModel

Weights = list[NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Starts:
    """Draw weights by (view, seed).

    Parameters
    ----------
    models : mapping from number of columns to keras.Model
        One architecture for each width.
    stacked : StackedModel
        Of the widest.
    views : sequence of View
        What the first number of a key counts.
    """

    models: Mapping[int, keras.Model]
    stacked: StackedModel
    views: Sequence[View]
    _drawn: dict[tuple[int, int], Weights] = field(default_factory=dict, init=False, repr=False)
    _fresh: dict[tuple[int, int], Weights] = field(default_factory=dict, init=False, repr=False)

    def weights(self, view: int, seed: int) -> Weights:
        """Return the initial weights of the whole model."""
        if (view, seed) not in self._drawn:
            drawn = initial_weights(self._model(view), seed=seed, view=self.views[view].name)
            self._drawn[view, seed] = _widened(drawn, self.stacked.shapes)
        return self._drawn[view, seed]

    def fresh_head(self, view: int, seed: int) -> Weights:
        """Return the weights with which the last layer begins for a second time."""
        if (view, seed) not in self._fresh:
            layer = last_dense(self._model(view))
            if layer is None:
                raise ValueError("`head_only` needs a model that ends in a plain Dense layer")
            drawn = fresh_weights(layer, seed=seed, view=self.views[view].name)
            in_head = zip(self.stacked.shapes, self.stacked.in_head, strict=True)
            self._fresh[view, seed] = _widened(drawn, [shape for shape, head in in_head if head])
        return self._fresh[view, seed]

    def _model(self, view: int) -> keras.Model:
        return self.models[self.views[view].features.shape[1]]


def _widened(values: Weights, shapes: Sequence[tuple[int, ...]]) -> Weights:
    return [
        np.pad(value, [(0, full - own) for full, own in zip(shape, value.shape, strict=True)])
        for value, shape in zip(values, shapes, strict=True)
    ]
