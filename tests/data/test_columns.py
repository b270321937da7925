import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.data.columns import plain_columns
from focalsweep.data.written import Written
from focalsweep.errors import UserError


def plain(values: Any, **kwargs: Any) -> tuple[pd.Series, tuple[str, ...]]:
    read = plain_columns(pd.DataFrame({"x": pd.Series(values, **kwargs)}))
    return read.frame["x"], read.notes


DAYS = [0.0, 1.0, 19_782.0]


def days(column: pd.Series) -> list[float]:
    return ((column - pd.Timestamp(0)).dt.total_seconds() / 86_400).tolist()


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
def test_dates_in_any_form_are_dates_without_time_zone_and_noted(values: Any) -> None:
    column, notes = plain(values)
    assert days(column) == DAYS
    assert any(note.startswith("Dates, given as days since 1970-01-01 and ") for note in notes)


def test_a_missing_date_stays_missing() -> None:
    column, _ = plain(["1970-01-01", None, "1970-01-03"])
    np.testing.assert_array_equal(days(column), [0, np.nan, 2])


def test_the_order_of_day_and_month_is_found_and_noted() -> None:
    column, notes = plain(["13/01/1970", "02/01/1970"])
    assert days(column) == [12, 1]
    assert any("`x`, read as day, month, year" in note for note in notes)


def test_a_short_year_is_where_it_changes_least() -> None:
    column, notes = plain(["24-12-30", "24-12-31", "25-01-01"])
    assert column.dt.strftime("%Y-%m-%d").tolist() == ["2024-12-30", "2024-12-31", "2025-01-01"]
    assert any("`x`, read as year, month, day" in note for note in notes)
    column, _ = plain(["30-12-24", "31-12-24", "01-01-25"])
    assert column.dt.strftime("%Y-%m-%d").tolist() == ["2024-12-30", "2024-12-31", "2025-01-01"]


def test_durations_and_times_become_days() -> None:
    assert plain(pd.to_timedelta([36, 12], "h"))[0].tolist() == [1.5, 0.5]
    assert plain([datetime.time(12), datetime.time(18)])[0].tolist() == [0.5, 0.75]


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%b %d, %Y %I:%M %p", "%Y-%m-%d"])
def test_a_word_among_dates_is_named_and_the_zero_date_is_none(form: str) -> None:
    written = [*pd.date_range("2024-01-01", periods=60, freq="37h").strftime(form)]
    written[3] = "0000-00-00 00:00:00"
    column, _ = plain(written)
    assert column.isna().tolist() == [place == 3 for place in range(60)]
    assert column[59] == pd.to_datetime(written[59], format=form)
    written[5] = "soon"
    frame = pd.DataFrame({"x": written})
    [warning] = plain_columns(frame).warnings
    assert warning.startswith("Nearly all values are dates")
    assert warning.endswith("`x` (`soon`).")


@pytest.mark.parametrize(
    "written",
    [
        ["06:00", "18:00", "00:36"],
        ["6:00:00", "18:00:00.0", "0:36:00"],
        ["6:00 AM", "6:00 p.m.", "12:36am"],
    ],
)
def test_times_of_day_are_parts_of_a_day(written: list[str]) -> None:
    column, notes = plain(written)
    np.testing.assert_allclose(column, [0.25, 0.75, 0.025])
    assert notes == ("Times of day and durations read as days: `x`.",)


@pytest.mark.parametrize("odd", ["7", "2:75", "14:05 kg", "1:2"])
def test_times_beside_other_things_are_names(odd: str) -> None:
    column, _ = plain(["06:00", "18:00", odd])
    assert isinstance(column.dtype, pd.CategoricalDtype)


def test_infinite_numbers_become_missing_with_their_count() -> None:
    column, notes = plain([1.0, np.inf, -np.inf, 2.0])
    np.testing.assert_array_equal(column, [1, np.nan, np.nan, 2])
    assert notes == ("Infinite values treated as missing: `x` (2 rows).",)


@pytest.mark.parametrize("mark", ["?", "-", "n/a", "missing", "—", "#DIV/0!"])
def test_placeholders_among_numbers_become_missing_with_a_note(mark: str) -> None:
    column, notes = plain(["1", mark, "2.5", mark])
    np.testing.assert_array_equal(column, [1, np.nan, 2.5, np.nan])
    assert notes == (f"Placeholders among numbers treated as missing: `x` (2 rows: '{mark}').",)


