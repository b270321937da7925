"""Class weights (alpha) from the class counts of training rows.

A common factor on all weights is a learning rate, and under Adam nothing at all. So every weight
vector here has prior-weighted mean 1, ``sum_k prior_k w_k = 1``: the mean weight of a training row
is 1, and two vectors differ only in what they prefer.

A class without training rows gets weight 0 and no offset: nothing is known of it. Where a logarithm
of its prior is needed it counts as one row, so that everything stays finite.

References
----------
.. [1] King and Zeng, "Logistic Regression in Rare Events Data", 2001 (balanced weights).
.. [2] Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", arXiv:1901.05555.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.losses.free_directions import free_directions

Vector = NDArray[np.float64]

_EQUAL_UP_TO = 1.05
"""Imbalance ratio below which priors count as equal: tau would then move nothing."""


def balanced(counts: ArrayLike) -> Vector:
    """Weigh every class by 1 / count, so that all classes weigh the same in total.

    The same as scikit-learn's ``class_weight="balanced"`` and as `prior_power` with tau 1.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.

    Returns
    -------
    array of shape (classes,)
        Weights with prior-weighted mean 1.

    Examples
    --------
    >>> balanced([90, 10]).round(3)
    array([0.556, 5.   ])
    """
    return prior_power(counts, 1.0)


def prior_power(counts: ArrayLike, tau: float) -> Vector:
    """Weigh every class by ``prior^-tau``.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    tau : float
        Prior exponent: 0 gives equal weights, 1 balanced ones, more over-corrects.

    Returns
    -------
    array of shape (classes,)
        Weights with prior-weighted mean 1.
    """
    return _normalised(-tau * log_prior(counts), counts)


def effective_number(counts: ArrayLike, beta: float) -> Vector:
    """Weigh every class by ``(1 - beta) / (1 - beta^count)``, the inverse effective number of rows.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    beta : float
        In [0, 1]: 0 gives equal weights, 1 balanced ones; a class gains nothing from rows beyond
        about ``1 / (1 - beta)``.

    Returns
    -------
    array of shape (classes,)
        Weights with prior-weighted mean 1.

    Raises
    ------
    ValueError
        If `beta` is outside [0, 1].
    """
    if not 0.0 <= beta <= 1.0:
        raise ValueError(f"`beta` must be in [0, 1]. Received: beta={beta}.")
    rows = _rows(counts)
    if beta == 1.0:
        return balanced(counts)
    if beta == 0.0:
        return prior_power(counts, 0.0)
    # expm1 keeps the digits that 1 - beta^n loses for beta near 1.
    return _normalised(-np.log(-np.expm1(rows * np.log(beta))), counts)


def free_vector(
    counts: ArrayLike, *, tau: float, delta: Sequence[float], equal_priors: bool = False
) -> Vector:
    """Weigh every class by ``prior^-tau * exp(Q delta)``, Q orthogonal to 1 and to log prior.

    Everything that a weight vector can be, without saying anything twice: the common factor is
    fixed, tau moves the weights along the priors, delta across them.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    tau : float
        Prior exponent, as in `prior_power`.
    delta : sequence of float
        Coordinates in the columns of `free_directions`, as many as `free_dimensions` says.
    equal_priors : bool
        Whether the study's priors count as equal (`priors_equal`). It belongs to the study and
        not to a fold, so that the number of coordinates is the same in every fold.

    Returns
    -------
    array of shape (classes,)
        Weights with prior-weighted mean 1.

    Raises
    ------
    ValueError
        If `delta` has the wrong length.
    """
    directions = free_directions(log_prior(counts), equal_priors=equal_priors)
    coordinates = np.asarray(delta, dtype=np.float64)
    if coordinates.shape != directions.shape[1:]:
        raise ValueError(
            f"`delta` must hold {directions.shape[1]} numbers for {directions.shape[0]} classes of "
            f"{'equal' if equal_priors else 'unequal'} priors. Received: delta={list(delta)}."
        )
    return _normalised(-tau * log_prior(counts) + directions @ coordinates, counts)


def prior_offset(counts: ArrayLike, tau: float) -> Vector:
    """Compute ``tau * log prior``, and 0 for classes without training rows, shape (classes,).

    A class that training never sees would only gain by a very low offset: its logit, which
    predictions use without offset, could then stay high.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    tau : float
        Strength of the adjustment.
    """
    return np.where(np.asarray(counts) > 0, tau * log_prior(counts), 0.0)


def priors_equal(counts: ArrayLike) -> bool:
    """Tell whether the imbalance ratio of a study is below 1.05, so that tau moves nothing.

    Of counts of shape (labels, 2), which are multi-label, every label's own ratio must be.
    """
    if np.ndim(counts) == 2:
        return all(priors_equal(label) for label in np.asarray(counts))
    rows = _rows(counts)
    return bool(rows.max() / rows.min() < _EQUAL_UP_TO)


def log_prior(counts: ArrayLike) -> Vector:
    """Compute the logarithm of the class priors, shape (classes,); finite for empty classes."""
    rows = _rows(counts)
    return np.asarray(np.log(rows / rows.sum()))


def _normalised(log_weight: Vector, counts: ArrayLike) -> Vector:
    """Exponentiate to weights with prior-weighted mean 1, and 0 for classes without rows."""
    rows = np.asarray(counts, dtype=np.float64)
    weight = np.where(rows > 0, np.exp(log_weight - log_weight[rows > 0].max()), 0.0)
    # Row sums, not priors: equal weights are then exactly 1.
    return np.asarray(weight * (rows.sum() / (rows @ weight)))


def _rows(counts: ArrayLike) -> Vector:
    """Check the counts and lift empty classes to one row."""
    rows = np.asarray(counts, dtype=np.float64)
    if rows.ndim != 1 or rows.size < 2 or not np.all(rows >= 0) or rows.sum() == 0:
        raise ValueError(
            "`counts` must hold the number of training rows of at least two classes. "
            f"Received: counts={np.asarray(counts).tolist()}."
        )
    # Not the larger of the two: rows of small weight may count for less than one.
    return np.where(rows > 0, rows, 1.0)
