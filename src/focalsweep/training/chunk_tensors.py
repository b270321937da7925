"""From members to the tensors that the kernel takes, one row a member."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.training.kernel import Rates, State
from focalsweep.training.member import Member, View
from focalsweep.training.randomness import dropout_key
from focalsweep.training.scoring import scored_as
from focalsweep.training.task import LossTensors, SigmoidTensors


def losses(
    members: Sequence[Member],
    views: Sequence[View],
    *,
    epochs: Sequence[int],
    softened: bool,
    dtype: str,
) -> tuple[LossTensors | SigmoidTensors, LossTensors]:
    """Stack the losses that train, and those by which probabilities are then read.

    Parameters
    ----------
    members, views : sequences of Member and of View
        Each member beside its own view.
    epochs : sequence of int
        From 0, one a member: its stage in that epoch counts.
    softened, dtype
        As in `focalsweep.training.population.PopulationTrainer`.
    """
    points = [member.stage(epoch).loss for member, epoch in zip(members, epochs, strict=True)]
    trained: LossTensors | SigmoidTensors
    if views[0].multi_label:
        binary = [point for point in points if isinstance(point, SigmoidPoint)]
        trained = sigmoid_tensors(binary, softened=softened, dtype=dtype)
    else:
        trained = loss_tensors(
            [point for point in points if isinstance(point, LossPoint)],
            [view.log_prior_shift for view in views],
            softened=softened,
            dtype=dtype,
        )
    scored = [
        scored_as(member, view, epoch=epoch)
        for member, view, epoch in zip(members, views, epochs, strict=True)
    ]
    undone, shifts = [point for point, _ in scored], [shift for _, shift in scored]
    return trained, loss_tensors(undone, shifts, softened=softened, dtype=dtype)


def loss_tensors(
    points: Sequence[LossPoint],
    shifts: Sequence[NDArray[np.float64]],
    *,
    softened: bool,
    dtype: str,
) -> LossTensors:
    """Stack loss points.

    Parameters
    ----------
    points, shifts : sequences of LossPoint and of arrays of shape (classes,), or (labels, 2)
        One a member; a shift is log of natural over training prior.
    softened : bool
        Whether label smoothing and generalised cross-entropy are part of the program.

    Raises
    ------
    ValueError
        If a point needs them and they are not.
    """
    if not softened and any(point.softened for point in points):
        raise ValueError("a loss with `smoothing` or `power` needs a trainer with `softened`")

    def per_class(values: Sequence[NDArray[np.float64]]) -> tf.Tensor:
        return tf.constant(np.stack(values)[:, None], dtype)

    def per_member(values: Sequence[float]) -> tf.Tensor | None:
        return tf.constant(np.array(values)[:, None], dtype) if softened else None

    return LossTensors(
        weight=per_class([point.weight for point in points]),
        gamma=per_class([point.gamma for point in points]),
        scale=per_class([point.scale for point in points]),
        offset=per_class([point.offset for point in points]),
        margin=per_class([point.margin for point in points]),
        smoothing=per_member([point.smoothing for point in points]),
        power=per_member([point.power for point in points]),
        log_prior_shift=per_class(shifts),
    )


def sigmoid_tensors(
    points: Sequence[SigmoidPoint], *, softened: bool, dtype: str
) -> SigmoidTensors:
    """Stack multi-label loss points.

    Parameters
    ----------
    points : sequence of SigmoidPoint
        One a member.
    softened : bool
        Whether clipping and label smoothing are part of the program.

    Raises
    ------
    ValueError
        If a point needs them and they are not.
    """
    if not softened and any(point.softened for point in points):
        raise ValueError("a loss with `clip` or `smoothing` needs a trainer with `softened`")

    def per_label(values: Sequence[NDArray[np.float64]]) -> tf.Tensor:
        return tf.constant(np.stack(values)[:, None], dtype)

    def per_member(values: Sequence[float]) -> tf.Tensor | None:
        return tf.constant(np.array(values)[:, None, None], dtype) if softened else None

    return SigmoidTensors(
        weight=per_label([point.weight for point in points]),
        gamma=per_label([point.gamma for point in points]),
        offset=per_label([point.offset for point in points]),
        clip=per_member([point.clip for point in points]),
        smoothing=per_member([point.smoothing for point in points]),
    )


def rates(members: Sequence[Member], views: Sequence[View], *, dtype: str) -> Rates:
    """Stack learning rates, weight decays and keys of dropout masks."""
    keys = [dropout_key(seed=m.key.seed, view=views[m.view].name) for m in members]
    return Rates(
        tf.constant([member.learning_rate for member in members], dtype),
        tf.constant([member.weight_decay for member in members], dtype),
        tf.constant(np.array(keys, np.uint32).view(np.int32)),
    )


def flags(values: Sequence[bool], *, in_program: bool, need: str, dtype: str) -> tf.Tensor | None:
    """Stack yes and no as 1 and 0; None where the feature is no part of the program.

    Raises
    ------
    ValueError
        If a member needs the feature nevertheless; `need` names the trainer's argument.
    """
    if in_program:
        return tf.constant(np.array(values), dtype)
    if any(values):
        raise ValueError(f"a member's recipe needs a trainer with `{need}`")
    return None


def with_fresh_heads(
    state: State,
    heads: Sequence[Sequence[NDArray[np.floating]] | None],
    *,
    in_head: Sequence[bool],
    trainable: Sequence[bool],
) -> State:
    """Begin the last layer anew in some members: its weights, their optimiser state, the step.

    Parameters
    ----------
    heads : sequence
        A member's new weights of its last layer, or None where it goes on.
    in_head, trainable : sequence of bool
        For each weight of the model.
    """
    if all(head is None for head in heads):
        return state
    anew = tf.constant([head is not None for head in heads])

    def chosen(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.reshape(anew, (-1,) + (1,) * (len(old.shape) - 1)), new, old)

    weights, slots = list(state.weights), [list(slot) for slot in state.slots]
    for position, i in enumerate(np.flatnonzero(in_head).tolist()):
        old = state.weights[i]
        empty = np.zeros(old.shape[1:])
        stacked = np.stack([empty if head is None else head[position] for head in heads])
        weights[i] = chosen(tf.constant(stacked, old.dtype), old)
        place = sum(trainable[:i])
        for slot in slots:
            slot[place] = chosen(tf.zeros_like(old), slot[place])
    return State(weights, slots, chosen(tf.zeros_like(state.step), state.step))
