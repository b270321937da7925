"""What a running sweep shows: one bar with the time left, or a line now and then in a pipe."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from focalsweep.deadline import Deadline

_LINE_EVERY = 0.1
"""Share of the work between two lines where there is no terminal to draw a bar in."""


class Progress(Protocol):
    """Whoever is told how far a sweep is."""

    def say(self, phase: str) -> None:
        """Name what is running."""
        ...

    def trained(self, member_epochs: int) -> None:
        """Add work done; safe to call from any thread."""
        ...


class NoProgress:
    """Show nothing."""

    def say(self, phase: str) -> None:
        """Ignore the phase."""

    def trained(self, member_epochs: int) -> None:
        """Ignore the work."""


class SweepProgress:
    """Count member-epochs over search and refit.

    Parameters
    ----------
    console : Console
        Where to show.
    search_epochs : int
        Member-epochs of the search: members a round x epochs x rounds.
    refit_epochs : int
        Most member-epochs of the refits; they end earlier where fewer epochs were chosen.
    deadline : Deadline
        Of the command: its clock is the one that is shown, and no more time is left than it has.
    """

    def __init__(
        self, console: Console, *, search_epochs: int, refit_epochs: int, deadline: Deadline
    ) -> None:
        self._console = console
        self._deadline = deadline
        self._search_epochs = search_epochs
        self._total = search_epochs + refit_epochs
        self._done = 0
        self._shown = 0.0
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            _Clock(self),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("search", total=self._total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def say(self, phase: str) -> None:
        """Name what is running."""
        self._bar.update(self._task, description=phase)

    def shorten(self, search_epochs: int) -> None:
        """Count a search that ended early as so much work in all."""
        with self._lock:
            self._total -= self._search_epochs - search_epochs
            self._search_epochs = search_epochs
            self._bar.update(self._task, total=self._total)

    def clock(self) -> str:
        """Say how long the command runs, and how long it still will."""
        done = self._done / self._total
        words = in_words(self._deadline.elapsed())
        if not done:
            return words
        passed = time.monotonic() - self._started
        left = max(min(passed / done - passed, self._deadline.left()), 0.0)
        return f"{words}, about {in_words(left)} left"

    def trained(self, member_epochs: int) -> None:
        """Add work done; safe to call from any thread."""
        with self._lock:
            self._done += member_epochs
            done = self._done / self._total
            self._bar.advance(self._task, member_epochs)
            if not self._console.is_terminal and done - self._shown >= _LINE_EVERY and done < 1:
                self._shown = done
                self._console.print(f"  {done:.0%} after {self.clock()}")


class _Clock(ProgressColumn):
    """Show the clock of a sweep behind its bar."""

    def __init__(self, progress: SweepProgress) -> None:
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:
        """Write the clock anew."""
        return Text(self._progress.clock())


def in_words(seconds: float) -> str:
    """Say a duration: "45 s", "3 min", "2.5 h".

    Examples
    --------
    >>> in_words(44.7), in_words(200), in_words(9000)
    ('45 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
