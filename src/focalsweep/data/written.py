"""How the text of a column is written: found on training data, and kept for the rows to come.

`1.234` is a thousand in one file and one and a bit in another, and `03/04/2024` is in March or in
April. What was found in the whole column of training holds for a single new row too, which would
not tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from focalsweep.errors import UserError

Notes = dict[str, list[str]]
"""What was done or is in doubt, and in which columns."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """Say how text is written; empty: nothing is known.

    Parameters
    ----------
    decimal : {"", ".", ","}
        Sign between a number and its fraction; the other one stands for thousands.
    order : {"", "dmy", "mdy", "ymd"}
        Whether day, month or year comes first in dates that do not begin with four digits.
    unit : str
        What stands beside the numbers, in lower case: ``$``, ``%``, ``kg``.
    missing : tuple of str
        Words that mean "no value", beside the empty field.
    """

    decimal: Literal["", ".", ","] = ""
    order: Literal["", "dmy", "mdy", "ymd"] = ""
    unit: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """Gather what was decided while columns were read.

    Parameters
    ----------
    notes, warnings : dict of str to list of str
        What changed the meaning of columns, and what could not be told.
    written : dict of str to Written
        Columns whose text says more than pandas reads.
    """

    notes: Notes = field(default_factory=lambda: defaultdict(list))
    warnings: Notes = field(default_factory=lambda: defaultdict(list))
    written: dict[str, Written] = field(default_factory=dict)


def written_by_user(
    *,
    decimal: str | None = None,
    day_first: bool | None = None,
    missing: Sequence[Any] | str | None = None,
) -> Written:
    """Return what the user says of all columns.

    Parameters
    ----------
    decimal : str, optional
        ``.`` or ``,``, or in words ``point`` or ``comma``.
    day_first : bool, optional
        Whether 03/04/2024 is the third of April.
    missing : sequence, optional
        Words and numbers that mean "no value".

    Raises
    ------
    UserError
        When `decimal` is something else.
    """
    signs: dict[str, Literal["", ".", ","]] = {".": ".", ",": ",", "point": ".", "comma": ","}
    if decimal is not None and decimal not in signs:
        raise UserError(
            "`dataset.decimal` must be `.` or `,` (also `point`, `comma`), or null: found in each "
            f"column. Received: `{decimal}`."
        )
    words = [missing] if isinstance(missing, str) else missing or ()
    return Written(
        decimal="" if decimal is None else signs[decimal],
        order="" if day_first is None else "dmy" if day_first else "mdy",
        missing=tuple(str(word).strip() for word in words),
    )


def without_marks(column: pd.Series[Any], missing: Sequence[str]) -> pd.Series[Any]:
    """Return the column without the values that mean "no value": words, or numbers as such.

    Examples
    --------
    >>> without_marks(pd.Series([1.0, -999.0]), ["-999", "NA"]).tolist()
    [1.0, nan]
    """
    if not missing:
        return column
    kinds = pd.api.types
    if kinds.is_numeric_dtype(column.dtype) and not kinds.is_bool_dtype(column.dtype):
        numbers = pd.to_numeric(pd.Series(list(missing), dtype="str"), errors="coerce").dropna()
        marked = column.isin(numbers)
    else:
        marked = column.astype("object").map(str, na_action="ignore").str.strip().isin(missing)
    return column.mask(marked) if marked.any() else column
