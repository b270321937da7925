"""From what was asked for to what fits into the time: the plan that is carried out.

With `minutes`, steps are timed and the largest scale is taken that ends in time; without, the work
is counted, so that the plan is the same on every machine. What is given up, and in which order, is
`focalsweep.config.scale`'s. A sweep that goes on carries out what it began with.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from focalsweep.config.scale import Scale, changes, in_words, scaled, smaller, typed
from focalsweep.data.dataset import Dataset
from focalsweep.deadline import Deadline
from focalsweep.errors import UserError
from focalsweep.prepare import Plan, prepare
from focalsweep.procedure import with_codes
from focalsweep.time_limit.pace import Pace, counted_pace, scale_of, timed_pace

TIMING_SHARE = 0.3
"""Steps are timed where less than this share of the limit has passed before."""

CARE = 1.1
"""A limit that is advised holds for a machine that is so much slower than it was when timed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Hold the plan that is carried out, and how it came about.

    Parameters
    ----------
    plan : Plan
        Of the scale that is carried out.
    asked, carried_out : Scale
        What the config asks for on these rows, and what of it is done.
    deadline : Deadline
        Of the command.
    choices : tuple of str
        What the plan of everything that is asked for says of choices that were made for the user.
    pace : Pace, optional
        What was timed; None where nothing was, because nothing is limited.
    """

    plan: Plan
    asked: Scale
    carried_out: Scale
    deadline: Deadline
    choices: tuple[str, ...] = ()
    pace: Pace | None = None

    @property
    def again(self) -> list[str]:
        """Overrides that carry out the same without any limit; empty where nothing was given up."""
        changed = changes(self.asked, self.carried_out)
        return typed(changed) if changed else []

    @property
    def given_up(self) -> str | None:
        """Say what was given up; None where nothing was."""
        return in_words(self.asked, self.carried_out) or None

    @property
    def messages(self) -> tuple[str, ...]:
        """What to know before training: choices of the plan, and what was given up for time."""
        given_up = []
        if self.given_up is not None and self.deadline.minutes is not None:
            given_up.append(f"To end within {self.deadline.minutes:.3g} min: {self.given_up}.")
        elif self.given_up is not None:
            given_up.append(
                f"On so much data this sweep does less: {self.given_up}. `about_minutes=null` does "
                "everything, `minutes=60` what fits into an hour."
            )
        return (*self.choices, *given_up)

    def but(self, **changed: int | bool) -> Schedule:
        """Return the schedule of which less was carried out, without another plan."""
        return replace(self, carried_out=self.carried_out.model_copy(update=changed))


def schedule(
    plan: Plan,
    dataset: Dataset,
    *,
    deadline: Deadline,
    held: Collection[str] = (),
    begun: Scale | None = None,
) -> Schedule:
    """Choose what of a plan is carried out.

    Parameters
    ----------
    plan : Plan
        Everything that the config asks for.
    dataset : Dataset
        The rows as they were read.
    deadline : Deadline
        With the config's `minutes`.
    held : collection of str
        Keys that the user typed, which counting leaves alone; a limit in minutes does not.
    begun : Scale, optional
        What an earlier command began to carry out.

    Raises
    ------
    UserError
        When less than the least that pays for a verdict fits into the time.
    """
    asked = carried_out = scale_of(plan)
    limit = None if deadline.minutes is None else 60 * deadline.minutes
    pace = None
    if limit is not None:
        started = time.monotonic()
        pace = timed_pace(plan, steps=deadline.elapsed() < TIMING_SHARE * limit)
        # Folds are laid out once more for another scale; that takes no longer than timing did.
        before = deadline.elapsed() + (time.monotonic() - started)
        if begun is None:
            carried_out = _largest(smaller(asked, plan.config), limit - before, pace=pace)
        needed = before + (
            pace.seconds(carried_out) if begun is None else pace.seconds_after_search(begun)
        )
        if needed > limit:
            raise UserError(_too_little(needed, asked, carried_out, deadline=deadline))
    elif begun is None and plan.config.about_minutes is not None:
        scales = smaller(asked, plan.config, held=held)
        carried_out = _largest(scales, 60 * plan.config.about_minutes, pace=counted_pace(plan))
    carried_out = begun or carried_out
    changed = changes(asked, carried_out)
    return Schedule(
        plan=with_codes(prepare(scaled(plan.config, changed), dataset=dataset))
        if changed
        else plan,
        asked=asked,
        carried_out=carried_out,
        deadline=deadline,
        choices=plan.messages,
        pace=pace,
    )


def minutes_for(seconds: float) -> float:
    """Return the limit to advise for what was estimated to take so long: tenths, or whole ones."""
    minutes = CARE * seconds / 60
    return math.ceil(10 * minutes) / 10 if minutes < 5 else float(math.ceil(minutes))


def _largest(scales: Iterable[Scale], seconds: float, *, pace: Pace) -> Scale:
    """Return the first scale that takes no longer, or else the last."""
    scale, *others = scales
    for other in others:
        if pace.seconds(scale) <= seconds:
            break
        scale = other
    return scale


def _too_little(seconds: float, asked: Scale, least: Scale, *, deadline: Deadline) -> str:
    words = in_words(asked, least)
    return (
        f"`minutes={deadline.given:.3g}` is less than the least that pays for an answer here"
        + (f" ({words})" if words else "")
        + f"; give `minutes={minutes_for(deadline.for_all(seconds)):g}`, or fewer rows or `epochs`."
    )
