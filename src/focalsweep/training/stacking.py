"""Run many copies of one Keras model at once: the same layers, weights with a leading member axis.

The architecture stays an ordinary functional Keras model. `StackedModel` walks its layers and
calls, for each, the stacked rule registered for the layer's type: activations have the shape
(members, rows, features) and a weight of shape s becomes (members, *s). A layer without a rule is
reported by `unstackable_layers`; such models train one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, singledispatch

import keras
import tensorflow as tf

from focalsweep.models.cosine_head import length
from focalsweep.models.last_dense import last_dense

Weights = list[tf.Tensor]


@dataclass(kw_only=True)
class Pass:
    """Hold what one forward pass needs beside weights and inputs.

    Parameters
    ----------
    training : bool
        Dropout drops and batch statistics are used.
    mask : float tensor of shape (members, rows)
        1 for real rows, 0 for padding.
    dropout_seed : int32 tensor of shape (members,)
        Differs from step to step.
    cosine : float tensor of shape (members,), optional
        1 for members whose last Dense layer gives cosines instead of products; None leaves that
        out of the program.
    held : float tensor of shape (members,), optional
        1 for members of which all but the last layer is held: their batch statistics neither
        serve nor move. None leaves that out of the program.
    """

    training: bool
    mask: tf.Tensor
    dropout_seed: tf.Tensor
    cosine: tf.Tensor | None = None
    held: tf.Tensor | None = None
    dropout_layers_seen: int = field(default=0)


@singledispatch
def stacked_call(
    layer: keras.Layer, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    """Apply `layer` to all members; return its output and its weights after the pass."""
    raise TypeError(f"{type(layer).__name__} has no stacked rule")


def unstackable_layers(model: keras.Model) -> list[str]:
    """Name what keeps `model` from being trained as a population."""
    if isinstance(model, keras.Sequential):
        operations = model.layers if model.built else []
    else:
        operations = getattr(model, "operations", [])
    if not operations:
        return [f"{model.name} (neither a functional model nor a Sequential with an Input)"]
    known = {id(model.inputs[0])}
    names = []
    for operation in operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        # A layer that is called twice, or a second input, shows where its output is used.
        wired = all(id(tensor) in known for tensor in tf.nest.flatten(operation.input))
        if not (wired and type(operation) in stacked_call.registry and _is_plain(operation)):
            names.append(f"{operation.name} ({type(operation).__name__})")
        known.update(id(tensor) for tensor in tf.nest.flatten(operation.output))
    if id(model.outputs[0]) not in known:
        names.append(f"{model.name} (its output comes from a layer that is called twice)")
    return names


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
        self.trainable = [v.trainable for layer in model.layers for v in layer.weights]
        self.shapes = [tuple(v.shape) for layer in model.layers for v in layer.weights]
        self.head = last_dense(model)
        self.in_head = [layer is self.head for layer in model.layers for _ in layer.weights]

    @cached_property
    def architecture(self) -> str:
        """All that the model is but its layers' names: equal where two models compute the same."""
        return _architecture(self.model)

    def __call__(self, weights: Weights, inputs: tf.Tensor, run: Pass) -> tuple[tf.Tensor, Weights]:
        """Return logits (members, rows, classes) and the weights after the pass."""
        values = {id(self.model.inputs[0]): inputs}
        after: Weights = []
        for layer, own in self._layers_with(weights):
            if isinstance(layer, keras.layers.InputLayer):
                continue
            arguments = tf.nest.map_structure(lambda tensor: values[id(tensor)], layer.input)
            call = _cosine_call if run.cosine is not None and layer is self.head else stacked_call
            values[id(layer.output)], kept = call(layer, own, arguments, run)
            after.extend(kept)
        return values[id(self.model.outputs[0])], after

    def _layers_with(self, weights: Weights) -> Iterator[tuple[keras.Layer, Weights]]:
        start = 0
        for layer in self.model.layers:
            stop = start + len(layer.weights)
            yield layer, weights[start:stop]
            start = stop


