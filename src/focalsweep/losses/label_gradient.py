"""The loss of labels with its gradient in closed form: what the binary Keras loss computes.

The same numbers as `focalsweep.losses.sigmoid_family`, which serves as the definition, for targets
that may lie between 0 and 1. As in `focalsweep.losses.closed_gradient` every step is a pass over
memory, so few steps are what makes it fast. With p = sigmoid(z), the focused shares
``f1 = y w1 (1 - p)^gamma1`` and ``f0 = (1 - y) w0 p^gamma0``, and without smoothing::

    L       = - f1 log p - f0 log(1 - p)
    dL / dz = p (f0 + gamma1 f1 log p) - (1 - p) (f1 + gamma0 f0 log(1 - p))

Both logarithms come from that of the larger of p and 1 - p and keep their digits at both ends, so
there is no epsilon. Labels, weights and gamma are constants: no gradient reaches them.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from focalsweep.losses.margins import Tensor, like


def label_losses(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor | None = None,
    smoothing: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each row, the mean over labels of ``y L(there) + (1 - y) L(absent)``.

    Parameters
    ----------
    logits : tensor of shape (..., labels)
        z, float32 or float64.
    labels : tensor of shape (..., labels)
        y in [0, 1]; values between are soft labels.
    weight, gamma : tensor broadcastable to (..., labels, 2)
        Numbers of rows [without, with] the label, >= 0. None for gamma means 0.
    smoothing : number, optional
        Label smoothing eps in [0, 1), after the focal factor. None means 0.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    logits = ops.convert_to_tensor(logits)
    labels, weight, gamma = like(logits, labels, weight, gamma)

    @ops.custom_gradient
    def losses(z: Tensor) -> Any:
        p, q = ops.sigmoid(z), ops.sigmoid(-z)
        log_larger = ops.log1p(-ops.minimum(p, q))
        low = ops.minimum(z, 0.0)  # and low - z is -max(z, 0)
        log_there, log_absent = low + log_larger, (low - z) + log_larger
        focused_absent = weight[..., 0] - weight[..., 0] * labels
        focused_there = weight[..., 1] * labels
        if gamma is not None:
            focused_absent = focused_absent * ops.exp(gamma[..., 0] * log_there)
            focused_there = focused_there * ops.exp(gamma[..., 1] * log_absent)
        up, down, inner_absent, inner_there = focused_absent, focused_there, log_absent, log_there
        if smoothing is not None:
            own, other = 1.0 - 0.5 * smoothing, 0.5 * smoothing
            up = own * focused_absent + other * focused_there
            down = own * focused_there + other * focused_absent
            inner_absent = own * log_absent + other * log_there
            inner_there = own * log_there + other * log_absent
        absent, there = focused_absent * inner_absent, focused_there * inner_there
        if gamma is not None:
            up, down = up + gamma[..., 1] * there, down + gamma[..., 0] * absent
        slopes = p * up - q * down

        def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> Tensor:
            outer = ops.expand_dims(arguments[0] if upstream is None else upstream, -1)
            return outer / ops.cast(ops.shape(z)[-1], z.dtype) * slopes

        # Both sides are at most 0, and the sign must not make a zero negative.
        return ops.abs(ops.mean(absent + there, axis=-1)), gradient

    return losses(logits)
