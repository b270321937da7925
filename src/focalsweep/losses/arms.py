"""The first arms: class weights, focal loss and logit adjustment, as points of the loss family.

A sweep's YAML names a function of this module, or of `soft_arms`, `margin_arms`, `sampling_arms` or
`staged_arms`, as its `_target_`; the search calls it with the training counts of a fold and the
numbers of a trial, so that priors never see other rows. It returns a `LossPoint` where one loss
goes from start to end, and a `Recipe` where more changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from focalsweep.losses import class_weights
from focalsweep.losses.class_weights import free_vector, prior_offset, prior_power
from focalsweep.losses.point import LossPoint, Vector

LARGEST_GAMMA = 10.0
"""Up to here the loss family is exact in float32."""


def cross_entropy(counts: ArrayLike) -> LossPoint:
    """Make plain cross-entropy.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class; here and in every arm.
    """
    return LossPoint.cross_entropy(len(np.asarray(counts)))


def class_weighted(counts: ArrayLike, *, tau: float = 1.0) -> LossPoint:
    """Make cross-entropy weighted by ``prior^-tau``; tau 1 is scikit-learn's "balanced"."""
    return replace(cross_entropy(counts), weight=prior_power(counts, tau))


def effective_number(counts: ArrayLike, *, beta_gap: float) -> LossPoint:
    """Make cross-entropy weighted by the inverse effective number of rows (arXiv:1901.05555).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    beta_gap : float
        ``1 - beta`` in [0, 1], the number that is searched on a logarithmic scale.
    """
    weight = class_weights.effective_number(counts, 1.0 - beta_gap)
    return replace(cross_entropy(counts), weight=weight)


def focal(
    counts: ArrayLike,
    *,
    gamma: float,
    tau: float = 0.0,
    delta: Sequence[float] = (),
    equal_priors: bool = False,
) -> LossPoint:
    """Make focal loss with one gamma and weights ``prior^-tau * exp(Q delta)`` (arXiv:1708.02002).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    gamma : float
        Focusing parameter of all classes, in [0, 10].
    tau : float
        Prior exponent of the class weights.
    delta : sequence of float
        Free part of the weights, `free_dimensions` numbers; empty means zeros.
    equal_priors : bool
        Whether the study's priors count as equal, which makes `delta` one number longer.

    Raises
    ------
    ValueError
        If `gamma` is negative or `delta` has the wrong length.
    """
    if not gamma >= 0.0:
        raise ValueError(f"`gamma` must be >= 0. Received: gamma={gamma}.")
    weight = _weights(counts, tau=tau, delta=delta, equal_priors=equal_priors)
    return replace(cross_entropy(counts), weight=weight, gamma=np.full(len(weight), float(gamma)))


def focal_per_class(
    counts: ArrayLike,
    *,
    gamma: float,
    drift: float,
    delta: Sequence[float] = (),
    equal_priors: bool = False,
) -> LossPoint:
    """Make focal loss with a gamma for each class, ``gamma_k = gamma * u_k``, and no weights.

    u is made like the class weights, ``u proportional to prior^-drift * exp(Q delta)`` with
    prior-weighted mean 1, so that `gamma` is the mean focusing of a training row and the rest says
    only how it is spread. The idea of a gamma that depends on the class is arXiv:2201.02593's.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    gamma : float
        Mean focusing parameter, >= 0.
    drift : float
        Above 0 rare classes are focused more, below 0 frequent classes.
    delta, equal_priors
        As in `focal`, here for u.

    Returns
    -------
    LossPoint
        Its gammas are cut at 10, where the family ends.

    Raises
    ------
    ValueError
        If `gamma` is negative or `delta` has the wrong length.
    """
    point = focal(counts, gamma=gamma)
    spread = _weights(counts, tau=drift, delta=delta, equal_priors=equal_priors)
    return replace(point, gamma=np.minimum(gamma * spread, LARGEST_GAMMA))


def folklore(counts: ArrayLike, *, gamma: float = 2.0, alpha: float = 0.25) -> LossPoint:
    """Make the focal loss that is copied from the paper's object detector: gamma 2, alpha 0.25.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    gamma : float
        Focusing parameter of all classes.
    alpha : float
        In (0, 1). With two classes Keras's and the paper's meaning: weight of the positive class,
        which is the one of fewer rows (class 1 in a tie), beside ``1 - alpha`` for the other. With
        more classes a scalar alpha is a common factor, hence w = 1.
    """
    point = focal(counts, gamma=gamma)
    rows = np.asarray(counts, dtype=np.float64)
    if len(rows) > 2:
        return point
    weight = np.array([alpha, 1.0 - alpha] if rows[0] < rows[1] else [1.0 - alpha, alpha])
    return replace(point, weight=weight * (rows.sum() / (rows @ weight)))


def logit_adjusted(counts: ArrayLike, *, tau: float = 1.0) -> LossPoint:
    """Make cross-entropy on ``z + tau log prior``; predictions use z alone (arXiv:2007.07314)."""
    return replace(cross_entropy(counts), offset=prior_offset(counts, tau))


def _weights(
    counts: ArrayLike, *, tau: float, delta: Sequence[float], equal_priors: bool
) -> Vector:
    if len(delta) == 0:
        return prior_power(counts, tau)
    return free_vector(counts, tau=tau, delta=delta, equal_priors=equal_priors)
