"""Find the layer that gives a model's logits: some arms replace it or train it anew."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from focalsweep.errors import UserError
from focalsweep.models.graph import is_graph, last_call


def last_layer(model: keras.Model) -> keras.Layer | None:
    """Return the layer whose output is the model's, also where it lies in a model inside.

    None for a model without a graph, such as a subclassed one.
    """
    call = last_call(model)
    if call is None or not isinstance(call.operation, keras.Layer):
        return None
    return last_layer(call.operation) if is_graph(call.operation) else call.operation


def last_dense(model: keras.Model) -> keras.layers.Dense | None:
    """Return the plain Dense layer whose output is the model's, or None where there is none.

    Plain means without an activation, so that its output is ``features @ kernel + bias``.
    """
    layer = last_layer(model)
    if layer is None or type(layer) is not keras.layers.Dense:
        return None
    return layer if layer.activation in (None, keras.activations.linear) else None


def check_last_dense(model: keras.Model, *, arms: Sequence[str]) -> None:
    """Refuse a model that arms with another last layer cannot be trained with.

    Parameters
    ----------
    model : keras.Model
        As the sweep builds it.
    arms : sequence of str
        Names of the arms that end in a cosine head or train the last layer anew.

    Raises
    ------
    UserError
        If there are such arms and the model does not end in a plain Dense layer.
    """
    if not arms or last_dense(model) is not None:
        return
    layers = [layer.name for layer in getattr(model, "layers", [])]
    raise UserError(
        f"{_named(arms)} a `model` whose last layer is a `keras.layers.Dense` without activation, "
        f"because that layer is replaced or trained anew. Received: `{model.name}`, which ends in "
        f"`{layers[-1] if layers else 'nothing'}`; return the logits of such a layer, or leave "
        "the arm out of `arms`."
    )


def check_output_bias(model: keras.Model) -> None:
    """Refuse a model whose output bias cannot be given a start.

    Raises
    ------
    UserError
        If the model does not end in a plain Dense layer with a bias.
    """
    layer = last_dense(model)
    if layer is None or not layer.use_bias:
        raise UserError(
            "`model.output_bias` must be zero for a model that does not end in a "
            "`keras.layers.Dense` with a bias and without activation. Received: best_constant, for "
            f"`{model.name}`."
        )


def _named(arms: Sequence[str]) -> str:
    names = ", ".join(f"`{arm}`" for arm in arms)
    return f"The arm {names} needs" if len(arms) == 1 else f"The arms {names} need"
