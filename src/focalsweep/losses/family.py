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

from typing import Any

from keras import ops

Tensor = Any
"""A tensor of the Keras backend, or an array or nested list of numbers that it accepts."""


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
    is_true = _one_hot_mask(logits, labels)
    if margin is not None:
        shift = ops.where(is_true, -margin, 0.0)
        offset = shift if offset is None else offset + shift
    mean_loss = None
    if smoothing is not None:
        mean_loss = _mean_class_loss(logits, scale=scale, offset=offset, power=power)
    return _term(
        _masked_margin(logits, is_true, scale=scale, offset=offset),
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


def true_class_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute ``z_y - logsumexp_{j != y} z_j`` of each row.

    The true class is masked and the other logits are taken relative to their own maximum, so
    that nothing cancels, however confident the row.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        At least two classes.
    labels : integer tensor of shape (...)
        True class of each row.

    Returns
    -------
    tensor of shape (...)
        Positive where the true class has more than half of the probability.
    """
    logits = ops.convert_to_tensor(logits)
    return _masked_margin(logits, _one_hot_mask(logits, labels))


def class_margins(
    logits: Tensor, *, scale: Tensor | None = None, offset: Tensor | None = None
) -> Tensor:
    """Compute ``z'_k - logsumexp_{j != k} z'_j`` for every class, with ``z' = scale * z + offset``.

    With the largest logit at 0, S the sum of exponentials and e_k one of them, ``S - e_k`` still
    holds the largest class's 1 for every other class, so its logarithm is exact. The largest class
    itself is masked and treated as in `true_class_margin`.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        At least two classes.
    scale, offset : tensor broadcastable to `logits`, optional
        None means 1 and 0.

    Returns
    -------
    tensor of shape (..., classes)
    """
    logits = ops.convert_to_tensor(logits)
    scale, offset = like(logits, scale, offset)
    centred = _centre(logits, scale=scale, offset=offset)
    is_top = _one_hot_mask(logits, ops.argmax(centred, axis=-1))
    exponentials = ops.exp(centred)
    rest = ops.sum(exponentials, axis=-1, keepdims=True) - exponentials
    # The 1 keeps log and its gradient finite where the value is not used.
    below_top = centred - ops.log(ops.where(is_top, 1.0, rest))
    top = _masked_margin(logits, is_top, scale=scale, offset=offset)
    return ops.where(is_top, ops.expand_dims(top, -1), below_top)


def surprises(margin: Tensor) -> tuple[Tensor, Tensor]:
    """Compute ``-log(1 - p) = softplus(m)`` and ``-log p = softplus(-m)`` from one exponential.

    TensorFlow's softplus drops exp(-|m|) from |m| = 14 on, which gamma multiplies. The selection
    by sign, instead of max and abs, gives the gradients sigmoid(m) and -sigmoid(-m) at m = 0 too.

    Parameters
    ----------
    margin : tensor of any shape
        ``m = log p - log(1 - p)``.

    Returns
    -------
    against, own : tensor of the same shape
        Both >= 0, in nats.
    """
    positive = ops.greater(margin, 0.0)
    rest = ops.log1p(ops.exp(ops.where(positive, -margin, margin)))
    return ops.where(positive, margin, 0.0) + rest, ops.where(positive, 0.0, -margin) + rest


def like(logits: Tensor, *numbers: Tensor | None) -> list[Tensor | None]:
    """Give the numbers of a loss the dtype of the logits; None stays None."""
    return [
        None if number is None else ops.convert_to_tensor(number, dtype=logits.dtype)
        for number in numbers
    ]


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
    centred = _centre(logits, scale=scale, offset=offset)
    surprise = ops.log(ops.sum(ops.exp(centred), axis=-1, keepdims=True)) - centred
    if power is not None:
        power = ops.expand_dims(power, -1)
    return ops.mean(_class_loss(surprise, power=power), axis=-1)


def _masked_margin(
    logits: Tensor, is_class: Tensor, *, scale: Tensor | None = None, offset: Tensor | None = None
) -> Tensor:
    """Compute the margin of the one class a row that the mask marks.

    The logits go relative to the largest of the *others*, and everything small is summed before
    it joins them. That leaves one rounding of the margin, which matters because the loss of a
    confident row is exp(-margin): one rounding of a margin of 69 is 4e-6 of that.
    """
    largest = _maximum(ops.where(is_class, float("-inf"), logits))
    relative, shift = _affine(logits, largest, scale=scale, offset=offset)
    shift = shift - _maximum(ops.where(is_class, float("-inf"), relative + shift))
    others = ops.where(is_class, float("-inf"), relative + shift)
    shift = shift - ops.log(ops.sum(ops.exp(others), axis=-1, keepdims=True))
    return ops.sum(ops.where(is_class, relative + shift, 0.0), axis=-1)


def _centre(logits: Tensor, *, scale: Tensor | None, offset: Tensor | None) -> Tensor:
    """Compute z' less its largest value a row."""
    relative, shift = _affine(logits, _maximum(logits), scale=scale, offset=offset)
    return relative + (shift - _maximum(relative + shift))


def _affine(
    logits: Tensor, largest: Tensor, *, scale: Tensor | None, offset: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Split ``scale * z + offset``, up to a constant a row, in a large and a small summand.

    The large one is ``scale * (z - largest)``. The small one is the offset, the rounding error
    of that difference (Knuth's two-sum; a compiler that reassociates would make it zero) and
    ``(scale - reference) * largest``, which is exactly zero with one scale for all classes.
    """
    relative = logits - largest
    values, difference = ops.stop_gradient(logits), ops.stop_gradient(relative)
    back = difference - values
    shift = (values - (difference - back)) - (largest + back)
    if scale is not None:
        reference = ops.max(scale, axis=-1, keepdims=True)
        relative, shift = scale * relative, scale * shift + (scale - reference) * largest
    return relative, shift if offset is None else shift + offset


def _maximum(logits: Tensor) -> Tensor:
    """Compute the largest logit of a row as a constant, so that ties do not split a gradient."""
    return ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))


def _one_hot_mask(logits: Tensor, labels: Tensor) -> Tensor:
    """Mark the class of each row; compiled, a mask is several times quicker than a gather."""
    labels = ops.expand_dims(ops.convert_to_tensor(labels), -1)
    return ops.equal(ops.arange(logits.shape[-1], dtype=labels.dtype), labels)


def _pick(vector: Tensor, is_class: Tensor) -> Tensor:
    """Take the marked class's number for each row."""
    return ops.sum(ops.where(is_class, vector, 0.0), axis=-1)
