"""Give a date as days since 1970-01-01, scaled as any number, and as its place in calendar cycles.

The time of day, the day of the week and the day of the year are given as sine and cosine, where
the training rows span at least two such cycles and do not always stand at the same place in them:
over a shorter span a cycle says nothing that the days do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.numbers import Numbers, fit_numbers
from focalsweep.data.kinds.treatment import Treatment

Floats = NDArray[np.float64]

_CYCLES: dict[str, float] = {
    "time of day": 1.0,
    "day of the week": 7.0,
    "day of the year": 365.2425,
}
"""Length of each in days."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dates:
    """Hold the treatment of one date column.

    Parameters
    ----------
    name : any
        Of the column.
    days : Numbers
        Scaling of the days since 1970-01-01.
    cycles : tuple of str
        Calendar cycles that are given out.
    """

    name: Any
    days: Numbers
    cycles: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns made."""
        return self.days.width + 2 * len(self.cycles)

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return scaled days, a mark where dates are missing, and cycles: (rows, columns made)."""
        days = days_of(features[self.name])
        waves = [
            wave(2 * np.pi * _place(days, cycle) / _CYCLES[cycle])
            for cycle in self.cycles
            for wave in (np.sin, np.cos)
        ]
        # A missing date has no place in a cycle: 0, the centre of the circle.
        turned = np.nan_to_num(np.column_stack(waves) if waves else np.empty((len(days), 0)))
        return np.hstack([self.days.transform(_frame(days)), turned.astype(np.float32)])

    def treatments(self) -> list[Treatment]:
        """Describe the column."""
        [days] = self.days.treatments()
        words = days.treatment
        if days.made:
            words = f"days since 1970-01-01, {words}"
        if self.cycles:
            words += f"; {', '.join(self.cycles)} as sine and cosine"
        return [Treatment(name=str(self.name), kind="date", treatment=words, made=self.width)]


def fit_dates(column: pd.Series[Any]) -> Dates:
    """Fit on training rows.

    Parameters
    ----------
    column : Series of shape (training rows,)
        Dates, possibly missing.
    """
    days = days_of(column)
    present = days[np.isfinite(days)]
    span = np.ptp(present) if len(present) else 0.0
    return Dates(
        name=column.name,
        days=fit_numbers(_frame(days), ["days"]),
        cycles=tuple(
            cycle
            for cycle, length in _CYCLES.items()
            if span >= 2 * length and np.ptp(_place(present, cycle)) > 0
        ),
    )


def days_of(column: pd.Series[Any]) -> Floats:
    """Return days since 1970-01-01, NaN where missing; text is read as a date where it is one."""
    dates = column
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        text = column.astype("object")
        dates = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    # In nanoseconds, which `Timestamp(0)` counts, years end at 2262.
    days = (dates - pd.Timestamp("1970-01-01")).dt.total_seconds() / 86_400
    return np.asarray(days, np.float64)


def _place(days: Floats, cycle: str) -> Floats:
    """Return how many days into the cycle each date is, whole days for cycles of many days."""
    whole = days if cycle == "time of day" else np.floor(days)
    return np.asarray(np.mod(whole, _CYCLES[cycle]))


def _frame(days: Floats) -> pd.DataFrame:
    return pd.DataFrame({"days": days}, copy=False)
