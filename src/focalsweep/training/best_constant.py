"""The logits that a loss likes best where nothing is known of a row: a start for the output bias.

A network that starts at logits of 0 spends its first steps on learning how frequent classes are;
with many classes, or very rare ones, its first losses are large. Every arm has another best
constant, so this start is an option: it takes the common initial weights away from the comparison.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002, section 3.3 (the
   bias of the last layer starts at a prior).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.optimize import minimize

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Point
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.training.class_counts import ClassCounts
from focalsweep.training.loss_variables import VariableLoss, variable_loss

_RANGE = 30.0
"""Logits further out than this are no prior of any data."""


def best_constant(point: Point, counts: ClassCounts) -> NDArray[np.float64]:
    """Return the constant logits of the smallest mean loss over training rows, shape (classes,).

    For cross-entropy that is log prior, with class weights ``log(weight * prior)``, with offsets
    those less the offset; each up to a constant that the loss does not see. Labels have their own
    log-odds. Where no formula is known (gamma, margins, smoothing, losses outside the family) it is
    found numerically.

    Parameters
    ----------
    point : LossPoint, SigmoidPoint or KerasPoint
    counts : array of shape (classes,), or (labels, 2)
        Training rows a class; one without rows counts as half a row.
    """
    rows = np.maximum(np.asarray(counts, np.float64), 0.5)
    if isinstance(point, SigmoidPoint):
        mass = point.weight * rows
        start = np.log(mass[:, 1]) - np.log(mass[:, 0]) - point.offset
        exact = not point.gamma.any() and not point.softened
    elif isinstance(point, LossPoint):
        start = (np.log(np.where(point.weight > 0, point.weight, 1.0) * rows)) - point.offset
        start = (start - start.mean()) / point.scale
        exact = not (point.gamma.any() or point.margin.any() or point.softened)
    else:
        start = np.log(rows[:, 1] / rows[:, 0]) if rows.ndim == 2 else np.log(rows)
        start, exact = start - (0.0 if rows.ndim == 2 else start.mean()), False
    start = np.clip(start, -_RANGE, _RANGE)
    return start if exact else _minimum(point, rows, start)


def with_output_bias(
    weights: Sequence[NDArray[np.floating]],
    in_head: Sequence[bool],
    *,
    point: Point,
    counts: ClassCounts,
) -> list[NDArray[np.floating]]:
    """Return initial weights with the last layer's bias at the best constant.

    Parameters
    ----------
    weights : sequence of arrays
        Of the whole model.
    in_head : sequence of bool
        Which of them belong to the last layer; its bias is the one of one axis.
    point, counts
        See `best_constant`.
    """
    return [
        best_constant(point, counts).astype(value.dtype) if head and value.ndim == 1 else value
        for value, head in zip(weights, in_head, strict=True)
    ]


def _minimum(
    point: Point, rows: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    loss = variable_loss(point, dtype="float64")
    labelled = rows.ndim == 2
    n_outputs = len(rows)
    codes = tf.range(n_outputs)
    share = tf.constant(rows / rows.sum(axis=-1, keepdims=True))

    def mean_loss(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = tf.constant(z)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            if labelled:
                # Each label's terms alone: all others stand at 0.
                value = tf.add_n([_label_loss(loss, logits, share, k) for k in range(n_outputs)])
            else:
                tiled = tf.tile(logits[None], (n_outputs, 1))
                value = tf.reduce_sum(share * loss(codes, tiled))
        return float(value), tape.gradient(value, logits).numpy()

    bounds = [(-_RANGE, _RANGE)] * n_outputs
    found = minimize(mean_loss, start, jac=True, method="L-BFGS-B", bounds=bounds, tol=1e-12)
    return np.asarray(found.x, np.float64)


def _label_loss(loss: VariableLoss, logits: tf.Tensor, share: tf.Tensor, label: int) -> tf.Tensor:
    own = tf.one_hot(label, len(logits), dtype=logits.dtype)
    both = tf.cast(tf.stack([tf.zeros_like(own), own]), tf.int8)
    values = loss(both, tf.tile((own * logits)[None], (2, 1)))
    return tf.reduce_sum(share[label] * values)
