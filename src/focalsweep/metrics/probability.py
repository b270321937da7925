"""Scores of probabilities: log-loss, Brier score, expected calibration error.

Everything takes log-probabilities. Log-loss is then a look-up, exact for confident rows where a
probability would have been rounded to 0 or 1, and nothing is clipped: a true class of
probability 0 has infinite loss, as it should.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def row_log_loss(log_proba: ArrayLike, labels: ArrayLike) -> Array:
    """Return the negative log-probability of each row's true class.

    Parameters
    ----------
    log_proba : array of shape (..., rows, classes)
        Natural logarithms of probabilities, <= 0; -inf is allowed.
    labels : int array of shape (rows,)
        True class codes, shared by all leading axes.

    Returns
    -------
    array of shape (..., rows)
        In nats, >= 0.
    """
    table = np.asarray(log_proba, dtype=np.float64)
    rows = np.arange(table.shape[-2])
    return -table[..., rows, np.asarray(labels)]


def log_loss(log_proba: ArrayLike, labels: ArrayLike) -> Array:
    """Return the mean of `row_log_loss` over rows, shape (...), in nats."""
    return np.asarray(row_log_loss(log_proba, labels).mean(axis=-1))


def brier_score(log_proba: ArrayLike, labels: ArrayLike) -> Array:
    """Return the mean over rows of the squared distance to the one-hot truth, in [0, 2].

    Summed over classes, as Brier wrote it; scikit-learn's ``scale_by_half=False``. Shapes as in
    `row_log_loss`; lower is better.
    """
    proba = np.exp(np.asarray(log_proba, dtype=np.float64))
    truth = np.eye(proba.shape[-1])[np.asarray(labels)]
    return np.asarray(((proba - truth) ** 2).sum(axis=-1).mean(axis=-1))


class Reliability(NamedTuple):
    """Hold the rows of each bin of confidence, empty bins left out, each of shape (bins,)."""

    confidence: Array
    """Mean probability of the most probable class."""
    accuracy: Array
    """Share of rows for which that class is the true one."""
    share: Array
    """Share of all rows; they sum to 1."""


def reliability(log_proba: ArrayLike, labels: ArrayLike, *, n_bins: int = 15) -> Reliability:
    """Compare how sure a model is with how often it is right.

    Rows are binned by the probability of their most probable class into bins of equally many rows;
    rows of equal probability share a bin, so there may be fewer bins.

    Parameters
    ----------
    log_proba : array of shape (rows, classes)
        Natural logarithms of probabilities.
    labels : int array of shape (rows,)
        True class codes.
    n_bins : int, default 15
        Bins at most.
    """
    table = np.asarray(log_proba, dtype=np.float64)
    confidence = np.exp(table.max(axis=-1))
    correct = table.argmax(axis=-1) == np.asarray(labels)
    inner_edges = np.quantile(confidence, np.arange(1, n_bins) / n_bins)
    bins = np.searchsorted(inner_edges, confidence, side="left")
    rows = np.bincount(bins, minlength=n_bins)
    there = rows > 0
    sums = [np.bincount(bins, weights=w, minlength=n_bins)[there] for w in (confidence, correct)]
    return Reliability(
        confidence=sums[0] / rows[there],
        accuracy=sums[1] / rows[there],
        share=rows[there] / len(table),
    )


def expected_calibration_error(
    log_proba: ArrayLike, labels: ArrayLike, *, n_bins: int = 15
) -> float:
    """Return how far confidence and accuracy lie apart, averaged over rows, in [0, 1].

    The mean over rows of |accuracy - mean confidence| of their bin, for the bins of `reliability`,
    which describes the arguments. It depends on the bins and is biased upwards on few rows:
    compare it at equal rows and bins only. Bins of equally many rows keep that bias the same
    wherever the confidences lie.

    References
    ----------
    .. [1] Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599.
    .. [2] Nixon et al., "Measuring Calibration in Deep Learning", arXiv:1904.01685 (equal rows).
    """
    bins = reliability(log_proba, labels, n_bins=n_bins)
    return float(bins.share @ np.abs(bins.accuracy - bins.confidence))
