"""Say what a layout of folds means for what can be concluded, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from focalsweep.and_more import and_more
from focalsweep.data.class_units import class_units
from focalsweep.data.dataset import Dataset
from focalsweep.search.folds import Evaluation, Folds
from focalsweep.training.class_counts import ClassCounts, class_counts

FEW_GROUPS = 10
"""Groups in a holdout's test part below which their bootstrap is much too sure."""

FEW_CLASS_GROUPS = 4
"""Test groups of a class below which more than one draw of groups in 50 has none of it."""

_SHOWN = 6


def split_notes(dataset: Dataset, folds: Folds, *, evaluation: Evaluation) -> tuple[str, ...]:
    """List what the user should know of the splits, one sentence each.

    Parameters
    ----------
    dataset : Dataset
        What was split.
    folds : Folds
        Laid out; only its base views are looked at.
    evaluation : Evaluation
        Nested or holdout.

    Returns
    -------
    tuple of str
        Empty for a dataset without groups, time, split of its own, or absent classes.
    """
    return (
        *_of_groups(dataset, folds, evaluation=evaluation),
        *_of_split(dataset),
        *_of_time(dataset, evaluation=evaluation),
        *_of_absent_classes(dataset, folds),
    )


def _of_groups(dataset: Dataset, folds: Folds, *, evaluation: Evaluation) -> Iterator[str]:
    if dataset.groups is None:
        return
    n_groups = len(np.unique(dataset.groups))
    yield (
        f"The rows form {n_groups:,} groups (`dataset.groups`), and rows of one group are never "
        "on both sides of a split."
    )
    if evaluation.kind == "holdout":
        yield from _of_tested_groups(dataset, folds)
    units = class_units(dataset.labels, groups=dataset.groups)
    alone = (units == 1) if units.ndim == 1 else units[:, 1] == 1
    if alone.any():
        yield (
            f"Only one group has rows of {_listed(dataset, of=alone)}: where this group is tested, "
            "nothing was trained on what is asked."
        )


def _of_tested_groups(dataset: Dataset, folds: Folds) -> Iterator[str]:
    (scope,) = folds.outer
    groups = folds.test_groups(scope)
    if groups is None or scope.refit is None:
        return
    n_tested = len(np.unique(groups))
    few = ", too few to trust its interval" if n_tested < FEW_GROUPS else ""
    yield (
        f"The interval comes from drawing whole groups: the test part has {n_tested:,} of "
        f"them{few}."
    )
    tested = class_units(
        folds.views[scope.refit].eval_labels, groups=groups, n_classes=dataset.n_classes
    )
    scarce = tested if tested.ndim == 1 else tested[:, 1]
    scarce = np.where(scarce < FEW_CLASS_GROUPS, scarce, 0)
    if scarce.any():
        listed = _listed(dataset, of=scarce, among="them")
        yield (
            f"Few test groups have rows of what is rarest, {listed}: draws of groups without any "
            "score the others alone."
        )


def _of_split(dataset: Dataset) -> Iterator[str]:
    if dataset.split is None:
        return
    yield (
        f"The {len(dataset.split.test):,} test rows are those of `dataset.split`; the point to "
        "paste is searched on all rows."
    )
    used = len(dataset.split.train) + len(dataset.split.test)
    if used < dataset.n_rows:
        yield f"{dataset.n_rows - used:,} rows are in neither part of `dataset.split` and unused."


def _of_time(dataset: Dataset, *, evaluation: Evaluation) -> Iterator[str]:
    if dataset.time is None:
        return
    if evaluation.kind == "holdout":
        yield (
            "Models train on the past (`dataset.time`) and are tested on the last rows; the "
            "interval says nothing of how the future will differ from these rows."
        )
        return
    yield (
        f"Models train on the past (`dataset.time`): {evaluation.folds} expanding windows, each "
        "tested on the rows that follow it."
    )
    yield (
        "Windows in time are no random folds: the correction for shared training rows (Nadeau and "
        "Bengio) is made with the mean of their ratios of test to training rows, which is larger "
        "than for folds, and a change over time still is outside the interval."
    )


def _of_absent_classes(dataset: Dataset, folds: Folds) -> Iterator[str]:
    what = "labels" if dataset.multi_label else "classes"
    present = np.stack([_present(view.natural_counts) for view in folds.base])
    missing = (~present).sum(axis=0)
    if missing.any():
        known = (
            "there they get weight 0 and no offset, and their rows can only be missed"
            if not dataset.multi_label
            else "there nothing is learnt of them"
        )
        listed = _listed(dataset, of=missing, among=f"{len(present)} fits")
        yield f"Some {what} are absent from training rows, {listed}; {known}."
    tested = np.stack(
        [
            _present(class_counts(folds.views[c.refit].eval_labels, n_classes=dataset.n_classes))
            for c in folds.outer
            if c.refit is not None
        ]
    )
    unseen = (~tested).sum(axis=0)
    if unseen.any():
        listed = _listed(dataset, of=unseen, among=f"{len(tested)} outer folds")
        yield (
            f"Some {what} are absent from test rows, {listed}; the scores of these folds are of "
            "the others alone, and can be higher."
        )


def _present(counts: ClassCounts) -> NDArray[np.bool_]:
    """Tell which classes, or which labels and their absence, have rows."""
    return np.asarray(counts > 0 if counts.ndim == 1 else (counts > 0).all(axis=1))


def _listed(dataset: Dataset, *, of: NDArray[np.integer], among: str = "") -> str:
    """Name the classes that `of` does not say 0 of, with its number where it is one of several."""
    codes = np.flatnonzero(of)
    names = [
        f"`{dataset.class_names[code]}`" + (f" in {of[code]} of {among}" if among else "")
        for code in codes
    ]
    return and_more(names, most=_SHOWN)
