"""The sigmoid family: one formula for every multi-label loss that focalsweep compares.

For a label with logit z, whether it is present y in {0, 1}, and ``p = sigmoid(z + offset)``::

    L = y w1 (1 - p)^gamma1 l(p) + (1 - y) w0 p_c^gamma0 l(1 - p_c)         l(p) = -log p
    p_c = max(p - clip, 0)

and a row's loss is the mean of L over labels. Label smoothing eps enters after the focal factor, so
that focusing survives it: ``(1 - eps) l(own) + eps / 2 (l(p) + l(1 - p))`` in place of l(own).

The margin of the side that a row is on is ``(2 y - 1) (z + offset)``. Everything without clipping
is written in it by two softplus, as in `focalsweep.losses.family`: no epsilon, nothing overflows,
and a row that is wrong by 2000 still has gradient -1. With clipping ``1 - p_c`` is taken as it is
where p_c is small, and as ``(1 - p) + clip`` where p_c is large.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
.. [2] Ben-Baruch et al., "Asymmetric Loss For Multi-Label Classification", arXiv:2009.14119 (two
   gammas, and clip as the probability margin m).
.. [3] Menon et al., "Long-tail learning via logit adjustment", arXiv:2007.07314 (offset).
"""

from __future__ import annotations

from keras import ops

from focalsweep.losses.margins import Tensor, like, surprises


def sigmoid_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    offset: Tensor | None = None,
    clip: Tensor | None = None,
    smoothing: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each row: the mean over its labels.

    Parameters
    ----------
    logits : tensor of shape (..., labels)
        z.
    labels : tensor of shape (..., labels)
        1 where the row has the label, else 0; of any number type.
    weight, gamma : tensor broadcastable to (..., labels, 2)
        Numbers of rows [without, with] the label: see `focalsweep.losses.sigmoid_point`.
    offset : tensor broadcastable to `logits`, optional
        None means 0.
    clip, smoothing : tensor broadcastable to `logits`, optional
        Both in [0, 1), and not both above 0 in one cell. None leaves the arithmetic out of the
        graph; a tensor may mix zeros with other values.

    Returns
    -------
    tensor of shape (...)
        Unreduced losses, >= 0.
    """
    return ops.mean(
        label_losses(
            logits,
            labels,
            weight=weight,
            gamma=gamma,
            offset=offset,
            clip=clip,
            smoothing=smoothing,
        ),
        axis=-1,
    )


def label_losses(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    offset: Tensor | None = None,
    clip: Tensor | None = None,
    smoothing: Tensor | None = None,
) -> Tensor:
    """Compute the loss of each label of each row, shape (..., labels); see `sigmoid_loss`."""
    logits = ops.convert_to_tensor(logits)
    weight, gamma, offset, clip, smoothing = like(logits, weight, gamma, offset, clip, smoothing)
    present = ops.cast(labels, "bool")
    weight, gamma = _side(weight, present), _side(gamma, present)
    shifted = logits if offset is None else logits + offset
    against, surprise = surprises(ops.where(present, shifted, -shifted))
    loss = surprise
    if smoothing is not None:
        loss = (1.0 - 0.5 * smoothing) * surprise + 0.5 * smoothing * against
    unclipped = ops.exp(-gamma * against) * loss
    if clip is None:
        return weight * unclipped
    applies = ops.logical_and(ops.logical_not(present), ops.greater(clip, 0.0))
    clipped = _clipped(against, surprise, gamma=gamma, clip=clip)
    return weight * ops.where(applies, clipped, unclipped)


def _clipped(against: Tensor, surprise: Tensor, *, gamma: Tensor, clip: Tensor) -> Tensor:
    """Compute ``p_c^gamma l(1 - p_c)`` of an absent label from ``-log p`` and ``-log(1 - p)``.

    Where nothing is left of the probability the selections keep logarithms and gradients finite.
    """
    kept = ops.exp(-against) - clip
    is_left = ops.greater(kept, 0.0)
    kept = ops.where(is_left, kept, 0.5)
    is_small = ops.less(kept, 0.5)
    # 1 - p_c loses digits where p_c is near 1, and its sum with clip where p_c is near 0.
    loss = -ops.where(
        is_small,
        ops.log1p(ops.where(is_small, -kept, 0.0)),
        ops.log(ops.exp(-surprise) + clip),
    )
    return ops.where(is_left, ops.exp(gamma * ops.log(kept)) * loss, 0.0)


def _side(pair: Tensor, present: Tensor) -> Tensor:
    """Take the number of rows with or without each label; a single number stands for both."""
    if not len(pair.shape):
        return pair
    return ops.where(present, pair[..., 1], pair[..., 0])
