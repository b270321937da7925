"""Say what a layout of folds means for what can be concluded, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset
from focalsweep.search.folds import Evaluation, Folds
from focalsweep.training.class_counts import ClassCounts

FEW_GROUPS = 10
"""Groups in a holdout's test part below which their bootstrap is much too sure."""

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
    names, codes = np.unique(dataset.groups, return_inverse=True)
    yield (
        f"The rows form {len(names):,} groups (`dataset.groups`), and rows of one group are never "
        "on both sides of a split."
    )
    if evaluation.kind == "holdout":
        tested = folds.test_groups(folds.outer[0])
        n_tested = 0 if tested is None else len(np.unique(tested))
        few = ", too few to trust its interval" if n_tested < FEW_GROUPS else ""
        yield (
            f"The interval comes from drawing whole groups: the test part has {n_tested:,} of "
            f"them{few}."
        )
    table = np.zeros((len(names), dataset.n_classes), dtype=np.bool_)
    if dataset.multi_label:
        np.logical_or.at(table, codes, dataset.labels == 1)
    else:
        table[codes, dataset.labels] = True
    alone = np.flatnonzero(table.sum(axis=0) == 1)
    if len(alone):
        yield (
            f"Only one group has rows of {_listed(dataset, alone)}: where this group is tested, "
            "nothing was trained on what is asked."
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
    present = np.stack([_present(view.natural_counts) for view in folds.base])
    missing = (~present).sum(axis=0)
    absent = np.flatnonzero(missing)
    if not len(absent):
        return
    what = "labels" if dataset.multi_label else "classes"
    known = (
        "there they get weight 0 and no offset, and their rows can only be missed"
        if not dataset.multi_label
        else "there nothing is learnt of them"
    )
    listed = _listed(dataset, absent, of=missing, total=len(present))
    yield f"Some {what} are absent from training rows, {listed}; {known}."


def _present(counts: ClassCounts) -> NDArray[np.bool_]:
    """Tell which classes, or which labels and their absence, have rows."""
    return np.asarray(counts > 0 if counts.ndim == 1 else (counts > 0).all(axis=1))


def _listed(
    dataset: Dataset,
    codes: NDArray[np.intp],
    *,
    of: NDArray[np.integer] | None = None,
    total: int = 0,
) -> str:
    names = [
        f"`{dataset.class_names[code]}`" + ("" if of is None else f" in {of[code]} of {total} fits")
        for code in codes[:_SHOWN]
    ]
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return ", ".join(names) + more
