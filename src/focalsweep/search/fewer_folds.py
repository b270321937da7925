"""Say why there are fewer folds or repeats than asked for, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from focalsweep.data.class_units import class_units
from focalsweep.data.dataset import Dataset
from focalsweep.search.folds import Evaluation


def fewer_folds(dataset: Dataset, *, asked: Evaluation, done: Evaluation) -> tuple[str, ...]:
    """List what the data did not allow.

    Parameters
    ----------
    dataset : Dataset
        What was split.
    asked, done : Evaluation
        What was to be laid out, and what `Folds.carried_out` says of it.

    Returns
    -------
    tuple of str
        Empty where all folds are there.
    """
    return tuple(_reasons(dataset, asked=asked, done=done))


def _reasons(dataset: Dataset, *, asked: Evaluation, done: Evaluation) -> Iterator[str]:
    nested = asked.kind == "nested"
    if nested and done.folds < asked.folds:
        what = "windows in time" if dataset.time is not None else "outer folds"
        why = _scarce(dataset, folds=done.folds) or (
            "so that each has rows of what is asked on both sides of its split"
        )
        yield f"{done.folds} {what} instead of {asked.folds}, {why}."
    if nested and done.repeats < asked.repeats:
        yield (
            f"{done.repeats} repeat{'s' if done.repeats > 1 else ''} instead of {asked.repeats}, "
            f"because the {'rows' if dataset.groups is None else 'groups'} can be dealt into "
            f"{done.folds} folds in no other way that is as good, and the same folds again are no "
            "evidence."
        )
    if done.inner_folds < asked.inner_folds:
        yield (
            f"{done.inner_folds} inner folds instead of {asked.inner_folds}, so that each has rows "
            "of what is asked to train on."
        )


def _scarce(dataset: Dataset, *, folds: int) -> str | None:
    """Name the class, or the label, that is in no more rows or groups than there are folds."""
    if dataset.time is not None:
        return None
    units = class_units(dataset.labels, groups=dataset.groups)
    found = np.argwhere(units == folds)
    if not len(found):
        return None
    code, *side = found[0].tolist()
    name = f"{'the absence of ' if side == [0] else ''}`{dataset.class_names[code]}`"
    things = f"{folds} rows"
    if dataset.groups is not None:
        things = f"{folds} of {len(np.unique(dataset.groups)):,} groups"
    return f"so that each tests {name}, which is in {things} only: other folds would score the rest"
