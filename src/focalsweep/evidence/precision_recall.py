"""Precision and recall of each class against the rest, or of each label, at every threshold.

A confusion table shows one threshold a class; the curve shows what any other would have given, and
so whether an arm ranks rows better or only cuts elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from focalsweep.evidence.arm_facts import PrecisionRecall
from focalsweep.evidence.predictions import Predictions

Array = NDArray[np.float64]
Kept = NDArray[np.int64]

MAX_CLASSES = 12
"""Curves of more classes cannot be told apart on paper."""

MAX_POINTS = 60
"""Points kept of a curve: more cannot be seen, and the report holds one a class and arm."""


def precision_recall(
    predictions: Sequence[Predictions], *, class_names: Sequence[str]
) -> tuple[PrecisionRecall, ...]:
    """Compute the curves of one arm by scikit-learn.

    Parameters
    ----------
    predictions : sequence of Predictions
        One an outer fold. The test rows of all folds are pooled; a row's probability is the mean
        over refit seeds of the corrected one (the raw one where no correction exists).
    class_names : sequence of str
        In the order of class codes.

    Returns
    -------
    tuple of PrecisionRecall
        In the order of class codes; of more than twelve classes only the rarest twelve, and no
        class (or label) without test rows. The curve runs from recall 1 down to 0;
        `average_precision` is that of all its points.
    """
    labels = np.concatenate([fold.labels for fold in predictions])
    proba, weights = mean_proba(predictions), pooled_weights(predictions)
    if labels.ndim == 2:
        return tuple(
            _curve(labels[:, k] > 0, proba[:, k], name=class_names[k], weights=weights)
            for k in _rarest(labels.sum(axis=0, dtype=np.int64))
        )
    return tuple(
        _curve(labels == k, proba[:, k], name=class_names[k], weights=weights)
        for k in _rarest(np.bincount(labels, minlength=len(class_names)))
    )


def mean_proba(predictions: Sequence[Predictions]) -> Array:
    """Return the mean over refit seeds of probabilities, test rows of all folds together.

    Returns
    -------
    array of shape (rows, classes), or (rows, labels)
        Of labels the probability of having each.
    """
    proba = np.concatenate([np.exp(fold.log_posterior).mean(axis=0) for fold in predictions])
    return np.asarray(proba[..., 1] if proba.ndim == 3 else proba)


def pooled_weights(predictions: Sequence[Predictions]) -> Array | None:
    """Return what the test rows of all folds together count for; None where all count once."""
    parts = [fold.weights for fold in predictions if fold.weights is not None]
    return np.concatenate(parts) if parts else None


def _rarest(counts: Kept) -> list[int]:
    there = np.flatnonzero(counts)
    rarest = there[np.argsort(counts[there], kind="stable")][:MAX_CLASSES]
    return sorted(rarest.tolist())


def _curve(
    is_class: NDArray[np.bool_], proba: Array, *, name: str, weights: Array | None
) -> PrecisionRecall:
    precision, recall, _ = precision_recall_curve(
        is_class, proba, sample_weight=weights, drop_intermediate=True
    )
    kept = thinned(recall, precision, size=MAX_POINTS)
    return PrecisionRecall(
        name=name,
        average_precision=float(average_precision_score(is_class, proba, sample_weight=weights)),
        recall=tuple(recall[kept].tolist()),
        precision=tuple(precision[kept].tolist()),
    )


def thinned(x: Array, y: Array, *, size: int) -> Kept:
    """Choose points of a line so that the line through them stays close to it.

    Starts from both ends and adds the point that lies farthest from the line so far, as long as
    there is one off it (Ramer-Douglas-Peucker with a number of points instead of a distance).

    Parameters
    ----------
    x, y : array of shape (points,)
        In the order of the line.
    size : int
        Points to keep at most, >= 2.

    Returns
    -------
    int array
        Positions kept, ascending, the first and the last among them.
    """
    last = len(x) - 1
    kept = {0, last}
    open_ = [_farthest(x, y, 0, last)]
    heapify(open_)
    while open_ and len(kept) < size:
        negative_distance, at, begin, end = heappop(open_)
        if negative_distance >= 0.0:
            break
        kept.add(at)
        heappush(open_, _farthest(x, y, begin, at))
        heappush(open_, _farthest(x, y, at, end))
    return np.array(sorted(kept))


def _farthest(x: Array, y: Array, begin: int, end: int) -> tuple[float, int, int, int]:
    """Return minus the largest distance from the chord, where it is, and the chord's ends."""
    if end - begin < 2:
        return 0.0, begin, begin, end
    dx, dy = x[begin + 1 : end] - x[begin], y[begin + 1 : end] - y[begin]
    chord_x, chord_y = x[end] - x[begin], y[end] - y[begin]
    length = float(np.hypot(chord_x, chord_y))
    across = np.abs(dx * chord_y - dy * chord_x) / length if length > 0 else np.hypot(dx, dy)
    nearest = int(np.argmax(across))
    return -float(across[nearest]), begin + 1 + nearest, begin, end
