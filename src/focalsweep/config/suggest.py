"""The nearest known name, for the end of a sentence about an unknown one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None where none is like it."""
    matches = get_close_matches(name, list(known), n=1)
    return matches[0] if matches else None


def expectation(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Say what was expected instead of `name`: the nearest known name, else all of them.

    Parameters
    ----------
    name : str
        What was received, without the prefix.
    known : iterable of str
        What could have been received, without the prefix.
    prefix : str
        Written before every known name, for example ``dataset.``.

    Examples
    --------
    >>> expectation("yest", ["ecoli", "yeast"], prefix="dataset=")
    'the nearest known name is `dataset=yeast`'
    >>> expectation("qqq", ["ecoli", "yeast"])
    'expected one of `ecoli`, `yeast`'
    """
    names = sorted(known)
    if match := nearest(name, names):
        return f"the nearest known name is `{prefix}{match}`"
    return "expected one of " + ", ".join(f"`{prefix}{each}`" for each in names)
