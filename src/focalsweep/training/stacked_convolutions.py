"""Stacked rules of convolutions: patches of every row, then one matrix product a member.

A grouped convolution (`tf.nn.conv2d` with members * channels) looks like the natural rule, but XLA
on a CPU has no fast code for it, nor TensorFlow any for its gradient. Shifted views of the rows
laid beside each other turn a convolution into the batched product that dense layers are made of.
`python -m benchmarks --cnn` on two cores, filters of 16 and 32, seconds a trial here and in a loop
of one model at a time: 0.057 and 0.191 on images of 8 x 8, 0.066 and 0.122 on 16 x 16, 0.209 and
0.234 on 28 x 28, 0.504 and 0.437 on 40 x 40. As a grouped convolution a member's step took 25 ms
on 8 x 8, by patches 1.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from focalsweep.models.graph import Call
from focalsweep.training.stacked_call import Pass, Weights, stacked_call
from focalsweep.training.stacked_layers import beside_rows, over_rows, products

CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D)

LARGEST_PATCHES = 2**15
"""Numbers in the patches of one row: with more, models train faster one by one.

The network above has at most 36 S^2: 28,224 where stacking was still faster, 57,600 where it no
longer was.
"""


def patch_numbers(call: Call) -> int:
    """Return the numbers that the patches of one row hold: 0 for a layer that makes none."""
    if not isinstance(call.operation, CONVOLUTIONS):
        return 0
    places = math.prod(call.outputs[0].shape[1:-1])
    taps = math.prod(call.operation.kernel_size)
    return int(places * taps * call.inputs[0].shape[-1])


@stacked_call.register(keras.layers.Conv1D)
@stacked_call.register(keras.layers.Conv2D)
def _(
    layer: keras.layers.Conv1D | keras.layers.Conv2D,
    weights: Weights,
    inputs: tf.Tensor,
    run: Pass,
) -> tuple[tf.Tensor, Weights]:
    kernel = weights[0]
    views = shifted_views(layer, inputs)
    patches = views[0] if len(views) == 1 else tf.concat(views, axis=-1)
    output = products(patches, tf.reshape(kernel, (kernel.shape[0], -1, kernel.shape[-1])))
    return _finished(layer, output, weights), weights


@stacked_call.register
def _(
    layer: keras.layers.DepthwiseConv2D, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    kernel = weights[0]
    members, *_, channels, multiplier = kernel.shape
    taps = tf.unstack(tf.reshape(kernel, (members, -1, channels, multiplier)), axis=1)
    views = shifted_views(layer, inputs)
    terms = [
        view[..., None] * beside_rows(tap, view[..., None])
        for view, tap in zip(views, taps, strict=True)
    ]
    output = tf.reshape(tf.add_n(terms), (*views[0].shape[:-1], channels * multiplier))
    return _finished(layer, output, weights), weights


def _finished(layer: keras.Layer, output: tf.Tensor, weights: Weights) -> tf.Tensor:
    if layer.use_bias:
        output += beside_rows(weights[1], output)
    return output if layer.activation is None else layer.activation(output)


def shifted_views(layer: keras.Layer, inputs: tf.Tensor) -> list[Any]:
    """Return what each tap of the kernel sees, in row-major order of the taps.

    Parameters
    ----------
    layer : Conv1D, Conv2D or DepthwiseConv2D
        Its kernel size, strides, dilation and padding.
    inputs : tensor of shape (members, rows, *places, channels)

    Returns
    -------
    list of tensors of shape (members, rows, *places out, channels)
    """
    sizes = [int(size) for size in inputs.shape[2:-1]]
    starts: list[list[int]] = []
    counts: list[int] = []
    padding = [(0, 0), (0, 0)]
    axes = zip(sizes, layer.kernel_size, layer.strides, layer.dilation_rate, strict=True)
    for size, taps, stride, dilation in axes:
        span = (taps - 1) * dilation + 1
        if layer.padding == "same":
            count = -(-size // stride)
            missing = max((count - 1) * stride + span - size, 0)
            padding.append((missing // 2, missing - missing // 2))
        else:
            count = (size - span) // stride + 1
            padding.append((0, 0))
        counts.append(count)
        starts.append([tap * dilation for tap in range(taps)])
    padded = tf.pad(inputs, [*padding, (0, 0)]) if any(sum(p) for p in padding) else inputs
    strides = [int(stride) for stride in layer.strides]
    return [
        padded[(slice(None), slice(None), *_slices(corner, counts, strides))]
        for corner in _corners(starts)
    ]


def _corners(starts: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    corners: list[tuple[int, ...]] = [()]
    for along in starts:
        corners = [(*corner, start) for corner in corners for start in along]
    return corners


def _slices(corner: Sequence[int], counts: Sequence[int], strides: Sequence[int]) -> list[slice]:
    return [
        slice(start, start + (count - 1) * stride + 1, stride)
        for start, count, stride in zip(corner, counts, strides, strict=True)
    ]


def _max_pooled(
    layer: keras.layers.MaxPooling1D | keras.layers.MaxPooling2D,
    weights: Weights,
    inputs: tf.Tensor,
    run: Pass,
) -> tuple[tf.Tensor, Weights]:
    """Pool windows that do not overlap by reshaping: XLA's own rule has a slow gradient."""
    sizes, windows = inputs.shape[2:-1], tuple(layer.pool_size)
    whole = all(size % window == 0 for size, window in zip(sizes, windows, strict=True))
    if tuple(layer.strides) != windows or not whole:
        return over_rows(layer, inputs), weights
    split: list[int] = []
    for size, window in zip(sizes, windows, strict=True):
        split += [size // window, window]
    grouped = tf.reshape(inputs, (*inputs.shape[:2], *split, inputs.shape[-1]))
    return tf.reduce_max(grouped, axis=[3 + 2 * i for i in range(len(windows))]), weights


for _kind in (keras.layers.MaxPooling1D, keras.layers.MaxPooling2D):
    stacked_call.register(_kind, _max_pooled)
