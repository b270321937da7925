"""Deal rows into folds where plain stratification does not do: groups, and several labels a row.

Groups go to folds as a whole. scikit-learn's `StratifiedGroupKFold` fills the folds greedily, the
most uneven group first, so that shares of classes are as equal as whole groups allow. With groups
of several labels a row, each group counts as one row that has every label of its rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from focalsweep.data.iterative_stratification import multilabel_folds
from focalsweep.errors import UserError

Groups = NDArray[np.int64]
FoldNumbers = NDArray[np.int64]

_TRIES = 32
"""Random ways to deal groups, of which the most even one is taken."""


def fold_numbers(
    labels: NDArray[np.integer],
    *,
    folds: int,
    seed: int,
    groups: Groups | None = None,
    before: Sequence[FoldNumbers] = (),
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
        Codes; needed where `labels` are class codes.
    before : sequence of int arrays of shape (rows,)
        Folds of earlier repeats. `StratifiedGroupKFold` draws nothing but the order of groups that
        are equally uneven, so it may deal as before; then the most even of 32 random ways
        (`GroupKFold`) is taken instead, because repeats of one and the same split would
        be counted as evidence twice.

    Returns
    -------
    int array of shape (rows,)
        In [0, folds).

    Raises
    ------
    UserError
        When there are fewer groups than folds, or no way is left to deal them anew.
    """
    if groups is None:
        return np.asarray(multilabel_folds(labels, folds=folds, seed=seed), dtype=np.int64)
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < folds:
        raise UserError(
            f"`dataset.groups` must hold at least as many groups as there are folds ({folds}), "
            f"because a group is never split. Received: {len(names)} groups in {len(codes):,} "
            "rows; use fewer folds (`evaluation.folds`, `evaluation.inner_folds`)."
        )
    if labels.ndim == 2:
        table = np.zeros((len(names), labels.shape[1]), dtype=np.int8)
        np.maximum.at(table, codes, labels.astype(np.int8))
        return np.asarray(multilabel_folds(table, folds=folds, seed=seed), dtype=np.int64)[codes]
    dealt = _greedy(labels, codes, folds=folds, seed=seed)
    if all(not _same(dealt, other) for other in before):
        return dealt
    return _most_even(labels, codes, folds=folds, seed=seed, before=before)


def _greedy(labels: NDArray[np.integer], groups: Groups, *, folds: int, seed: int) -> FoldNumbers:
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is fine: training rows are checked by the caller.
        warnings.filterwarnings(
            "ignore", message="The least populated class in y has only", category=UserWarning
        )
        return _numbered(splitter.split(labels, labels, groups), rows=len(labels))


def _most_even(
    labels: NDArray[np.integer],
    groups: Groups,
    *,
    folds: int,
    seed: int,
    before: Sequence[FoldNumbers],
) -> FoldNumbers:
    seeds = np.random.SeedSequence(seed).generate_state(_TRIES)
    tried = []
    for own_seed in seeds.tolist():
        splitter = GroupKFold(n_splits=folds, shuffle=True, random_state=own_seed)
        dealt = _numbered(splitter.split(labels, groups=groups), rows=len(labels))
        if all(not _same(dealt, other) for other in before):
            tried.append(dealt)
    if not tried:
        raise UserError(
            f"`dataset.groups` must hold enough groups to be dealt anew in each of "
            f"`evaluation.repeats`. Received: {groups.max() + 1} groups for {folds} folds; set "
            "`evaluation.repeats=1`."
        )
    return min(tried, key=lambda dealt: _unevenness(labels, dealt, folds=folds))


def _numbered(
    splits: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]], *, rows: int
) -> FoldNumbers:
    number = np.zeros(rows, dtype=np.int64)
    for fold, (_, test) in enumerate(splits):
        number[test] = fold
    return number


def _unevenness(labels: NDArray[np.integer], dealt: FoldNumbers, *, folds: int) -> float:
    """Compute how much the folds' shares of a class differ, averaged over classes."""
    n_classes = int(labels.max()) + 1
    table = np.bincount(dealt * n_classes + labels, minlength=folds * n_classes)
    counts = table.reshape(folds, n_classes)[:, np.bincount(labels, minlength=n_classes) > 0]
    return float((counts / counts.sum(axis=0)).std(axis=0).mean())


def _same(one: FoldNumbers, other: FoldNumbers) -> bool:
    """Tell whether two ways to deal differ in the folds' numbers only."""
    pairs = len(np.unique(np.stack([one, other]), axis=1).T)
    return pairs == len(np.unique(one)) == len(np.unique(other))
