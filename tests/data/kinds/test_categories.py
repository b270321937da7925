import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from focalsweep.data.kinds.categories import HASHED_COLUMNS, fit_categories, level_codes


def cities(levels: int, rows: int, *, rare: int = 0, missing: int = 0) -> pd.DataFrame:
    """Make `levels` levels of `rows` rows each, then rare ones of one row, then missing ones."""
    values: list[str | None] = [f"city {i}" for i in range(levels)] * rows
    values += [f"hamlet {i}" for i in range(rare)] + [None] * missing
    return pd.DataFrame({"city": pd.Categorical(values)})


@pytest.mark.parametrize(
    ("frame", "width"),
    [
        (cities(2, 5), 2),
        (cities(30, 5), 30),
        (cities(29, 5, rare=3), 30),
        (cities(30, 5, rare=3), 31),
        (cities(29, 5, missing=5), 30),
    ],
)
def test_up_to_thirty_frequent_levels_get_a_column_each(frame: pd.DataFrame, width: int) -> None:
    one_hot, hashed, unused = fit_categories(frame, ["city"])
    assert one_hot is not None
    assert (one_hot.width, hashed, unused) == (width, [], [])
    made = one_hot.transform(frame)
    np.testing.assert_array_equal(made.sum(axis=1), 1)
    assert [each.made for each in one_hot.treatments()] == [width]


@pytest.mark.parametrize(
    ("frame", "extra"),
    [
        (cities(31, 5), 0),
        (cities(31, 5, rare=4), 1),
        (cities(30, 5, missing=5), 1),
        (cities(500, 5, rare=900, missing=1), 2),
    ],
)
def test_more_levels_are_hashed_to_as_many_columns_whatever_their_number(
    frame: pd.DataFrame, extra: int
) -> None:
    one_hot, [hashed], unused = fit_categories(frame, ["city"])
    assert (one_hot, unused) == (None, [])
    assert hashed.width == hashed.transform(frame).shape[1] == HASHED_COLUMNS + extra


def test_a_level_is_two_signed_ones_and_levels_hardly_ever_look_the_same() -> None:
    frame = cities(500, 5)
    _, [hashed], _ = fit_categories(frame, ["city"])
    made = hashed.transform(frame)
    assert set(np.unique(made)) <= {-2, -1, 0, 1, 2}
    # Both ones in one place add up or cancel: one level in 64.
    assert (np.abs(made).sum(axis=1) == 2).mean() > 0.95
    # 64 places, two signs: two levels agree with probability about 1 / 8,000, so 125,000 pairs
    # agree 16 times (standard deviation 4).
    assert len(np.unique(made, axis=0)) > 500 - 40


def test_rare_unseen_and_missing_values_are_no_frequent_level() -> None:
    frame = cities(40, 5, rare=2, missing=3)
    _, [hashed], _ = fit_categories(frame, ["city"])
    rows = pd.DataFrame({"city": ["hamlet 0", "never seen", None]})
    made = hashed.transform(rows)
    np.testing.assert_array_equal(made[:, :HASHED_COLUMNS], 0)
    np.testing.assert_array_equal(made[:, HASHED_COLUMNS:], [[1, 0], [1, 0], [0, 1]])


def test_the_hash_of_a_level_depends_on_its_name_alone() -> None:
    frame = cities(40, 5)
    _, [one], _ = fit_categories(frame, ["city"])
    _, [other], _ = fit_categories(pd.concat([cities(80, 5), frame.iloc[::-1]]), ["city"])
    np.testing.assert_array_equal(one.transform(frame), other.transform(frame))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["a"] * 20, "constant or without values"),
        ([None] * 20, "constant or without values"),
        ([f"name {i}" for i in range(20)], "no level has 5 rows"),
    ],
)
def test_a_column_that_says_nothing_is_not_used(values: list[str | None], reason: str) -> None:
    one_hot, hashed, [unused] = fit_categories(pd.DataFrame({"x": values}), ["x"])
    assert (one_hot, hashed, unused.made) == (None, [], 0)
    assert unused.treatment == f"not used: {reason}"


def test_a_million_levels_take_seconds_and_little_memory() -> None:
    codes = np.arange(1_000_000)
    levels = pd.Index([f"id {code}" for code in codes], dtype="str")
    frame = pd.DataFrame({"x": pd.Categorical.from_codes(codes, categories=levels)})
    _, hashed, [unused] = fit_categories(frame, ["x"])
    assert (hashed, unused.made) == ([], 0)


@pytest.mark.parametrize(
    "frame",
    [
        cities(3, 5),
        cities(3, 5, rare=4),
        cities(3, 5, missing=7),
        cities(3, 5, missing=2),
        cities(3, 5, rare=1, missing=2),
    ],
)
def test_few_levels_get_the_columns_of_scikit_learns_encoder(frame: pd.DataFrame) -> None:
    one_hot, _, _ = fit_categories(frame, ["city"])
    assert one_hot is not None
    [column] = one_hot.columns
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False
    ).fit(level_codes(frame["city"], column.levels)[:, None])
    unseen = cities(5, 1, rare=2, missing=1)
    for rows in (frame, unseen):
        expected = encoder.transform(level_codes(rows["city"], column.levels)[:, None])
        np.testing.assert_array_equal(one_hot.transform(rows), expected)
