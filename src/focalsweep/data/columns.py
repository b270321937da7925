"""Bring feature columns to plain kinds: numbers, booleans, dates, categories and free text.

Readers give a zoo of types. After this module a column is float or integer with NaN for missing
values, boolean without missing values, a date without time zone, categorical with text levels, or
free text. Nothing is fitted here: no value depends on other rows, except for the decision which
kind a column of text is. What changes the meaning of a column is noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from focalsweep.and_more import and_more
from focalsweep.data.plain_column import plain_column
from focalsweep.data.written import Notes, Record, Written
from focalsweep.errors import UserError

_SHOWN = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class PlainColumns:
    """Hold columns of plain kinds, and how they were found to be written.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        Same columns in the same order, on a range index; infinite numbers are missing. A saved
        row index (an unnamed first column counting the rows) is left out.
    notes, warnings : tuple of str
        One sentence for each kind of change, and for each kind of doubt, naming the columns.
    written : dict of str to Written
        Columns whose text says more than pandas reads.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    written: dict[str, Written]


def plain_columns(frame: pd.DataFrame, *, given: Written | None = None) -> PlainColumns:
    """Return the columns as plain kinds, with notes on what was done.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        Feature columns as a reader gives them, with different names.
    given : Written, optional
        What the user says of how the table is written.

    Raises
    ------
    UserError
        When a column holds lists, bytes or other structures, or when no column varies.
    """
    record, given = Record(), given or Written()
    notes = record.notes
    columns: dict[str, pd.Series[Any]] = {}
    for position, name in enumerate(frame.columns):
        column = plain_column(
            frame[name].reset_index(drop=True), name=str(name), record=record, given=given
        )
        # An index saved by pandas has no name, and this one when it was read and saved again.
        if position == 0 and name in ("unnamed_0", "Unnamed: 0") and counts_rows(column):
            notes["Left out, because it counts the rows as a saved index does"].append(f"`{name}`")
            continue
        columns[str(name)] = column
        if given != Written():
            # Numbers that the reader knew may come as text, and dates with a mark for none.
            record.written.setdefault(str(name), given)
    used = []
    for name, column in columns.items():
        if column.isna().all():
            notes["Not used, because it has no values"].append(f"`{name}`")
        elif _constant(column):
            notes["Not used, because it is constant"].append(f"`{name}`")
        else:
            used.append(name)
    if not used:
        received = and_more([f"`{name}`" for name in columns], most=_SHOWN) or "no feature column"
        raise UserError(
            f"At least one feature column must vary. Received: {received}, without values or "
            "constant; add feature columns."
        )
    plain = pd.DataFrame(columns, copy=False)
    for name, first in _copies(plain, used).items():
        notes["Equal to another column in every row, which counts it twice"].append(
            f"`{name}` (as `{first}`)"
        )
    return PlainColumns(
        frame=plain,
        notes=sentences(notes),
        warnings=sentences(record.warnings),
        written=record.written,
    )


def sentences(notes: Notes) -> tuple[str, ...]:
    """Return one sentence for each kind of thing that was noted, naming some columns."""
    return tuple(f"{what}: {and_more(names, most=_SHOWN)}." for what, names in notes.items())


def counts_rows(column: pd.Series[Any]) -> bool:
    """Tell whether the column is a, a + 1, a + 2, ... over many rows."""
    if not pd.api.types.is_integer_dtype(column.dtype) or len(column) < 2:
        return False
    return bool((np.diff(column.to_numpy()) == 1).all())


def _constant(column: pd.Series[Any]) -> bool:
    if column.isna().any():
        # Where it is missing says something.
        return False
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.codes
    return bool(column.min() == column.max())


def _copies(frame: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """Return each of the named columns that equals one before it, and the first such one."""
    first: dict[int, list[str]] = {}
    found: dict[str, str] = {}
    for name in names:
        hashed = pd.util.hash_pandas_object(frame[name], index=False).to_numpy()
        alike = first.setdefault(hash(hashed.tobytes()), [])
        same = next((other for other in alike if frame[name].equals(frame[other])), None)
        if same is None:
            alike.append(name)
        else:
            found[name] = same
    return found
