"""Check the column names of a table and write them in messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from focalsweep.and_more import and_more
from focalsweep.errors import UserError

_SHOWN = 12


def refuse_repeated_names(
    names: Sequence[str], *, file: Path | str, key: str = "dataset.path"
) -> None:
    """Raise a UserError when two columns of `file`, which `key` names, share a name."""
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        header = (
            " (all of them numbers: is the header line missing?)"
            if all(map(is_number, names))
            else ""
        )
        raise UserError(
            f"`{key}` must have columns of different names. Received: {listed(repeated)} more than "
            f"once in `{file}`{header}; rename or remove them."
        )


def is_number(name: str) -> bool:
    """Tell whether a name reads as a number, as values do where the header is missing."""
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", name) is not None


def listed(names: Sequence[str]) -> str:
    """Return names in backticks, the first twelve of them."""
    return and_more([f"`{name}`" for name in names], most=_SHOWN)
