"""Bring feature columns to three plain kinds: numbers, booleans and categories.

Readers give a zoo of types (text, dates, decimals, nullable integers, objects). After this module
a column is float or integer with NaN for missing values, boolean without missing values, or
categorical with text levels. Nothing is fitted here: no value depends on other rows, except for
the decision which kind a column of text is. What changes the meaning of a column is noted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from focalsweep.data.preprocessing import FEWEST_ROWS_A_LEVEL
from focalsweep.errors import UserError

# Written for "missing" in public tables, beside the empty field, NA, NaN and null.
_PLACEHOLDERS = frozenset(
    {"", "?", "-", "--", ".", "*", "missing", "unknown", "none", "na", "n/a", "n.a.", "nan", "null"}
)
_DATE_FORMATS = ("ISO8601", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
_DATE = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}[/.-]\d{1,2}[/.-]\d{4}"
)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
_MANY_LEVELS = 50
_SHOWN = 6

_Notes = dict[str, list[str]]


def plain_columns(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the columns as plain kinds, and notes on what was done.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        Feature columns as a reader gives them, with different names.

    Returns
    -------
    columns : DataFrame of shape (rows, columns)
        Same columns in the same order, on a range index; dates are days since 1970-01-01, infinite
        numbers are missing. A saved row index (an unnamed first column counting the rows) is left
        out.
    notes : tuple of str
        One sentence for each kind of change, naming the columns.

    Raises
    ------
    UserError
        When a column holds lists, bytes or other structures, or when no column varies.
    """
    notes: _Notes = defaultdict(list)
    columns: dict[str, pd.Series[Any]] = {}
    for position, name in enumerate(frame.columns):
        column = _plain(frame[name].reset_index(drop=True), name=str(name), notes=notes)
        # An index saved by pandas has no name, and this one when it was read and saved again.
        if position == 0 and name in ("unnamed_0", "Unnamed: 0") and _counts_rows(column):
            notes["Left out, because it counts the rows as a saved index does"].append(f"`{name}`")
            continue
        columns[str(name)] = column
    varying = 0
    for name, column in columns.items():
        if column.isna().all():
            notes["Not used, because it has no values"].append(f"`{name}`")
        elif _constant(column):
            notes["Not used, because it is constant"].append(f"`{name}`")
        else:
            varying += 1
            if _counts_rows(column):
                notes[
                    "Counts the rows, so leave it out of the file if it is a number of the row"
                ].append(f"`{name}`")
    if not varying:
        raise UserError(
            "At least one feature column must vary. Received: "
            f"{_listed([f'`{name}`' for name in columns]) or 'no feature column'}, without values "
            "or constant."
        )
    plain = pd.DataFrame(columns, copy=False)
    return plain, tuple(f"{what}: {_listed(names)}." for what, names in notes.items())


def _plain(column: pd.Series[Any], *, name: str, notes: _Notes) -> pd.Series[Any]:
    kinds = pd.api.types
    if kinds.is_bool_dtype(column.dtype):
        return column.astype("float64" if column.isna().any() else "bool")
    if kinds.is_numeric_dtype(column.dtype):
        return _numbers(column, name=name, notes=notes)
    if kinds.is_datetime64_any_dtype(column.dtype) or kinds.is_timedelta64_dtype(column.dtype):
        return _days(column, name=name, notes=notes)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _text(column.astype("object"), name=name, notes=notes)
    return _objects(column, name=name, notes=notes)


