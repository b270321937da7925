"""Scores of multi-label decisions from counts, vectorised over leading axes.

Counts have shape (..., labels, 2, 2): whether a row has the label down, whether it is said to
across. A label is a problem of two classes, and each score says how labels are put together.

As in `focalsweep.metrics.confusion`, what has no row is left out: a label that no row has takes no
part in the mean of F1 (calling it is still an error of micro-F1 and of Hamming loss), and one
that no row has, or every row, has no balanced accuracy and no MCC. Where nothing is left the score
is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.metrics import confusion as two_class
from focalsweep.metrics.row_mean import row_mean

Scores = NDArray[np.float64]


def label_counts(
    labels: ArrayLike, decided: ArrayLike, *, weights: NDArray[np.floating] | None = None
) -> NDArray[np.integer | np.floating]:
    """Count rows of each label by truth and decision.

    Parameters
    ----------
    labels : int array of shape (rows, labels)
        0 or 1.
    decided : int array of shape (..., rows, labels)
        0 or 1; leading axes (seeds, for example) share the labels.
    weights : array of shape (rows,), optional
        What each row counts for; None counts whole rows.

    Returns
    -------
    array of shape (..., labels, 2, 2)
        [label, has it, said to have it]; integers without weights.
    """
    truth = np.asarray(labels) > 0
    said = np.asarray(decided) > 0
    if weights is not None:
        # Each cell apart: differences of sums would leave rounding where there is no row.
        pairs = [(t, s) for t in (~truth, truth) for s in (~said, said)]
        sums = [np.einsum("r,...rk->...k", weights, t & s) for t, s in pairs]
        return np.stack(sums, axis=-1).reshape(*sums[0].shape, 2, 2)
    rows, having, called = truth.shape[0], truth.sum(axis=0), said.sum(axis=-2)
    hits = (said & truth).sum(axis=-2)
    cells = np.stack([rows - having - (called - hits), called - hits, having - hits, hits], axis=-1)
    return cells.reshape(*cells.shape[:-1], 2, 2).astype(np.int64)


def label_f1(counts: ArrayLike) -> Scores:
    """Compute F1 of each label's rows, shape (..., labels); NaN for a label that no row has."""
    _, called, having, hits = _cells(counts)
    return np.where(having > 0, _ratio(2.0 * hits, having + called, otherwise=0.0), np.nan)


def label_macro_f1(counts: ArrayLike) -> Scores:
    """Compute the mean of `label_f1` over the labels that some row has, in [0, 1]."""
    return _label_mean(label_f1(counts))


def label_micro_f1(counts: ArrayLike) -> Scores:
    """Compute F1 of all (row, label) cells together, in [0, 1]; 0 where nothing is found."""
    _, called, having, hits = (cell.sum(axis=-1) for cell in _cells(counts))
    score = _ratio(2.0 * hits, having + called, otherwise=0.0)
    return np.where(having > 0, score, np.nan)


def label_balanced_accuracy(counts: ArrayLike) -> Scores:
    """Compute the mean over labels of the recall of rows with and of rows without it, in [0, 1]."""
    rows, called, having, hits = _cells(counts)
    without = rows - having
    found = _ratio(hits, having, otherwise=np.nan)
    left = _ratio(without - (called - hits), without, otherwise=np.nan)
    return _label_mean((found + left) / 2)


def label_mcc(counts: ArrayLike) -> Scores:
    """Compute the mean over labels of Matthews' correlation, in [-1, 1].

    A label that is always or never called has correlation 0.
    """
    rows, _, having, _ = _cells(counts)
    there = (having > 0) & (having < rows)
    return _label_mean(np.where(there, two_class.mcc(np.asarray(counts)), np.nan))


def hamming_loss(counts: ArrayLike) -> Scores:
    """Compute the share of (row, label) cells that are decided wrongly, in [0, 1]."""
    rows, called, having, hits = (cell.sum(axis=-1) for cell in _cells(counts))
    return _ratio(called + having - 2.0 * hits, rows, otherwise=np.nan)


def subset_accuracy(
    labels: ArrayLike, decided: ArrayLike, *, weights: NDArray[np.floating] | None = None
) -> Scores:
    """Compute the share of rows whose every label is decided rightly, shape (...), in [0, 1].

    Parameters as in `label_counts`: counts cannot tell.
    """
    right = ((np.asarray(labels) > 0) == (np.asarray(decided) > 0)).all(axis=-1)
    return row_mean(right, weights)


def _cells(counts: ArrayLike) -> tuple[Scores, Scores, Scores, Scores]:
    """Return rows, rows that are called, rows that have it, and hits, each (..., labels)."""
    table = np.asarray(counts, dtype=np.float64)
    return (
        table.sum(axis=(-2, -1)),
        table[..., 1].sum(axis=-1),
        table[..., 1, :].sum(axis=-1),
        table[..., 1, 1],
    )


def _ratio(numerator: Scores, denominator: Scores, *, otherwise: float) -> Scores:
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def _label_mean(values: Scores) -> Scores:
    """Average over the last axis, leaving NaN out."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return _ratio(total, known.sum(axis=-1).astype(np.float64), otherwise=np.nan)