def test_formatted_numbers_are_numbers_with_a_note() -> None:
    column, notes = plain(["$5,377.19", "$12", None, "N/A"])
    np.testing.assert_array_equal(column, [5377.19, 12, np.nan, np.nan])
    assert "Text read as numbers, without units and signs of thousands: `x`." in notes
    column, notes = plain(["1.234,5", "2", "7,25"])
    assert column.tolist() == [1234.5, 2, 7.25]
    assert notes == ("Text with decimal commas read as numbers: `x`.",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1,234", "950"], "`x` (`1,234` read as 1234)"),
        (["12 %", "13"], "`x` (1 of 2 different values without `%`)"),
        ([f"{i} kg" for i in range(40)] + ["1 g"], "`x` (`kg`, `g`)"),
        ([*map(str, range(40)), "Varies"], "`x` (`Varies`)"),
        (["0.123", "0,5"], "`x` (`0.123`)"),
        (["03/04/2024 10:00", "05/06/2024"], "`x` (`03/04/2024 10:00`), read as month, day, year"),
    ],
)
def test_what_a_column_cannot_tell_is_a_warning(values: list[str], said: str) -> None:
    [warning] = plain_columns(pd.DataFrame({"x": values})).warnings
    assert warning.endswith(f": {said}.")


def test_digits_with_leading_zeros_are_codes() -> None:
    column, notes = plain(["00123", "04210", "90001"])
    assert column.cat.categories.tolist() == ["00123", "04210", "90001"]
    assert notes[0].startswith("Digits with leading zeros, read as codes and not as numbers: `x`")
    assert plain(["0", "10", "2"])[0].tolist() == [0, 10, 2]
    assert plain(["0.5", "00.5", "2"])[0].tolist() == [0.5, 0.5, 2]


@pytest.mark.parametrize("values", [["1,234", "950"], ["03/04/2024", "05/06/2024"]])
def test_what_the_user_says_is_not_doubted(values: list[str]) -> None:
    given = Written(decimal=",", order="dmy")
    read = plain_columns(pd.DataFrame({"x": values}), given=given)
    assert read.warnings == ()
    assert read.frame["x"].iloc[0] in (1.234, pd.Timestamp("2024-04-03"))
    assert read.written == {"x": given}


def test_a_clear_date_is_read_as_it_is_whatever_is_said_of_others() -> None:
    frame = pd.DataFrame({"x": ["13/01/1970", "02/01/1970"], "y": ["02/01/1970", "03/01/1970"]})
    read = plain_columns(frame, given=Written(order="mdy"))
    assert (days(read.frame["x"]), days(read.frame["y"])) == ([12, 1], [31, 59])
    assert (read.written["x"].order, read.written["y"].order) == ("dmy", "mdy")


@pytest.mark.parametrize("value", ["12.5", "1,234,567", "$12.5"])
def test_points_where_commas_were_said_are_named(value: str) -> None:
    read = plain_columns(pd.DataFrame({"x": [value, "7"]}), given=Written(decimal=","))
    assert read.warnings[0].startswith("Numbers with decimal points where `dataset.decimal` says")


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
    read = plain_columns(frame)
    assert list(read.frame) == ["one", "same", "none", "good"]
    assert read.notes == (
        "Not used, because it is constant: `one`, `same`.",
        "Not used, because it has no values: `none`.",
    )


def test_a_constant_with_gaps_is_no_constant() -> None:
    assert plain([1.0, None, 1.0])[1] == ()


def test_many_levels_are_noted() -> None:
    repeated = [f"level {i % 60}" for i in range(600)]
    assert "Categories with more than 30 levels, hashed" in plain(repeated)[1][0]
    assert "Text that hardly repeats" in plain([f"name {i}" for i in range(600)])[1][0]


def test_free_text_is_told_from_categories_by_its_words() -> None:
    sentences = [f"sample {i} was good" for i in range(31)]
    column, notes = plain([" " + text for text in sentences[:-1]] + [None, sentences[-1]])
    assert isinstance(column.dtype, pd.StringDtype)
    assert column.tolist()[:2] == sentences[:2]
    assert column.isna().tolist() == [False] * 30 + [True, False]
    assert "Read as free text" in notes[0]
    assert "`x` (31 values)" in notes[0]
    # As many levels of two words, and fewer of four, are categories.
    assert isinstance(plain([f"sample {i}" for i in range(31)])[0].dtype, pd.CategoricalDtype)
    assert isinstance(plain(sentences[:30] * 2)[0].dtype, pd.CategoricalDtype)


def test_free_text_may_repeat() -> None:
    assert isinstance(plain([f"a b c {i % 40}" for i in range(4000)])[0].dtype, pd.StringDtype)


def test_identical_columns_are_noted_and_kept() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, 3], "b": [1.0, 2, 3], "c": list("xyx")})
    read = plain_columns(frame.assign(d=frame["a"], e=frame["c"], f=frame["a"]))
    assert list(read.frame) == list("abcdef")
    assert read.notes == (
        "Equal to another column in every row, which counts it twice: `d` (as `a`), `e` (as `c`), "
        "`f` (as `a`).",
    )


