"""One number that makes probabilities less, or more, sure: the temperature.

Log-probabilities are divided by T before they are normalised again. T is fitted by log-loss on rows
that the model was not trained on; argmax does not change.

References
----------
.. [1] Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from focalsweep.metrics.probability import log_loss

Array = NDArray[np.float64]

LARGEST = 20.0
"""Temperatures lie in [1 / LARGEST, LARGEST]: rows without an error would make T 0."""


def scaled(log_proba: ArrayLike, temperature: ArrayLike) -> Array:
    """Return the log-probabilities at a temperature (or several that broadcast), shape as given."""
    return np.asarray(
        log_softmax(np.asarray(log_proba, np.float64) / np.asarray(temperature), axis=-1)
    )


def fit_temperature(
    log_proba: ArrayLike, labels: ArrayLike, *, weights: NDArray[np.floating] | None = None
) -> float:
    """Find the temperature of smallest log-loss.

    The log-loss is convex in 1 / T, so it has one minimum over log T, which is searched.

    Parameters
    ----------
    log_proba : array of shape (rows, classes)
        Log-probabilities of rows that the model was not trained on.
    labels : int array of shape (rows,)
        True class codes.
    weights : array of shape (rows,), optional
        What each row counts for; None counts every row once.

    Returns
    -------
    float
        In [1/20, 20]; 1 where the probabilities are calibrated, more where they are too sure.
    """
    limit = float(np.log(LARGEST))
    found = minimize_scalar(
        lambda log_t: float(
            log_loss(scaled(log_proba, float(np.exp(log_t))), labels, weights=weights)
        ),
        bounds=(-limit, limit),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x))
