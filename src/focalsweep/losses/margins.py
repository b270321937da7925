"""Margins of classes, exact at both ends: what every loss of the family is written in.

The margin of a class is ``m_k = z'_k - logsumexp_{j != k} z'_j`` with ``z' = scale * z + offset``,
which is ``log p_k - log(1 - p_k)``. Computed as a difference of two logsumexp it loses all digits
where a row is confident; here nothing cancels, and float32 keeps it to about one rounding.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any
"""A tensor of the Keras backend, or an array or nested list of numbers that it accepts."""


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
    return masked_margin(logits, one_hot_mask(logits, labels))


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
    centred = centre(logits, scale=scale, offset=offset)
    is_top = one_hot_mask(logits, ops.argmax(centred, axis=-1))
    exponentials = ops.exp(centred)
    rest = ops.sum(exponentials, axis=-1, keepdims=True) - exponentials
    # The 1 keeps log and its gradient finite where the value is not used.
    below_top = centred - ops.log(ops.where(is_top, 1.0, rest))
    top = masked_margin(logits, is_top, scale=scale, offset=offset)
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


def masked_margin(
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


def centre(logits: Tensor, *, scale: Tensor | None, offset: Tensor | None) -> Tensor:
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
        reference = ops.max(scale, axis=-1, keepdims=True) if len(scale.shape) else scale
        relative, shift = scale * relative, scale * shift + (scale - reference) * largest
    return relative, shift if offset is None else shift + offset


def _maximum(logits: Tensor) -> Tensor:
    """Compute the largest logit of a row as a constant, so that ties do not split a gradient."""
    return ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))


def one_hot_mask(logits: Tensor, labels: Tensor) -> Tensor:
    """Mark the class of each row. A mask fuses with what follows; a gather would not."""
    labels = ops.expand_dims(ops.convert_to_tensor(labels), -1)
    return ops.equal(ops.arange(logits.shape[-1], dtype=labels.dtype), labels)


def like(logits: Tensor, *numbers: Tensor | None) -> list[Tensor | None]:
    """Give the numbers of a loss the dtype of the logits; None stays None."""
    return [
        None if number is None else ops.convert_to_tensor(number, dtype=logits.dtype)
        for number in numbers
    ]
