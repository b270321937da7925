"""As many folds as the data allow: every class is trained on and tested in each of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.nested_splits import NestedSplits, nested_splits
from focalsweep.data.splits import Split
from focalsweep.errors import UserError

ROWS = 600
GROUPS = np.repeat(np.arange(60), 10)


def dataset(labels: np.ndarray, **known: Any) -> Dataset:
    n_classes = int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
    return Dataset(
        name="made",
        features=pd.DataFrame({"x": np.arange(float(len(labels)))}),
        labels=labels.astype(np.int32 if labels.ndim == 1 else np.int8),
        class_names=tuple("abcdefgh"[:n_classes]),
        origin="made here",
        **known,
    )


def split(data: Dataset, **settings: Any) -> NestedSplits:
    asked = {"folds": 5, "repeats": 2, "inner_folds": 5, "test_fraction": 0.25, "seed": 0}
    return nested_splits(data, **(asked | settings))


def in_groups(*chosen: int) -> np.ndarray:
    """Class 1 is on every second row of these groups, class 0 everywhere else."""
    return (np.isin(GROUPS, chosen) & (np.arange(ROWS) % 2 == 0)).astype(int)


def everywhere(data: Dataset, made: NestedSplits) -> bool:
    """Tell whether each outer fold tests every class, and each fit trains on every class."""
    classes = set(range(data.n_classes))
    labels = data.labels
    trained = [part.train for part in made.outer]
    trained += [part.train for inner in (*made.inner, made.inner_of_all) for part in inner]
    return all(set(labels[rows]) == classes for rows in trained) and all(
        set(labels[part.test]) == classes for part in made.outer
    )


@pytest.mark.parametrize(("n_groups", "folds"), [(3, 3), (4, 4), (5, 5), (6, 5), (60, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_there_are_no_more_folds_than_groups_with_a_class(n_groups, folds, seed):
    chosen = np.random.default_rng(seed).choice(60, n_groups, replace=False)
    data = dataset(in_groups(*chosen), groups=GROUPS)
    made = split(data, seed=seed)
    assert (len(made.outer), made.repeats) == (2 * folds, 2)
    assert {len(inner) for inner in (*made.inner, made.inner_of_all)} == {5}
    assert everywhere(data, made)


@pytest.mark.parametrize("n_groups", [1, 2])
@pytest.mark.parametrize("folds", [5, 1], ids=["nested", "holdout"])
def test_a_class_in_one_or_two_groups_is_not_judged(n_groups, folds):
    data = dataset(in_groups(*range(n_groups)), groups=GROUPS)
    with pytest.raises(
        UserError, match=rf"class `b` with {5 * n_groups} rows in {n_groups} of 60 groups; collect"
    ):
        split(data, folds=folds)


def test_three_groups_with_a_class_need_three_folds():
    data = dataset(in_groups(1, 2, 3), groups=GROUPS)
    with pytest.raises(UserError, match=r"among the training rows .* 1 of \d+ groups; use more"):
        split(data, folds=2)


def test_fewer_groups_than_folds_are_as_many_folds():
    groups = np.repeat(np.arange(4), 150)
    data = dataset(np.arange(ROWS) % 2, groups=groups)
    made = split(data)
    assert (len(made.outer), made.repeats) == (4, 1)
    assert len(made.inner_of_all) == 3  # of the three groups that an outer fold trains on
    assert everywhere(data, made)


def test_there_are_no_more_folds_than_rows_of_a_class():
    data = dataset(np.repeat([0, 1], [200, 6]))
    made = split(data, folds=10)
    assert len(made.outer) == 12
    assert everywhere(data, made)


def test_a_label_with_groups_is_with_and_without_rows_in_every_test_part():
    labels = np.stack([np.arange(ROWS) % 2, in_groups(3, 17, 30, 44), 1 - in_groups(5, 9, 50)], 1)
    data = dataset(labels, groups=GROUPS)
    made = split(data)
    assert len(made.outer) == 6
    for part in made.outer:
        assert (np.ptp(labels[part.test], axis=0) == 1).all()
        assert (np.ptp(labels[part.train], axis=0) == 1).all()


def test_windows_in_time_are_as_many_as_each_test_every_class():
    """Class 1 comes in three bursts: only the first window and each of two others have it."""
    time = np.arange(float(ROWS))
    labels = np.zeros(ROWS, int)
    for burst in (20, 90, 300, 520):
        labels[burst : burst + 20] = 1
    data = dataset(labels, time=time)
    made = split(data, repeats=1)
    assert len(made.outer) == 2
    assert everywhere(data, made)
    for part, inner in zip(made.outer, made.inner, strict=True):
        assert time[part.train].max() < time[part.test].min()
        assert any(labels[own.test].any() for own in inner)


@pytest.mark.parametrize("burst", [0, 580])
def test_a_class_at_one_end_of_time_is_not_judged(burst):
    labels = np.zeros(ROWS, int)
    labels[burst : burst + 20] = 1
    data = dataset(labels, time=np.arange(float(ROWS)))
    with pytest.raises(UserError, match=r"class `b` with 20 rows, none of them in the .* part"):
        split(data, repeats=1)
    with pytest.raises(UserError, match="rows of one class only"):
        split(data, repeats=1, keep_rare=True)


def test_kept_classes_leave_as_many_folds_as_two_classes_are_in():
    labels = in_groups(*range(0, 60, 2))
    labels[GROUPS == 7] = 2
    data = dataset(labels, groups=GROUPS)
    assert len(split(data, keep_rare=True).outer) == 10
    two = dataset(in_groups(4, 20, 31, 50), groups=GROUPS)
    made = split(two, keep_rare=True)
    assert len(made.outer) == 8
    assert everywhere(two, made)


def test_weights_and_the_order_of_rows_do_not_matter():
    labels = in_groups(3, 17, 30, 44)
    weights = np.where(labels == 1, 50.0, 1.0).astype(np.float32)
    plain, weighted = (dataset(labels, groups=GROUPS, weights=w) for w in (None, weights))
    for one, other in zip(split(plain).outer, split(weighted).outer, strict=True):
        assert np.array_equal(one.test, other.test)
    order = np.random.default_rng(0).permutation(ROWS)
    data = dataset(labels[order], groups=GROUPS[order])
    assert len(split(data).outer) == 8


def test_a_given_split_needs_two_groups_of_a_class_to_choose_by():
    labels = in_groups(3, 17, 30, 44)
    own = Split(train=np.flatnonzero(GROUPS < 29), test=np.flatnonzero(GROUPS >= 29))
    made = split(dataset(labels, groups=GROUPS, split=own))
    assert len(made.outer) == 1
    assert all(labels[part.train].any() for part in made.inner[0])
    less = replace(own, train=np.flatnonzero(GROUPS < 16))
    with pytest.raises(UserError, match=r"in at least 2 groups .* among the training rows"):
        split(dataset(labels, groups=GROUPS, split=less))
