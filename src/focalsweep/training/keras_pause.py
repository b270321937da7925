"""A Keras model stops between two epochs and another one of the same architecture goes on.

The state is every variable of model and optimiser: weights, batch statistics, the counters behind
dropout, optimiser slots and steps. What a model draws in ways that Keras does not know of (NumPy
inside a custom layer) is not in it.
"""

from __future__ import annotations

import keras
import numpy as np

from focalsweep.training.member import MemberState


def keras_state(model: keras.Model, optimizer: keras.Optimizer, *, epoch: int) -> MemberState:
    """Copy the variables of a model and its optimiser after so many epochs."""
    # np.array and not asarray: on the CPU a variable's own memory may be lent out.
    values = [np.array(variable) for variable in [*model.variables, *optimizer.variables]]
    return MemberState(epoch=epoch, arrays=tuple(values))


def restore(state: MemberState, model: keras.Model, optimizer: keras.Optimizer) -> None:
    """Put a state into a model and an optimiser made the same way.

    Parameters
    ----------
    state : MemberState
        From `keras_state`.
    model : keras.Model
        Built, and frozen where the stopped one was.
    optimizer : keras.Optimizer
        Not used yet.
    """
    optimizer.build(model.trainable_variables)
    for variable, value in zip([*model.variables, *optimizer.variables], state.arrays, strict=True):
        variable.assign(value)
