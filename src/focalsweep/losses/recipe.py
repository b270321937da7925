"""A recipe: what a model is trained with, from its first step to its last.

Most arms are one loss from start to end. Others change something on the way (class weights that
switch on late, a last layer that is trained anew), draw rows of rare classes more often, or end in
a cosine head. A recipe holds all of that as plain numbers, so that members with different recipes
still train side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint

Head = Literal["linear", "cosine"]
Point: TypeAlias = LossPoint | SigmoidPoint | KerasPoint
"""A loss of single-label or of multi-label data, or one outside both families."""


def of_family(point: Point) -> LossPoint | SigmoidPoint:
    """Return a point whose numbers have a meaning here.

    Raises
    ------
    TypeError
        If the loss is none of the family: ask
        `focalsweep.losses.posterior.correction_refusal` first.
    """
    if isinstance(point, KerasPoint):
        raise TypeError(f"`{point.path}` is no point of the family")
    return point


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Hold how training goes from one moment on.

    Parameters
    ----------
    loss : LossPoint or SigmoidPoint
        The loss; the second is that of multi-label data, which knows neither `sampling` nor
        `head_only`.
    start : float, default 0.0
        Share of the sweep's epochs, in [0, 1), after which this stage begins.
    sampling : float, default 0.0
        Strength of class-balanced sampling in [0, 1], see `class_mass`; 0 sees every row once an
        epoch.
    head_only : bool, default False
        The last layer is drawn anew when the stage begins, and from then on it alone is trained;
        so are later stages' last layers.

    Raises
    ------
    ValueError
        If `start` or `sampling` is out of its range, or if a multi-label loss has them.
    """

    loss: Point
    start: float = 0.0
    sampling: float = 0.0
    head_only: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.start < 1.0:
            raise ValueError(f"`start` must be in [0, 1). Received: start={self.start}.")
        if not 0.0 <= self.sampling <= 1.0:
            raise ValueError(f"`sampling` must be in [0, 1]. Received: sampling={self.sampling}.")
        if isinstance(self.loss, KerasPoint) and (self.sampling or self.head_only):
            raise ValueError(
                "a Keras loss trains a model from start to end, on its rows as they are."
            )
        if isinstance(self.loss, SigmoidPoint) and self.sampling:
            raise ValueError(
                "a row may have several labels, so none can be drawn in proportion to its class: "
                f"`sampling` must be 0 on multi-label data. Received: sampling={self.sampling}."
            )
        if isinstance(self.loss, SigmoidPoint) and self.head_only:
            raise ValueError(
                "a last layer that is trained anew is not offered on multi-label data: `head_only` "
                "must be false. Received: head_only=True."
            )

    def start_epoch(self, epochs: int) -> int:
        """Return the first epoch (from 0) of this stage in a sweep of so many epochs.

        A stage that begins late begins in the last epoch at the latest.
        """
        return min(round(self.start * epochs), epochs - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """Hold the stages of a training and the head that it needs.

    Parameters
    ----------
    stages : tuple of Stage
        In the order of their starts; the first starts at 0.
    head : {"linear", "cosine"}
        The model's own last layer, or the cosine of features and class vectors, which
        `LossPoint.scale` then multiplies.

    Raises
    ------
    ValueError
        If the stages are not in order, or if one after a `head_only` stage trains all layers
        again: the optimiser has forgotten how it moved them. If stages mix single-label and
        multi-label losses, or if the latter have a cosine head.
    """

    stages: tuple[Stage, ...]
    head: Head = "linear"

    def __post_init__(self) -> None:
        starts = [stage.start for stage in self.stages]
        if not starts or starts[0] != 0.0 or starts != sorted(starts):
            raise ValueError(f"stages must start at 0 and in order. Received: {starts}.")
        heads = [stage.head_only for stage in self.stages]
        if heads != sorted(heads):
            raise ValueError(
                "a stage after one with `head_only` must have `head_only` too. "
                f"Received: head_only={heads}."
            )
        tasks = {isinstance(stage.loss, SigmoidPoint) for stage in self.stages}
        if len(tasks) > 1:
            raise ValueError("stages mix losses of single-label and of multi-label data.")
        if tasks == {True} and self.head != "linear":
            raise ValueError(
                "a cosine head is not offered on multi-label data: `head` must be linear. "
                f"Received: head={self.head}."
            )

    @classmethod
    def plain(cls, loss: Point) -> Recipe:
        """One loss from start to end."""
        return cls(stages=(Stage(loss=loss),))

    @property
    def last(self) -> Stage:
        """The stage that training ends in."""
        return self.stages[-1]

    def stage_at(self, epoch: int, *, epochs: int) -> Stage:
        """Return the stage of an epoch (from 0) in a sweep of so many epochs."""
        begun = [stage for stage in self.stages if stage.start_epoch(epochs) <= epoch]
        return begun[-1]

    def end(self, trained: int, *, epochs: int) -> Stage:
        """Return the stage that a model of `trained` epochs ended in: its probabilities' loss."""
        return self.stage_at(trained - 1, epochs=epochs)

    def switch_epoch(self, trained: int, *, epochs: int) -> int | None:
        """Return the first epoch (from 0) of that stage; None where it is the first stage."""
        stage = self.end(trained, epochs=epochs)
        return None if stage is self.stages[0] else stage.start_epoch(epochs)


def class_mass(counts: ArrayLike, sampling: float) -> NDArray[np.float64]:
    """Return how often classes are drawn: ``n_k^(1 - sampling) * n_max^sampling``.

    At 0 that is the number of rows, at 1 the largest class for all.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class; a class without rows is never drawn.
    sampling : float
        In [0, 1].
    """
    rows = np.asarray(counts, dtype=np.float64)
    return np.where(rows > 0, rows ** (1.0 - sampling) * rows.max() ** sampling, 0.0)
