"""Arms that doubt the labels: label smoothing and generalised cross-entropy.

They are the challengers where labels are wrong: focal loss looks hardest at exactly those rows,
these losses look away from them. No closed form turns their scores back into a posterior (see
`focalsweep.losses.posterior.correction_refusal`).

References
----------
.. [1] Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
   arXiv:1512.00567.
.. [2] Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with
   Noisy Labels", arXiv:1805.07836.
"""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from focalsweep.losses.arms import cross_entropy
from focalsweep.losses.point import LossPoint


def label_smoothing(counts: ArrayLike, *, smoothing: float) -> LossPoint:
    """Make cross-entropy on targets that give every class ``smoothing / K`` (arXiv:1512.00567).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    smoothing : float
        eps in [0, 1); 0 is cross-entropy.

    Raises
    ------
    ValueError
        If `smoothing` is outside [0, 1).
    """
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"`smoothing` must be in [0, 1). Received: smoothing={smoothing}.")
    return replace(cross_entropy(counts), smoothing=float(smoothing))


def generalised_cross_entropy(counts: ArrayLike, *, power: float) -> LossPoint:
    """Make ``(1 - p^power) / power``, between cross-entropy and absolute error (arXiv:1805.07836).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    power : float
        q of the paper, in [0, 1]: towards 0 cross-entropy, at 1 the absolute error ``1 - p``, whose
        gradient vanishes on rows that are wrong for sure.

    Raises
    ------
    ValueError
        If `power` is outside [0, 1].
    """
    if not 0.0 <= power <= 1.0:
        raise ValueError(f"`power` must be in [0, 1]. Received: power={power}.")
    return replace(cross_entropy(counts), power=float(power))
