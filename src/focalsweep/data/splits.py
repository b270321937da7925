"""Split rows into training and test parts, as row numbers: by class, by group or by time.

A class with fewer rows than folds is in the test part of some folds only; what must hold is that
every class has a training row in every fold, otherwise no model of that fold can learn it. Whoever
asks for `keep_rare` takes that upon himself: such a class is then absent where it is absent.

Rows of one group are never split, and with times models train on the past only. Each label of a
multi-label problem is looked at as a problem of two classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from focalsweep.data.fold_numbers import FoldNumbers, Groups, fold_numbers
from focalsweep.data.split_checks import (
    check_folds,
    check_parts,
    refuse_single_rows,
)
from focalsweep.data.time_windows import Times, expanding_windows, last_rows
from focalsweep.errors import UserError

Rows = NDArray[np.int64]
Labels = NDArray[np.integer]

_FINEST = 20
"""Parts at most from which a holdout of whole groups is put together."""


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
        >= 1, with folds drawn anew; 1 with times, where nothing is drawn.
    seed : int
        The only source of randomness.
    class_names : sequence of str, optional
        For messages; codes are named without it.
    groups : int array of shape (rows,), optional
        Rows of one code are in one part.
    time : float array of shape (rows,), optional
        Training rows are those before the test rows, see `focalsweep.data.time_windows`.
    keep_rare : bool, default False
        Whether a class may be without training rows in a fold.

    Raises
    ------
    UserError
        When a class would be without training rows in a fold, and with `keep_rare` when all but
        one would.
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
    elif groups is None and labels.ndim == 1:
        _check_classes(labels, folds=folds, class_names=class_names, keep_rare=keep_rare)
        splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
        with _small_classes_allowed():
            parts = list(splitter.split(labels, labels))
    else:
        dealt: list[FoldNumbers] = []
        for own_seed in _seeds(seed, repeats):
            dealt.append(
                fold_numbers(labels, folds=folds, seed=own_seed, groups=groups, before=dealt)
            )
        parts = [part for numbers in dealt for part in _parts(numbers, folds=folds)]
    splits = tuple(_split(train, test) for train, test in parts)
    for split in splits:
        check_parts(labels, split.train, split.test, class_names=class_names, keep_rare=keep_rare)
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
    UserError
        When a class of these rows would be without training rows in a fold, and with `keep_rare`
        when all but one would.
    """
    own_rows: Rows = np.sort(rows).astype(np.int64)
    own = labels[own_rows]
    setting = "evaluation.inner_folds"
    check_folds(len(own_rows), folds=folds, setting=setting)
    if time is not None:
        parts = expanding_windows(time[own_rows], folds=folds, setting=setting)
    elif groups is None and labels.ndim == 1:
        _check_classes(own, folds=folds, class_names=class_names, keep_rare=keep_rare)
        splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
        with _small_classes_allowed():
            parts = list(splitter.split(own, own))
    else:
        own_groups = None if groups is None else groups[own_rows]
        numbers = fold_numbers(own, folds=folds, seed=seed, groups=own_groups)
        parts = _parts(numbers, folds=folds)
    for train, test in parts:
        check_parts(own, train, test, class_names=class_names, keep_rare=keep_rare)
    return tuple(_split(own_rows[train], own_rows[test]) for train, test in parts)


def holdout_split(
    labels: Labels,
    *,
    test_fraction: float,
    seed: int,
    class_names: Sequence[str] = (),
    groups: Groups | None = None,
    time: Times | None = None,
    keep_rare: bool = False,
) -> Split:
    """Return one split with `test_fraction` of every class in the test part.

    With groups or several labels a row, folds are put together until they hold about
    `test_fraction` of the rows; with times the last rows are tested.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label.
    test_fraction : float
        Share of rows in the test part, in (0, 1).
    seed, class_names, groups, time
        As in `outer_splits`.
    keep_rare : bool, default False
        Whether a class may be without training rows, or without test rows. A class of a single row
        is then trained on.

    Raises
    ------
    UserError
        When a class would be without training rows or without test rows.
    """
    if not 0 < test_fraction < 1:
        raise UserError(f"`evaluation.test_fraction` must be in (0, 1). Received: {test_fraction}.")
    train: NDArray[np.integer]
    test: NDArray[np.integer]
    if time is not None:
        train, test = last_rows(time, test_fraction=test_fraction)
    elif groups is not None or labels.ndim == 2:
        units = len(labels) if groups is None else len(np.unique(groups))
        share = _share(test_fraction, units=units)
        numbers = fold_numbers(labels, folds=share.denominator, seed=seed, groups=groups)
        is_test = numbers < share.numerator
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    else:
        train, test = _stratified_holdout(
            labels,
            test_fraction=test_fraction,
            seed=seed,
            class_names=class_names,
            keep_rare=keep_rare,
        )
    split = _split(train, test)
    check_parts(
        labels,
        split.train,
        split.test,
        class_names=class_names,
        keep_rare=keep_rare,
        holdout=f"`evaluation.test_fraction`={test_fraction}",
    )
    _check_test_groups(groups, split)
    return split


