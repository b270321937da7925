"""Split once: some rows of every class are tested, drawn here or given by the user.

With groups or several labels a row, folds are put together until they hold about the share of rows
that is asked for; with times the last rows are tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from focalsweep.data.class_units import class_units
from focalsweep.data.fold_numbers import Groups, fold_numbers
from focalsweep.data.split_checks import (
    MORE_GROUPS,
    check_parts,
    refuse_few_groups,
    refuse_single_rows,
)
from focalsweep.data.splits import Labels, Split, as_split
from focalsweep.data.time_windows import Times, last_rows
from focalsweep.errors import UserError

_FINEST = 20
"""Parts at most from which a holdout of whole groups is put together."""

_TRIES = 32
"""Times at most that a holdout is drawn anew because a class was not on both sides."""


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
        if groups is not None and not keep_rare:
            refuse_few_groups(labels, groups, least=3, class_names=class_names, way_out=MORE_GROUPS)
        is_test = _dealt_holdout(labels, test_fraction=test_fraction, seed=seed, groups=groups)
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    else:
        train, test = _stratified_holdout(
            labels,
            test_fraction=test_fraction,
            seed=seed,
            class_names=class_names,
            keep_rare=keep_rare,
        )
    split = as_split(train, test)
    check_parts(
        labels,
        split.train,
        split.test,
        class_names=class_names,
        keep_rare=keep_rare,
        way_out="change it",
        of=f" of `evaluation.test_fraction`={test_fraction}",
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
    checked = as_split(train, test)
    check_parts(
        labels,
        checked.train,
        checked.test,
        class_names=class_names,
        keep_rare=keep_rare,
        way_out="change it",
        of=" of `dataset.split`",
    )
    _check_test_groups(groups, checked)
    return checked


def _dealt_holdout(
    labels: Labels, *, test_fraction: float, seed: int, groups: Groups | None
) -> NDArray[np.bool_]:
    """Tell which rows are tested: some of the folds that whole groups, or label sets, are dealt in.

    Dealt anew until every class is tested and leaves the training rows two rows, or groups, of it.
    """
    units = len(labels) if groups is None else len(np.unique(groups))
    share = _share(test_fraction, units=units)
    possible = class_units(labels, groups=groups)

    def units_in(part: NDArray[np.bool_]) -> NDArray[np.int64]:
        own = None if groups is None else groups[part]
        return class_units(labels[part], groups=own, n_classes=len(possible))

    def drawn(own_seed: int) -> NDArray[np.bool_]:
        numbers = fold_numbers(
            labels, folds=share.denominator, seed=own_seed, groups=groups, least=2
        )
        return numbers < share.numerator

    first = drawn(seed)
    others = map(drawn, np.random.SeedSequence(seed).generate_state(_TRIES).tolist())
    for is_test in chain([first], others):
        if ((units_in(is_test) > 0) & (units_in(~is_test) > 1) | (possible < 3)).all():
            return is_test
    return first


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


def _check_test_groups(groups: Groups | None, split: Split) -> None:
    if groups is not None and len(np.unique(groups[split.test])) < 2:
        raise UserError(
            "The test part must hold at least two groups of `dataset.groups`, or nothing says how "
            f"much groups differ. Received: one group with {len(split.test):,} rows; use "
            "`evaluation=nested`, a larger `evaluation.test_fraction`, or another split."
        )
