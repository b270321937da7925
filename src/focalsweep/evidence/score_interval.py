"""The interval of one score, which ends where scores end."""

from __future__ import annotations

import math

from focalsweep.evidence.facts import Interval
from focalsweep.evidence.paired import Posterior
from focalsweep.metrics.objective import Objective


def score_interval(posterior: Posterior, *, objective: Objective) -> Interval:
    """Return the 95% interval of a score, cut to the values that the objective can have.

    Student's t knows no bounds: from two or three folds it reaches beyond them (macro-F1 of 1.55),
    where no probability belongs. An end that nothing is known of stays infinite.

    Parameters
    ----------
    posterior : Posterior
        Of the score itself, not of a difference.
    objective : Objective
        What was scored.
    """
    lowest, highest = objective.utility_range
    low, high = posterior.interval(0.95)
    return Interval(
        low=max(low, lowest) if math.isfinite(low) else low,
        high=min(high, highest) if math.isfinite(high) else high,
    )
