"""The loss family: one formula, exact in float32, for every loss that focalsweep compares.

For logits z of K classes and a target t (one-hot or soft)::

    z' = scale * z + offset - margin * t
    p  = softmax(z')
    L  = sum_k t_k w_k (1 - p_k)^gamma_k [ (1 - eps) l(p_k) + (eps / K) sum_j l(p_j) ]

with ``l(p) = -log p``, or ``(1 - p^r) / r`` for generalised cross-entropy. Label smoothing eps
enters after the focal factor, so that focusing survives it.

Everything is written in the margin of a class, ``m_k = z'_k - logsumexp_{j != k} z'_j``, because
``-log p_k = softplus(-m_k)`` and ``-log(1 - p_k) = softplus(m_k)`` hold to the last digit where
``1 - softmax`` and a difference of two logsumexp lose all of them. There is no epsilon and no
clipping: a row that is wrong by 2000 still has gradient -1 on its true logit.

The functions are pure, take tensors of float32 or float64 with any leading axes (the population
trainer uses ``(members, rows, classes)``), work eagerly and in a compiled graph, and never
branch on values. They check nothing: users meet `focalsweep.losses.categorical_focal`.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
.. [2] Kini et al., "Label-Imbalanced and Group-Sensitive Classification under
   Overparameterization", arXiv:2103.01550 (scale and offset).
.. [3] Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",
   arXiv:1906.07413 (margin).
.. [4] Zhang and Sabuncu, "Generalized Cross Entropy Loss", arXiv:1805.07836 (power).
"""

from __future__ import annotations

from keras import ops

from focalsweep.losses.margins import (
    Tensor,
    centre,
    class_margins,
    like,
    masked_margin,
    one_hot_mask,
    surprises,
)


def sparse_family_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
    margin: Tensor | None = None,
    smoothing: Tensor | None = None,
    power: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each row from class codes.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        z, at least two classes.
    labels : integer tensor of shape (...)
        True class of each row, in [0, classes).
    weight, gamma, scale, offset, margin : tensor broadcastable to `logits`
        Numbers of the loss, one a class: see `focalsweep.losses.point.LossPoint`. None for the
        last three means 1, 0 and 0 and leaves their arithmetic out of the graph.
    smoothing, power : tensor broadcastable to `labels`, optional
        eps in [0, 1) and r in [0, 1]. None leaves the arithmetic out of the graph; a tensor may
        mix zeros, which mean plain cross-entropy, with other values.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    logits = ops.convert_to_tensor(logits)
    weight, gamma, scale, offset, margin, smoothing, power = like(
        logits, weight, gamma, scale, offset, margin, smoothing, power
    )
    is_true = one_hot_mask(logits, labels)
    if margin is not None:
        shift = ops.where(is_true, -margin, 0.0)
        offset = shift if offset is None else offset + shift
    mean_loss = None
    if smoothing is not None:
        mean_loss = _mean_class_loss(logits, scale=scale, offset=offset, power=power)
    return _term(
        masked_margin(logits, is_true, scale=scale, offset=offset),
        weight=_pick(weight, is_true),
        gamma=_pick(gamma, is_true),
        smoothing=smoothing,
        power=power,
        mean_loss=mean_loss,
    )


def family_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
    margin: Tensor | None = None,
    smoothing: Tensor | None = None,
    power: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each row from one-hot or soft targets.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        z, at least two classes.
    targets : tensor of shape (..., classes)
        t, rows sum to 1; zeros cost arithmetic but add nothing.
    weight, gamma, scale, offset, margin, smoothing, power
        As in `sparse_family_loss`.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    logits = ops.convert_to_tensor(logits)
    targets, weight, gamma, scale, offset, margin, smoothing, power = like(
        logits, targets, weight, gamma, scale, offset, margin, smoothing, power
    )
    if margin is not None:
        shift = -margin * targets
        offset = shift if offset is None else offset + shift
    mean_loss = None
    if smoothing is not None:
        mean_loss = _mean_class_loss(logits, scale=scale, offset=offset, power=power)
    terms = _term(
        class_margins(logits, scale=scale, offset=offset),
        weight=weight,
        gamma=gamma,
        smoothing=None if smoothing is None else ops.expand_dims(smoothing, -1),
        power=None if power is None else ops.expand_dims(power, -1),
        mean_loss=None if mean_loss is None else ops.expand_dims(mean_loss, -1),
    )
    return ops.sum(targets * terms, axis=-1)


def focal_term(margin: Tensor, *, weight: Tensor, gamma: Tensor) -> Tensor:
    """Compute ``w (1 - p)^gamma (-log p)`` from the margin of a class.

    Written as ``w exp(-gamma softplus(m)) softplus(-m)``. Both softplus are exact at both ends,
    and so are their gradients, which are sigmoids. The same term serves a sigmoid output, whose
    margin is its logit.

    Parameters
    ----------
    margin : tensor of any shape
        ``m = log p - log(1 - p)``.
    weight, gamma : tensor broadcastable to `margin`
        w > 0 and gamma in [0, 10].
    """
    against, surprise = surprises(margin)
    return weight * ops.exp(-gamma * against) * surprise


def _term(
    margin: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    smoothing: Tensor | None,
    power: Tensor | None,
    mean_loss: Tensor | None,
) -> Tensor:
    """Compute ``w (1 - p)^gamma [(1 - eps) l(p) + eps mean_loss]`` from the margin."""
    if smoothing is None and power is None:
        return focal_term(margin, weight=weight, gamma=gamma)
    against, surprise = surprises(margin)
    loss = _class_loss(surprise, power=power)
    if smoothing is not None:
        loss = (1.0 - smoothing) * loss + smoothing * mean_loss
    return weight * ops.exp(-gamma * against) * loss


def _class_loss(surprise: Tensor, *, power: Tensor | None) -> Tensor:
    """Compute l(p) from ``-log p``: itself, or ``(1 - p^r) / r`` where r > 0."""
    if power is None:
        return surprise
    is_log = ops.equal(power, 0.0)
    safe_power = ops.where(is_log, 1.0, power)  # no 0 / 0 on the side that is not used
    return ops.where(is_log, surprise, -ops.expm1(-safe_power * surprise) / safe_power)


def _mean_class_loss(
    logits: Tensor, *, scale: Tensor | None, offset: Tensor | None, power: Tensor | None
) -> Tensor:
    """Compute ``mean_j l(p_j)``.

    A plain log-softmax is enough: the classes that are not the largest have ``-log p`` >= log 2,
    so that what the largest class loses to rounding does not show in the sum.
    """
    centred = centre(logits, scale=scale, offset=offset)
    surprise = ops.log(ops.sum(ops.exp(centred), axis=-1, keepdims=True)) - centred
    if power is not None:
        power = ops.expand_dims(power, -1)
    return ops.mean(_class_loss(surprise, power=power), axis=-1)


def _pick(vector: Tensor, is_class: Tensor) -> Tensor:
    """Take the marked class's number for each row."""
    return ops.sum(ops.where(is_class, vector, 0.0), axis=-1)
