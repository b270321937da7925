"""Tell whether a model reads codes: whole numbers that name something, such as words."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from focalsweep.models.graph import flat_calls


def takes_integers(model: keras.Model) -> bool:
    """Tell whether the input of a model, or of a model inside it, is of integers."""
    return any(
        isinstance(layer, keras.layers.InputLayer) and "int" in str(layer.dtype)
        for layer in _layers(model)
    )


def embeds_its_input(model: keras.Model) -> bool:
    """Tell whether an `Embedding` reads the rows.

    In a graph it can read nothing else. One in a layer of the user's own may hold positions and
    does not count; one in a model without a graph does.
    """
    return any(_embeds(call.operation) for call in flat_calls(model))


def reads_whole_numbers(model: keras.Model) -> bool:
    """Tell whether a model sees no more of its rows than whole numbers.

    So does one that embeds or casts them in a layer of the user's own or by `keras.ops`, which no
    graph tells: half a step changes nothing, and a whole one does.

    Parameters
    ----------
    model : keras.Model
        From `focalsweep.models.flat_rows.with_flat_rows`.
    """
    steps = np.array([[0.0], [0.5], [1.0]], np.float32)
    try:
        outputs = model(np.repeat(steps, model.input.shape[1], axis=1), training=False)
    except Exception:
        # What keeps a model from being called is said where it is called with the data.
        return False
    at_zero, half, whole = np.asarray(keras.ops.convert_to_numpy(outputs))
    return np.array_equal(at_zero, half) and not np.array_equal(at_zero, whole)


def _embeds(operation: keras.Operation) -> bool:
    if isinstance(operation, keras.Model):
        return any(map(_embeds, operation.layers))
    return isinstance(operation, keras.layers.Embedding)


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yield the layers of a model and of the models inside it."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
