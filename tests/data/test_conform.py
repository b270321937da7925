"""New rows are read as training was, or the column that does not fit is named."""

import doctest

import numpy as np
import pandas as pd
import pytest

from focalsweep.data import conform as module
from focalsweep.data.conform import conform
from focalsweep.data.written import Written
from focalsweep.errors import UserError


def one(values, kind, **written):
    words = {"x": Written(**written)}
    return conform(pd.DataFrame({"x": values}), columns=["x"], kinds=[kind], written=words)["x"]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1.5", "", "2"], "number", [1.5, np.nan, 2]),
        ([True, False, None], "number", [1, 0, np.nan]),
        (["yes", None], "text", ["yes", np.nan]),
        ([1.0, np.nan], "text", ["1", np.nan]),
        ([" a ", 7], "text", ["a", "7"]),
        (["true", "0", None], "boolean", [1, 0, np.nan]),
        ([None, None], "number", [np.nan, np.nan]),
    ],
)
def test_what_can_be_read_as_in_training_is(values, kind, expected):
    assert one(values, kind).astype("object").tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("written", ["2024-03-31", "31.03.2024", "03/31/2024"])
def test_a_clear_date_is_read_in_any_order(written):
    assert one([written, None], "date")[0] == pd.Timestamp("2024-03-31")


@pytest.mark.parametrize(
    ("value", "kind", "written", "expected"),
    [
        ("1.234", "number", {"decimal": ","}, 1234),
        ("1,234", "number", {"decimal": ","}, 1.234),
        ("1,234", "number", {"decimal": "."}, 1234),
        ("1.234", "number", {}, 1.234),
        ("3 KG", "number", {"decimal": ".", "unit": "kg"}, 3),
        ("-999", "number", {"missing": ("-999",)}, np.nan),
        ("03/04/2024 14:00", "date", {"order": "dmy"}, pd.Timestamp("2024-04-03 14:00")),
        ("03/04/2024 2:00 PM", "date", {"order": "mdy"}, pd.Timestamp("2024-03-04 14:00")),
        ("2024-04-03", "date", {"order": "mdy"}, pd.Timestamp("2024-04-03")),
        ("?", "date", {"order": "mdy"}, pd.NaT),
    ],
)
def test_a_single_row_is_read_as_training_was_written(value, kind, written, expected):
    [read] = one([value], kind, **written)
    assert read == expected or (pd.isna(read) and pd.isna(expected))


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        ("12.5", "number", {"decimal": ","}),
        ("1,5", "number", {"decimal": "."}),
        ("1,500", "number", {}),
        ("300 g", "number", {"decimal": ".", "unit": "kg"}),
        ("31/12/2024", "date", {"order": "mdy"}),
    ],
)
def test_a_row_that_is_written_in_another_way_is_refused(value, kind, written):
    with pytest.raises(UserError, match=r"Column `x` must hold .* in row 1"):
        one([value], kind, **written)


def test_a_date_that_may_be_two_is_refused_where_training_does_not_say():
    with pytest.raises(UserError, match="day and month are clear"):
        one(["03/04/2024 14:00"], "date")


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["1", "big"], "number"), ([2, 1], "boolean"), (["soon"], "date"), ([5], "date")],
)
def test_what_cannot_is_named_with_its_row(values, kind):
    with pytest.raises(UserError, match=r"Column `x` must hold .* in row"):
        one(values, kind)


def test_a_column_that_comes_twice_is_refused():
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(UserError, match="`x` twice"):
        conform(frame, columns=["x"], kinds=["number"])


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
