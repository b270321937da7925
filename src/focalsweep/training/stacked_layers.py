"""Stacked rules of layers that mix features of a row: dense, normalisation, dropout, merging.

Activations have the shape (members, rows, ...) with features last; a weight of shape s has become
(members, *s). What treats every number alike is called as Keras has it; what only moves numbers
inside a row takes (member, row) for one long axis of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from focalsweep.models.cosine_head import length
from focalsweep.models.graph import Call
from focalsweep.training.dropout_mask import dropout_mask
from focalsweep.training.stacked_call import Pass, Weights, stacked_call

_layers = keras.layers

ELEMENTWISE = (
    _layers.Activation,
    _layers.ELU,
    _layers.Identity,
    _layers.LeakyReLU,
    _layers.ReLU,
    _layers.Rescaling,
    _layers.Softmax,
)
MERGING = (
    _layers.Add,
    _layers.Average,
    _layers.Maximum,
    _layers.Minimum,
    _layers.Multiply,
    _layers.Subtract,
)
ROW_BY_ROW = (
    _layers.AveragePooling1D,
    _layers.AveragePooling2D,
    _layers.Cropping1D,
    _layers.Cropping2D,
    _layers.Flatten,
    _layers.GlobalAveragePooling1D,
    _layers.GlobalAveragePooling2D,
    _layers.GlobalMaxPooling1D,
    _layers.GlobalMaxPooling2D,
    _layers.MaxPooling1D,
    _layers.MaxPooling2D,
    _layers.Permute,
    _layers.RepeatVector,
    _layers.Reshape,
    _layers.UpSampling1D,
    _layers.UpSampling2D,
    _layers.ZeroPadding1D,
    _layers.ZeroPadding2D,
)

_NOT_MODELLED = (
    "activity_regularizer",
    *(
        f"{weight}_{setting}"
        for weight in ("kernel", "bias", "beta", "gamma", "alpha", "embeddings", "depthwise")
        for setting in ("regularizer", "constraint")
    ),
    "lora_rank",
    "mask_zero",
    "noise_shape",
    "quantization_config",
    "renorm",
    "rms_scaling",
)
"""Settings of layers with a rule that the rule knows nothing of: they must be off."""


def is_plain(call: Call) -> bool:
    """Tell whether a layer with a rule is set to nothing that its rule does not know."""
    layer = call.operation
    if any(getattr(layer, setting, None) for setting in _NOT_MODELLED):
        return False
    if layer.compute_dtype != layer.variable_dtype:
        return False
    if getattr(layer, "data_format", "channels_last") not in (None, "channels_last"):
        return False
    last = (-1, len(call.outputs[0].shape) - 1)
    if isinstance(layer, keras.layers.LayerNormalization):
        return len(layer.axis) == 1 and layer.axis[0] in last
    if isinstance(layer, keras.layers.BatchNormalization):
        # Frozen, it would use its moving statistics in training too.
        return layer.axis in last and bool(layer.trainable)
    if isinstance(layer, keras.layers.Softmax | keras.layers.Concatenate):
        return layer.axis in last
    if isinstance(layer, keras.layers.Conv1D | keras.layers.Conv2D):
        return layer.groups == 1 and layer.padding in ("valid", "same")
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return layer.padding in ("valid", "same")
    return True


def beside_rows(weight: tf.Tensor, inputs: tf.Tensor) -> Any:
    """Give a weight (members, ...) axes of size 1 so that it meets its members' features.

    Parameters
    ----------
    weight : tensor of shape (members, *features)
    inputs : tensor of shape (members, rows, ..., *features)
    """
    features = weight.shape[1:]
    between = len(inputs.shape) - 1 - len(features)
    return tf.reshape(weight, (weight.shape[0], *(1,) * between, *features))


def over_rows(layer: keras.Layer, inputs: tf.Tensor) -> Any:
    """Apply a layer without weights to the rows of all members, as if these were one batch."""
    members, rows = inputs.shape[:2]
    output = layer.call(tf.reshape(inputs, (members * rows, *inputs.shape[2:])))
    return tf.reshape(output, (members, rows, *output.shape[1:]))


def _elementwise(
    layer: keras.Layer, weights: Weights, inputs: Any, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return layer.call(inputs), weights


def _row_by_row(
    layer: keras.Layer, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return over_rows(layer, inputs), weights


def _merged(
    layer: keras.Layer, weights: Weights, inputs: Sequence[tf.Tensor], run: Pass
) -> tuple[tf.Tensor, Weights]:
    # The function that Keras calls first lines up ranks, which are equal here already.
    return layer._merge_function(list(inputs)), weights


for _kind in ELEMENTWISE:
    stacked_call.register(_kind, _elementwise)
for _kind in ROW_BY_ROW:
    stacked_call.register(_kind, _row_by_row)
for _kind in MERGING:
    stacked_call.register(_kind, _merged)


@stacked_call.register
def _(
    layer: keras.layers.InputLayer, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return inputs, weights


@stacked_call.register
def _(
    layer: keras.layers.Concatenate, weights: Weights, inputs: list[tf.Tensor], run: Pass
) -> tuple[tf.Tensor, Weights]:
    return tf.concat(inputs, axis=-1), weights


@stacked_call.register
def _(
    layer: keras.layers.Dense, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    output = products(inputs, weights[0])
    if layer.use_bias:
        output += beside_rows(weights[1], output)
    return (output if layer.activation is None else layer.activation(output)), weights


def products(inputs: tf.Tensor, kernel: tf.Tensor) -> Any:
    """Multiply the last axis of inputs (members, rows, ..., in) by (members, in, out)."""
    if len(inputs.shape) == 3:
        return tf.matmul(inputs, kernel)
    members, *between, features = inputs.shape
    flat = tf.reshape(inputs, (members, -1, features))
    return tf.reshape(tf.matmul(flat, kernel), (members, *between, kernel.shape[-1]))


def cosine_call(
    layer: keras.layers.Dense, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    """Apply a Dense layer, to some members as `focalsweep.models.cosine_head.CosineHead`."""
    is_cosine = tf.reshape(run.cosine, (-1, 1, 1)) > 0
    dots = tf.matmul(inputs, weights[0])
    lengths = length(inputs, axis=2) * length(weights[0], axis=1)
    linear = dots + weights[1][:, None, :] if layer.use_bias else dots
    # The inner selection keeps the lengths of other members out of their gradients.
    return tf.where(is_cosine, dots / tf.where(is_cosine, lengths, 1.0), linear), weights


@stacked_call.register
def _(
    layer: keras.layers.PReLU, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    slope = beside_rows(weights[0], inputs)
    return tf.nn.relu(inputs) - slope * tf.nn.relu(-inputs), weights


@stacked_call.register
def _(
    layer: keras.layers.Embedding, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    return tf.gather(weights[0], tf.cast(inputs, tf.int32), batch_dims=1), weights


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
        centred = inputs - beside_rows(moving_mean, inputs)
        variance = beside_rows(moving_variance, inputs)
        return _scaled_and_shifted(layer, affine, centred, variance), weights
    # Padded rows carry no weight, and a batch of padding alone leaves the moving statistics.
    rows = tf.reduce_sum(run.mask, axis=1)[:, None]
    places = 1
    for size in inputs.shape[2:-1]:
        places *= size
    share = run.mask / (tf.maximum(rows, 1.0) * places)
    share = tf.reshape(share, (*share.shape, *(1,) * (len(inputs.shape) - 2)))
    over = list(range(1, len(inputs.shape) - 1))
    mean = tf.reduce_sum(share * inputs, axis=over)
    centred = inputs - beside_rows(mean, inputs)
    variance = tf.reduce_sum(share * tf.square(centred), axis=over)
    step = tf.cast(rows > 0, inputs.dtype) * (1.0 - layer.momentum)
    if run.held is not None:
        is_held = run.held[:, None] > 0
        mean = tf.where(is_held, moving_mean, mean)
        variance = tf.where(is_held, moving_variance, variance)
        centred = inputs - beside_rows(mean, inputs)
    after = [
        *affine,
        moving_mean + (tf.stop_gradient(mean) - moving_mean) * step,
        moving_variance + (tf.stop_gradient(variance) - moving_variance) * step,
    ]
    return _scaled_and_shifted(layer, affine, centred, beside_rows(variance, inputs)), after


def _scaled_and_shifted(
    layer: keras.Layer, affine: Weights, centred: tf.Tensor, variance: tf.Tensor
) -> tf.Tensor:
    output = centred * tf.math.rsqrt(variance + layer.epsilon)
    rest = list(affine)
    if layer.scale:
        output *= beside_rows(rest.pop(0), output)
    if layer.center:
        output += beside_rows(rest.pop(0), output)
    return output
