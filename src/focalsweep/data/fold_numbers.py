"""Deal rows into folds: every class in as many of them as it can be, and each repeat anew.

Each kind of data has its usual way: rows by class (scikit-learn's `StratifiedKFold`), whole groups
by class (`StratifiedGroupKFold`, which fills the folds greedily, the most uneven group first), and
several labels a row by iterative stratification, where a group counts as one row that has every
label of its rows. None of them promises that a class is in every fold that it could be in, or that
a second repeat differs from the first: greedy filling draws next to nothing, and a few rows are
soon dealt as before. What the usual way gives is therefore looked at, and where it falls short the
best of other ways is taken: of every way there is where rows or groups are very few, otherwise of
random ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from focalsweep.data.class_units import class_units
from focalsweep.data.every_way import every_way
from focalsweep.data.iterative_stratification import multilabel_folds
from focalsweep.data.split_checks import Unsplittable

Groups = NDArray[np.int64]
FoldNumbers = NDArray[np.int64]

_FEW = 8
"""Rows or groups of which every way to deal them is tried: 1,701 at most."""

_TRIES = 64
"""Random ways at most that are tried where there are more."""

_WORK = 200_000
"""Rows or groups that these tries deal in all, so that long data are not dealt for minutes."""


def repeated_fold_numbers(
    labels: NDArray[np.integer],
    *,
    folds: int,
    repeats: int,
    seed: int,
    groups: Groups | None = None,
) -> tuple[FoldNumbers, ...]:
    """Deal the rows several times, no two times alike.

    Parameters
    ----------
    labels, folds, groups
        As in `fold_numbers`.
    repeats : int
        >= 1.
    seed : int
        The only source of randomness.

    Returns
    -------
    tuple of int arrays of shape (rows,)
        One a repeat: as many as asked, or fewer where there are no more ways to deal that leave
        no more classes out of folds than the first. Repeats share a test part only where they
        must: it would be the same evidence twice.
    """
    seeds: list[int] = np.random.SeedSequence(seed).generate_state(repeats).tolist()
    one_stream = np.random.RandomState(seed)  # as `RepeatedStratifiedKFold` draws
    dealt: list[FoldNumbers] = []
    for own_seed in seeds:
        usual = _usual(labels, own_seed, folds=folds, groups=groups, stream=one_stream)
        found = _best(
            usual, labels, folds=folds, seed=own_seed, groups=groups, least=folds, before=dealt
        )
        if found is None:
            break
        dealt.append(found)
    return tuple(dealt)


def fold_numbers(
    labels: NDArray[np.integer],
    *,
    folds: int,
    seed: int,
    groups: Groups | None = None,
    least: int | None = None,
) -> FoldNumbers:
    """Return the number of the fold in which each row is tested.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label.
    folds : int
        >= 2.
    seed : int
        The only source of randomness.
    groups : int array of shape (rows,), optional
        Any codes; rows of one group are in one fold.
    least : int, optional
        In how many folds a class is to be at least, if it has so many rows or groups; None is all
        of them. Two are enough for every fold to have it in its training rows.

    Returns
    -------
    int array of shape (rows,)
        In [0, folds).

    Raises
    ------
    Unsplittable
        When there are fewer groups than folds.
    """
    usual = _usual(labels, seed, folds=folds, groups=groups)
    least = folds if least is None else least
    found = _best(usual, labels, folds=folds, seed=seed, groups=groups, least=least)
    return usual if found is None else found


def _usual(
    labels: NDArray[np.integer],
    seed: int,
    *,
    folds: int,
    groups: Groups | None,
    stream: np.random.RandomState | None = None,
) -> FoldNumbers:
    """Deal rows in the usual way; `stream` is drawn from where rows are dealt by class."""
    with warnings.catch_warnings():
        # A class with fewer rows than folds is fine: the caller looks at training and test rows.
        warnings.filterwarnings(
            "ignore", message="The least populated class in y has only", category=UserWarning
        )
        if groups is None and labels.ndim == 1:
            rows = StratifiedKFold(n_splits=folds, shuffle=True, random_state=stream or seed)
            return _numbered(rows.split(labels, labels), rows=len(labels))
        if groups is None:
            return multilabel_folds(labels, folds=folds, seed=seed)
        names, codes = np.unique(groups, return_inverse=True)
        if len(names) < folds:
            raise Unsplittable(
                f"`dataset.groups` must hold at least as many groups as there are folds ({folds}), "
                f"because a group is never split. Received: {len(names)} groups in {len(codes):,} "
                "rows; use fewer folds (`evaluation.folds`, `evaluation.inner_folds`)."
            )
        if labels.ndim == 2:
            table = _of_groups(labels, codes)
            return multilabel_folds(table, folds=folds, seed=seed)[codes]
        whole = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
        return _numbered(whole.split(labels, labels, codes), rows=len(labels))


def _best(
    usual: FoldNumbers,
    labels: NDArray[np.integer],
    *,
    folds: int,
    seed: int,
    groups: Groups | None,
    least: int,
    before: Sequence[FoldNumbers] = (),
) -> FoldNumbers | None:
    """Return the usual way if nothing is wrong with it, else the best; None if none is new."""
    possible = np.minimum(class_units(labels, groups=groups), least)

    def lacking(way: FoldNumbers) -> int:
        there = (_table(labels, way, folds=folds) > 0).sum(axis=0)
        return int(np.maximum(possible - there, 0).sum())

    def judged(way: FoldNumbers) -> tuple[int, int]:
        return lacking(way), sum(_shared(way, other, folds=folds) for other in before)

    if judged(usual) == (0, 0):
        return usual
    most_lacking = lacking(before[0]) if before else None
    best, lowest = None, (np.inf, np.inf, np.inf)
    for way in chain([usual], _others(labels, folds=folds, seed=seed, groups=groups)):
        flaws = judged(way)
        if any(_shared(way, other, folds=folds) == folds for other in before):
            continue
        if most_lacking is not None and flaws[0] > most_lacking:
            continue
        price = (*flaws, _unevenness(labels, way, folds=folds))
        if price < lowest:
            best, lowest = way, price
        if groups is None and flaws == (0, 0):
            break  # rows are dealt evenly every time, groups of different size are not
    return best


def _others(
    labels: NDArray[np.integer], *, folds: int, seed: int, groups: Groups | None
) -> Iterator[FoldNumbers]:
    """Yield other ways to deal: all, in a random order, or so many random ones."""
    codes = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = int(codes.max()) + 1
    if n_units <= _FEW:
        ways = np.array(list(every_way(n_units, folds)), dtype=np.int64)
        for way in np.random.default_rng(seed).permutation(ways):
            yield way[codes]
        return
    tries = min(_TRIES, max(4, _WORK // n_units))
    table = None if groups is None else _of_groups(labels, codes)
    for own_seed in np.random.SeedSequence(seed).generate_state(tries).tolist():
        if table is None:
            yield _usual(labels, own_seed, folds=folds, groups=None)
        else:
            yield multilabel_folds(table, folds=folds, seed=own_seed)[codes]


def _of_groups(labels: NDArray[np.integer], codes: Groups) -> NDArray[np.int8]:
    """Tell which classes, or labels, the rows of each group have; shape (groups, classes)."""
    width = int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
    table = np.zeros((int(codes.max()) + 1, width), dtype=np.int8)
    if labels.ndim == 1:
        table[codes, labels] = 1
    else:
        np.maximum.at(table, codes, labels.astype(np.int8))
    return table


def _numbered(
    splits: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]], *, rows: int
) -> FoldNumbers:
    number = np.zeros(rows, dtype=np.int64)
    for fold, (_, test) in enumerate(splits):
        number[test] = fold
    return number


def _table(labels: NDArray[np.integer], way: FoldNumbers, *, folds: int) -> NDArray[np.int64]:
    """Count rows by fold and class, or by fold, label and whether they have it."""
    if labels.ndim == 1:
        n_classes = int(labels.max()) + 1
        counts = np.bincount(way * n_classes + labels, minlength=folds * n_classes)
        return counts.reshape(folds, n_classes)
    with_it = np.stack([(labels[way == fold] > 0).sum(axis=0) for fold in range(folds)])
    rows = np.bincount(way, minlength=folds)[:, None]
    return np.stack([rows - with_it, with_it], axis=-1)


def _unevenness(labels: NDArray[np.integer], way: FoldNumbers, *, folds: int) -> float:
    """Compute how much the folds' shares of a class differ, averaged over classes."""
    table = _table(labels, way, folds=folds).reshape(folds, -1)
    counts = table[:, table.any(axis=0)]
    return float((counts / counts.sum(axis=0)).std(axis=0).mean())


def _shared(one: FoldNumbers, other: FoldNumbers, *, folds: int) -> int:
    """Count the folds that test the same rows in both, whatever their numbers are."""
    pairs = np.bincount(one * folds + other, minlength=folds * folds).reshape(folds, folds)
    whole = (pairs == pairs.sum(axis=1, keepdims=True)) & (pairs == pairs.sum(axis=0))
    return int((whole & (pairs > 0)).sum())
