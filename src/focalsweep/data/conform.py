"""Bring new rows to the columns that a model was trained on, or say which column does not fit.

A model that predicts in another place meets other files: columns in another order, further ones,
numbers written as text. What can be read as what training had is; anything else is an error that
names the column, because a prediction from a misread column would look like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.data.plain_column import plain_column
from focalsweep.data.text_column import PLACEHOLDERS
from focalsweep.data.written import Record, Written, without_marks
from focalsweep.data.written_dates import Order, read_dates
from focalsweep.data.written_numbers import read_numbers
from focalsweep.errors import UserError

ColumnKind = Literal["number", "boolean", "date", "text"]

_TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
_WORDS: dict[ColumnKind, str] = {
    "number": "numbers",
    "boolean": "true and false, or 1 and 0",
    "date": "dates",
    "text": "text",
}


def kinds_of(dataset: Dataset) -> tuple[ColumnKind, ...]:
    """Say what each raw column holds, in the order of `Dataset.input_columns`."""
    plain = [_kind(dtype) for dtype in dataset.features.dtypes]
    wide = len(dataset.input_columns) - len(plain)
    return (*plain, *(["number"] * wide))  # type: ignore[arg-type]


def conform(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str],
    kinds: Sequence[ColumnKind],
    written: Mapping[str, Written] | None = None,
) -> pd.DataFrame:
    """Return the columns of training, in their order and of their kinds.

    Parameters
    ----------
    frame : DataFrame of shape (rows, at least `columns`)
        New rows; further columns are left out. Missing values are allowed everywhere.
    columns : sequence of str
        Names of the columns of training.
    kinds : sequence of {"number", "boolean", "date", "text"}
        What each holds; levels of categories are text.
    written : mapping of str to Written, optional
        How the text of columns was written in training, as in `Dataset.written`: a new row is read
        the same way, though it alone would not tell.

    Raises
    ------
    UserError
        When a column is missing, comes twice, or holds something else.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"town": ["Bonn"], "size": ["12.5"], "other": [0]})
    >>> found = conform(rows, columns=["size", "town"], kinds=["number", "text"])
    >>> list(found), float(found["size"][0])
    (['size', 'town'], 12.5)
    """
    names = [str(name) for name in frame.columns]
    missing = [name for name in columns if name not in names]
    if missing:
        raise UserError(
            f"The rows must have the {len(columns):,} columns of training. Missing: "
            f"{listed(missing)}; received {listed(names)}."
        )
    twice = [name for name in columns if names.count(name) > 1]
    if twice:
        raise UserError(f"The rows have the column {listed(twice)} twice; rename one of them.")
    named = frame.set_axis(names, axis=1)
    return pd.DataFrame(
        {
            name: _as_kind(
                named[name].reset_index(drop=True),
                kind,
                name=name,
                written=(written or {}).get(name, Written()),
            )
            for name, kind in zip(columns, kinds, strict=True)
        },
        index=pd.RangeIndex(len(frame)),
        copy=False,
    )


def _kind(dtype: Any) -> ColumnKind:
    kinds = pd.api.types
    if kinds.is_bool_dtype(dtype):
        return "boolean"
    if kinds.is_numeric_dtype(dtype):
        return "number"
    return "date" if kinds.is_datetime64_any_dtype(dtype) else "text"


def _as_kind(
    column: pd.Series[Any], kind: ColumnKind, *, name: str, written: Written
) -> pd.Series[Any]:
    column = without_marks(column, written.missing)
    if kind == "text":
        return _text(column, name=name)
    if kind == "date" and _is_text(column):
        return _dates(column, name=name, written=written)
    if kind == "boolean" and _is_text(column):
        truths = column.map(lambda value: _TRUTHS.get(str(value).strip().lower()), "ignore")
        _refuse(column, truths.isna() & column.notna(), kind, name=name)
        return truths.astype("float64")
    if kind == "number" and _is_text(column):
        return _numbers(column, name=name, written=written)
    plain = plain_column(column, name=name, record=Record(), given=Written())
    if kind == "date":
        fits = pd.api.types.is_datetime64_any_dtype(plain.dtype)
    else:
        fits = pd.api.types.is_numeric_dtype(plain.dtype)
        # `plain_column` makes days of durations, as in training; a date is none.
    if not fits:
        _refuse(column, column.notna(), kind, name=name)
    if kind == "boolean":
        _refuse(column, plain.notna() & ~plain.isin([0, 1]), kind, name=name)
    return plain if fits else pd.Series(np.nan, index=column.index)


def _is_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) == "string"


def _text(column: pd.Series[Any], *, name: str) -> pd.Series[Any]:
    """Return text as training had it: stripped, and whole numbers without a fraction."""
    if pd.api.types.is_float_dtype(column.dtype):
        # A column of whole numbers with a gap in it comes as fractions.
        present = column.dropna()
        if (present == present.round()).all():
            column = column.astype("Int64")
    values = column.astype("object").map(lambda value: str(value).strip(), na_action="ignore")
    return values.astype("str")


def _stripped(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return text, None for what stands for nothing."""
    text = column.astype("object").map(lambda value: str(value).strip(), na_action="ignore")
    text = text.astype("str")
    return text.mask(text.str.lower().isin(PLACEHOLDERS))


def _numbers(column: pd.Series[Any], *, name: str, written: Written) -> pd.Series[Any]:
    text = _stripped(column)
    present = text.dropna()
    numbers = pd.Series(np.nan, index=present.index)
    if written.decimal != ",":
        numbers = pd.to_numeric(present, errors="coerce").astype("float64")
    if written.decimal:
        numbers = numbers.fillna(read_numbers(present, written=written))
    _refuse(
        column,
        text.notna() & numbers.reindex(text.index).isna(),
        "number",
        name=name,
        written=" written as there, with decimal commas" if written.decimal == "," else "",
    )
    return numbers.where(np.isfinite(numbers)).reindex(text.index)


def _dates(column: pd.Series[Any], *, name: str, written: Written) -> pd.Series[Any]:
    """Read dates in the order of training, or in the one order that fits all of them."""
    text = _stripped(column)
    present = text.dropna()
    iso = pd.to_datetime(present, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    orders: list[Order] = [written.order] if written.order else ["dmy", "mdy"]
    read = [iso.fillna(read_dates(present, order=order)).reindex(text.index) for order in orders]
    fitting = [dates for dates in read if (dates.notna() == text.notna()).all()]
    if not fitting:
        _refuse(column, text.notna() & read[0].isna(), "date", name=name)
    if any(not dates.equals(fitting[0]) for dates in fitting):
        raise UserError(
            f"Column `{name}` must hold dates of which day and month are clear. Received: "
            f"`{present.iloc[0]}`; write year-month-day."
        )
    return fitting[0]


def _refuse(
    column: pd.Series[Any],
    wrong: pd.Series[Any],
    kind: ColumnKind,
    *,
    name: str,
    written: str = "",
) -> None:
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong.to_numpy())[0])
    raise UserError(
        f"Column `{name}` must hold {_WORDS[kind]}, as in training{written}. Received: "
        f"`{str(column.iloc[row])[:60]}` in row {row + 1}; mend the column, or leave the value "
        "empty where it is not known."
    )
