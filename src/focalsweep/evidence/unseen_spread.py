"""Say what was seen, and what that does not show, where differences do not vary."""

from __future__ import annotations

import math

from focalsweep.evidence.paired import ROUNDING


def unseen_spread(low: float, high: float, *, folds: int) -> str | None:
    """Describe an interval without ends or without width in words; None for an ordinary one.

    Parameters
    ----------
    low, high : float
        Ends of an interval of `focalsweep.evidence.paired`.
    folds : int
        Outer folds behind it; 1 is a holdout, whose interval comes from resampled test rows.
    """
    where = "both folds" if folds == 2 else f"all {folds} folds"
    if not math.isfinite(high - low):
        if folds == 1:
            return "a single fold, of unknown spread"
        return f"the same in {where}, too few to tell its spread"
    if high - low <= ROUNDING:
        if folds == 1:
            where = "every resample of the test rows"
        return f"the same in {where}, which no test can judge: other rows may differ"
    return None
