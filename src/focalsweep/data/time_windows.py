"""Split rows by time: models train on the past and are tested on what follows.

Rows of one time stay together, so that no training row is as late as a test row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from focalsweep.data.split_checks import Unsplittable
from focalsweep.errors import UserError

Times = NDArray[np.float64]
Part = tuple[NDArray[np.int64], NDArray[np.int64]]


def expanding_windows(time: Times, *, folds: int, setting: str) -> list[Part]:
    """Return `folds` splits: each trains on all windows before the one that it tests.

    The windows are those of scikit-learn's `TimeSeriesSplit` on rows in the order of time, their
    ends moved to the nearest change of time.

    Parameters
    ----------
    time : float array of shape (rows,)
        When each row was seen, in any unit.
    folds : int
        >= 1; there is one window more, which is never tested.
    setting : str
        The key that sets `folds`, for messages.

    Returns
    -------
    list of (training positions, test positions)
        Ascending positions among the rows given; earliest window first.

    Raises
    ------
    Unsplittable
        When there are not more different times than folds.
    UserError
        When a time is missing.
    """
    in_order, changes = _changes(time)
    if len(changes) < folds:
        raise Unsplittable(
            f"`dataset.time` must have more different times than `{setting}`={folds}, because rows "
            f"of one time stay together. Received: {len(changes) + 1} among {len(time):,} rows; "
            f"use fewer folds, or set `dataset.time=null`."
        )
    wanted = [test[0] for _, test in TimeSeriesSplit(n_splits=folds).split(in_order)]
    first, chosen = 0, []
    for number, start in enumerate(wanted):
        # Each later window needs a change of its own.
        free = changes[first : len(changes) - (folds - 1 - number)]
        first += int(np.abs(free - start).argmin()) + 1
        chosen.append(changes[first - 1])
    window = np.searchsorted(in_order[chosen], time, side="right")
    return [(np.flatnonzero(window < k), np.flatnonzero(window == k)) for k in range(1, folds + 1)]


def last_rows(time: Times, *, test_fraction: float) -> Part:
    """Return one split that tests the last `test_fraction` of rows, or as near as times allow.

    Parameters
    ----------
    time : float array of shape (rows,)
        When each row was seen.
    test_fraction : float
        In (0, 1).

    Returns
    -------
    training positions, test positions
        Ascending.

    Raises
    ------
    UserError
        When all rows have one time, or a time is missing.
    """
    in_order, changes = _changes(time)
    if not len(changes):
        raise UserError(
            "`dataset.time` must have at least two different times, to train on the past. "
            f"Received: one time for all {len(time):,} rows; set `dataset.time=null`."
        )
    start = changes[np.abs(changes - round((1 - test_fraction) * len(time))).argmin()]
    is_test = time >= in_order[start]
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _changes(time: Times) -> tuple[Times, NDArray[np.int64]]:
    """Return times in order, and the positions in it at which a new time begins, 0 left out."""
    if not np.isfinite(time).all():
        raise UserError(
            "`dataset.time` must hold a time for every row. Received: "
            f"{int((~np.isfinite(time)).sum())} of {len(time):,} rows without one; leave these "
            "rows out, or set `dataset.time=null`."
        )
    in_order = np.sort(time)
    return in_order, np.flatnonzero(np.diff(in_order) > 0) + 1
