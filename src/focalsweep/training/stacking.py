"""Run many copies of one Keras model at once: the same layers, weights with a leading member axis.

The architecture stays an ordinary functional Keras model, models inside it included. `StackedModel`
walks its layers and calls, for each, the stacked rule registered for the layer's type (see
`stacked_layers` and `stacked_convolutions`). A layer without a rule is reported by
`unstackable_layers`; such models train one by one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from focalsweep.models.graph import calls, flat_calls, is_graph
from focalsweep.models.last_dense import last_dense
from focalsweep.training.stacked_call import Pass, Weights, stacked_call
from focalsweep.training.stacked_convolutions import LARGEST_PATCHES, patch_numbers
from focalsweep.training.stacked_layers import cosine_call, is_plain


def unstackable_layers(model: keras.Model) -> list[str]:
    """Name what keeps `model` from being trained as a population.

    Models inside it are looked into. Convolutions whose patches are so large that they would train
    faster one by one are named too.
    """
    if not is_graph(model):
        return [f"{model.name} (neither a functional model nor a Sequential with an Input)"]
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return [f"{model.name} (several inputs or outputs)"]
    names: list[str] = []
    seen: set[int] = set()
    for call in flat_calls(model):
        operation, note = call.operation, None
        if id(operation) in seen:
            note = ", called twice"
        elif not (call.is_plain and type(operation) in stacked_call.registry and is_plain(call)):
            note = ""
        elif not all(_is_sized(tensor) for tensor in (*call.inputs, *call.outputs)):
            note = ", rows of any length"
        elif patch_numbers(call) > LARGEST_PATCHES:
            note = ", large patches"
        if note is not None:
            names.append(f"{operation.name} ({type(operation).__name__}{note})")
        seen.add(id(operation))
    return names


def _is_sized(tensor: keras.KerasTensor) -> bool:
    return None not in tensor.shape[1:]


def unpaddable_layers(narrow: keras.Model, wide: keras.Model) -> list[str]:
    """Name the layers for which a column of zeros is not the same as no column.

    Folds may differ in columns (one-hot levels). Narrow ones train in the widest model, with zero
    columns whose weights start at zero: these stay zero, forward and backward, through a dense
    layer of constant width, dropout and batch normalisation, and through nothing else.

    Parameters
    ----------
    narrow, wide : keras.Model
        The same architecture for the smallest and the largest number of columns.
    """
    return [
        f"{call.operation.name} ({type(call.operation).__name__}, folds differ in columns)"
        for call, other in zip(flat_calls(narrow), flat_calls(wide), strict=True)
        if _widths(call.inputs) != _widths(other.inputs)
        and not isinstance(call.operation, keras.layers.Dropout | keras.layers.BatchNormalization)
        and not (
            isinstance(call.operation, keras.layers.Dense)
            and _widths(call.outputs) == _widths(other.outputs)
        )
    ]


def _widths(tensors: list[keras.KerasTensor]) -> list[int]:
    return [tensor.shape[-1] for tensor in tensors]


class StackedModel:
    """Call a functional Keras model with stacked weights.

    Parameters
    ----------
    model : keras.Model
        One input of shape (rows, features), one output of logits (rows, classes). Its own
        weights are never used.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.calls = list(flat_calls(model))
        self.layers = [call.operation for call in self.calls]
        self.trainable = [v.trainable for layer in self.layers for v in layer.weights]
        self.shapes = [tuple(v.shape) for layer in self.layers for v in layer.weights]
        self.head = last_dense(model)
        self.in_head = [layer is self.head for layer in self.layers for _ in layer.weights]

    @cached_property
    def architecture(self) -> str:
        """All that the model is but its layers' names: equal where two models compute the same."""
        return _architecture(self.model)

    @property
    def row_numbers(self) -> int:
        """Numbers that the activations of one row hold.

        Patches of convolutions are left out: with them chunks of a small convolutional model had 3
        members and took 0.40 s a trial, against 0.17 s at 8 members and 0.22 s at 16.
        """
        return int(sum(math.prod(call.outputs[0].shape[1:]) for call in self.calls))

    def __call__(self, weights: Weights, inputs: tf.Tensor, run: Pass) -> tuple[tf.Tensor, Weights]:
        """Return logits (members, rows, classes) and the weights after the pass."""
        after: Weights = []
        logits = self._walk(self.model, iter(weights), inputs, run, after)
        return logits, after

    def _walk(
        self,
        model: keras.Model,
        weights: Iterator[tf.Tensor],
        inputs: tf.Tensor,
        run: Pass,
        after: Weights,
    ) -> tf.Tensor:
        values = {id(model.inputs[0]): inputs}
        for call in calls(model):
            layer, given = call.operation, [values[id(tensor)] for tensor in call.inputs]
            if call.is_inside:
                values[id(call.outputs[0])] = self._walk(layer, weights, given[0], run, after)
                continue
            own = [next(weights) for _ in layer.weights]
            rule = cosine_call if run.cosine is not None and layer is self.head else stacked_call
            values[id(call.outputs[0])], kept = rule(
                layer, own, given[0] if len(given) == 1 else given, run
            )
            after.extend(kept)
        return values[id(model.outputs[0])]


def _architecture(model: keras.Model) -> str:
    # The config of a subclass may say nothing of layers. Keras numbers their names through.
    config = {**keras.Model(model.inputs, model.outputs).get_config(), "name": None}
    names = {name: f"layer {index}" for index, name in enumerate(_layer_names(config))}

    def renamed(value: object) -> object:
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return json.dumps(renamed(keras.saving.serialize_keras_object(config)), sort_keys=True)


def _layer_names(config: dict[str, Any]) -> list[str]:
    names = []
    for layer in config["layers"]:
        names.append(layer["config"]["name"])
        if "layers" in layer["config"]:
            names += _layer_names(layer["config"])
    return names
