"""Tell whether a model reads codes: whole numbers that name something, such as words."""

from __future__ import annotations

import keras

from focalsweep.models.graph import flat_calls


def takes_integers(model: keras.Model) -> bool:
    """Tell whether the input of a model, or of a model inside it, is of integers."""
    return any(
        isinstance(layer, keras.layers.InputLayer) and "int" in str(layer.dtype)
        for layer in model._flatten_layers()
    )


def embeds_its_input(model: keras.Model) -> bool:
    """Tell whether an `Embedding` reads the rows.

    In a graph it can read nothing else. One in a layer of the user's own may hold positions and
    does not count; one in a model without a graph does.
    """
    return any(_embeds(call.operation) for call in flat_calls(model))


def _embeds(operation: keras.Operation) -> bool:
    if isinstance(operation, keras.Model):
        return any(map(_embeds, operation._flatten_layers(include_self=False)))
    return isinstance(operation, keras.layers.Embedding)
