import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import RepeatedStratifiedKFold

from focalsweep.data.holdout import given_split, holdout_split
from focalsweep.data.split_checks import Unsplittable
from focalsweep.data.splits import Split, inner_splits, outer_splits
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
def test_every_class_is_trained_on_and_tested_in_every_fold_and_every_row_is_tested_once(
    counts: list[int], folds: int, seed: int
) -> None:
    folds = min(folds, *counts)
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    splits = outer_splits(labels, folds=folds, repeats=1, seed=seed)
    assert len(splits) == folds
    for split in splits:
        assert set(labels[split.train]) == set(labels[split.test]) == set(labels)
        np.testing.assert_array_equal(
            np.sort(np.concatenate([split.train, split.test])), np.arange(len(labels))
        )
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(labels)))


def test_the_folds_are_those_of_scikit_learn_where_they_will_do() -> None:
    theirs = RepeatedStratifiedKFold(n_splits=3, n_repeats=3, random_state=7)
    expected = theirs.split(LABELS, LABELS)
    ours = outer_splits(LABELS, folds=3, repeats=3, seed=7)
    for split, (train, test) in zip(ours, expected, strict=True):
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, test)


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


def test_more_folds_than_rows_of_a_class_are_refused() -> None:
    with pytest.raises(
        Unsplittable, match=r"class code 2 with 5 rows, none .* test part of one of 6"
    ):
        outer_splits(LABELS, folds=6, repeats=1, seed=0)


def test_more_folds_than_rows_in_any_class_is_refused() -> None:
    with pytest.raises(UserError, match="4 rows in the largest class; use fewer folds"):
        outer_splits(np.repeat([0, 1], 4), folds=5, repeats=1, seed=0)


@pytest.mark.parametrize("folds", [1, 0, 1000])
def test_folds_out_of_range_are_refused(folds: int) -> None:
    with pytest.raises(UserError, match=rf"`evaluation\.folds` must be .* Received: {folds};"):
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


# Rare classes that are kept -----------------------------------------------------------------------

RARE = np.repeat([0, 1, 2, 3], [40, 20, 3, 1])


def test_a_kept_class_of_one_row_is_tested_once_and_absent_from_training_there() -> None:
    splits = outer_splits(RARE, folds=5, repeats=1, seed=0, keep_rare=True)
    tested = [split for split in splits if 3 in RARE[split.test]]
    assert len(tested) == 1
    assert 3 not in RARE[tested[0].train]
    inner = inner_splits(RARE, np.arange(len(RARE)), folds=5, seed=0, keep_rare=True)
    assert sum(3 in RARE[split.test] for split in inner) == 1


def test_a_kept_class_of_one_row_is_trained_on_in_a_holdout() -> None:
    split = holdout_split(RARE, test_fraction=0.25, seed=0, keep_rare=True)
    assert 3 in RARE[split.train]
    assert len(split.test) == 16
    assert len(split.train) + len(split.test) == len(RARE)


def test_keeping_changes_nothing_where_no_class_is_rare() -> None:
    for keep in (False, True):
        assert same(
            outer_splits(LABELS, folds=3, repeats=2, seed=0),
            outer_splits(LABELS, folds=3, repeats=2, seed=0, keep_rare=keep),
        )
        plain = holdout_split(LABELS, test_fraction=0.25, seed=0)
        kept = holdout_split(LABELS, test_fraction=0.25, seed=0, keep_rare=keep)
        assert same((plain,), (kept,))


def test_a_training_part_of_one_class_is_refused_even_where_rare_classes_are_kept() -> None:
    time = np.arange(40.0)
    with pytest.raises(UserError, match="rows of one class only"):
        outer_splits(np.repeat([0, 1], 20), folds=3, repeats=1, seed=0, time=time, keep_rare=True)


# Groups -------------------------------------------------------------------------------------------


def grouped(seed: int, n_groups: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, n_groups, 150)
    groups[:n_groups] = np.arange(n_groups)
    return rng.integers(0, 3, 150), groups


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 50), fraction=st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.9]))
def test_no_group_is_on_both_sides_of_any_split(seed: int, fraction: float) -> None:
    labels, groups = grouped(seed)
    outer = outer_splits(labels, folds=3, repeats=2, seed=seed, groups=groups)
    inner = inner_splits(labels, outer[0].train, folds=2, seed=seed, groups=groups)
    held_out = holdout_split(labels, test_fraction=fraction, seed=seed, groups=groups)
    for split in (*outer, *inner, held_out):
        assert not set(groups[split.train]) & set(groups[split.test])
        assert len(split.train)
        assert len(split.test)
    for repeat in (outer[:3], outer[3:]):
        tested = np.sort(np.concatenate([split.test for split in repeat]))
        assert np.array_equal(tested, np.arange(len(labels)))
    assert np.array_equal(np.sort(np.concatenate([s.test for s in inner])), outer[0].train)
    assert len(held_out.test) == pytest.approx(fraction * len(labels), abs=10)


