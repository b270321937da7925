"""List every way to divide a few things into parts, for when no random draw may miss one."""

from __future__ import annotations

from collections.abc import Iterator


def every_way(things: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every division of `things` into `parts` parts, none of them empty.

    Parameters
    ----------
    things : int
        >= 1; there are about ``parts ** things / factorial(parts)`` ways.
    parts : int
        >= 1.

    Yields
    ------
    tuple of int
        The part of each thing. Parts are numbered as they first occur, so that no division comes
        twice under other numbers.

    Examples
    --------
    >>> list(every_way(3, 2))
    [(0, 0, 1), (0, 1, 0), (0, 1, 1)]
    """

    def going_on(way: tuple[int, ...], used: int) -> Iterator[tuple[int, ...]]:
        left = things - len(way)
        if left < parts - used:
            return
        if not left:
            yield way
            return
        for part in range(min(used + 1, parts)):
            yield from going_on((*way, part), max(used, part + 1))

    yield from going_on((), 0)
