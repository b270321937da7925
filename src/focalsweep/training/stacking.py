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
from keras.src.models.functional import Functional

from focalsweep.models.last_dense import called_once, last_dense
from focalsweep.training.stacked_call import Pass, Weights, stacked_call
from focalsweep.training.stacked_convolutions import LARGEST_PATCHES, patch_numbers
from focalsweep.training.stacked_layers import cosine_call, is_plain


def unstackable_layers(model: keras.Model) -> list[str]:
    """Name what keeps `model` from being trained as a population.

    Models inside it are looked into. Convolutions whose patches are so large that they would train
    faster one by one are named too.
    """
    if not _operations(model):
        return [f"{model.name} (neither a functional model nor a Sequential with an Input)"]
    known = {id(model.inputs[0])}
    names = _without_rule(model, known)
    if id(model.outputs[0]) not in known:
        names.append(f"{model.name} (its output comes from a layer that is called twice)")
    return names


def _without_rule(model: keras.Model, known: set[int]) -> list[str]:
    """Name operations without a rule; `known` gathers the tensors that calls have made."""
    names = []
    for operation in _operations(model):
        if isinstance(operation, keras.layers.InputLayer):
            continue
        inside = _is_model_inside(operation)
        given = operation._inbound_nodes[0].input_tensors if inside else operation.input
        # A layer that is called twice, or a second input, shows where its output is used.
        wired = all(id(tensor) in known for tensor in tf.nest.flatten(given))
        if wired and inside:
            known.add(id(operation.inputs[0]))
            names += _without_rule(operation, known)
            if id(operation.outputs[0]) in known:
                known.add(id(called_once(operation)))
            continue
        if not (wired and type(operation) in stacked_call.registry and is_plain(operation)):
            names.append(f"{operation.name} ({type(operation).__name__})")
        elif patch_numbers(operation) > LARGEST_PATCHES:
            names.append(f"{operation.name} ({type(operation).__name__}, large patches)")
        made = called_once(operation) if inside else operation.output
        known.update(id(tensor) for tensor in tf.nest.flatten(made))
    return names


def _operations(model: keras.Model) -> list[Any]:
    """Return the layers and operations of a model that is a graph; none of any other."""
    if isinstance(model, keras.Sequential):
        return list(model.layers) if model.built else []
    if isinstance(model, Functional) and type(model).call is Functional.call:
        return list(model.operations)
    return []


def _is_model_inside(operation: Any) -> bool:
    return (
        isinstance(operation, keras.Model)
        and called_once(operation) is not None
        and bool(_operations(operation))
        and len(operation.inputs) == len(operation.outputs) == 1
    )


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
        f"{layer.name} ({type(layer).__name__}, folds differ in columns)"
        for layer, other in zip(narrow.layers, wide.layers, strict=True)
        if not isinstance(layer, keras.layers.InputLayer)
        and _widths(layer.input) != _widths(other.input)
        and not isinstance(layer, keras.layers.Dropout | keras.layers.BatchNormalization)
        and not (
            isinstance(layer, keras.layers.Dense) and _widths(layer.output) == _widths(other.output)
        )
    ]


def _widths(tensors: keras.KerasTensor | list[keras.KerasTensor]) -> list[int]:
    return [tensor.shape[-1] for tensor in tf.nest.flatten(tensors)]


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
        self.layers = _flat_layers(model)
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
        return int(sum(math.prod(layer.output.shape[1:]) for layer in self.layers))

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
        for layer in model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            if isinstance(layer, keras.Model):
                (given,) = layer._inbound_nodes[0].input_tensors
                values[id(called_once(layer))] = self._walk(
                    layer, weights, values[id(given)], run, after
                )
                continue
            own = [next(weights) for _ in layer.weights]
            arguments = tf.nest.map_structure(lambda tensor: values[id(tensor)], layer.input)
            call = cosine_call if run.cosine is not None and layer is self.head else stacked_call
            values[id(layer.output)], kept = call(layer, own, arguments, run)
            after.extend(kept)
        return values[id(model.outputs[0])]


def _flat_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers of a model, those of models inside it in their place."""
    layers: list[keras.Layer] = []
    for layer in model.layers:
        layers += _flat_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def _architecture(model: keras.Model) -> str:
    # Keras numbers the names of layers through.
    config = {**model.get_config(), "name": None}
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
