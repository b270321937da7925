"""What a running audit shows: how many of its items are done, and the time left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from focalsweep.progress import in_words

_LINES = 20
"""Lines at most where there is no terminal to draw a bar in."""


class AuditProgress:
    """Count items.

    Parameters
    ----------
    console : Console
        Where to show.
    total, done : int
        Items in all, and those that have their record already.
    """

    def __init__(self, console: Console, *, total: int, done: int) -> None:
        self._console, self._total, self._done = console, total, done
        self._before, self._started = done, time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            # Items take up to minutes: the speed of the last ones is the whole run's.
            speed_estimate_period=24 * 3600,
        )
        self._task = self._bar.add_task("audit", total=total, completed=done)

    def __enter__(self) -> Self:
        if self._done:
            self._console.print(f"{self._done} of {self._total} are recorded already.")
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def advance(self, name: str) -> None:
        """Count one item as done."""
        self._done += 1
        self._bar.update(self._task, advance=1, description=name)
        if self._console.is_terminal or self._done % max(self._total // _LINES, 1):
            return
        elapsed = time.monotonic() - self._started
        left = elapsed / (self._done - self._before) * (self._total - self._done)
        self._console.print(f"{self._done} of {self._total} done, about {in_words(left)} left")
