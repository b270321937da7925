"""Dates are read as people write them, or said to be none."""

import datetime
import doctest

import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from focalsweep.data import written_dates as module
from focalsweep.data.written_dates import find_dates, read_dates


def found(*values):
    return find_dates(pd.Series(values, dtype="str"))


@pytest.mark.parametrize(
    "written",
    [
        "31/12/2024 14:05",
        "12/31/2024 2:05 PM",
        "12/31/24 2:05 p.m.",
        "31.12.2024 14:05:00",
        "31-12-2024 14:05",
        "31 12 2024 14:05",
        "14:05 31/12/2024",
        "Dec 31, 2024 14:05",
        "December 31, 2024, 2:05 PM",
        "31 Dec 2024 14:05",
        "31st December 2024 14:05",
        "31-DEC-24 14:05",
        "2024-Dec-31 14:05",
        "2024-12-31T14:05:00Z",
        "2024/12/31 14:05",
        "2024.12.31 14:05",
        "2024-12-31 14:05 UTC",
        "2024-12-31 15:05 CET",
        "2024-12-31 09:05 -0500",
        "20241231 140500",
        "20241231T1405Z",
        "Tue, 31 Dec 2024 15:05:00 +0100",
        "Tue Dec 31 14:05:00 2024",
        "Tue Dec 31 06:05:00 PST 2024",
        "Tue Dec 31 2024 19:35:00 GMT+0530 (India Standard Time)",
        "31/Dec/2024:14:05:00 +0000",
        "31.12.2024 14.05",
        "31.12.2024, 14:05 Uhr",
        "31/12/2024 14h05",
        "31/12/2024 à 14h05",
        "31. Dezember 2024 14:05",
        "31 décembre 2024 14:05",
        "31 de diciembre de 2024 14:05",
        "31st of December, 2024 14:05",
        "2024年12月31日 14:05",
        "2024年12月31日 14时05分",
        "2024. 12. 31. 14:05",
        "2024:12:31 14:05:00",
        "2024-12-31_14-05-00",
        "2024-12-31-14.05.00.000000",
        "31-DEC-24 02.05.00.000000 PM",
        "[31/Dec/2024:14:05:00 +0000]",
        "2024-12-31T15:05:00+01:00[Europe/Paris]",
        "2024-12-31 19:35:00 IST",
    ],
)
def test_every_common_spelling_is_the_same_moment(written):
    dates = list(found(written).values())
    assert dates
    assert all(each[0] == pd.Timestamp("2024-12-31 14:05") for each in dates)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "note at 14:05",
            "14:05",
            "1.2.10",
            "10-2-33",
            "may 5",
            "20241231",
            "5,377.19",
            "",
            "1/2",
        ),
        *("99/99/2024 10:00", "12/12/2024 25:00", "30/02/2024 10:00", "13:05 PM 12/12/2024"),
    ],
)
def test_what_is_no_date_is_none(value):
    assert found(value) == {}


def test_the_end_of_a_day_is_the_start_of_the_next():
    dates = found("31/12/2024 24:00")["dmy"]
    assert dates[0] == pd.Timestamp("2025-01-01")
    assert not found("31/12/2024 24:01")


def test_one_clear_date_tells_the_order_of_all():
    dates = found("01/02/2024 10:00", "13/02/2024 10:00")
    assert list(dates) == ["dmy"]
    assert dates["dmy"][0] == pd.Timestamp("2024-02-01 10:00")


def test_an_order_that_cannot_be_told_comes_back_twice():
    dates = found("01/02/2024 10:00", "03/04/2024 10:00")
    assert [str(each[1].date()) for each in dates.values()] == ["2024-04-03", "2024-03-04"]


def test_noon_and_midnight_of_twelve_hours():
    written = ["1/2/2024 12:00 AM", "1/2/2024 12:30 PM", "1/2/2024 12 am", "1/2/2024 2 PM"]
    read = read_dates(pd.Series(written), order="mdy")
    expected = ["02 00:00", "02 12:30", "02 00:00", "02 14:00"]
    assert read.dt.strftime("%d %H:%M").tolist() == expected


def test_fractions_of_seconds_and_mixed_forms_are_read():
    dates = found("31.12.2024 14:05:09.125", "1 Jan 2025", "2025-01-02T00:00:00+02:00")["dmy"]
    expected = ["2024-12-31 14:05:09.125", "2025-01-01", "2025-01-01 22:00"]
    assert dates.tolist() == list(map(pd.Timestamp, expected))


FORMS = ["%d/%m/%Y %H:%M:%S", "%d.%m.%y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%Y%m%d %H%M%S"]


@drawn(
    st.lists(
        st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2068, 1, 1)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(FORMS),
)
def test_what_python_writes_is_read_back(moments, form):
    read = read_dates(pd.Series([each.strftime(form) for each in moments]), order="dmy")
    assert read.tolist() == [each.replace(microsecond=0) for each in moments]


@drawn(st.lists(st.text(st.sampled_from("0123/:. apMZ-+\u0663"), max_size=16), min_size=1))
def test_any_text_of_such_signs_is_read_or_none(values):
    assert all(dates.notna().all() for dates in found(*values).values())


@drawn(st.lists(st.text(max_size=12), min_size=1, max_size=9))
def test_any_text_is_read_or_none(values):
    assert all(dates.notna().all() for dates in found(*values).values())


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
