"""Scores of probabilities: log-loss, Brier score, expected calibration error.

Everything takes log-probabilities. Log-loss is then a look-up, exact for confident rows where a
probability would have been rounded to 0 or 1, and nothing is clipped: a true class of
probability 0 has infinite loss, as it should.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.metrics.row_mean import row_mean

Array = NDArray[np.float64]
RowWeights = NDArray[np.floating]


def row_log_loss(log_proba: ArrayLike, labels: ArrayLike) -> Array:
    """Return the negative log-probability of each row's true class, or of its labels' mean.

    Parameters
    ----------
    log_proba : array of shape (..., rows, classes), or (..., rows, labels, 2)
        Natural logarithms of probabilities, <= 0; -inf is allowed.
    labels : int array of shape (rows,), or (rows, labels)
        True class codes, or 0 and 1 for each label; shared by all leading axes.

    Returns
    -------
    array of shape (..., rows)
        In nats, >= 0; of several labels the mean over labels.
    """
    table, codes = np.asarray(log_proba, dtype=np.float64), np.asarray(labels)
    if codes.ndim == 2:
        # The loss of each label is a choice of two, and a row's is their mean.
        own = np.where(codes > 0, table[..., 1], table[..., 0])
        return np.asarray(-own.mean(axis=-1))
    rows = np.arange(table.shape[-2])
    return -table[..., rows, codes]


def log_loss(
    log_proba: ArrayLike, labels: ArrayLike, *, weights: RowWeights | None = None
) -> Array:
    """Return the mean of `row_log_loss` over rows, shape (...), in nats.

    `weights` of shape (rows,) are what rows count for, here and in the other scores; None counts
    every row once.
    """
    return row_mean(row_log_loss(log_proba, labels), weights)


def brier_score(
    log_proba: ArrayLike, labels: ArrayLike, *, weights: RowWeights | None = None
) -> Array:
    """Return the mean over rows of the squared distance to the one-hot truth, in [0, 2].

    Summed over classes, as Brier wrote it; scikit-learn's ``scale_by_half=False``. Shapes as in
    `row_log_loss`; lower is better.
    """
    proba = np.exp(np.asarray(log_proba, dtype=np.float64))
    truth = np.eye(proba.shape[-1])[np.asarray(labels)]
    return row_mean(((proba - truth) ** 2).sum(axis=-1), weights)


class Reliability(NamedTuple):
    """Hold the rows of each bin of confidence, empty bins left out, each of shape (bins,)."""

    confidence: Array
    """Mean probability of the most probable class."""
    accuracy: Array
    """Share of rows for which that class is the true one."""
    share: Array
    """Share of all rows; they sum to 1."""


def reliability(
    log_proba: ArrayLike,
    labels: ArrayLike,
    *,
    n_bins: int = 15,
    weights: RowWeights | None = None,
) -> Reliability:
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
    weights : array of shape (rows,), optional
        What each row counts for, also where bins of equally many rows end.
    """
    table = np.asarray(log_proba, dtype=np.float64)
    confidence = np.exp(table.max(axis=-1))
    correct = table.argmax(axis=-1) == np.asarray(labels)
    parts = np.arange(1, n_bins) / n_bins
    if weights is None:
        inner_edges, mass = np.quantile(confidence, parts), np.ones(len(table))
    else:
        # The one kind of quantile that NumPy has for weights.
        inner_edges = np.quantile(confidence, parts, method="inverted_cdf", weights=weights)
        mass = weights.astype(np.float64)
    bins = np.searchsorted(inner_edges, confidence, side="left")
    rows, confident, right = (
        np.bincount(bins, weights=mass * each, minlength=n_bins)
        for each in (np.ones(len(table)), confidence, correct)
    )
    there = rows > 0
    return Reliability(
        confidence=confident[there] / rows[there],
        accuracy=right[there] / rows[there],
        share=rows[there] / mass.sum(),
    )


def expected_calibration_error(
    log_proba: ArrayLike,
    labels: ArrayLike,
    *,
    n_bins: int = 15,
    weights: RowWeights | None = None,
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
    bins = reliability(log_proba, labels, n_bins=n_bins, weights=weights)
    return float(bins.share @ np.abs(bins.accuracy - bins.confidence))
