"""The mean over rows, each of which may count for more or less than one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def row_mean(values: ArrayLike, weights: NDArray[np.floating] | None) -> NDArray[np.float64]:
    """Average over the last axis.

    Parameters
    ----------
    values : array of shape (..., rows)
    weights : array of shape (rows,) or None
        What each row counts for, >= 0; None counts every row once.

    Returns
    -------
    array of shape (...)
    """
    table = np.asarray(values)
    if weights is None:
        return np.asarray(table.mean(axis=-1), dtype=np.float64)
    return np.asarray((table * weights).sum(axis=-1) / weights.sum(), dtype=np.float64)
