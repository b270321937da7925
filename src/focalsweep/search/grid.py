"""Grid search outside `optuna.Study.optimize`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial


class ShuffledGrid(BaseSampler):
    """Give trial n the n-th point of a grid in an order shuffled once a study.

    `optuna.samplers.GridSampler` stops the study when the grid is exhausted, which raises when
    trials are asked and told, and it redraws points already visited by chance.

    Parameters
    ----------
    points : mapping from name to values
        The grid's axes.
    seed : int
        Of the order.
    """

    def __init__(self, points: Mapping[str, Sequence[float]], *, seed: int) -> None:
        self._names = list(points)
        self._grid = list(product(*points.values()))
        self._order = np.random.default_rng(seed).permutation(len(self._grid))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return nothing: every number is looked up by itself."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing: every number is looked up by itself."""
        return {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> float:
        """Look up one number of this trial's grid point."""
        point = self._grid[self._order[trial.number % len(self._grid)]]
        return float(point[self._names.index(param_name)])
