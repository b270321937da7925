"""Whether there is time for another round of the search, measured while it runs."""

from __future__ import annotations

import time

from focalsweep.time_limit.pace import rounds
from focalsweep.time_limit.schedule import Schedule, minutes_for

COMPILING = 2.0
"""The first round compiles: it counts for at most so many times what was timed."""


class RoundClock:
    """Time the rounds of one search against the deadline of its command.

    Parameters
    ----------
    schedule : Schedule
        Without a pace every answer is that there is time.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._slower = 1.0
        self._rounds = 0
        self._last = time.monotonic()

    def has_time(self) -> bool:
        """Tell, at the end of a round, whether another one and all that follows would end in time.

        What follows is taken to be as much slower than planned as this round was.
        """
        now = time.monotonic()
        took, self._last = now - self._last, now
        pace, scale = self._schedule.pace, self._schedule.carried_out
        if pace is None:
            return True
        planned = pace.search_seconds(scale) / rounds(self._schedule.plan, scale)
        if self._rounds == 0:
            took = min(took, COMPILING * planned)
        self._rounds += 1
        self._slower = max(took / planned, 0.5)
        after = self._slower * pace.seconds_after_search(scale)
        return took + after <= self._schedule.deadline.left()

    def has_time_for_references(self) -> bool:
        """Tell, after the refits, whether scikit-learn's models can be scored too."""
        pace, scale = self._schedule.pace, self._schedule.carried_out
        if pace is None:
            return True
        needed = self._slower * pace.seconds_after_training(scale)
        return needed <= self._schedule.deadline.left()

    def minutes_for_all(self) -> float | None:
        """Return a limit within which everything that was asked for would be done."""
        pace = self._schedule.pace
        if pace is None:
            return None
        return minutes_for(self._slower * pace.seconds(self._schedule.asked))
