"""What the rows at hand can show: the smallest true difference that the verdict would see.

The rule calls a side better when P(d > s) >= c, that is when (mean - s) / e >= t_c: s the smallest
difference that counts, c the verdict's confidence, e the Nadeau-Bengio standard error of the mean
of paired fold differences (or the bootstrap's), t_c a quantile of Student's t. With a true
difference D, (mean - s) / e follows a noncentral t with noncentrality (D - s) / e; the detectable
difference is the D at which P(t' >= t_c) is the power asked for:

    D = s + lambda * e,   lambda with 1 - F(t_c; degrees, lambda) = power.

With few folds the observed e is itself uncertain (by 24% with ten), and so is D.

Rows: the score of a rare class has few rows behind it, and e falls with the root of their number
whatever else is held fixed. To show a true difference of R (the regrettable one: smaller ones are
no pity to miss) therefore takes n * ((D - s) / (R - s))^2 rows of a class that has n now.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import nctdtrinc, ndtri, stdtrit

from focalsweep.evidence.arm_scores import Pick
from focalsweep.evidence.comparison import Compare, VerdictRule
from focalsweep.evidence.paired import Posterior, SampledPosterior, StudentPosterior
from focalsweep.evidence.result import Comparison, Detectable
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.objective_words import amount_words

POWER = 0.8

FEWEST_FOR_ROWS = 5
"""Degrees of freedom below which no number of rows is advised: it goes with the square of the
standard error, which is then known within a factor of eight at best (two folds: a thousand)."""


def detectable_difference(
    *, scale: float, degrees: float, rule: VerdictRule, power: float = POWER
) -> float:
    """Return the true difference that the rule calls better with probability `power`.

    Parameters
    ----------
    scale : float
        Standard error of the mean difference, >= 0; at 0 everything above the smallest difference
        is seen.
    degrees : float
        Of freedom behind `scale`, > 0; infinite for a known one.
    rule : VerdictRule
        Its smallest difference and its confidence.
    power : float, default 0.8
        In (0.5, 1).

    Returns
    -------
    float
        >= the smallest difference.
    """
    if scale == 0.0:
        return rule.smallest_difference
    if degrees > 1000:  # the normal limit; the noncentral t's series loses digits far out
        noncentrality = ndtri(rule.confidence) + ndtri(power)
    else:
        bound = stdtrit(degrees, rule.confidence)
        noncentrality = nctdtrinc(degrees, 1.0 - power, bound)
    return rule.smallest_difference + float(noncentrality) * scale


def rows_needed(difference: float, *, rows: int, rule: VerdictRule) -> int | None:
    """Return how many rows of the smallest class would show the regrettable difference.

    Parameters
    ----------
    difference : float
        Detectable with `rows` rows of that class.
    rows : int
        > 0.
    rule : VerdictRule
        Its smallest and its regrettable difference.

    Returns
    -------
    int or None
        None where `rows` suffice, or where no number would because the two differences of the rule
        are one.
    """
    room = rule.regrettable_difference - rule.smallest_difference
    excess = difference - rule.smallest_difference
    if excess <= room or room <= 0.0:
        return None
    # 16.000000000000004 times the rows are 16 times: differences of decimals are not exact.
    return math.ceil(rows * (excess / room) ** 2 - 1e-6)


def detectable(
    comparison: Comparison,
    *,
    compare: Compare,
    objective: Objective,
    smallest_class: int,
    rule: VerdictRule,
) -> Detectable | None:
    """Say what one comparison of the verdict could have seen.

    Parameters
    ----------
    comparison : Comparison
        Of two sides of arms: the verdict's first one.
    compare : callable
        From `compare_folds` or `compare_test_rows`, the one that made it.
    objective : Objective
        The sweep's.
    smallest_class : int
        Rows of the smallest class of the data.
    rule : VerdictRule
        The thresholds.

    Returns
    -------
    Detectable or None
        None where the differences say nothing about their spread: a single fold, or two sides that
        predicted alike everywhere. No number of rows is advised from fewer than six folds.
    """
    left, right = (
        [Pick(arm, objective.uses_decisions) for arm in arms]
        for arms in (comparison.left_arms, comparison.right_arms)
    )
    scale, degrees = standard_error(compare(left, right))
    if not 0.0 < scale < math.inf:
        return None
    difference = detectable_difference(scale=scale, degrees=degrees, rule=rule)
    needed = rows_needed(difference, rows=smallest_class, rule=rule)
    return Detectable(
        difference=difference,
        smallest_class=smallest_class,
        rows_needed=needed if degrees >= FEWEST_FOR_ROWS else None,
        text=_in_words(
            difference,
            rows=smallest_class,
            needed=needed,
            degrees=degrees,
            rule=rule,
            objective=objective,
        ),
    )


def standard_error(posterior: Posterior) -> tuple[float, float]:
    """Return the standard error of a paired difference and its degrees of freedom.

    Those of the bootstrap are its samples' standard deviation and infinity.
    """
    if isinstance(posterior, StudentPosterior):
        return posterior.scale, posterior.degrees
    if isinstance(posterior, SampledPosterior):
        spread = 0.0 if posterior.is_exact else float(np.std(posterior.samples))
        return spread, math.inf
    raise TypeError(f"`posterior` must be Student's or sampled. Received: {type(posterior)}.")


def _in_words(
    difference: float,
    *,
    rows: int,
    needed: int | None,
    degrees: float,
    rule: VerdictRule,
    objective: Objective,
) -> str:
    of_what = "with the rarest label" if objective.multi_label else "of the smallest class"
    pity, least = amount_words(rule.regrettable_difference), amount_words(difference, digits=2)
    seen = (
        f"{rows:,} rows {of_what}: differences below {least} {objective.label} are likely to be "
        "missed"
    )
    if needed is None:
        return (
            f"{seen}; {pity} would be seen."
            if difference <= rule.regrettable_difference
            else f"{seen}."
        )
    if degrees < FEWEST_FOR_ROWS:
        return (
            f"{seen}; {degrees + 1:.0f} folds are too few to say how many rows would show {pity}."
        )
    return f"{seen}; about {_rounded(needed):,} would be needed to see {pity}."


def _rounded(rows: int) -> int:
    """Keep two digits: more would claim to know the spread better than folds show it."""
    unit = int(10 ** max(len(str(rows)) - 2, 0))
    return math.ceil(rows / unit) * unit
