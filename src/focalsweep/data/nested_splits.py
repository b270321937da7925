"""Lay out outer splits and the inner splits of their training rows, in as many folds as will do.

A fold without a class cannot be trained on it, or says nothing of it. So there are as many folds as
were asked for or the most, below that, in each of which every class is trained on and tested;
where not even two will do, the refusal says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from focalsweep.data.class_units import class_units, most_folds
from focalsweep.data.dataset import Dataset
from focalsweep.data.holdout import given_split, holdout_split
from focalsweep.data.split_checks import Unsplittable, check_folds
from focalsweep.data.splits import Rows, Split, inner_splits, outer_splits

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class NestedSplits:
    """Hold every split of a sweep.

    Parameters
    ----------
    outer : tuple of Split
        Repeat after repeat.
    repeats : int
        Times that the outer folds were drawn.
    inner : tuple of tuple of Split
        Those of each outer split's training rows, the same number for each.
    inner_of_all : tuple of Split
        Those of all rows; empty where outer splits were given.
    rows : int array
        The rows that are used at all.
    """

    outer: tuple[Split, ...]
    repeats: int
    inner: tuple[tuple[Split, ...], ...]
    inner_of_all: tuple[Split, ...]
    rows: Rows


def nested_splits(
    dataset: Dataset,
    *,
    folds: int,
    repeats: int,
    inner_folds: int,
    test_fraction: float,
    seed: int,
    keep_rare: bool = False,
    outer: Sequence[Split] | None = None,
) -> NestedSplits:
    """Split a dataset as it says of its rows.

    Parameters
    ----------
    dataset : Dataset
        Its groups stay whole, its time is respected, and its own split is the one outer split.
    folds, repeats : int
        Outer folds, and times that they are drawn, at most; one fold is a holdout.
    inner_folds : int
        At most.
    test_fraction : float
        Of a holdout.
    seed : int
        The only source of randomness.
    keep_rare : bool, default False
        Whether classes may be absent, see `focalsweep.data.splits`.
    outer : sequence of Split, optional
        Outer splits that are given instead of drawn.

    Raises
    ------
    UserError
        When no number of folds will do.
    """
    labels = dataset.labels
    kept: dict[str, Any] = {
        "seed": seed,
        "class_names": dataset.class_names,
        "groups": dataset.groups,
        "time": dataset.time,
        "keep_rare": keep_rare,
    }
    rows = np.arange(dataset.n_rows)

    def inside(splits: Sequence[Split], repeats: int = 1) -> NestedSplits:
        scopes = [split.train for split in splits] + ([rows] if outer is None else [])
        inner = _most(
            inner_folds,
            lambda number: [inner_splits(labels, own, folds=number, **kept) for own in scopes],
        )
        return NestedSplits(
            outer=tuple(splits),
            repeats=repeats,
            inner=tuple(inner[: len(splits)]),
            inner_of_all=() if outer is not None else inner[-1],
            rows=rows,
        )

    if outer is not None:
        return inside(outer)
    if dataset.split is not None:
        without_time = {key: kept[key] for key in ("class_names", "groups", "keep_rare")}
        own = given_split(labels, dataset.split, **without_time)
        rows = np.sort(np.concatenate([own.train, own.test]))
        return inside([own])
    if folds == 1:
        return inside([holdout_split(labels, test_fraction=test_fraction, **kept)])
    check_folds(len(labels), folds=folds, setting="evaluation.folds")
    units = class_units(labels, groups=dataset.groups)
    most = max(2, min(folds, most_folds(units, keep_rare=keep_rare)))

    def nested(number: int) -> NestedSplits:
        splits = outer_splits(labels, folds=number, repeats=repeats, **kept)
        return inside(splits, repeats=len(splits) // number)

    return _most(most, nested)


def _most(most: int, attempt: Callable[[int], T]) -> T:
    """Return what the largest number of folds down from `most` gives; the last may refuse."""
    for number in range(most, 2, -1):
        try:
            return attempt(number)
        except Unsplittable:
            continue
    return attempt(2)
