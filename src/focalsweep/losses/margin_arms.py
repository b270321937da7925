"""Arms that move boundaries between classes: margins on a cosine head, and scaled logits.

LDAM subtracts a margin from the true class's logit that grows as the class gets rarer. On a free
last layer a margin means little, because larger weights undo it; hence the cosine head, whose
logits are bounded before they are multiplied by a scale. `cross_entropy_cosine` has the same head
and no margin: it tells what of LDAM's gain is the head's.

References
----------
.. [1] Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",
   arXiv:1906.07413.
.. [2] Kini et al., "Label-Imbalanced and Group-Sensitive Classification under
   Overparameterization", arXiv:2103.01550.
.. [3] Ye et al., "Identifying and Compensating for Feature Deviation in Imbalanced Deep
   Learning", arXiv:2001.01385 (CDT: the scaling alone).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from focalsweep.losses.arms import cross_entropy
from focalsweep.losses.class_weights import log_prior, prior_offset, prior_power
from focalsweep.losses.point import LossPoint, Vector
from focalsweep.losses.recipe import Recipe, Stage


def cross_entropy_cosine(counts: ArrayLike, *, scale: float) -> Recipe:
    """Make cross-entropy on ``scale * cosine``: LDAM's control, LDAM without its margin.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class; here and in every arm.
    scale : float
        > 0. What multiplies the cosines, the same for all classes.
    """
    return _cosine(Stage(loss=_margin_loss(counts, scale=scale, largest_margin=0.0)))


def ldam(counts: ArrayLike, *, scale: float, largest_margin: float) -> Recipe:
    """Make the label-distribution-aware margin loss (arXiv:1906.07413).

    ``-log softmax(scale * (cosine - m_k t))`` with ``m_k = c n_k^-1/4``, c such that the rarest
    class has `largest_margin`.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    scale : float
        > 0.
    largest_margin : float
        >= 0, in units of the cosine, which lies in [-1, 1].
    """
    return _cosine(Stage(loss=_margin_loss(counts, scale=scale, largest_margin=largest_margin)))


def ldam_drw(
    counts: ArrayLike, *, scale: float, largest_margin: float, start: float, tau: float = 1.0
) -> Recipe:
    """Make LDAM whose class weights ``prior^-tau`` switch on late (deferred re-weighting).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    scale, largest_margin : float
        As in `ldam`.
    start : float
        Share of training, in [0, 1), after which the weights switch on.
    tau : float
        Prior exponent of the weights.
    """
    plain = _margin_loss(counts, scale=scale, largest_margin=largest_margin)
    weighted = replace(plain, weight=prior_power(counts, tau))
    return _cosine(Stage(loss=plain), Stage(loss=weighted, start=start))


def vector_scaling(counts: ArrayLike, *, spread: float, tau: float) -> LossPoint:
    """Make the vector-scaling loss: ``z'_k = (n_k / n_max)^spread z_k + tau log prior_k``.

    Its scaling alone (`tau` 0) is CDT, its offset alone (`spread` 0) is logit adjustment.
    Predictions use z alone.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class; a class without rows is scaled as if it had one, and has no offset.
    spread : float
        gamma of the paper, >= 0.
    tau : float
        Prior exponent of the offset.
    """
    prior = log_prior(counts)
    return replace(
        cross_entropy(counts),
        scale=np.exp(spread * (prior - prior.max())),
        offset=prior_offset(counts, tau),
    )


def _margin_loss(counts: ArrayLike, *, scale: float, largest_margin: float) -> LossPoint:
    point = cross_entropy(counts)
    margin = scale * largest_margin * relative_margins(counts)
    return replace(point, scale=np.full_like(margin, scale), margin=margin)


def relative_margins(counts: ArrayLike) -> Vector:
    """Return ``n_k^-1/4``, as a share of the rarest class's."""
    prior, present = log_prior(counts), np.asarray(counts) > 0
    # The rarest class is the rarest that has rows; one without rows is no target of any row.
    return np.where(present, np.exp(-0.25 * (prior - prior[present].min())), 0.0)


def _cosine(*stages: Stage) -> Recipe:
    return Recipe(stages=stages, head="cosine")
