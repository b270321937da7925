"""Training rows are earlier than test rows, whatever the times look like."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from focalsweep.data.time_windows import expanding_windows, last_rows
from focalsweep.errors import UserError

times = st.lists(st.integers(0, 12), min_size=8, max_size=60).map(lambda t: np.array(t, float))


def windows(time: np.ndarray, folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return expanding_windows(time, folds=folds, setting="evaluation.folds")


@settings(max_examples=100, deadline=None)
@given(time=times, folds=st.integers(2, 6))
def test_no_training_row_is_as_late_as_a_test_row_and_windows_follow_each_other(time, folds):
    if len(np.unique(time)) <= folds:
        with pytest.raises(UserError, match=r"`dataset\.time` must have more different times"):
            windows(time, folds)
        return
    made = windows(time, folds)
    assert len(made) == folds
    for train, test in made:
        assert len(train)
        assert len(test)
        assert time[train].max() < time[test].min()
    for (train, test), (later, _) in pairwise(made):
        assert np.array_equal(np.sort(np.concatenate([train, test])), later)
    assert sum(map(len, made[-1])) == len(time)


def test_times_that_all_differ_give_scikit_learns_windows():
    time = np.random.default_rng(0).permutation(50).astype(float)
    order = np.argsort(time)
    expected = TimeSeriesSplit(n_splits=4).split(order)
    for (train, test), (before, after) in zip(windows(time, 4), expected, strict=True):
        assert np.array_equal(train, np.sort(order[before]))
        assert np.array_equal(test, np.sort(order[after]))


def test_one_time_of_most_rows_still_leaves_a_window_before_it():
    time = np.concatenate([np.zeros(2), np.ones(90), np.arange(2.0, 6.0)])
    sizes = [len(test) for _, test in windows(time, 3)]
    assert sizes[0] == 90
    assert sum(sizes) == 94


@settings(max_examples=100, deadline=None)
@given(time=times, fraction=st.floats(0.05, 0.95))
def test_the_last_rows_are_tested_and_their_share_is_the_nearest_that_ties_allow(time, fraction):
    if len(np.unique(time)) == 1:
        with pytest.raises(UserError, match="at least two different times"):
            last_rows(time, test_fraction=fraction)
        return
    train, test = last_rows(time, test_fraction=fraction)
    assert time[train].max() < time[test].min()
    assert len(train) + len(test) == len(time)
    possible = [int((time >= start).sum()) for start in np.unique(time)[1:]]
    wanted = len(time) - round((1 - fraction) * len(time))
    assert abs(len(test) - wanted) == min(abs(size - wanted) for size in possible)


def test_a_missing_time_is_refused():
    time = np.array([1.0, np.nan, 3.0])
    with pytest.raises(UserError, match="1 of 3 rows without one"):
        last_rows(time, test_fraction=0.5)
    with pytest.raises(UserError, match="1 of 3 rows without one"):
        windows(time, 2)
