"""Holm's correction, for the table of single arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values so that rejecting below a level keeps the family-wise error at that level.

    The i-th smallest of m is multiplied by ``m - i + 1``, made non-decreasing and cut at 1.

    Parameters
    ----------
    p_values : array of shape (tests,)
        In [0, 1]; any order, none is allowed.

    Returns
    -------
    array of shape (tests,)
        Adjusted p-values in the order given, never below the raw ones.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
       Statistics 6 (1979).
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
