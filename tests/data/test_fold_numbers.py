"""Whole groups in folds: never split, as even as they can be, and drawn anew in each repeat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.data.fold_numbers import fold_numbers
from focalsweep.errors import UserError

SIZES = [31, 25, 22, 18, 15, 14, 12, 11, 9, 8, 7, 5]


def patients(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Groups of different sizes, in which two classes come in different shares."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(SIZES)), SIZES)
    labels = (rng.random(len(groups)) < rng.beta(1, 3, len(SIZES))[groups]).astype(np.int32)
    order = rng.permutation(len(groups))
    return labels[order], groups[order]


@settings(max_examples=30, deadline=None)
@given(
    groups=st.lists(st.integers(0, 9), min_size=30, max_size=80),
    folds=st.integers(2, 4),
    seed=st.integers(0, 3),
)
def test_a_group_is_in_one_fold_and_every_fold_has_rows(groups, folds, seed):
    codes = np.array(groups)
    labels = np.random.default_rng(seed).integers(0, 3, len(codes))
    if len(np.unique(codes)) < folds or np.bincount(labels).max() < folds:
        return
    numbers = fold_numbers(labels, folds=folds, seed=seed, groups=codes)
    assert set(numbers) == set(range(folds))
    for group in np.unique(codes):
        assert len(set(numbers[codes == group])) == 1


def test_class_shares_are_more_even_than_when_groups_are_dealt_at_random():
    labels, groups = patients()
    numbers = fold_numbers(labels, folds=4, seed=0, groups=groups)

    def spread(numbers: np.ndarray) -> float:
        return float(np.std([labels[numbers == k].sum() for k in range(4)]))

    rng = np.random.default_rng(0)
    random = [spread(rng.integers(0, 4, len(SIZES))[groups]) for _ in range(200)]
    # Percentile 10 of 200 random ways to deal the same groups.
    assert spread(numbers) < np.quantile(random, 0.1)


def test_repeats_are_dealt_anew_also_where_scikit_learns_way_has_no_choice():
    labels, groups = patients()
    dealt: list[np.ndarray] = []
    for seed in range(4):
        dealt.append(fold_numbers(labels, folds=3, seed=seed, groups=groups, before=dealt))
    partitions = {
        frozenset(frozenset(np.flatnonzero(numbers == k)) for k in range(3)) for numbers in dealt
    }
    assert len(partitions) == 4


def test_groups_that_can_be_dealt_in_one_way_only_are_refused_in_a_second_repeat():
    groups = np.repeat([0, 1], 20)
    labels = np.tile([0, 1], 20)
    first = fold_numbers(labels, folds=2, seed=0, groups=groups)
    with pytest.raises(UserError, match=r"2 groups for 2 folds; set `evaluation\.repeats=1`"):
        fold_numbers(labels, folds=2, seed=1, groups=groups, before=[first])


def test_fewer_groups_than_folds_are_refused():
    labels, groups = patients()
    with pytest.raises(UserError, match=r"Received: 12 groups in 177 rows; use fewer folds"):
        fold_numbers(labels, folds=13, seed=0, groups=groups)


def test_the_seed_alone_decides():
    labels, groups = patients()
    one, same = (fold_numbers(labels, folds=3, seed=5, groups=groups) for _ in range(2))
    assert np.array_equal(one, same)
