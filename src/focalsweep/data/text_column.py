"""Read a column of text as what it is: numbers, dates, categories or free text.

The decision looks at all different values of the column and at nothing else: no label is read.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.categories import (
    FEWEST_ROWS_A_LEVEL,
    HASHED_COLUMNS,
    MOST_LEVELS,
)
from focalsweep.data.kinds.texts import FEWEST_WORDS, is_free_text

# Written for "missing" in public tables, beside the empty field, NA, NaN and null.
_PLACEHOLDERS = frozenset(
    {"", "?", "-", "--", ".", "*", "missing", "unknown", "none", "na", "n/a", "n.a.", "nan", "null"}
)
_DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
_DATE = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?")


def text_column(
    column: pd.Series[Any], *, name: str, notes: dict[str, list[str]]
) -> pd.Series[Any]:
    """Return floats, dates, categories with text levels, or free text (dtype ``str``).

    Parameters
    ----------
    column : Series of shape (rows,)
        Text, possibly missing.
    name : str
        For notes.
    notes : dict of str to list of str
        What was decided is added here.
    """
    # What the text is is decided on its distinct values: few, where they are levels.
    codes, uniques = pd.factorize(column)
    levels = pd.Series([str(level).strip() for level in uniques], dtype="str")
    if levels.empty:
        return pd.Series(np.nan, index=column.index)
    numbers = _numbers(levels, name=name, codes=codes, notes=notes)
    if numbers is not None:
        spread = np.append(numbers.to_numpy(dtype=np.float64), np.nan)[codes]
        return pd.Series(spread, index=column.index)
    dates = _dates(levels, name=name, notes=notes)
    if dates is not None:
        spread = np.append(dates.to_numpy(), np.datetime64("NaT"))[codes]
        return pd.Series(spread, index=column.index)
    names, merged = np.unique(levels.to_numpy(dtype=object).astype(str), return_inverse=True)
    coded = np.append(merged, -1)[codes]
    if is_free_text(list(names)):
        notes[
            f"Read as free text, because it has more than {MOST_LEVELS} different values of "
            f"{FEWEST_WORDS} words or more on average"
        ].append(f"`{name}` ({len(names):,} values)")
        values = np.array([*names, None], dtype=object)[coded]
        return pd.Series(values, index=column.index, dtype="str")
    if len(names) > MOST_LEVELS:
        what = (
            f"Categories with more than {MOST_LEVELS} levels, hashed to {HASHED_COLUMNS} columns "
            f"where more than {MOST_LEVELS} of them have {FEWEST_ROWS_A_LEVEL} training rows"
        )
        if np.bincount(codes[codes >= 0]).max() < FEWEST_ROWS_A_LEVEL:
            what = "Text that hardly repeats, as names and numbers of rows do, so it is not used"
        notes[what].append(f"`{name}` ({len(names):,} levels)")
    categories = pd.Index(names, dtype="str")
    return pd.Series(pd.Categorical.from_codes(coded, categories=categories), index=column.index)


def _numbers(
    levels: pd.Series[str], *, name: str, codes: NDArray[np.intp], notes: dict[str, list[str]]
) -> pd.Series[Any] | None:
    numbers = pd.to_numeric(levels, errors="coerce")
    other = numbers.isna()
    if other.any() and levels.str.fullmatch(_DECIMAL_COMMA).all():
        fractions = levels.str.partition(",")[2].str.len()
        # 1,234 may be a thousand: a column of such numbers alone stays text.
        if not fractions.isin([0, 3]).all():
            notes["Text with decimal commas read as numbers"].append(f"`{name}`")
            return pd.to_numeric(levels.str.replace(",", ".", regex=False))
    if other.all() or not set(levels[other].str.lower()) <= _PLACEHOLDERS:
        return None
    if other.any():
        rows = int(np.isin(codes, np.flatnonzero(other)).sum())
        shown = ", ".join(f"'{level}'" for level in levels[other][:3])
        notes["Placeholders among numbers treated as missing"].append(
            f"`{name}` ({rows:,} rows: {shown})"
        )
    return numbers


def _dates(
    levels: pd.Series[str], *, name: str, notes: dict[str, list[str]]
) -> pd.Series[Any] | None:
    if not levels.str.fullmatch(_DATE).all():
        return None
    for form in _DATE_FORMATS:
        dates = pd.to_datetime(levels, format=form, errors="coerce", utc=True)
        if dates.notna().all():
            if form != "ISO8601":
                notes["Dates written in another order than year-month-day"].append(
                    f"`{name}`, read as {form}"
                )
            return dates.dt.tz_localize(None)
    return None
