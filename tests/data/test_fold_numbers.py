"""Whole groups in folds: never split, as even as they can be, and drawn anew in each repeat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.data.fold_numbers import fold_numbers, repeated_fold_numbers
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


def partitions(dealt: tuple[np.ndarray, ...]) -> set[frozenset[frozenset[int]]]:
    """Return the different ways among these, whatever the folds' numbers are."""
    return {frozenset(parts(numbers)) for numbers in dealt}


def parts(numbers: np.ndarray) -> list[frozenset[int]]:
    return [frozenset(np.flatnonzero(numbers == k).tolist()) for k in np.unique(numbers)]


def labels_of(rows: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((rows, 3)) < [0.5, 0.4, 0.3]).astype(np.int8)


SIX_GROUPS = np.repeat(np.arange(6), 10)

KINDS = {
    "groups": (patients()[0], patients()[1]),
    "groups of one size": (np.tile([0, 1], 30), SIX_GROUPS),
    "labels": (labels_of(30, 1), None),
    "labels of few rows": (np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]]), None),
    "labels with groups": (labels_of(60, 2), SIX_GROUPS),
    "few rows": (np.repeat([0, 1], 3), None),
    "rows": (np.repeat([0, 1], 20), None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_each_repeat_is_dealt_anew_for_every_kind_of_data(kind, seed):
    labels, groups = KINDS[kind]
    dealt = repeated_fold_numbers(labels, folds=2, repeats=4, seed=seed, groups=groups)
    assert len(dealt) == len(partitions(dealt)) == 4


def test_repeats_share_no_test_part_where_they_need_not():
    """Five rows of each class in five folds: every second pair of plain draws shares a part."""
    for seed in range(20):
        dealt = repeated_fold_numbers(np.repeat([0, 1], 5), folds=5, repeats=3, seed=seed)
        tested = [part for numbers in dealt for part in parts(numbers)]
        assert len(tested) == len(set(tested)) == 15


def test_every_way_is_found_where_there_are_few():
    """Three rows of two classes each: 3! ways to pair them off, and no seventh."""
    dealt = repeated_fold_numbers(np.repeat([0, 1], 3), folds=3, repeats=9, seed=0)
    assert len(dealt) == len(partitions(dealt)) == 6


def test_groups_that_can_be_dealt_in_one_way_only_are_dealt_once():
    labels = np.tile([0, 1], 30)
    dealt = repeated_fold_numbers(labels, folds=6, repeats=2, seed=0, groups=SIX_GROUPS)
    assert len(dealt) == 1


@pytest.mark.parametrize("folds", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(10))
def test_a_class_is_tested_in_every_fold_if_so_many_groups_have_it(folds, seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), rng.integers(2, 30, 40))
    labels = np.where(np.isin(groups, rng.choice(40, folds, replace=False)), 2, groups % 2)
    for numbers in repeated_fold_numbers(labels, folds=folds, repeats=3, seed=seed, groups=groups):
        assert all(set(labels[numbers == k]) == {0, 1, 2} for k in range(folds))


def test_a_rare_label_is_tested_in_every_fold_if_so_many_rows_have_it():
    """Of thirty rare labels, about every second plain draw leaves one out of a fold."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        chance = np.where(np.arange(200) < 8, 30.0, 1.0)
        labels = np.zeros((200, 30), np.int8)
        for label in range(30):
            rows = rng.integers(5, 11)
            labels[rng.choice(200, rows, replace=False, p=chance / chance.sum()), label] = 1
        numbers = fold_numbers(labels, folds=5, seed=seed)
        assert all(labels[numbers == k].any(axis=0).all() for k in range(5))


def test_fewer_groups_than_folds_are_refused():
    labels, groups = patients()
    with pytest.raises(UserError, match=r"Received: 12 groups in 177 rows; use fewer folds"):
        fold_numbers(labels, folds=13, seed=0, groups=groups)


def test_the_seed_alone_decides():
    labels, groups = patients()
    one, same = (fold_numbers(labels, folds=3, seed=5, groups=groups) for _ in range(2))
    assert np.array_equal(one, same)
