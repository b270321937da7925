"""How long a command may take, counted from its own start."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Hold when a command began and how long it may take.

    Parameters
    ----------
    minutes : float, optional
        > 0; None for no limit.
    started : float
        `time.monotonic` at the command's start; now by default.
    whole : float, optional
        Minutes that the command may take, where `minutes` is the share of one of its sweeps.
    """

    minutes: float | None = None
    started: float = field(default_factory=time.monotonic)
    whole: float | None = None

    @property
    def given(self) -> float | None:
        """The minutes that the user gave."""
        return self.minutes if self.whole is None else self.whole

    def for_all(self, seconds: float) -> float:
        """Return the seconds that the command needs for this sweep to have so many."""
        if self.whole is None or self.minutes is None:
            return seconds
        return seconds * self.whole / self.minutes

    def elapsed(self) -> float:
        """Return the seconds since the command began."""
        return time.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left, negative when time is up; infinity without a limit."""
        return math.inf if self.minutes is None else 60 * self.minutes - self.elapsed()

    def within(self, minutes: float | None) -> Deadline:
        """Return the deadline of the same command with another limit."""
        return replace(self, minutes=minutes, whole=None)

    def shared(self, sweeps: int) -> Deadline:
        """Return the deadline of the next of so many sweeps, which share the time that is left."""
        if self.minutes is None or sweeps == 1:
            return self
        share = (self.elapsed() + self.left() / sweeps) / 60
        return replace(self, minutes=share, whole=self.given)
