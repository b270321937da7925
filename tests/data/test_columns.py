import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.data.columns import plain_columns
from focalsweep.errors import UserError


def plain(values: Any, **kwargs: Any) -> tuple[pd.Series, tuple[str, ...]]:
    frame, notes = plain_columns(pd.DataFrame({"x": pd.Series(values, **kwargs)}))
    return frame["x"], notes


DAYS = [0.0, 1.0, 19_782.0]


@pytest.mark.parametrize(
    "values",
    [
        ["1970-01-01", "1970-01-02", "2024-02-29"],
        ["1970-01-01 00:00", "1970-01-02 00:00", "2024-02-29 00:00"],
        ["1970-01-01T00:00:00Z", "1970-01-02T01:00:00+01:00", "2024-02-29T00:00:00Z"],
        ["1970/01/01", "1970/01/02", "2024/02/29"],
        ["01/01/1970", "01/02/1970", "02/29/2024"],
        ["01.01.1970", "02.01.1970", "29.02.2024"],
        [datetime.date(1970, 1, 1), datetime.date(1970, 1, 2), datetime.date(2024, 2, 29)],
        pd.to_datetime(["1970-01-01", "1970-01-02", "2024-02-29"]),
        pd.to_datetime(["1970-01-01", "1970-01-02", "2024-02-29"]).tz_localize("UTC"),
    ],
)
def test_dates_become_days_with_a_note(values: Any) -> None:
    column, notes = plain(values)
    assert column.tolist() == DAYS
    assert any(note.startswith("Dates turned to days since 1970-01-01: `x`") for note in notes)


def test_a_missing_date_stays_missing() -> None:
    column, _ = plain(["1970-01-01", None, "1970-01-03"])
    np.testing.assert_array_equal(column, [0, np.nan, 2])


def test_the_order_of_day_and_month_is_found_and_noted() -> None:
    column, notes = plain(["13/01/1970", "02/01/1970"])
    assert column.tolist() == [12, 1]
    assert any("`x`, read as %d/%m/%Y" in note for note in notes)


def test_durations_and_times_become_days() -> None:
    assert plain(pd.to_timedelta([36, 12], "h"))[0].tolist() == [1.5, 0.5]
    assert plain([datetime.time(12), datetime.time(18)])[0].tolist() == [0.5, 0.75]


def test_infinite_numbers_become_missing_with_their_count() -> None:
    column, notes = plain([1.0, np.inf, -np.inf, 2.0])
    np.testing.assert_array_equal(column, [1, np.nan, np.nan, 2])
    assert notes == ("Infinite values treated as missing: `x` (2 rows).",)


@pytest.mark.parametrize("mark", ["?", "-", "n/a", "missing"])
def test_placeholders_among_numbers_become_missing_with_a_note(mark: str) -> None:
    column, notes = plain(["1", mark, "2.5", mark])
    np.testing.assert_array_equal(column, [1, np.nan, 2.5, np.nan])
    assert notes == (f"Placeholders among numbers treated as missing: `x` (2 rows: '{mark}').",)


def test_decimal_commas_are_read_and_thousands_are_not_guessed() -> None:
    assert plain(["1,5", "2,25", "3"])[0].tolist() == [1.5, 2.25, 3.0]
    column, _ = plain(["1,500", "2,250", "3"])
    assert isinstance(column.dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, None], "Int64"),
        ([1.0, 2.0, None], "Float64"),
        ([Decimal(1), Decimal(2), None], "object"),
        ([1, 2.0, None], "object"),
        ([1, 2, np.nan], "float32"),
    ],
)
def test_every_type_of_number_becomes_a_float_with_nan(values: list[Any], dtype: str) -> None:
    column, _ = plain(values, dtype=dtype)
    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, [1, 2, np.nan])


@pytest.mark.parametrize("dtype", ["bool", "boolean"])
def test_booleans_stay_booleans(dtype: str) -> None:
    assert plain([True, False], dtype=dtype)[0].dtype == np.bool_


@pytest.mark.parametrize("dtype", ["boolean", "object"])
def test_booleans_with_gaps_become_numbers(dtype: str) -> None:
    np.testing.assert_array_equal(plain([True, False, None], dtype=dtype)[0], [1, 0, np.nan])


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_text_becomes_categories_with_stripped_sorted_levels(dtype: str) -> None:
    column, _ = plain(["b ", "a", None, "b"], dtype=dtype)
    assert column.cat.categories.tolist() == ["a", "b"]
    assert column.cat.codes.tolist() == [1, 0, -1, 1]


def test_categories_that_are_numbers_become_numbers() -> None:
    assert plain([3, 1, 3], dtype="category")[0].tolist() == [3, 1, 3]


def test_text_mixed_with_whole_numbers_is_text() -> None:
    assert plain(["a", 1, "a"], dtype="object")[0].tolist() == ["a", "1", "a"]


def test_constant_and_empty_columns_are_noted_and_kept() -> None:
    frame = pd.DataFrame(
        {"one": [1, 1, 1], "same": ["a"] * 3, "none": [None] * 3, "good": [1, 5, 2]}
    )
    columns, notes = plain_columns(frame)
    assert list(columns) == ["one", "same", "none", "good"]
    assert notes == (
        "Not used, because it is constant: `one`, `same`.",
        "Not used, because it has no values: `none`.",
    )


def test_a_constant_with_gaps_is_no_constant() -> None:
    assert plain([1.0, None, 1.0])[1] == ()


def test_many_levels_are_noted() -> None:
    repeated = [f"level {i % 60}" for i in range(600)]
    assert "Text with many levels" in plain(repeated)[1][0]
    assert "Text that hardly repeats" in plain([f"name {i}" for i in range(600)])[1][0]


def test_a_count_of_the_rows_is_noted_and_kept() -> None:
    columns, notes = plain_columns(pd.DataFrame({"id": np.arange(7, 30), "x": np.arange(23) ** 2}))
    assert "id" in columns
    assert notes == (
        "Counts the rows, so leave it out of the file if it is a number of the row: `id`.",
    )


def test_structures_are_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"Column `x` .* a value of type `dict`"):
        plain([{"a": 1}, {"a": 2}])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=5) | st.none(), min_size=2, max_size=20))
def test_any_text_becomes_a_plain_column_or_a_sentence(values: list[str | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype="str"), "y": np.arange(len(values)) ** 2})
    column = plain_columns(frame)[0]["x"]
    assert isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == np.float64
    assert column.isna().sum() >= sum(value is None for value in values)
