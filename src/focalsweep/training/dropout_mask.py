"""Which units dropout keeps, computed from (seed, layer, position) alone."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


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
    shape : (rows, ...)
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
