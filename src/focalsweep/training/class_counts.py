"""Count rows by class: whole rows, or what they weigh where rows have weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ClassCounts = NDArray[np.integer | np.floating]
"""Of shape (classes,), or (labels, 2): rows [without, with] each label."""

MOST_BY_PAIR = 64
"""Classes whose decisions are counted by pairs: of 600, a table a member and epoch has 360,000
cells, of which scores other than costs read the margins only."""


def class_counts(
    labels: NDArray[np.integer],
    *,
    n_classes: int,
    weights: NDArray[np.floating] | None = None,
) -> ClassCounts:
    """Count rows by class, or rows [without, with] each label.

    Parameters
    ----------
    labels : int array of shape (rows,), or (rows, labels)
        Class codes, or 0 and 1 for each label.
    n_classes : int
        Number of classes; not read where rows have labels.
    weights : array of shape (rows,), optional
        > 0: a row of weight 2 counts as two rows. None counts whole rows.

    Returns
    -------
    array of shape (classes,), or (labels, 2)
        Integers without weights. A class without rows counts exactly 0 either way.
    """
    if labels.ndim == 1:
        exact = None if weights is None else weights.astype(np.float64)
        return np.bincount(labels, weights=exact, minlength=n_classes)
    if weights is None:
        present = np.count_nonzero(labels, axis=0)
        return np.stack([len(labels) - present, present], axis=1)
    # Summed apart: all rows less those with a label would leave rounding where there is no row.
    sides = (labels == 0, labels > 0)
    return np.stack([weights.astype(np.float64) @ side for side in sides], axis=1)


def mean_one(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Divide weights by their mean; equal weights become exactly 1."""
    exact = weights.astype(np.float64)
    if len(exact) and (exact == exact[0]).all():
        return np.ones(len(exact))
    return np.asarray(exact / exact.mean())
