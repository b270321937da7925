"""Arms of multi-label data: every label is a two-class problem with its own counts.

A sweep's YAML names a function of this module as its `_target_`, beside ``task: multi_label``. The
counts of training rows are those [without, with] each label, so priors are a label's own. Weights
have prior-weighted mean 1 over all (row, label) cells: a common factor would be a learning rate.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
.. [2] Ben-Baruch et al., "Asymmetric Loss For Multi-Label Classification", arXiv:2009.14119.
.. [3] Menon et al., "Long-tail learning via logit adjustment", arXiv:2007.07314.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.losses.arms import LARGEST_GAMMA
from focalsweep.losses.class_weights import prior_offset, prior_power
from focalsweep.losses.sigmoid_point import SigmoidPoint


def binary_cross_entropy(counts: ArrayLike) -> SigmoidPoint:
    """Make plain binary cross-entropy of every label.

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label; here and in every arm.
    """
    return SigmoidPoint.cross_entropy(len(_label_counts(counts)))


def pos_weighted(counts: ArrayLike, *, tau: float = 1.0) -> SigmoidPoint:
    """Make cross-entropy whose rows with a label weigh ``(without / with)^tau`` times the others.

    At tau 1 both sides of a label weigh the same in total: PyTorch's ``pos_weight`` as it is
    usually set. Each label's mean weight is 1, so tau does not prefer some labels to others.

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label.
    tau : float, default 1.0
        Prior exponent; 0 is plain cross-entropy.
    """
    weight = np.stack([prior_power(label, tau) for label in _label_counts(counts)])
    return replace(binary_cross_entropy(counts), weight=weight)


def binary_focal(counts: ArrayLike, *, gamma: float, tau: float = 0.0) -> SigmoidPoint:
    """Make binary focal loss with one gamma, and weights as in `pos_weighted` (arXiv:1708.02002).

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label.
    gamma : float
        Focusing parameter of both sides of all labels, in [0, 10].
    tau : float, default 0.0
        Prior exponent of the weights.

    Raises
    ------
    ValueError
        If `gamma` is negative.
    """
    _require_not_negative(gamma=gamma)
    point = pos_weighted(counts, tau=tau)
    return replace(point, gamma=np.full_like(point.gamma, gamma))


def binary_focal_vector(counts: ArrayLike, *, gamma: float, drift: float) -> SigmoidPoint:
    """Make binary focal loss with a gamma for each label that drifts with the label's frequency.

    ``gamma_l = gamma * u_l``, u proportional to the share of rows with the label to the power
    ``-drift`` and of mean 1 over labels, which is the mean over all (row, label) cells. The
    multi-label counterpart of `focalsweep.losses.arms.focal_per_class`.

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label; a label without rows counts as one row.
    gamma : float
        Mean focusing parameter, >= 0.
    drift : float
        Above 0 rare labels are focused more, below 0 frequent ones.

    Returns
    -------
    SigmoidPoint
        Its gammas are cut at 10, where the family ends.

    Raises
    ------
    ValueError
        If `gamma` is negative.
    """
    _require_not_negative(gamma=gamma)
    log_frequency = np.log(np.maximum(_label_counts(counts)[:, 1], 1.0))
    spread = np.exp(-drift * (log_frequency - log_frequency.mean()))
    of_label = np.minimum(gamma * spread / spread.mean(), LARGEST_GAMMA)
    point = binary_cross_entropy(counts)
    return replace(point, gamma=np.repeat(of_label[:, None], 2, axis=1))


def binary_folklore(counts: ArrayLike, *, gamma: float = 2.0, alpha: float = 0.25) -> SigmoidPoint:
    """Make the focal loss that is copied from the paper's object detector: gamma 2, alpha 0.25.

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label.
    gamma : float, default 2.0
        Focusing parameter of both sides of all labels.
    alpha : float, default 0.25
        In (0, 1), Keras's and the paper's meaning: weight of rows with a label, beside
        ``1 - alpha`` for the others. One pair for all labels, brought to mean 1 by one factor.
    """
    point, rows = binary_focal(counts, gamma=gamma), _label_counts(counts)
    weight = np.broadcast_to([1.0 - alpha, alpha], rows.shape)
    return replace(point, weight=weight * (rows.sum() / (rows * weight).sum()))


def asymmetric(
    counts: ArrayLike, *, gamma_positive: float, gamma_gap: float, clip: float
) -> SigmoidPoint:
    """Make the asymmetric loss (arXiv:2009.14119): rows without a label are focused more, and cut.

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label.
    gamma_positive : float
        Focusing parameter of rows with a label, >= 0.
    gamma_gap : float
        By how much that of rows without it is larger, >= 0; together at most 10. Searched in place
        of it, so that every point keeps the order that the paper asks for.
    clip : float
        The paper's probability margin m, in [0, 1): rows without a label have no loss where its
        probability is below.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    _require_not_negative(gamma_positive=gamma_positive, gamma_gap=gamma_gap)
    gamma_negative = gamma_positive + gamma_gap
    if gamma_negative > LARGEST_GAMMA:
        raise ValueError(
            f"`gamma_positive` + `gamma_gap` must be <= {LARGEST_GAMMA:g}. "
            f"Received: {gamma_positive} + {gamma_gap}."
        )
    point = binary_cross_entropy(counts)
    gamma = np.broadcast_to([gamma_negative, gamma_positive], point.gamma.shape)
    return replace(point, gamma=np.array(gamma), clip=float(clip))


def binary_logit_adjusted(counts: ArrayLike, *, tau: float = 1.0) -> SigmoidPoint:
    """Make cross-entropy on ``z + tau log(with / without)``, predictions by z (arXiv:2007.07314).

    Parameters
    ----------
    counts : array of shape (labels, 2)
        Training rows [without, with] each label.
    tau : float, default 1.0
        Strength: 0 is plain cross-entropy, 1 aims at each label's balanced accuracy. A label that
        all or none of the rows have is left alone.
    """
    rows = _label_counts(counts)
    offset = np.array([np.diff(prior_offset(label, tau))[0] for label in rows])
    return replace(binary_cross_entropy(counts), offset=np.where(rows.min(axis=1) > 0, offset, 0.0))


def _label_counts(counts: ArrayLike) -> NDArray[np.float64]:
    """Check the counts."""
    rows = np.asarray(counts, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 2 or not np.all(rows >= 0):
        raise ValueError(
            "`counts` must hold the training rows [without, with] each label. "
            f"Received: counts={rows.tolist()}."
        )
    return rows


def _require_not_negative(**numbers: float) -> None:
    for name, value in numbers.items():
        if not value >= 0.0:
            raise ValueError(f"`{name}` must be >= 0. Received: {name}={value}.")
