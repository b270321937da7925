"""An arm: one loss family inside a sweep, with the numbers that its search may set.

A trial's parameters are plain named numbers: the arm's own (``gamma``, ``tau``, ``delta_0`` ...)
and the nuisance numbers that every arm re-tunes (``learning_rate``, ``weight_decay``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution

from focalsweep.config.arm_schema import Family
from focalsweep.losses.class_weights import priors_equal
from focalsweep.losses.free_directions import free_dimensions
from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.recipe import Point, Recipe
from focalsweep.training.class_counts import ClassCounts

Parameters = dict[str, float]
Counts = ClassCounts
Space = dict[str, FloatDistribution]


@dataclass(frozen=True, kw_only=True)
class Range:
    """Bound a searched number; a vector becomes one number a free dimension of the classes.

    `neutral` is the value at which the number does least; None is the one nearest to 0.
    """

    low: float
    high: float
    log: bool = False
    vector: bool = False
    neutral: float | None = None

    @property
    def distribution(self) -> FloatDistribution:
        return FloatDistribution(self.low, self.high, log=self.log)


@dataclass(frozen=True, kw_only=True)
class Nuisance:
    """Hold what is re-tuned inside every arm: defaults for its first trials, and ranges.

    Parameters
    ----------
    defaults : mapping
        ``learning_rate`` and ``weight_decay``.
    search : mapping from name to Range
        The searched ones among them.
    """

    defaults: Mapping[str, float]
    search: Mapping[str, Range]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Hold one arm of a sweep.

    Parameters
    ----------
    name, label, family : str
        As in ``conf/loss/``.
    make_loss : callable
        ``make_loss(counts, **numbers)``, which returns a `LossPoint`, on multi-label data a
        `SigmoidPoint`, or a `Recipe`; counts are those of the training rows.
    search : mapping from name to Range
        The arm's own searched numbers.
    baselines : sequence of parameters
        Points that are tried first, in this order.
    rows : callable, optional
        Treats the training rows of every fold, see `focalsweep.search.folds.Folds.variant`; None
        leaves them.
    stream : int, default 0
        Arms of one stream share initial weights and batch order, which pairs their differences.
    """

    name: str
    label: str
    family: Family
    make_loss: Callable[..., Point | Recipe]
    search: Mapping[str, Range] = field(default_factory=dict)
    baselines: Sequence[Parameters] = ()
    rows: Callable[..., Any] | None = None
    stream: int = 0

    def left_out(self, counts: Counts) -> str | None:
        """Say why this arm has nothing of its own to search on such data, or None."""
        if self._has_vector and self._free_dimensions(counts) == 0:
            return (
                "with two classes the class weights have one free number, which `tau` already is: "
                "the arm equals `focal_gamma_tau`"
            )
        return None

    def space(self, counts: Counts, nuisance: Nuisance) -> Space:
        """Name and bound every number that a study of this arm searches.

        Parameters
        ----------
        counts : array of shape (classes,), or (labels, 2)
            Training rows a class of the study. With equal priors ``tau`` has no effect and is
            left out of an arm with a free vector, whose vector then has one number more.
        """
        space = {name: limits.distribution for name, limits in nuisance.search.items()}
        for name, limits in self.search.items():
            if limits.vector:
                for index in range(self._free_dimensions(counts)):
                    space[f"{name}_{index}"] = limits.distribution
            elif not (name == "tau" and self._has_vector and priors_equal(counts)):
                space[name] = limits.distribution
        return space

    def first_trials(self, space: Space, nuisance: Nuisance) -> list[Parameters]:
        """List the baselines as points of `space`, without repetitions.

        Numbers that a baseline does not name are 0 (a vector of zeros), or the value of their
        range that is nearest to 0; rates have their defaults.
        """
        points: list[Parameters] = []
        for baseline in self.baselines or ({},):
            given = {**nuisance.defaults, **baseline}
            point = {
                name: float(np.clip(given.get(name, 0.0), limits.low, limits.high))
                for name, limits in space.items()
            }
            if point not in points:
                points.append(point)
        return points

    def recipe(self, counts: Counts, parameters: Parameters, *, equal_priors: bool) -> Recipe:
        """Make the recipe of one member from its own training rows' class counts.

        Counts are of shape (classes,), or of multi-label data (labels, 2): the rows
        [without, with] each label, so that priors are a label's own.

        `equal_priors` is decided once a study, because it says how long the vector is.
        """
        numbers: dict[str, float | list[float]] = {}
        for name, limits in self.search.items():
            if limits.vector:
                size = free_dimensions(len(counts), equal_priors=equal_priors)
                numbers[name] = [parameters[f"{name}_{index}"] for index in range(size)]
                numbers["equal_priors"] = equal_priors
            elif name in parameters:
                numbers[name] = parameters[name]
        made = self.make_loss(counts, **numbers)
        return made if isinstance(made, Recipe) else Recipe.plain(made)

    def softens(self, counts: Counts) -> bool:
        """Tell whether a point of this arm smooths labels, bends the logarithm or clips."""
        points = [stage.loss for recipe in self._ends(counts) for stage in recipe.stages]
        return any(point.softened for point in points)

    def has_cosine_head(self, counts: Counts) -> bool:
        """Tell whether a point of this arm ends its model in a cosine head."""
        return any(recipe.head == "cosine" for recipe in self._ends(counts))

    def trains_head_only(self, counts: Counts) -> bool:
        """Tell whether a point of this arm draws the last layer anew and trains it alone."""
        return any(stage.head_only for recipe in self._ends(counts) for stage in recipe.stages)

    def _ends(self, counts: Counts) -> list[Recipe]:
        """Make the recipes at both ends of the arm's ranges: any feature shows in one of them."""
        equal_priors = priors_equal(counts)
        space = self.space(counts, Nuisance(defaults={}, search={}))
        ends = [
            {name: limits.low for name, limits in space.items()},
            {name: limits.high for name, limits in space.items()},
        ]
        return [self.recipe(counts, end, equal_priors=equal_priors) for end in ends]

    @property
    def _has_vector(self) -> bool:
        return any(limits.vector for limits in self.search.values())

    @staticmethod
    def _free_dimensions(counts: Counts) -> int:
        return free_dimensions(len(counts), equal_priors=priors_equal(counts))


def outside_family(arms: Sequence[Arm], counts: Counts) -> dict[str, KerasPoint]:
    """Return a point of every arm whose loss is none of the family, by the arm's name."""
    points = {}
    for arm in arms:
        loss = arm._ends(counts)[0].last.loss
        if isinstance(loss, KerasPoint):
            points[arm.name] = loss
    return points
