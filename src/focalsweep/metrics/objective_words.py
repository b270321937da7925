"""Write the numbers of an objective as people know them, the same wherever they are read.

Inside, everything is a utility that goes up (`focalsweep.metrics.objective`). Who reads a cost or a
log-loss reads it as it is, lower is better, and a difference says which way it goes: "saves 0.47",
"costs 0.02 more", "0.050 lower". A score's difference shows its sign. Scores and log-loss have
three decimals, because differences below one thousandth never decide anything; costs are in any
unit and have three significant digits.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from focalsweep.metrics.objective import COST, lower_is_better

NOTHING = "n/a"
"""What stands for a number that is not finite."""

UNKNOWN = "unknown"
"""What stands for an interval without ends, as of a single fold."""

_ROUNDING = 1e-12

Number = TypeVar("Number", float, NDArray[np.float64])


def own_unit(utility: Number, objective: str) -> Number:
    """Turn a utility, or a difference of two, into the objective's own number, and back."""
    return 0.0 - utility if lower_is_better(objective) else utility


def own_interval(low: float, high: float, objective: str) -> tuple[float, float]:
    """Turn the ends of an interval of utilities, the smaller number first."""
    one, other = own_unit(low, objective), own_unit(high, objective)
    return min(one, other), max(one, other)


def score_words(utility: float, objective: str) -> str:
    """Write one score, mean cost or log-loss.

    Examples
    --------
    >>> score_words(0.5391, "macro_f1"), score_words(-0.6667, "cost"), score_words(-1234.5, "cost")
    ('0.539', '0.667', '1,234')
    """
    if not math.isfinite(utility):
        return NOTHING
    value = own_unit(utility, objective)
    return amount_words(value) if objective == COST else f"{value:z.3f}"


def score_interval_words(low: float, high: float, objective: str) -> str:
    """Write the interval of a score, the smaller number first.

    Examples
    --------
    >>> score_interval_words(-0.611, -0.157, "cost")
    '0.157 to 0.611'
    """
    if not math.isfinite(high - low):
        return UNKNOWN
    ends = (low, high) if not lower_is_better(objective) else (high, low)
    return " to ".join(score_words(end, objective) for end in ends)


def difference_words(utility: float, objective: str) -> str:
    """Write a difference: which way it goes, and by how much.

    Parameters
    ----------
    utility : float
        Of one side minus that of another; above zero, the first is better.
    objective : str
        Name of the objective.

    Examples
    --------
    >>> difference_words(0.47, "cost"), difference_words(-0.02, "cost")
    ('saves 0.47', 'costs 0.02 more')
    >>> difference_words(0.05, "log_loss"), difference_words(-0.012, "macro_f1")
    ('0.050 lower', '-0.012')
    """
    if not math.isfinite(utility):
        return NOTHING
    if not lower_is_better(objective):
        return f"{utility:+z.3f}"
    size = size_words(utility, objective)
    if abs(utility) <= _ROUNDING or float(size.replace(",", "")) == 0:
        return "costs the same" if objective == COST else "the same"
    if objective == COST:
        return f"saves {size}" if utility > 0 else f"costs {size} more"
    return f"{size} {'lower' if utility > 0 else 'higher'}"


def difference_interval_words(low: float, high: float, objective: str) -> str:
    """Write the interval of a difference, said once where both ends go the same way.

    Examples
    --------
    >>> difference_interval_words(0.06, 0.51, "cost")
    'saves 0.06 to 0.51'
    >>> difference_interval_words(-0.02, 0.3, "cost")
    'costs 0.02 more to saves 0.3'
    """
    if not math.isfinite(high - low):
        return UNKNOWN
    if lower_is_better(objective) and (low > _ROUNDING or high < -_ROUNDING):
        near, far = (size_words(end, objective) for end in sorted((low, high), key=abs))
        if near != far:  # "saves 0.06 to 0.51", "0.060 to 0.510 lower"
            said = difference_words(max(low, high, key=abs), objective)
            return said.replace(far, f"{near} to {far}", 1)
    # Ends that read alike are said once.
    return " to ".join(dict.fromkeys(difference_words(end, objective) for end in (low, high)))


def size_words(value: float, objective: str) -> str:
    """Write how large a difference or threshold is, without its direction."""
    return amount_words(abs(value)) if objective == COST else f"{abs(value):.3f}"


def amount_words(value: float, *, digits: int = 3) -> str:
    """Write a number of any size with so many significant digits, large ones whole.

    Examples
    --------
    >>> amount_words(0.00667), amount_words(12345.6)
    ('0.00667', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.{digits}g}"