def _objects(column: pd.Series[Any], *, name: str, notes: _Notes) -> pd.Series[Any]:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    match kind:
        case "string":
            return _text(column, name=name, notes=notes)
        case "empty":
            return pd.Series(np.nan, index=column.index)
        case "boolean" | "integer" | "floating" | "mixed-integer-float" | "decimal":
            return _numbers(column.astype("float64"), name=name, notes=notes)
        case "date" | "datetime" | "datetime64":
            return _days(pd.to_datetime(column, utc=True), name=name, notes=notes)
        case "timedelta" | "timedelta64":
            return _days(pd.to_timedelta(column), name=name, notes=notes)
        case "time":
            return _days(
                pd.to_timedelta(column.map(str, na_action="ignore")), name=name, notes=notes
            )
        case "mixed-integer":
            return _text(column.map(str, na_action="ignore"), name=name, notes=notes)
        case _:
            example = column.dropna().iloc[0]
            raise UserError(
                f"Column `{name}` must hold numbers, text, booleans or dates. Received: a value "
                f"of type `{type(example).__name__}`; leave the column out of the file or spread "
                "it over plain columns."
            )


def _numbers(column: pd.Series[Any], *, name: str, notes: _Notes) -> pd.Series[Any]:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        return column.astype(np.dtype(str(column.dtype).lower()))
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
        notes["Infinite values treated as missing"].append(f"`{name}` ({infinite.sum():,} rows)")
    return pd.Series(values, index=column.index)


def _days(column: pd.Series[Any], *, name: str, notes: _Notes) -> pd.Series[Any]:
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        notes["Durations turned to days"].append(f"`{name}`")
        return _in_days(column)
    notes["Dates turned to days since 1970-01-01"].append(f"`{name}`")
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return _in_days(column - pd.Timestamp(0))


def _in_days(durations: pd.Series[Any]) -> pd.Series[Any]:
    days: pd.Series[Any] = durations.dt.total_seconds() / 86_400
    return days


def _text(column: pd.Series[Any], *, name: str, notes: _Notes) -> pd.Series[Any]:
    """Return numbers or dates where all of the text is such, categories otherwise."""
    # What the text is is decided on its distinct values: few, where they are levels.
    codes, uniques = pd.factorize(column)
    levels = pd.Series([str(level).strip() for level in uniques], dtype="str")
    values = _numbers_in_text(levels, name=name, codes=codes, notes=notes)
    if values is None:
        values = _dates_in_text(levels, name=name, notes=notes)
    if values is not None:
        spread = np.append(values.to_numpy(dtype=np.float64), np.nan)[codes]
        return _numbers(pd.Series(spread, index=column.index), name=name, notes=notes)
    names, merged = np.unique(levels.to_numpy(dtype=object).astype(str), return_inverse=True)
    if len(names) > _MANY_LEVELS:
        what = (
            "Text with many levels, of which frequent ones get a column each and the rest share one"
        )
        if np.bincount(codes[codes >= 0]).max() < FEWEST_ROWS_A_LEVEL:
            what = "Text that hardly repeats, as names and free text do, so that it is not used"
        notes[what].append(f"`{name}` ({len(names):,} levels)")
    coded = np.append(merged, -1)[codes]
    categories = pd.Index(names, dtype="str")
    return pd.Series(pd.Categorical.from_codes(coded, categories=categories), index=column.index)


def _numbers_in_text(
    levels: pd.Series[str], *, name: str, codes: np.typing.NDArray[np.intp], notes: _Notes
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


def _dates_in_text(levels: pd.Series[str], *, name: str, notes: _Notes) -> pd.Series[Any] | None:
    if not levels.str.fullmatch(_DATE).all():
        return None
    for form in _DATE_FORMATS:
        dates = pd.to_datetime(levels, format=form, errors="coerce", utc=True)
        if dates.notna().all():
            if form != "ISO8601":
                notes["Dates written in another order than year-month-day"].append(
                    f"`{name}`, read as {form}"
                )
            return _days(dates, name=name, notes=notes)
    return None


def _constant(column: pd.Series[Any]) -> bool:
    if column.isna().any():
        # Where it is missing says something.
        return False
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.codes
    return bool(column.min() == column.max())


def _counts_rows(column: pd.Series[Any]) -> bool:
    """Tell whether the column is a, a + 1, a + 2, ... over many rows."""
    if not pd.api.types.is_integer_dtype(column.dtype) or len(column) < 2:
        return False
    return bool((np.diff(column.to_numpy()) == 1).all())


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
