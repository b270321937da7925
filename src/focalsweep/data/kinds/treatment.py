"""Say what was done with a column, in the words that `focalsweep inspect` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "boolean", "date", "category", "text", "pixels", "sparse"]


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Hold how one column is treated.

    Parameters
    ----------
    name : str
        Of the column; for pixels and wide sparse columns, of all of them together.
    kind : {"number", "boolean", "date", "category", "text", "pixels", "sparse"}
        What the column is taken for.
    treatment : str
        What is done with it, in words.
    made : int
        Columns that the model gets from it, >= 0; 0 where it is not used.
    """

    name: str
    kind: Kind
    treatment: str
    made: int
