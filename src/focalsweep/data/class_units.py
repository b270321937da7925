"""Count the rows, or the groups of rows, that have each class: what a class can be divided into.

Rows of one group stay together, so a class that sits in four groups can be in the test part of four
folds at most, however many rows it has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]


def class_units(
    labels: NDArray[np.integer],
    *,
    groups: NDArray[np.integer] | None = None,
    n_classes: int = 0,
) -> Units:
    """Count rows, or groups with at least one such row, by class.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label.
    groups : int array of shape (rows,), optional
        Any codes; None counts rows.
    n_classes : int, default 0
        Class codes at least, for labels that may lack the last of them.

    Returns
    -------
    int array of shape (classes,), or (labels, 2)
        Of labels those without it first, then those with it.
    """
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if labels.ndim == 1:
        n_classes = max(n_classes, int(labels.max()) + 1)
        if codes is None:
            return np.bincount(labels, minlength=n_classes)
        return np.bincount(np.unique(codes * n_classes + labels) % n_classes, minlength=n_classes)
    having = labels > 0
    if codes is not None:
        seen = np.zeros((2, int(codes.max()) + 1, labels.shape[1]), dtype=np.bool_)
        np.logical_or.at(seen[0], codes, ~having)
        np.logical_or.at(seen[1], codes, having)
        return np.stack([side.sum(axis=0, dtype=np.int64) for side in seen], axis=1)
    with_it = having.sum(axis=0, dtype=np.int64)
    return np.stack([len(labels) - with_it, with_it], axis=1)


def most_folds(units: Units, *, keep_rare: bool) -> int:
    """Return in how many test parts every class can be, or two of them where rare ones are kept.

    Parameters
    ----------
    units : int array
        Of `class_units`; what no row has is passed over.
    keep_rare : bool
        Whether classes may be absent as long as two are there, or a label with and without it.
    """
    if not keep_rare:
        return int(units[units > 0].min())
    if units.ndim == 2:
        return int(units.min(axis=1).max())
    return int(np.sort(units)[-2]) if len(units) > 1 else 0