@pytest.mark.parametrize("lone", [[4], [2, 4]])
def test_a_class_in_too_few_groups_is_refused_by_name_unless_it_is_kept(lone: list[int]) -> None:
    groups = np.repeat(np.arange(6), 20)
    labels = np.tile([0, 1], 60)
    labels[np.isin(groups, lone)] = 2
    found = rf"class `c` with {20 * len(lone)} rows in {len(lone)} of 6 groups"
    names = ("a", "b", "c")
    with pytest.raises(UserError, match=found):
        outer_splits(labels, folds=2, repeats=1, seed=0, groups=groups, class_names=names)
    with pytest.raises(UserError, match=found):
        holdout_split(labels, test_fraction=0.5, seed=0, groups=groups, class_names=names)


def test_a_kept_class_in_one_group_is_absent_where_its_group_is_tested() -> None:
    groups = np.repeat(np.arange(6), 20)
    labels = np.tile([0, 1], 60)
    labels[groups == 4] = 2
    kept = outer_splits(labels, folds=3, repeats=1, seed=0, groups=groups, keep_rare=True)
    assert [2 in labels[split.train] for split in kept].count(False) == 1


def test_a_test_part_of_one_group_is_refused() -> None:
    groups = np.repeat([0, 1, 2], 20)
    with pytest.raises(UserError, match=r"at least two groups of `dataset\.groups`"):
        holdout_split(np.tile([0, 1], 30), test_fraction=0.3, seed=0, groups=groups)


def test_a_holdout_of_groups_tests_a_class_of_three_groups_and_trains_on_two() -> None:
    """Three parts of twenty are tested: one draw in three has one of the three groups in them."""
    groups = np.repeat(np.arange(60), 5)
    labels = np.isin(groups, [5, 20, 41]).astype(np.int32)
    for seed in range(3):
        split = holdout_split(labels, test_fraction=0.15, seed=seed, groups=groups)
        assert len(np.unique(groups[split.test][labels[split.test] == 1])) == 1


# Time ---------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 50))
def test_no_split_trains_on_the_future_of_its_test_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, time = rng.integers(0, 3, 200), rng.integers(0, 60, 200).astype(float)
    settings = {"seed": 0, "time": time, "keep_rare": True}
    outer = outer_splits(labels, folds=4, repeats=1, **settings)  # type: ignore[arg-type]
    held_out = holdout_split(labels, test_fraction=0.25, **settings)  # type: ignore[arg-type]
    for split in (*outer, held_out):
        assert time[split.train].max() < time[split.test].min()
        inner = inner_splits(labels, split.train, folds=3, **settings)  # type: ignore[arg-type]
        for part in inner:
            assert time[part.train].max() < time[part.test].min()
            assert set(part.train) | set(part.test) <= set(split.train)
    assert time[held_out.test].min() > np.quantile(time, 0.7)


def test_a_class_that_comes_later_is_refused_unless_it_is_kept() -> None:
    labels = np.tile([0, 1], 50)
    labels[80:] = 2
    time = np.arange(100.0)
    with pytest.raises(UserError, match=r"class code 2 .* set `dataset\.rare_classes=keep`\."):
        holdout_split(labels, test_fraction=0.2, seed=0, time=time)
    split = holdout_split(labels, test_fraction=0.3, seed=0, time=time, keep_rare=True)
    assert 2 not in labels[split.train]


def test_a_test_part_of_one_class_is_refused_even_where_rare_classes_are_kept() -> None:
    labels, time = np.tile([0, 1], 50), np.arange(100.0)
    labels[80:] = 1
    with pytest.raises(UserError, match="a test part with rows of one class only"):
        holdout_split(labels, test_fraction=0.2, seed=0, time=time, keep_rare=True)
    own = Split(train=np.arange(80), test=np.arange(80, 100))
    with pytest.raises(UserError, match=r"class code 0 .* none of them in the test part of `data"):
        given_split(labels, own)
    with pytest.raises(UserError, match="a test part with rows of one class only"):
        given_split(labels, own, keep_rare=True)


def test_the_past_has_no_second_repeat() -> None:
    with pytest.raises(UserError, match=r"`evaluation\.repeats` must be 1 with `dataset\.time`"):
        outer_splits(LABELS, folds=2, repeats=2, seed=0, time=np.arange(85.0))


# The user's own split -----------------------------------------------------------------------------


def test_the_users_split_is_taken_as_it_is_in_row_order() -> None:
    labels = np.tile([0, 1], 10)
    own = Split(train=np.arange(13)[::-1], test=np.array([19, 15, 14]))
    split = given_split(labels, own)
    assert np.array_equal(split.train, np.arange(13))
    assert np.array_equal(split.test, [14, 15, 19])


def test_a_split_that_contradicts_itself_or_its_groups_is_refused() -> None:
    labels = np.tile([0, 1], 10)
    half = np.arange(10)
    with pytest.raises(UserError, match="1 rows in training and in test, row 9 the first"):
        given_split(labels, Split(train=half, test=np.arange(9, 20)))
    with pytest.raises(UserError, match="no test row"):
        given_split(labels, Split(train=half, test=half[:0]))
    with pytest.raises(UserError, match="1 of 5 groups with training and test rows"):
        given_split(
            labels,
            Split(train=half, test=half + 10),
            groups=np.repeat(np.arange(5), [4, 4, 4, 4, 4]),
        )
    with pytest.raises(UserError, match=r"class code 1 .* of `dataset\.split`; change it"):
        given_split(np.repeat([0, 1], 10), Split(train=half, test=half + 10))
