"""Shorten what a library says when it refuses something to one sentence."""

from __future__ import annotations


def first_sentence(error: Exception) -> str:
    """Return the first line of an error's text without its full stop, or its type's name.

    Parameters
    ----------
    error : Exception
    """
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
