import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.data.splits import Split, holdout_split, inner_splits, outer_splits
from focalsweep.errors import UserError

LABELS = np.repeat([0, 1, 2], [60, 20, 5])

class_counts = st.lists(st.integers(2, 30), min_size=1, max_size=5).map(
    lambda counts: [*counts, 12]
)


def same(one: tuple[Split, ...], other: tuple[Split, ...]) -> bool:
    return all(
        np.array_equal(a.train, b.train) and np.array_equal(a.test, b.test)
        for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=50, deadline=None)
@given(counts=class_counts, folds=st.integers(2, 10), seed=st.integers(0, 5))
def test_every_class_has_a_training_row_in_every_fold_and_every_row_is_tested_once(
    counts: list[int], folds: int, seed: int
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    splits = outer_splits(labels, folds=folds, repeats=1, seed=seed)
    assert len(splits) == folds
    for split in splits:
        assert set(labels[split.train]) == set(labels)
        np.testing.assert_array_equal(
            np.sort(np.concatenate([split.train, split.test])), np.arange(len(labels))
        )
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(labels)))


def test_repeats_draw_the_folds_anew() -> None:
    splits = outer_splits(LABELS, folds=3, repeats=2, seed=0)
    assert len(splits) == 6
    assert not same(splits[:3], splits[3:])


def test_the_same_seed_gives_the_same_folds_and_another_seed_others() -> None:
    first = outer_splits(LABELS, folds=3, repeats=2, seed=0)
    assert same(first, outer_splits(LABELS, folds=3, repeats=2, seed=0))
    assert not same(first, outer_splits(LABELS, folds=3, repeats=2, seed=1))


def test_inner_splits_stay_inside_the_given_rows_and_name_rows_of_the_whole_dataset() -> None:
    rows = np.arange(len(LABELS))[1::2]
    splits = inner_splits(LABELS, rows, folds=3, seed=0)
    for split in splits:
        np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.test])), rows)


def test_inner_splits_do_not_read_labels_of_other_rows() -> None:
    rows = np.arange(len(LABELS))[1::2]
    noise = LABELS.copy()
    noise[::2] = 1
    assert same(
        inner_splits(LABELS, rows, folds=3, seed=0), inner_splits(noise, rows, folds=3, seed=0)
    )


def test_inner_splits_do_not_depend_on_the_order_of_rows() -> None:
    rows = np.arange(len(LABELS))
    assert same(
        inner_splits(LABELS, rows, folds=4, seed=0),
        inner_splits(LABELS, rows[::-1], folds=4, seed=0),
    )


def test_a_class_of_one_row_is_named_with_the_way_out() -> None:
    labels = np.array([0] * 10 + [1] * 10 + [2])
    with pytest.raises(UserError, match=r"class `rare` with one row; set `dataset\.rare_classes"):
        outer_splits(labels, folds=5, repeats=1, seed=0, class_names=("a", "b", "rare"))
    with pytest.raises(UserError, match="class code 2"):
        inner_splits(labels, np.arange(21), folds=5, seed=0)


def test_more_folds_than_rows_in_any_class_is_refused() -> None:
    with pytest.raises(UserError, match="4 rows in the largest class; use fewer folds"):
        outer_splits(np.repeat([0, 1], 4), folds=5, repeats=1, seed=0)


@pytest.mark.parametrize("folds", [1, 0, 1000])
def test_folds_out_of_range_are_refused(folds: int) -> None:
    with pytest.raises(UserError, match=rf"`evaluation\.folds` must be .* Received: {folds}\."):
        outer_splits(LABELS, folds=folds, repeats=1, seed=0)
    with pytest.raises(UserError, match=r"`evaluation\.inner_folds` must be"):
        inner_splits(LABELS, np.arange(len(LABELS)), folds=folds, seed=0)


def test_no_repeats_are_refused() -> None:
    with pytest.raises(UserError, match=r"`evaluation\.repeats` must be >= 1"):
        outer_splits(LABELS, folds=2, repeats=0, seed=0)


def test_holdout_keeps_class_shares_in_both_parts() -> None:
    labels = np.repeat([0, 1], [900, 100])
    split = holdout_split(labels, test_fraction=0.2, seed=0)
    assert np.bincount(labels[split.test]).tolist() == [180, 20]
    assert not set(split.train) & set(split.test)


def test_holdout_refuses_a_class_without_test_rows() -> None:
    labels = np.repeat([0, 1], [1000, 2])
    with pytest.raises(UserError, match=r"class `b` with 2 rows, none of them in the test part"):
        holdout_split(labels, test_fraction=0.1, seed=0, class_names=("a", "b"))


def test_holdout_refuses_a_class_of_one_row() -> None:
    with pytest.raises(UserError, match="class code 1 with one row"):
        holdout_split(np.repeat([0, 1], [100, 1]), test_fraction=0.1, seed=0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, float("nan")])
def test_a_test_fraction_out_of_range_is_refused(fraction: float) -> None:
    with pytest.raises(UserError, match=r"`evaluation\.test_fraction` must be in \(0, 1\)"):
        holdout_split(LABELS, test_fraction=fraction, seed=0)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_a_part_too_small_for_the_classes_is_refused(fraction: float) -> None:
    with pytest.raises(UserError, match="a row of each of the 3 classes"):
        holdout_split(LABELS, test_fraction=fraction, seed=0)
