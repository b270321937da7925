"""Whether there is time for another round of the search, measured while it runs."""

from __future__ import annotations

import time

from focalsweep.time_limit.pace import rounds
from focalsweep.time_limit.schedule import Schedule, minutes_for

COMPILING_SECONDS = 6.0
"""What the first round takes besides its rows."""
ROUND_SECONDS = 0.5
"""What any round takes besides its rows: asking, telling, writing."""


class RoundClock:
    """Time the rounds of one search against the deadline of its command.

    Parameters
    ----------
    schedule : Schedule
        Without a pace every answer is that there is time.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._before = schedule.deadline.elapsed()
        self._slower = 1.0
        self._extra = COMPILING_SECONDS + ROUND_SECONDS
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
        self._slower = max(took / (planned + self._extra), 0.5)
        self._extra = ROUND_SECONDS
        needed = planned + ROUND_SECONDS + pace.seconds_after_search(scale)
        return self._slower * needed <= self._schedule.deadline.left()

    def has_time_for_references(self) -> bool:
        """Tell, after the refits, whether scikit-learn's models can be scored too."""
        pace, scale = self._schedule.pace, self._schedule.carried_out
        if pace is None:
            return True
        needed = self._slower * pace.seconds_after_training(scale)
        return needed <= self._schedule.deadline.left()

    def minutes_for_all(self) -> float | None:
        """Return a limit within which everything that was asked for would be done."""
        pace, deadline = self._schedule.pace, self._schedule.deadline
        if pace is None or deadline.minutes is None:
            return None
        needed = self._before + max(self._slower, 1.0) * pace.seconds(self._schedule.asked)
        # Never the limit that has just not sufficed.
        return minutes_for(deadline.for_all(max(needed, 1.5 * 60 * deadline.minutes)))
