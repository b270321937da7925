"""Name the first of many things in a sentence, and count the others."""

from __future__ import annotations

from collections.abc import Sequence


def and_more(things: Sequence[str], *, most: int) -> str:
    """Write at most so many of the things, separated by commas, and how many others there are.

    Parameters
    ----------
    things : sequence of str
        As they are to be read.
    most : int
        >= 1.

    Examples
    --------
    >>> and_more(["`a`", "`b`", "`c`"], most=2), and_more(["`a`", "`b`"], most=2)
    ('`a`, `b` and 1 more', '`a`, `b`')
    """
    others = len(things) - most
    return ", ".join(things[:most]) + (f" and {others} more" if others > 0 else "")