def given_split(
    labels: Labels,
    split: Split,
    *,
    class_names: Sequence[str] = (),
    groups: Groups | None = None,
    keep_rare: bool = False,
) -> Split:
    """Check the user's own split and return it with row numbers in order.

    Parameters
    ----------
    labels, class_names, groups, keep_rare
        As in `holdout_split`.
    split : Split
        The user's; rows in neither part are not used.

    Raises
    ------
    UserError
        When a part is empty, a row or group is in both, or a class is without training rows or
        without test rows.
    """
    train, test = np.unique(split.train), np.unique(split.test)
    if not len(train) or not len(test):
        part = "test" if len(train) else "training"
        raise UserError(
            f"`dataset.split` must leave rows to training and to test. Received: no {part} row."
        )
    both = np.intersect1d(train, test)
    if len(both):
        raise UserError(
            "`dataset.split` must put every row in one part. Received: "
            f"{len(both)} rows in training and in test, row {both[0]} the first."
        )
    if groups is not None:
        straddling = np.intersect1d(groups[train], groups[test])
        if len(straddling):
            raise UserError(
                "`dataset.split` must not split a group of `dataset.groups`. Received: "
                f"{len(straddling)} of {len(np.unique(groups))} groups with training and test "
                "rows; correct the split, or set `dataset.split=null` to have one drawn."
            )
    checked = _split(train, test)
    check_parts(
        labels,
        checked.train,
        checked.test,
        class_names=class_names,
        keep_rare=keep_rare,
        holdout="`dataset.split`",
    )
    _check_test_groups(groups, checked)
    return checked


def _split(train: NDArray[np.integer], test: NDArray[np.integer]) -> Split:
    return Split(train=np.sort(train).astype(np.int64), test=np.sort(test).astype(np.int64))


def _parts(numbers: FoldNumbers, *, folds: int) -> list[tuple[Rows, Rows]]:
    return [(np.flatnonzero(numbers != k), np.flatnonzero(numbers == k)) for k in range(folds)]


def _seeds(seed: int, repeats: int) -> list[int]:
    """Return one seed of 32 bits a repeat, as scikit-learn wants them."""
    states: list[int] = np.random.SeedSequence(seed).generate_state(repeats).tolist()
    return states


def _share(test_fraction: float, *, units: int) -> Fraction:
    """Write the fraction as test parts of all parts, so that there are units for all of them."""
    finest = max(2, min(_FINEST, units))
    share = Fraction(test_fraction).limit_denominator(finest)
    return min(max(share, Fraction(1, finest)), Fraction(finest - 1, finest))


def _stratified_holdout(
    labels: Labels,
    *,
    test_fraction: float,
    seed: int,
    class_names: Sequence[str],
    keep_rare: bool,
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    if not keep_rare:
        refuse_single_rows(labels, class_names=class_names)
    counts = np.bincount(labels)
    # scikit-learn splits no class of one row: such a row is trained on, or it would be lost.
    several = np.flatnonzero(counts[labels] > 1)
    classes = int((counts > 1).sum())
    test_rows = round(test_fraction * len(labels))
    if not 0 < classes <= test_rows <= len(several) - classes:
        raise UserError(
            f"`evaluation.test_fraction` must leave a row of each of the {classes} classes to "
            f"training and to test. Received: {test_fraction} of {len(labels)} rows; choose one "
            "nearer to 0.5."
        )
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=test_rows, random_state=seed)
    ((_, test),) = splitter.split(np.zeros(len(several)), labels[several])
    return np.setdiff1d(np.arange(len(labels)), several[test]), several[test]


def _check_classes(
    labels: Labels, *, folds: int, class_names: Sequence[str], keep_rare: bool
) -> None:
    # With two rows or more, stratified folds put them in different test parts, so that one row
    # at least is left for training in each fold.
    if not keep_rare:
        refuse_single_rows(labels, class_names=class_names)
    if np.bincount(labels).max() < folds:
        raise UserError(
            f"At least one class must have as many rows as there are folds ({folds}). Received: "
            f"{np.bincount(labels).max()} rows in the largest class; use fewer folds "
            "(`evaluation.folds`, `evaluation.inner_folds`)."
        )


def _check_test_groups(groups: Groups | None, split: Split) -> None:
    if groups is not None and len(np.unique(groups[split.test])) < 2:
        raise UserError(
            "The test part must hold at least two groups of `dataset.groups`, or nothing says how "
            f"much groups differ. Received: one group with {len(split.test):,} rows; use "
            "`evaluation=nested`, a larger `evaluation.test_fraction`, or another split."
        )


@contextmanager
def _small_classes_allowed() -> Iterator[None]:
    with warnings.catch_warnings():
        # scikit-learn warns about a class with fewer rows than folds; that class is fine here
        # (it is checked to have training rows, and scores pool test parts over folds).
        warnings.filterwarnings(
            "ignore",
            message="The least populated class in y has only",
            category=UserWarning,
        )
        yield
