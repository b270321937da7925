"""Find the column that a config key names, or say which one was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from focalsweep.data.column_names import is_number, listed
from focalsweep.errors import UserError


def find_column(
    wanted: str | None, columns: Sequence[str], *, key: str, where: str, holds: str
) -> str:
    """Return the name of the column that `wanted` means.

    Parameters
    ----------
    wanted : str, optional
        What the user wrote; white space around it is dropped.
    columns : sequence of str
        The columns that exist.
    key : str
        The config key, such as ``dataset.target``, for messages.
    where : str
        The file or other origin of the table, for messages.
    holds : str
        What the column holds, such as "the class", for messages.

    Raises
    ------
    UserError
        When nothing is given or no such column exists.
    """
    if wanted is None or not str(wanted).strip():
        raise UserError(
            f"`{key}` must name the column that holds {holds}. Received: nothing; "
            f"`{where}` has {listed(columns)}."
        )
    if str(wanted) in columns:
        return str(wanted)
    name = str(wanted).strip()
    if name in columns:
        return name
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.5)
    hint = f" The nearest is `{lower[near[0]]}`." if near else ""
    if columns and all(is_number(column) for column in columns):
        hint = " These are numbers: add the header line if it is missing."
    raise UserError(
        f"`{key}` must name a column of `{where}`. Received: `{name}`; "
        f"the columns are {listed(columns)}.{hint}"
    )