@pytest.mark.parametrize("column", [[1, 0, 0], ["b", "a", "a"], [True, False, False]])
def test_columns_that_say_the_same_in_other_words_are_not_identical(column: list[Any]) -> None:
    frame = pd.DataFrame({"a": [1.5, 0, 0], "b": column})
    assert plain_columns(frame).notes == ()


def test_structures_are_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"Column `x` .* a value of type `dict`"):
        plain([{"a": 1}, {"a": 2}])


BYTES = pd.ArrowDtype(pa.binary())
LISTS = pd.ArrowDtype(pa.list_(pa.int8()))


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([b"a", b"b", None], "object", "bytes"),
        ([b"a", b"b", None], BYTES, "bytes"),
        ([[1], [2], None], LISTS, "list"),
        ([[1], (2,), None], "object", "list"),
        (["a", {"b"}, 1], "object", "set"),
        ([1 + 2j, 1, 2], "complex128", "complex"),
        ([1 + 2j, 1, "a"], "object", "complex"),
    ],
)
def test_what_is_no_plain_value_is_refused_by_its_type(
    values: list[Any], dtype: Any, kind: str
) -> None:
    with pytest.raises(UserError, match=rf"Column `x` .* a value of type `{kind}\w*`"):
        plain(values, dtype=dtype)


def test_a_whole_number_beyond_floats_is_refused() -> None:
    with pytest.raises(UserError, match=r"Column `x` must hold numbers of magnitude up to 1.8e308"):
        plain([10**400, 1, 2], dtype="object")


def test_mixed_text_numbers_and_booleans_are_text() -> None:
    column, notes = plain(["a", 1.5, True, None], dtype="object")
    assert column.cat.categories.tolist() == ["1.5", "True", "a"]
    assert notes == ("Text, numbers or booleans mixed, read as text: `x`.",)


def arrow(values: list[Any], kind: pa.DataType) -> pd.Series:
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


DATES = [datetime.datetime(1970, 1, 2), None, datetime.datetime(1970, 1, 4)]
NUMBERS = [1.0, np.nan, 3.0]


@pytest.mark.parametrize(
    "column",
    [
        arrow([1, None, 3], pa.int32()),
        arrow([Decimal(1), None, Decimal(3)], pa.decimal128(5, 2)),
        arrow([value and datetime.timedelta(value) for value in (1, None, 3)], pa.duration("s")),
        pd.Series(pd.arrays.SparseArray(NUMBERS)),
        pd.Series(NUMBERS, dtype="float16"),
        pd.Series(["1", None, "3"], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
    ],
)
def test_numbers_of_any_library_are_floats(column: pd.Series) -> None:
    found, _ = plain(column)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, NUMBERS)


@pytest.mark.parametrize(
    "column",
    [
        arrow([date and date.date() for date in DATES], pa.date32()),
        arrow(DATES, pa.timestamp("s")),
        arrow(
            [date and date.replace(tzinfo=datetime.UTC) for date in DATES],
            pa.timestamp("us", tz="Europe/Berlin"),
        ),
        pd.Series(pd.PeriodIndex(["1970-01-02", None, "1970-01-04"], freq="D")),
        pd.Series([np.datetime64("1970-01-02"), None, np.datetime64("1970-01-04")], dtype="object"),
    ],
)
def test_dates_of_any_library_are_dates(column: pd.Series) -> None:
    np.testing.assert_array_equal(days(plain(column)[0]), NUMBERS)


@pytest.mark.parametrize(
    "column",
    [
        arrow(["a", None, "b"], pa.string()),
        arrow(["a", None, "b"], pa.dictionary(pa.int8(), pa.string())),
        pd.Series(["a", None, "b"], dtype="string"),
        pd.Series(pd.Categorical(["a", None, "b"], categories=["b", "c", "a"], ordered=True)),
    ],
)
def test_text_of_any_library_is_categories(column: pd.Series) -> None:
    found, _ = plain(column)
    assert found.cat.categories.tolist() == ["a", "b"]
    assert found.cat.codes.tolist() == [0, -1, 1]


def test_intervals_are_categories_and_nothing_is_no_values() -> None:
    assert plain(pd.interval_range(0, 2))[0].tolist() == ["(0, 1]", "(1, 2]"]
    frame = pd.DataFrame({"x": arrow([None, None], pa.null()), "y": [1, 2]})
    assert plain_columns(frame).notes == ("Not used, because it has no values: `x`.",)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=5) | st.none(), min_size=2, max_size=20))
def test_any_text_becomes_a_plain_column_or_a_sentence(values: list[str | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype="str"), "y": np.arange(len(values)) ** 2})
    column = plain_columns(frame).frame["x"]
    assert isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == np.float64
    assert column.isna().sum() >= sum(value is None for value in values)
