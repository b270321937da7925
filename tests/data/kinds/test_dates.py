import numpy as np
import pandas as pd
import pytest

from focalsweep.data.kinds.dates import fit_dates
from focalsweep.data.kinds.numbers import fit_numbers


def dates(days: list[float] | np.ndarray) -> pd.Series:
    stamps = pd.Timestamp(2021, 3, 1) + pd.to_timedelta(days, "D")
    return pd.Series(stamps, name="when")


def test_days_are_scaled_as_the_same_numbers_are() -> None:
    column = dates(np.arange(10) ** 2)
    numbers = pd.DataFrame({"x": (column - pd.Timestamp(0)).dt.total_seconds() / 86_400})
    np.testing.assert_array_equal(
        fit_dates(column).transform(column.to_frame())[:, :1],
        fit_numbers(numbers, ["x"]).transform(numbers),
    )


@pytest.mark.parametrize(
    ("days", "cycles"),
    [
        (np.arange(14), ()),
        (np.arange(15), ("day of the week",)),
        (np.arange(0, 70, 7), ()),
        (np.linspace(0, 1.9, 50), ()),
        (np.linspace(0, 2, 50), ("time of day",)),
        (np.arange(0, 7 * 110, 7), ("day of the year",)),
        (np.linspace(0, 800, 500), ("time of day", "day of the week", "day of the year")),
    ],
)
def test_a_cycle_is_given_where_rows_span_two_of_it_and_differ_in_it(
    days: np.ndarray, cycles: tuple[str, ...]
) -> None:
    assert fit_dates(dates(days)).cycles == cycles


def test_cycles_come_round() -> None:
    fitted = fit_dates(dates(np.linspace(0, 800, 500)))
    made = fitted.transform(dates([100.25, 107.25, 100.5]).to_frame())
    np.testing.assert_allclose(made[0, 1:5], made[1, 1:5], atol=1e-5)
    np.testing.assert_allclose(made[2, 1:3], [0, -1], atol=1e-5)  # noon, half way round
    for place in (1, 3, 5):
        np.testing.assert_allclose((made[:, place : place + 2] ** 2).sum(axis=1), 1, rtol=1e-5)


def test_a_missing_date_is_marked_and_stands_in_the_middle_of_every_cycle() -> None:
    column = dates(np.linspace(0, 800, 500))
    column[3] = pd.NaT
    fitted = fit_dates(column)
    np.testing.assert_array_equal(fitted.transform(column.to_frame())[3], [0, 1, 0, 0, 0, 0, 0, 0])
    [described] = fitted.treatments()
    assert (described.kind, described.made) == ("date", 8)


def test_dates_are_understood_as_text_and_with_a_time_zone() -> None:
    column = dates(np.linspace(0, 800, 500)).dt.floor("s")
    fitted = fit_dates(column)
    expected = fitted.transform(column.to_frame())
    zoned = column.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    np.testing.assert_array_equal(fitted.transform(zoned.to_frame()), expected)
    np.testing.assert_array_equal(fitted.transform(column.astype(str).to_frame()), expected)
