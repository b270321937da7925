"""Split rows into training and test parts, as row numbers: by class, by group or by time.

Every class has a training row in every fold, otherwise no model of that fold can learn it, and a
test row in every outer fold, otherwise its score is that of the others alone. A class with fewer
rows, or groups, than folds allows fewer folds (see `focalsweep.data.nested_splits`). Whoever asks
for `keep_rare` takes that upon himself: such a class is then absent where it is absent.

Rows of one group are never split, and with times models train on the past only. Each label of a
multi-label problem is looked at as a problem of two classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.fold_numbers import (
    FoldNumbers,
    Groups,
    fold_numbers,
    repeated_fold_numbers,
)
from focalsweep.data.split_checks import (
    FEWER_FOLDS,
    MORE_GROUPS,
    Unsplittable,
    check_folds,
    check_parts,
    refuse_few_groups,
    refuse_single_rows,
)
from focalsweep.data.time_windows import Times, expanding_windows
from focalsweep.errors import UserError

Rows = NDArray[np.int64]
Labels = NDArray[np.integer]


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Hold one split as two disjoint arrays of row numbers.

    Parameters
    ----------
    train, test : int array of shape (rows of the part,)
        Row numbers of the dataset, ascending.
    """

    train: Rows
    test: Rows


def outer_splits(
    labels: Labels,
    *,
    folds: int,
    repeats: int,
    seed: int,
    class_names: Sequence[str] = (),
    groups: Groups | None = None,
    time: Times | None = None,
    keep_rare: bool = False,
) -> tuple[Split, ...]:
    """Return `folds` splits for each repeat, repeat after repeat.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label.
    folds : int
        >= 2. In each repeat, every row is in exactly one test part (with times: the first window,
        which is before all others, in none).
    repeats : int
        >= 1, with folds drawn anew; 1 with times, where nothing is drawn. There are fewer where
        rows or groups are so few that they cannot be dealt anew so often.
    seed : int
        The only source of randomness.
    class_names : sequence of str, optional
        For messages; codes are named without it.
    groups : int array of shape (rows,), optional
        Rows of one code are in one part.
    time : float array of shape (rows,), optional
        Training rows are those before the test rows, see `focalsweep.data.time_windows`.
    keep_rare : bool, default False
        Whether a class may be without training rows, or without test rows, in a fold.

    Raises
    ------
    Unsplittable
        When a class would be without training or test rows in a fold, and with `keep_rare` when
        all but one would.
    UserError
        When no number of folds would do.
    """
    setting = "evaluation.folds"
    check_folds(len(labels), folds=folds, setting=setting)
    if repeats < 1:
        raise UserError(f"`evaluation.repeats` must be >= 1. Received: repeats={repeats}.")
    if time is not None:
        if repeats > 1:
            raise UserError(
                "`evaluation.repeats` must be 1 with `dataset.time`, because the past can be drawn "
                f"in one way only. Received: repeats={repeats}."
            )
        parts = expanding_windows(time, folds=folds, setting=setting)
    else:
        if groups is not None and not keep_rare:
            refuse_few_groups(labels, groups, least=3, class_names=class_names, way_out=MORE_GROUPS)
        if groups is None and labels.ndim == 1:
            _check_classes(labels, folds=folds, class_names=class_names, keep_rare=keep_rare)
        dealt = repeated_fold_numbers(
            labels, folds=folds, repeats=repeats, seed=seed, groups=groups
        )
        parts = [part for numbers in dealt for part in _parts(numbers, folds=folds)]
    splits = tuple(as_split(train, test) for train, test in parts)
    way_out = _way_out(folds, groups=groups, time=time, keep_rare=keep_rare)
    for split in splits:
        check_parts(
            labels,
            split.train,
            split.test,
            class_names=class_names,
            keep_rare=keep_rare,
            way_out=way_out,
            of=f" of one of {folds} folds",
        )
    return splits


def inner_splits(
    labels: Labels,
    rows: NDArray[np.integer],
    *,
    folds: int,
    seed: int,
    class_names: Sequence[str] = (),
    groups: Groups | None = None,
    time: Times | None = None,
    keep_rare: bool = False,
) -> tuple[Split, ...]:
    """Return `folds` splits of the given rows; row numbers are those of the whole dataset.

    The test parts are scored together, so a class need not be in each of them.

    Parameters
    ----------
    labels, groups, time : array of shape (all rows, ...)
        As in `outer_splits`, of the whole dataset; only those of `rows` are read.
    rows : int array
        Training rows of an outer fold.
    folds : int
        >= 2.
    seed, class_names, keep_rare
        As in `outer_splits`.

    Raises
    ------
    Unsplittable
        When a class of these rows would be without training rows in a fold, or without test rows
        in all of them, and with `keep_rare` when all but one would.
    UserError
        When no number of folds would do.
    """
    own_rows: Rows = np.sort(rows).astype(np.int64)
    own = labels[own_rows]
    setting = "evaluation.inner_folds"
    check_folds(len(own_rows), folds=folds, setting=setting)
    checks: dict[str, Any] = {"class_names": class_names, "keep_rare": keep_rare}
    if time is not None:
        parts = expanding_windows(time[own_rows], folds=folds, setting=setting)
    else:
        own_groups = None if groups is None else groups[own_rows]
        if own_groups is not None and not keep_rare:
            more = "use more folds (`evaluation.folds`), or collect rows of it in more groups"
            refuse_few_groups(own, own_groups, least=2, class_names=class_names, way_out=more)
        if groups is None and labels.ndim == 1:
            _check_classes(own, folds=folds, **checks)
        numbers = fold_numbers(own, folds=folds, seed=seed, groups=own_groups, least=2)
        parts = _parts(numbers, folds=folds)
    for train, test in parts:
        check_parts(own, train, test, **checks, way_out=FEWER_FOLDS, tested=False)
    tested = np.concatenate([test for _, test in parts])
    check_parts(own, np.arange(len(own)), tested, **checks, way_out=FEWER_FOLDS)
    return tuple(as_split(own_rows[train], own_rows[test]) for train, test in parts)


def as_split(train: NDArray[np.integer], test: NDArray[np.integer]) -> Split:
    """Put both parts in order."""
    return Split(train=np.sort(train).astype(np.int64), test=np.sort(test).astype(np.int64))


def _parts(numbers: FoldNumbers, *, folds: int) -> list[tuple[Rows, Rows]]:
    return [(np.flatnonzero(numbers != k), np.flatnonzero(numbers == k)) for k in range(folds)]


def _way_out(folds: int, *, groups: Groups | None, time: Times | None, keep_rare: bool) -> str:
    """Say what helps where a class is not on both sides of so many folds."""
    if folds > 2:
        return FEWER_FOLDS
    if time is not None:
        return "set `dataset.time=null`"
    if groups is not None:
        return MORE_GROUPS
    return "collect more rows of " + ("what `dataset.rare_classes` keeps" if keep_rare else "it")


def _check_classes(
    labels: Labels, *, folds: int, class_names: Sequence[str], keep_rare: bool
) -> None:
    # With two rows or more, stratified folds put them in different test parts, so that one row
    # at least is left for training in each fold.
    if not keep_rare:
        refuse_single_rows(labels, class_names=class_names)
    if np.bincount(labels).max() < folds:
        raise Unsplittable(
            f"At least one class must have as many rows as there are folds ({folds}). Received: "
            f"{np.bincount(labels).max()} rows in the largest class; use fewer folds "
            "(`evaluation.folds`, `evaluation.inner_folds`)."
        )
