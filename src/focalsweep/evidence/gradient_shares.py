"""Say who pulls at the model: shares of the loss gradient by class, by difficulty, by suspicion.

A row pulls with the length of its loss gradient at the logits, ``|dL/dz|``. For plain
cross-entropy that is the length of ``softmax(z) - t``, so that confident rows hardly pull, and
frequent classes win by their number; focal loss multiplies it by about ``(1 - p)^gamma``, which
moves the pull to hard rows, rows with wrong labels among them. Lengths come from automatic
differentiation of `focalsweep.losses.family`, so they hold for every loss of the family.

Each label of multi-label data has a logit of its own, so there it is the (row, label) cell that
pulls, with ``|dL/dz|`` of its logit; shares by class are then shares of labels, and the true class
of a cell is having the label or not.

They are read at an arm's chosen point on inner out-of-fold rows of the search on all rows: rows
that the model did not train on, so that memorised rows do not hide.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import GradientShares
from focalsweep.evidence.predictions import own_log_proba
from focalsweep.evidence.refit import Chosen
from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.recipe import Point
from focalsweep.losses.sigmoid_family import label_losses
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.search.folds import Folds
from focalsweep.training.loss_variables import variable_loss

BINS = 10
_NUMBERS_AT_ONCE = 4_000_000

Array = NDArray[np.float64]


def gradient_shares(
    chosen: Chosen, suspects: NDArray[np.bool_] | None, *, folds: Folds
) -> GradientShares:
    """Share out the gradient of one arm's chosen point.

    The loss is that of the stage which training ended in, with the class weights of each inner
    fold; class-balanced sampling counts as the class weights that it amounts to.

    Parameters
    ----------
    chosen : Chosen
        Of any scope; the sweep asks for the search on all rows.
    suspects : bool array of shape (inner rows,) or None
        Rows whose label is suspected, in the order of `Chosen.inner_labels`, see
        `focalsweep.evidence.suspects.suspect_mask`. Without any there is no share of suspects.
    folds : Folds
        The sweep's views.
    """
    ends = np.cumsum([len(folds.views[view].eval_labels) for view in chosen.scope.inner])[:-1]
    lengths = np.concatenate(
        [
            gradient_lengths(
                logits,
                labels,
                point=member.posterior_point(folds.views[member.view].train_counts),
            )
            for logits, labels, member in zip(
                np.split(chosen.inner_logits, ends),
                np.split(chosen.inner_labels, ends),
                chosen.inner_members,
                strict=True,
            )
        ]
    )
    weights = chosen.inner_weights
    log_proba = own_log_proba(chosen.inner_logits, chosen)
    if chosen.inner_labels.ndim == 2:
        n_rows, n_labels = chosen.inner_labels.shape
        own = np.where(chosen.inner_labels > 0, log_proba[..., 1], log_proba[..., 0])
        return share_out(
            lengths.ravel(),
            labels=np.tile(np.arange(n_labels), n_rows),
            p_true=np.exp(own).ravel(),
            suspects=None,
            n_classes=n_labels,
            weights=None if weights is None else np.repeat(weights, n_labels),
        )
    own = np.take_along_axis(log_proba, chosen.inner_labels[:, None], axis=1)[:, 0]
    return share_out(
        lengths,
        labels=chosen.inner_labels,
        p_true=np.exp(own),
        suspects=suspects,
        n_classes=log_proba.shape[1],
        weights=weights,
    )


def share_out(
    lengths: Array,
    *,
    labels: NDArray[np.integer],
    p_true: Array,
    suspects: NDArray[np.bool_] | None,
    n_classes: int,
    weights: Array | None = None,
) -> GradientShares:
    """Sum lengths by class, by the true class's probability and over suspects.

    Parameters
    ----------
    lengths : array of shape (rows,)
        >= 0. Where all are 0, every row counts the same.
    labels : int array of shape (rows,)
        Class codes.
    p_true : array of shape (rows,)
        The arm's own probability of the true class, in [0, 1]: what predicts, before correction.
    suspects : bool array of shape (rows,) or None
    n_classes : int
    weights : array of shape (rows,), optional
        What each row counts for, as its loss did; None counts every row once.
    """
    rows = np.full(len(lengths), 1 / len(lengths))
    if weights is not None:
        lengths, rows = lengths * weights, weights / weights.sum()
    pull = lengths / lengths.sum() if lengths.sum() > 0 else rows
    difficulty = np.minimum((p_true * BINS).astype(np.int64), BINS - 1)
    return GradientShares(
        by_class=_sums(labels, pull, n_classes),
        by_difficulty=_sums(difficulty, pull, BINS),
        rows_by_difficulty=_sums(difficulty, rows, BINS),
        suspects=float(pull[suspects].sum()) if suspects is not None and suspects.any() else None,
    )


def gradient_lengths(
    logits: NDArray[np.floating], labels: NDArray[np.integer], *, point: Point
) -> Array:
    """Compute ``|dL/dz|`` of every row, Euclidean, in float64.

    Parameters
    ----------
    logits : array of shape (rows, classes), or (rows, labels)
        z, without offset and margin.
    labels : int array of shape (rows,), or (rows, labels)
        Class codes, or labels.
    point : LossPoint, SigmoidPoint or KerasPoint
        The loss.

    Returns
    -------
    array of shape (rows,), or (rows, labels)
    """
    if isinstance(point, SigmoidPoint):
        return _cell_lengths(logits, labels, point=point)
    if isinstance(point, KerasPoint):
        return _keras_lengths(logits, labels, point=point)
    softened = point.smoothing > 0 or point.power > 0
    lengths = []
    step = max(1, _NUMBERS_AT_ONCE // logits.shape[1])
    for start in range(0, len(logits), step):
        z = tf.constant(logits[start : start + step], tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(z)
            loss = sparse_family_loss(
                z,
                labels[start : start + step],
                weight=point.weight,
                gamma=point.gamma,
                scale=point.scale,
                offset=point.offset,
                margin=point.margin,
                smoothing=np.full(len(z), point.smoothing) if softened else None,
                power=np.full(len(z), point.power) if softened else None,
            )
        lengths.append(np.linalg.norm(tape.gradient(loss, z).numpy(), axis=1))
    return np.concatenate(lengths)


def _cell_lengths(
    logits: NDArray[np.floating], labels: NDArray[np.integer], *, point: SigmoidPoint
) -> Array:
    lengths = []
    step = max(1, _NUMBERS_AT_ONCE // logits.shape[1])
    for start in range(0, len(logits), step):
        z = tf.constant(logits[start : start + step], tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(z)
            loss = label_losses(
                z,
                labels[start : start + step],
                weight=point.weight,
                gamma=point.gamma,
                offset=point.offset,
                clip=np.full(z.shape, point.clip) if point.softened else None,
                smoothing=np.full(z.shape, point.smoothing) if point.softened else None,
            )
        lengths.append(np.abs(tape.gradient(loss, z).numpy()))
    return np.concatenate(lengths)


def _keras_lengths(
    logits: NDArray[np.floating], labels: NDArray[np.integer], *, point: KerasPoint
) -> Array:
    """Differentiate a loss outside the family: of labels what pulls at each of them."""
    loss = variable_loss(point, dtype="float32")
    lengths = []
    step = max(1, _NUMBERS_AT_ONCE // logits.shape[1])
    for start in range(0, len(logits), step):
        z = tf.constant(logits[start : start + step], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(z)
            values = loss(tf.constant(labels[start : start + step]), z)
        pull = tape.gradient(values, z).numpy().astype(np.float64)
        lengths.append(np.abs(pull) if labels.ndim == 2 else np.linalg.norm(pull, axis=1))
    return np.concatenate(lengths)


def _sums(codes: NDArray[np.integer], values: Array, n: int) -> tuple[float, ...]:
    return tuple(float(total) for total in np.bincount(codes, weights=values, minlength=n))
