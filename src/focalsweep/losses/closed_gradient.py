"""The losses of rows with their gradients in closed form: what the Keras classes compute.

The same numbers as `focalsweep.losses.family`, which the population trainer compiles and which
serves as the definition; without XLA that takes two to three times as long as Keras's focal loss,
because every step of it is a pass over memory, forward and backward. Here the gradient is one
formula, and rows of one true class need one logarithm each instead of one a class, so that a
training step costs about what it costs with cross-entropy. (`focalsweep.losses.label_gradient` is
the same for labels.)

With ``z_j - max z = r_j``, ``e_j = exp(r_j)`` and S their sum::

    -log p_k    = log S - r_k
    1 - p_k     = (S - e_k) / S            for all but the largest class, where S - e_k >= 1
                = (sum of the others) / S  for the largest
    dL / dz_j   = a_j (1 - p_j) - p_j sum_{k != j} a_k
    a_k         = - t_k w_k (1 - p_k)^gamma_k [1 + gamma_k p_k / (1 - p_k) (-log p_k)]

Nothing cancels where a row is confident, so there is no epsilon: float32 keeps five digits for
logits up to 1000 and gamma up to 10. (With label smoothing a margin beyond 85 counts as 85, where
the focal factor is below 1e-11 from gamma 0.3 on.) Targets, weights and gamma are constants: no
gradient reaches them.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from focalsweep.losses.margins import Tensor, like, one_hot_mask, surprises


def target_losses(
    logits: Tensor,
    targets: Tensor,
    *,
    weight: Tensor = 1.0,
    gamma: Tensor | None = None,
    smoothing: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each row from one-hot or soft targets.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        z, float32 or float64, at least two classes.
    targets : tensor of shape (..., classes)
        t, rows sum to 1.
    weight, gamma : tensor broadcastable to `logits`
        Numbers of the loss, one a class. None for gamma means 0.
    smoothing : number, optional
        Label smoothing eps in [0, 1), after the focal factor. None means 0.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    logits = ops.convert_to_tensor(logits)
    targets, weight, gamma = like(logits, targets, weight, gamma)

    def soft(z: Tensor) -> Rows:
        return _soft_rows(z, targets * weight, gamma=gamma, smoothing=smoothing)

    def hard(z: Tensor) -> Rows:
        of_true = (_of_true(number, is_true) for number in (weight, gamma))
        return _hard_rows(z, is_true, *of_true)

    if smoothing is not None:
        return ops.custom_gradient(lambda z: _with_gradient(soft(z)))(logits)
    is_true = ops.cast(targets, "bool")
    one_hot = _are_one_hot(targets, is_true)

    @ops.custom_gradient
    def losses(z: Tensor) -> Any:
        # One branch for both directions: a branch backward would hand over every intermediate.
        return _with_gradient(ops.cond(one_hot, lambda: hard(z), lambda: soft(z)))

    return losses(logits)


def code_losses(
    logits: Tensor, codes: Tensor, *, weight: Tensor = 1.0, gamma: Tensor | None = None
) -> Tensor:
    """Compute the loss of each row from class codes.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        z, float32 or float64, at least two classes.
    codes : int32 tensor of shape (...)
        True class of each row. Where it is none of the classes the loss is NaN, in compiled graphs
        too: there a wrong code must not train in silence.
    weight, gamma : number or tensor of shape (classes,)
        Numbers of the loss. None for gamma means 0.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    logits = ops.convert_to_tensor(logits)
    n_classes = logits.shape[-1]
    is_class = ops.logical_and(ops.greater_equal(codes, 0), ops.less(codes, n_classes))
    inside = ops.where(is_class, codes, 0)
    weight, gamma = (_of_rows(number, inside, logits) for number in (weight, gamma))
    is_true = one_hot_mask(logits, inside)

    @ops.custom_gradient
    def losses(z: Tensor) -> Any:
        return _with_gradient(_hard_rows(z, is_true, weight, gamma))

    return ops.where(is_class, losses(logits), float("nan"))


class Rows(NamedTuple):
    """Hold the losses of rows and their gradient ``pull / total * slopes``.

    Parameters
    ----------
    losses : tensor of shape (...)
    slopes : tensor of shape (..., classes)
    pull, total : tensor of shape (..., 1)
    """

    losses: Tensor
    slopes: Tensor
    pull: Tensor
    total: Tensor


def _with_gradient(rows: Rows) -> tuple[Tensor, Callable[..., Tensor]]:
    """Return what `ops.custom_gradient` asks for: one pass over memory is left to the way back."""
    losses, slopes, pull, total = rows

    def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> Tensor:
        outer = ops.expand_dims(arguments[0] if upstream is None else upstream, -1)
        return outer * pull / total * slopes

    return losses, gradient


