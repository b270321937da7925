from typing import Any

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.row_roles import read_roles
from focalsweep.data.written import Written
from focalsweep.errors import UserError


def test_nothing_given_is_nothing_known() -> None:
    read = read_roles(rows=3)
    assert (read.groups, read.split, read.time, read.weights, read.notes) == (None,) * 4 + ((),)


def test_rows_share_a_code_exactly_when_they_share_a_group() -> None:
    values = pd.Series(["x", "y", "x", "z"])
    codes = read_roles(rows=4, groups=values).groups
    assert codes is not None
    assert codes.dtype == np.int64
    for one in range(4):
        for other in range(4):
            assert (codes[one] == codes[other]) == (values[one] == values[other])


@pytest.mark.parametrize(
    ("words", "train", "test"),
    [
        (["train", "test", "train"], [0, 2], [1]),
        ([" Training", "TEST ", "test"], [0], [1, 2]),
        (["train", "holdout", "train"], [0, 2], [1]),
        (["train", "validation", "test"], [0, 1], [2]),
        (["train", "valid", "train"], [0, 2], [1]),
    ],
)
def test_words_say_which_rows_are_trained_on(
    words: list[str], train: list[int], test: list[int]
) -> None:
    for column in (words, pd.Series(words, dtype="category")):
        read = read_roles(rows=3, split=column)
        assert read.split is not None
        assert read.split.train.tolist() == train
        assert read.split.test.tolist() == test
    assert bool(read.notes) == any(word.startswith("valid") for word in words)


def test_dates_are_days_and_numbers_stay() -> None:
    days = [0.0, 1.5, 366.0]
    dates = pd.Timestamp(0) + pd.to_timedelta(days, unit="D")
    for column in (days, pd.Series(dates), pd.Series(dates).astype(str), dates.to_numpy()):
        np.testing.assert_allclose(read_roles(rows=3, time=column).time, days)


def test_weights_have_mean_one_and_keep_their_ratios() -> None:
    weights = read_roles(rows=4, weights=[2, 6, 2, 6]).weights
    assert weights is not None
    assert weights.dtype == np.float32
    assert weights.tolist() == [0.5, 1.5, 0.5, 1.5]
    assert read_roles(rows=3, weights=["1", "1", "4"]).weights.tolist() == [0.5, 0.5, 2.0]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "group missing": ({"groups": ["a", None, "b"]}, "`dataset.groups` .* 1 of 3 rows empty"),
    "group blank": ({"groups": ["a", " ", "b"]}, "1 of 3 rows empty"),
    "one group": ({"groups": ["a", "a", "a"]}, "at least two groups.*`a` in all rows"),
    "lists as groups": ({"groups": pd.Series([[1], [2], [1]])}, "holds other values"),
    "split missing": ({"split": ["train", None, "test"]}, "`dataset.split` .* 1 of 3 rows empty"),
    "other words": ({"split": ["train", "fold 1", "test"]}, "Received: `fold 1`"),
    "numbers as split": ({"split": [0, 1, 1]}, "Received: `0`, `1`"),
    "no test row": ({"split": ["train"] * 3}, "without a test row"),
    "no training row": ({"split": ["test"] * 3}, "without a training row"),
    "time missing": ({"time": [1.0, np.nan, 2.0]}, "`dataset.time` .* 1 of 3 rows empty"),
    "time infinite": ({"time": [1.0, np.inf, 2.0]}, "finite times"),
    "time of words": ({"time": ["early", "late", "late"]}, "numbers or dates.*`early`"),
    "one time": ({"time": [5, 5, 5]}, "two different times.*`5`"),
    "booleans as time": ({"time": [True, False, True]}, "numbers or dates"),
    "weight missing": ({"weights": [1.0, np.nan, 1.0]}, "`dataset.weights` .* rows empty"),
    "negative weight": ({"weights": [1.0, -1.0, -2.0]}, "2 other values .* first of them -1"),
    "zero weight": ({"weights": [1.0, 0.0, 1.0]}, "first of them 0"),
    "infinite weight": ({"weights": [1.0, np.inf, 1.0]}, "first of them inf"),
    "words as weights": ({"weights": ["1", "heavy", "1"]}, "numbers > 0.*`heavy`"),
    "booleans as weights": ({"weights": [True, False, True]}, "numbers > 0.*`True`"),
    "weights far apart": ({"weights": [1e-60, 1.0, 1.0]}, "of similar size"),
    "too few": ({"groups": ["a", "b"]}, "one value for each of the 3 rows. Received: 2 values"),
    "two columns": ({"time": np.ones((3, 2))}, "must be one column.*shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_values_that_cannot_be_used_are_refused_in_one_sentence(case: str) -> None:
    given, said = BAD[case]
    with pytest.raises(UserError, match=said) as raised:
        read_roles(rows=3, **given)
    message = str(raised.value)
    assert "Received: " in message
    assert "\n" not in message


def test_times_and_weights_are_read_as_features_are_and_doubts_are_said():
    roles = read_roles(
        rows=2,
        time=pd.Series(["03/04/2024 14:05", "05/06/2024 10:00"], name="day"),
        weights=pd.Series(["1,5", "0,5"], name="w"),
    )
    assert roles.weights.tolist() == [1.5, 0.5]
    [doubt] = roles.warnings
    assert "`dataset.day_first=true`" in doubt
    said = read_roles(rows=2, time=["03/04/2024", "01/05/2024"], written=Written(order="dmy"))
    assert said.time.tolist() == [19816, 19844]
    assert said.warnings == ()
