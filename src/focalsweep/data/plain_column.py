"""Bring one column of any pandas or Arrow type to a plain kind, see `focalsweep.data.columns`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from focalsweep.data.text_column import text_column
from focalsweep.data.written import Notes, Record, Written, without_marks
from focalsweep.errors import UserError

_SCALARS = (str, bool, int, float, np.bool_, np.number)


def plain_column(
    column: pd.Series[Any], *, name: str, record: Record, given: Written
) -> pd.Series[Any]:
    """Return the column as numbers, booleans, dates, categories or free text.

    Parameters
    ----------
    column : Series of shape (rows,)
        As a reader gives it.
    name : str
        For notes and messages.
    record : Record
        What changes the meaning of the column is added here.
    given : Written
        What the user says of the table.

    Raises
    ------
    UserError
        When the column holds lists, bytes, complex numbers or other structures.
    """
    kinds = pd.api.types
    notes = record.notes
    column = without_marks(_without_extension(column), given.missing)
    if kinds.is_bool_dtype(column.dtype):
        return column.astype("float64" if column.isna().any() else "bool")
    if kinds.is_complex_dtype(column.dtype):
        raise _structure(column, name=name)
    if kinds.is_numeric_dtype(column.dtype):
        return _numbers(column, name=name, notes=notes)
    if kinds.is_timedelta64_dtype(column.dtype):
        return _durations(column, name=name, notes=notes)
    if kinds.is_datetime64_any_dtype(column.dtype):
        return _dates(column, name=name, notes=notes)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _text(column.astype("object"), name=name, record=record, given=given)
    return _objects(column, name=name, record=record, given=given)


def _without_extension(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return columns of Arrow, of periods and of sparse values as pandas' own types."""
    if isinstance(column.dtype, pd.SparseDtype):
        return column.astype(column.dtype.subtype)
    if isinstance(column.dtype, pd.PeriodDtype):
        return pd.Series(column.array.to_timestamp(), index=column.index)
    if not isinstance(column.dtype, pd.ArrowDtype):
        return column
    kind = column.dtype.pyarrow_dtype
    if pa.types.is_dictionary(kind):
        return column.astype("object")
    if pa.types.is_timestamp(kind):
        return column.astype(pd.DatetimeTZDtype("us", kind.tz) if kind.tz else "datetime64[us]")
    if pa.types.is_duration(kind):
        return column.astype("timedelta64[us]")
    if pa.types.is_date(kind):
        return pd.to_datetime(column.astype("object"))
    if pa.types.is_null(kind):
        return pd.Series(np.nan, index=column.index)
    return column


def _objects(
    column: pd.Series[Any], *, name: str, record: Record, given: Written
) -> pd.Series[Any]:
    notes = record.notes
    kind = pd.api.types.infer_dtype(column, skipna=True)
    match kind:
        case "string":
            return _text(column, name=name, record=record, given=given)
        case "empty":
            return pd.Series(np.nan, index=column.index)
        case "boolean" | "integer" | "floating" | "mixed-integer-float" | "decimal":
            return _numbers(_as_floats(column, name=name), name=name, notes=notes)
        case "date" | "datetime" | "datetime64":
            return _dates(pd.to_datetime(column, utc=True), name=name, notes=notes)
        case "timedelta" | "timedelta64":
            return _durations(pd.to_timedelta(column), name=name, notes=notes)
        case "time":
            durations = pd.to_timedelta(column.map(str, na_action="ignore"))
            return _durations(durations, name=name, notes=notes)
        case "mixed-integer" | "mixed" if column.dropna().map(_is_scalar).all():
            notes["Text, numbers or booleans mixed, read as text"].append(f"`{name}`")
            return _text(column.map(str, na_action="ignore"), name=name, record=record, given=given)
        case "interval":
            return _text(column.map(str, na_action="ignore"), name=name, record=record, given=given)
        case _:
            raise _structure(column, name=name)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, _SCALARS)


def _structure(column: pd.Series[Any], *, name: str) -> UserError:
    present = column.dropna()
    odd = next((value for value in present if not _is_scalar(value)), present.iloc[0])
    return UserError(
        f"Column `{name}` must hold numbers, text, booleans or dates. Received: a value "
        f"of type `{type(odd).__name__}`; leave the column out of the file or spread "
        "it over plain columns."
    )


def _as_floats(column: pd.Series[Any], *, name: str) -> pd.Series[Any]:
    try:
        return column.astype("float64")
    except OverflowError as error:
        raise UserError(
            f"Column `{name}` must hold numbers of magnitude up to 1.8e308. Received: a larger "
            "whole number; write it as text if it is a name."
        ) from error


def _numbers(column: pd.Series[Any], *, name: str, notes: Notes) -> pd.Series[Any]:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any():
        return column.astype(np.dtype(str(column.dtype).partition("[")[0].lower()))
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
        notes["Infinite values treated as missing"].append(f"`{name}` ({infinite.sum():,} rows)")
    return pd.Series(values, index=column.index)


def _dates(column: pd.Series[Any], *, name: str, notes: Notes) -> pd.Series[Any]:
    notes["Dates, given as days since 1970-01-01 and as calendar cycles"].append(f"`{name}`")
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column


def _durations(column: pd.Series[Any], *, name: str, notes: Notes) -> pd.Series[Any]:
    notes["Durations turned to days"].append(f"`{name}`")
    days: pd.Series[Any] = column.dt.total_seconds() / 86_400
    return days


def _text(column: pd.Series[Any], *, name: str, record: Record, given: Written) -> pd.Series[Any]:
    """Return numbers or dates where all of the text is such, else categories or free text."""
    read = text_column(column, name=name, record=record, given=given)
    if pd.api.types.is_datetime64_any_dtype(read.dtype):
        return _dates(read, name=name, notes=record.notes)
    if pd.api.types.is_numeric_dtype(read.dtype):
        return _numbers(read, name=name, notes=record.notes)
    return read
