"""Which of several values that are equally good to take: the one with the smallest log-loss.

Scores of decisions have few values where a class has few rows. Where nothing is called rare, all of
them are one and the same number: an untrained model and a good one are told apart by their
probabilities only, and decision weights live on these. Epochs of a trial, and trials of a study,
are therefore ordered by the objective first and by the log-loss of corrected probabilities second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RELATIVE, ABSOLUTE = 1e-9, 1e-15
"""Utilities are ratios of counts, or costs in any unit: what is closer than this is rounding."""


def tied(values: ArrayLike) -> NDArray[np.bool_]:
    """Mark the values that equal the largest one.

    Parameters
    ----------
    values : array of shape (values,)
        Finite, at least one.
    """
    utilities = np.asarray(values, dtype=np.float64)
    return np.asarray(np.isclose(utilities, utilities.max(), rtol=RELATIVE, atol=ABSOLUTE))


def best_of(values: ArrayLike, log_losses: ArrayLike) -> int:
    """Return the place of the largest value; of equals, of the smallest log-loss among them.

    Parameters
    ----------
    values, log_losses : array of shape (values,)
        A log-loss that is not finite is worse than any other. Of equal ones the first.

    Examples
    --------
    >>> best_of([0.4, 0.5, 0.5], [0.1, 0.3, 0.2])
    2
    """
    losses = np.asarray(log_losses, dtype=np.float64)
    eligible = np.where(np.isfinite(losses), losses, np.finfo(np.float64).max)
    return int(np.argmin(np.where(tied(values), eligible, np.inf)))
