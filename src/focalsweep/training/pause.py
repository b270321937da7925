"""Members leave a chunk between two epochs and go on in another one, in whatever row.

A member's state is its row of everything that training changes: weights, optimiser slots, steps.
Batch order, dropout and the stage of its recipe follow from its key and its epoch, so nothing else
is kept, and a member that went on equals one that was never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from focalsweep.training.kernel import State
from focalsweep.training.member import Member, MemberState
from focalsweep.training.stacking import StackedModel


def first_epoch_of(members: Sequence[Member]) -> int:
    """Return the epoch (from 0) in which all members of a chunk begin.

    Raises
    ------
    ValueError
        If they begin in different ones.
    """
    epochs = {member.first_epoch for member in members}
    if len(epochs) != 1:
        raise ValueError(
            f"members of one chunk must begin in the same epoch. Received: {sorted(epochs)}"
        )
    return epochs.pop()


def paused(state: State, members: Sequence[Member]) -> list[MemberState | None]:
    """Cut a chunk's state into those of the members that ask for theirs.

    Parameters
    ----------
    state : State
        After the chunk's last epoch.
    members : sequence of Member
        In the chunk's order.

    Raises
    ------
    ValueError
        If a member that asks for its state ends before others of the chunk: the chunk's state is
        then no longer its own (its stage and its batches are those of its last epoch, repeated).
    """
    if not any(member.keep_state for member in members):
        return [None] * len(members)
    last = max(member.epochs for member in members)
    if any(member.keep_state and member.epochs < last for member in members):
        raise ValueError("`keep_state` needs members of one chunk that end in the same epoch")
    stacked = [tensor.numpy() for tensor in _tensors(state)]
    return [
        # A copy, so that a survivor does not hold the rows of those who left.
        MemberState(epoch=last, arrays=tuple(np.array(each[i]) for each in stacked))
        if member.keep_state
        else None
        for i, member in enumerate(members)
    ]


def resumed(members: Sequence[Member], *, n_slots: int, model: StackedModel) -> State:
    """Stack the states that members begin with.

    Parameters
    ----------
    members : sequence of Member
        Each with `begin`.
    n_slots : int
        Numbers that the optimiser keeps for each weight.
    model : StackedModel
        Whose weights these are.
    """
    rows = [member.begin.arrays for member in members if member.begin is not None]
    tensors = [tf.constant(np.stack(values)) for values in zip(*rows, strict=True)]
    n_weights, n_trainable = len(model.trainable), sum(model.trainable)
    slots = [
        tensors[n_weights + slot * n_trainable : n_weights + (slot + 1) * n_trainable]
        for slot in range(n_slots)
    ]
    return State(tensors[:n_weights], slots, tensors[-1])


def _tensors(state: State) -> list[tf.Tensor]:
    return [*state.weights, *(tensor for slot in state.slots for tensor in slot), state.step]
