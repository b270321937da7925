"""Split rows into training and test parts by class, as row numbers.

A class with fewer rows than folds is in the test part of some folds only; what must hold is that
every class has a training row in every fold, otherwise no model of that fold can learn it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

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
    labels: Labels, *, folds: int, repeats: int, seed: int, class_names: Sequence[str] = ()
) -> tuple[Split, ...]:
    """Return `folds` splits for each repeat, repeat after repeat.

    Parameters
    ----------
    labels : int array of shape (rows,)
        Class codes.
    folds : int
        >= 2. In each repeat, every row is in exactly one test part.
    repeats : int
        >= 1, with folds drawn anew.
    seed : int
        The only source of randomness.
    class_names : sequence of str, optional
        For messages; codes are named without it.

    Raises
    ------
    UserError
        When a class would be without training rows in a fold.
    """
    _check_folds(len(labels), folds=folds, setting="evaluation.folds")
    if repeats < 1:
        raise UserError(f"`evaluation.repeats` must be >= 1. Received: repeats={repeats}.")
    everything = np.arange(len(labels), dtype=np.int64)
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    return _splits(splitter.split, labels, everything, folds=folds, class_names=class_names)


def inner_splits(
    labels: Labels,
    rows: NDArray[np.integer],
    *,
    folds: int,
    seed: int,
    class_names: Sequence[str] = (),
) -> tuple[Split, ...]:
    """Return `folds` splits of the given rows; row numbers are those of the whole dataset.

    Parameters
    ----------
    labels : int array of shape (all rows,)
        Class codes of the whole dataset; only those of `rows` are read.
    rows : int array
        Training rows of an outer fold.
    folds : int
        >= 2.
    seed : int
        The only source of randomness.
    class_names : sequence of str, optional
        For messages.

    Raises
    ------
    UserError
        When a class of these rows would be without training rows in a fold.
    """
    own_rows: Rows = np.sort(rows).astype(np.int64)
    _check_folds(len(own_rows), folds=folds, setting="evaluation.inner_folds")
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    return _splits(splitter.split, labels, own_rows, folds=folds, class_names=class_names)


def holdout_split(
    labels: Labels, *, test_fraction: float, seed: int, class_names: Sequence[str] = ()
) -> Split:
    """Return one split with `test_fraction` of every class in the test part.

    Parameters
    ----------
    labels : int array of shape (rows,)
        Class codes.
    test_fraction : float
        Share of rows in the test part, in (0, 1).
    seed : int
        The only source of randomness.
    class_names : sequence of str, optional
        For messages.

    Raises
    ------
    UserError
        When a class would be without training rows or without test rows.
    """
    if not 0 < test_fraction < 1:
        raise UserError(f"`evaluation.test_fraction` must be in (0, 1). Received: {test_fraction}.")
    _refuse_single_rows(labels, class_names=class_names)
    classes = len(np.unique(labels))
    test_rows = round(test_fraction * len(labels))
    if not classes <= test_rows <= len(labels) - classes:
        raise UserError(
            f"`evaluation.test_fraction` must leave a row of each of the {classes} classes to "
            f"training and to test. Received: {test_fraction} of {len(labels)} rows."
        )
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=test_rows, random_state=seed)
    ((train, test),) = splitter.split(np.zeros(len(labels)), labels)
    for part, found in (("training", train), ("test", test)):
        absent = np.setdiff1d(labels, labels[found])
        if len(absent):
            count = int((labels == absent[0]).sum())
            raise UserError(
                f"Every class must have a {part} row. Received: "
                f"{_named(absent[0], class_names)} with {count} rows, none of them in the {part} "
                f"part at `evaluation.test_fraction`={test_fraction}; change it, or set "
                "`dataset.rare_classes=merge` or `drop`."
            )
    return Split(train=np.sort(train).astype(np.int64), test=np.sort(test).astype(np.int64))


def _splits(
    split: Callable[..., Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]]],
    labels: Labels,
    rows: Rows,
    *,
    folds: int,
    class_names: Sequence[str],
) -> tuple[Split, ...]:
    own = labels[rows]
    # With two rows or more, stratified folds put them in different test parts, so that one row
    # at least is left for training in each fold.
    _refuse_single_rows(own, class_names=class_names)
    if np.bincount(own).max() < folds:
        raise UserError(
            f"At least one class must have as many rows as there are folds ({folds}). Received: "
            f"{np.bincount(own).max()} rows in the largest class; use fewer folds."
        )
    with _small_classes_allowed():
        return tuple(Split(train=rows[train], test=rows[test]) for train, test in split(rows, own))


def _check_folds(rows: int, *, folds: int, setting: str) -> None:
    if not 2 <= folds <= rows:
        raise UserError(
            f"`{setting}` must be >= 2 and at most the number of rows ({rows}). Received: {folds}."
        )


def _refuse_single_rows(labels: Labels, *, class_names: Sequence[str]) -> None:
    single = np.flatnonzero(np.bincount(labels) == 1)
    if len(single):
        raise UserError(
            "Every class must have at least two rows to be split, so that it has a training row "
            f"in each fold. Received: {_named(single[0], class_names)} with one row; set "
            "`dataset.rare_classes=drop` or `dataset.rare_classes=merge`."
        )


def _named(code: int, class_names: Sequence[str]) -> str:
    return f"class `{class_names[code]}`" if class_names else f"class code {code}"


@contextmanager
def _small_classes_allowed() -> Iterator[None]:
    with warnings.catch_warnings():
        # scikit-learn warns about a class with fewer rows than folds; that class is fine here
        # (it is checked above to have training rows, and scores pool test parts over folds).
        warnings.filterwarnings(
            "ignore",
            message="The least populated class in y has only",
            category=UserWarning,
        )
        yield