def _architecture(model: keras.Model) -> str:
    # Keras numbers the names of layers through.
    config = {**model.get_config(), "name": None}
    layers = enumerate(config["layers"])
    names = {layer["config"]["name"]: f"layer {index}" for index, layer in layers}

    def renamed(value: object) -> object:
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [renamed(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return json.dumps(renamed(keras.saving.serialize_keras_object(config)), sort_keys=True)


def dropout_mask(seed: tf.Tensor, *, layer: int, shape: Sequence[int], rate: float) -> tf.Tensor:
    """Decide which units stay, a boolean tensor of shape (members, *shape).

    A counter-based hash (the 32-bit finaliser of MurmurHash3) of (seed, layer, position) instead
    of a library generator, because each member needs its own key and a stateful or per-member
    generator would either depend on a member's place or break the batched graph.

    Parameters
    ----------
    seed : int32 tensor of shape (members,)
    layer : int
        Number of the dropout layer in the model.
    shape : (rows, features)
    rate : float
        Share dropped, in [0, 1).
    """
    count = 1
    for size in shape:
        count *= size
    start = tf.constant(layer * 0x3C6EF372 % 2**32, tf.uint32)
    position = tf.bitcast(tf.range(count, dtype=tf.int32), tf.uint32) + start
    key = _mixed(tf.bitcast(seed, tf.uint32))[:, None]
    bits = _mixed(tf.bitwise.bitwise_xor(_mixed(position)[None, :], key))
    uniform = tf.cast(_shifted(bits, 8), tf.float32) * 2.0**-24
    return tf.reshape(uniform >= rate, (-1, *shape))


def _mixed(bits: tf.Tensor) -> tf.Tensor:
    bits = _folded(bits, 16) * tf.constant(0x85EBCA6B, tf.uint32)
    bits = _folded(bits, 13) * tf.constant(0xC2B2AE35, tf.uint32)
    return _folded(bits, 16)


def _folded(bits: tf.Tensor, by: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(bits, _shifted(bits, by))


def _shifted(bits: tf.Tensor, by: int) -> tf.Tensor:
    return tf.bitwise.right_shift(bits, tf.constant(by, tf.uint32))


_NOT_MODELLED = (
    "activity_regularizer",
    *(
        f"{weight}_{setting}"
        for weight in ("kernel", "bias", "beta", "gamma")
        for setting in ("regularizer", "constraint")
    ),
    "lora_rank",
    "noise_shape",
    "quantization_config",
    "renorm",
    "rms_scaling",
)
"""Settings of layers with a rule that the rule knows nothing of: they must be off."""


def _is_plain(layer: keras.Layer) -> bool:
    if any(getattr(layer, setting, None) for setting in _NOT_MODELLED):
        return False
    if layer.compute_dtype != layer.variable_dtype:
        return False
    last = (-1, len(layer.output.shape) - 1)
    if isinstance(layer, keras.layers.LayerNormalization):
        return len(layer.axis) == 1 and layer.axis[0] in last
    if isinstance(layer, keras.layers.BatchNormalization):
        # Frozen, it would use its moving statistics in training too.
        return layer.axis in last and bool(layer.trainable)
    return True


@stacked_call.register
def _(
    layer: keras.layers.InputLayer, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return inputs, weights


@stacked_call.register
def _(
    layer: keras.layers.Dense, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    output = tf.matmul(inputs, weights[0])
    if layer.use_bias:
        output += weights[1][:, None, :]
    return (output if layer.activation is None else layer.activation(output)), weights


def _cosine_call(
    layer: keras.layers.Dense, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    """Apply a Dense layer, to some members as `focalsweep.models.cosine_head.CosineHead`."""
    is_cosine = tf.reshape(run.cosine, (-1, 1, 1)) > 0
    products = tf.matmul(inputs, weights[0])
    lengths = length(inputs, axis=2) * length(weights[0], axis=1)
    linear = products + weights[1][:, None, :] if layer.use_bias else products
    # The inner selection keeps the lengths of other members out of their gradients.
    return tf.where(is_cosine, products / tf.where(is_cosine, lengths, 1.0), linear), weights


@stacked_call.register
def _(
    layer: keras.layers.Activation, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return layer.activation(inputs), weights


@stacked_call.register
def _(
    layer: keras.layers.Add, weights: Weights, inputs: list[tf.Tensor], run: Pass
) -> tuple[tf.Tensor, Weights]:
    return tf.add_n(inputs), weights


@stacked_call.register
def _(
    layer: keras.layers.Dropout, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    if not run.training or layer.rate == 0.0:
        return inputs, weights
    kept = dropout_mask(
        run.dropout_seed,
        layer=run.dropout_layers_seen,
        shape=tuple(inputs.shape[1:]),
        rate=layer.rate,
    )
    run.dropout_layers_seen += 1
    return tf.where(kept, inputs / (1.0 - layer.rate), 0.0), weights


@stacked_call.register
def _(
    layer: keras.layers.LayerNormalization, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    mean = tf.reduce_mean(inputs, axis=-1, keepdims=True)
    centred = inputs - mean
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    return _scaled_and_shifted(layer, weights, centred, variance), weights


@stacked_call.register
def _(
    layer: keras.layers.BatchNormalization, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    *affine, moving_mean, moving_variance = weights
    if not run.training:
        centred = inputs - moving_mean[:, None, :]
        return _scaled_and_shifted(layer, affine, centred, moving_variance[:, None, :]), weights
    # Padded rows carry no weight, and a batch of padding alone leaves the moving statistics.
    rows = tf.reduce_sum(run.mask, axis=1)[:, None]
    share = (run.mask / tf.maximum(rows, 1.0))[:, :, None]
    mean = tf.reduce_sum(share * inputs, axis=1)
    centred = inputs - mean[:, None, :]
    variance = tf.reduce_sum(share * tf.square(centred), axis=1)
    step = tf.cast(rows > 0, inputs.dtype) * (1.0 - layer.momentum)
    if run.held is not None:
        is_held = run.held[:, None] > 0
        mean = tf.where(is_held, moving_mean, mean)
        variance = tf.where(is_held, moving_variance, variance)
        centred = inputs - mean[:, None, :]
    after = [
        *affine,
        moving_mean + (tf.stop_gradient(mean) - moving_mean) * step,
        moving_variance + (tf.stop_gradient(variance) - moving_variance) * step,
    ]
    return _scaled_and_shifted(layer, affine, centred, variance[:, None, :]), after


def _scaled_and_shifted(
    layer: keras.Layer, affine: Weights, centred: tf.Tensor, variance: tf.Tensor
) -> tf.Tensor:
    output = centred * tf.math.rsqrt(variance + layer.epsilon)
    rest = list(affine)
    if layer.scale:
        output *= rest.pop(0)[:, None, :]
    if layer.center:
        output += rest.pop(0)[:, None, :]
    return output
