"""One paired difference and what is known about it, behind one interface.

Outer folds share training rows, so their differences are correlated and a plain t test is far too
sure. Nadeau and Bengio widen its scale by the rows tested per row trained; Corani and Benavoli
show that the same location, scale and degrees of freedom are the posterior of the mean difference
under a correlated normal model with a flat prior. Interval, p-value and probability therefore
agree by construction. A holdout has no folds: its posterior is a sample from the bootstrap.

The correction is derived for folds drawn at random. Folds of whole groups are such folds, of
groups; the ratio stays that of rows. Expanding windows in time are not: their test rows are
disjoint, their training rows nested, and nothing is exchangeable. There the same formula is used
with the mean of the windows' ratios of test to training rows, which is larger than for folds (0.46
for five windows, 0.25 for five folds), so it errs towards doubt about the shared rows; what time
changes between these windows and the future is in no interval. The plan says so in its messages.

References
----------
.. [1] Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003).
.. [2] Corani and Benavoli, "A Bayesian approach for comparing cross-validated algorithms on
   multiple data sets", Machine Learning 100 (2015).
.. [3] Benavoli, Corani, Demsar, Zaffalon, "Time for a Change: a Tutorial for Comparing Multiple
   Classifiers Through Bayesian Analysis", arXiv:1606.04316.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

FEWEST_EQUAL = 5
"""Fold differences that are all the same are taken as they are from this number on: of fewer, even
the sign test could not tell at 5% that they lie on one side."""

ROUNDING = 1e-12
"""Scores are ratios of counts: differences that are closer than this are equal."""


class Posterior(Protocol):
    """What is known of a paired difference, left minus right, up is better for left."""

    @property
    def mean(self) -> float:
        """The observed difference."""
        ...

    @property
    def is_exact(self) -> bool:
        """Whether no spread was seen: the difference is taken as it is, without a test."""
        ...

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two ends of the central interval of probability `level` in (0, 1)."""
        ...

    def probability_above(self, threshold: float) -> float:
        """Return P(difference > threshold), in [0, 1]."""
        ...

    def p_value(self) -> float:
        """Return the two-sided p-value of no difference, in [0, 1]."""
        ...


@dataclass(frozen=True, kw_only=True)
class StudentPosterior:
    """Hold a Student t distribution of the difference.

    Parameters
    ----------
    mean : float
        Location.
    scale : float
        >= 0. At 0 the difference is taken to be `mean`: an interval without width, probabilities 0
        or 1 (at equality it is not above), and a p-value that is 1 for no difference and 0
        otherwise, by definition and not by a test. At infinity nothing is known: probability
        1/2 for everything, p-value 1, and an interval without ends.
    degrees : float
        Degrees of freedom, > 0.
    """

    mean: float
    scale: float
    degrees: float

    @property
    def is_exact(self) -> bool:
        return self.scale == 0.0

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return mean -+ scale times the quantile of Student's t."""
        half = self.scale * float(stdtrit(self.degrees, 0.5 + level / 2)) if self.scale else 0.0
        return self.mean - half, self.mean + half

    def probability_above(self, threshold: float) -> float:
        """Return P(difference > threshold)."""
        distance = self.mean - threshold
        if self.is_exact:
            return float(distance > ROUNDING)
        return float(stdtr(self.degrees, distance / self.scale))

    def p_value(self) -> float:
        """Return P(|t| >= |observed|) under no difference."""
        if self.is_exact:
            return float(abs(self.mean) <= ROUNDING)
        return 2.0 * float(stdtr(self.degrees, -abs(self.mean) / self.scale))


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledPosterior:
    """Hold samples of the difference, from the bootstrap.

    Parameters
    ----------
    mean : float
        The difference on the rows as they are. The samples' own mean is not used, because scores
        such as macro-F1 are biased under resampling.
    samples : array of shape (replicates,)
        Finite.
    """

    mean: float
    samples: NDArray[np.float64]

    @property
    def is_exact(self) -> bool:
        return bool(np.ptp(self.samples) <= ROUNDING)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return percentiles of the samples."""
        low, high = np.quantile(self.samples, [0.5 - level / 2, 0.5 + level / 2])
        return float(low), float(high)

    def probability_above(self, threshold: float) -> float:
        """Return the share of samples above the threshold."""
        return float(np.mean(self.samples - threshold > ROUNDING))

    def p_value(self) -> float:
        """Return twice the smaller tail at 0, counting the observation as one more sample."""
        above = np.count_nonzero(self.samples >= -ROUNDING)
        below = np.count_nonzero(self.samples <= ROUNDING)
        if self.is_exact:
            return float(above > 0 and below > 0)
        return min(1.0, 2.0 * (1 + min(above, below)) / (1 + len(self.samples)))


def corrected_t(differences: ArrayLike, *, test_train_ratio: float) -> StudentPosterior:
    """Return the posterior of the mean of paired differences over outer folds.

    The mean of J differences with standard deviation s is Student t with J - 1 degrees of freedom
    and scale ``s * sqrt(1 / J + test_train_ratio)``. The same function gives the interval of one
    arm's mean score, with its fold scores in place of differences.

    Parameters
    ----------
    differences : array of shape (folds,)
        Left minus right in each outer fold; finite. A single one says nothing about spread, and
        neither do two to four that are all the same (scores of few rows have few values): the
        posterior then has their mean and an infinite scale, so that no rule can be met by it. More
        that are all the same give their value without spread.
    test_train_ratio : float
        Test rows over training rows of an outer fold; 0.25 for five folds, repeats or not. Where
        folds differ in size (windows in time), the mean of their ratios.
        0 is the ordinary t test, right for independent differences only.

    Raises
    ------
    ValueError
        When there is no difference, one is not finite, or the ratio is negative.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or not len(d) or not np.isfinite(d).all():
        raise ValueError(f"`differences` must be finite numbers, one a fold. Received: {d}.")
    if not 0.0 <= test_train_ratio < math.inf:
        raise ValueError(f"`test_train_ratio` must be >= 0. Received: {test_train_ratio}.")
    equal = np.ptp(d) <= ROUNDING
    if equal and len(d) < FEWEST_EQUAL:
        return StudentPosterior(
            mean=float(d.mean()), scale=math.inf, degrees=max(len(d) - 1.0, 1.0)
        )
    spread = 0.0 if equal else float(d.std(ddof=1))
    scale = spread * math.sqrt(1.0 / len(d) + test_train_ratio)
    return StudentPosterior(mean=float(d.mean()), scale=scale, degrees=len(d) - 1.0)