def _are_one_hot(targets: Tensor, is_true: Tensor) -> Tensor:
    """Say whether every row has one number that is not 0, and that is exactly 1."""
    counts = ops.sum(ops.cast(is_true, targets.dtype), axis=-1)
    sums = ops.sum(targets, axis=-1)
    return ops.all(ops.logical_and(ops.equal(counts, 1.0), ops.equal(sums, 1.0)))


def _hard_rows(z: Tensor, is_true: Tensor, weight: Tensor, gamma: Tensor | None) -> Rows:
    """Compute rows of one true class from its margin; weight and gamma are those of that class."""
    others = ops.where(is_true, float("-inf"), z)
    largest = ops.max(others, axis=-1, keepdims=True)
    exponentials = ops.exp(others - largest)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    own = ops.sum(ops.where(is_true, z, 0.0), axis=-1, keepdims=True)
    margin = own - largest
    # What that difference lost to rounding joins the small summand (Knuth's two-sum).
    back = margin - own
    lost = (own - (margin - back)) - (largest + back)
    margin = margin + (lost - ops.log(total))
    against, surprise = surprises(margin)
    focused, pull = weight, ops.sigmoid(-margin)
    if gamma is not None:
        focused = weight * ops.exp(-gamma * against)
        pull = pull + gamma * surprise * ops.sigmoid(margin)
    return Rows(
        losses=ops.squeeze(focused * surprise, -1),
        slopes=ops.where(is_true, -total, exponentials),
        pull=focused * pull,
        total=total,
    )


def _soft_rows(z: Tensor, share: Tensor, *, gamma: Tensor | None, smoothing: Tensor | None) -> Rows:
    """Compute rows of any targets, ``share = targets * weight``, from every class."""
    relative = z - ops.max(z, axis=-1, keepdims=True)
    exponentials = ops.exp(relative)
    is_top = ops.equal(relative, 0.0)
    ties = ops.sum(ops.cast(is_top, z.dtype), axis=-1, keepdims=True)
    low = ops.sum(ops.where(is_top, 0.0, exponentials), axis=-1, keepdims=True)
    # Of a row whose other classes underflow: a logarithm that is finite, a loss that is zero.
    beside_top = ops.maximum(low, _smallest(z)) + (ties - 1.0)
    total = beside_top + 1.0
    log_total = ops.log1p(beside_top)
    others = ops.where(is_top, beside_top, total - exponentials)
    surprise = log_total - relative
    focused = share
    if gamma is not None:
        focused = share * ops.exp(gamma * (ops.log(others) - log_total))
    inner = surprise
    if smoothing is not None:
        inner = (1.0 - smoothing) * surprise + smoothing * _mean(surprise)
    pull = focused if smoothing is None else (1.0 - smoothing) * focused
    if gamma is not None:
        pull = pull + focused * gamma * inner * (exponentials / others)
    sums = ops.sum(pull, axis=-1, keepdims=True) - pull
    if smoothing is not None:
        # A smoothed row pulls at its top without limit: what the others pull at it may not be a
        # difference of two such numbers.
        below = ops.sum(ops.where(is_top, 0.0, pull), axis=-1, keepdims=True)
        sums = ops.where(ops.logical_and(is_top, ops.equal(ties, 1.0)), below, sums)
    slopes = exponentials * sums - pull * others
    if smoothing is not None:
        all_focused = ops.sum(focused, axis=-1, keepdims=True)
        slopes = slopes + smoothing * all_focused * (exponentials - total / z.shape[-1])
    return Rows(
        losses=ops.sum(focused * inner, axis=-1),
        slopes=slopes,
        pull=ops.ones_like(total),
        total=total,
    )


def _of_true(number: Tensor | None, is_true: Tensor) -> Tensor | None:
    """Take the true class's number for each row, with a last axis of length 1."""
    if number is None or not len(number.shape):
        return number
    return ops.sum(ops.where(is_true, number, 0.0), axis=-1, keepdims=True)


def _mean(values: Tensor) -> Tensor:
    return ops.mean(values, axis=-1, keepdims=True)


def _smallest(logits: Tensor) -> float:
    """Return a number whose inverse and logarithm are finite in the dtype of the logits."""
    return 1e-37 if ops.dtype(logits) == "float32" else 1e-300


def _of_rows(number: Tensor | None, codes: Tensor, logits: Tensor) -> Tensor | None:
    """Take the true class's number for each row, with a last axis of length 1."""
    if number is None:
        return None
    vector: Tensor = like(logits, number)[0]
    return ops.expand_dims(ops.take(vector, codes), -1) if len(vector.shape) else vector
