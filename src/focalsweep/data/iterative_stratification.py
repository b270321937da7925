"""Deal rows with any number of labels into folds so that every label is spread evenly.

Stratifying by whole label sets fails as soon as sets are rare, and drawing at random leaves rare
labels out of folds. Iterative stratification takes the labels one by one, the rarest among the
rows still to deal first, and sends each of its rows to the part that wants that label most:

    wanted[part, label] = share[part] * rows with the label - rows with it that the part has

Ties go to the part with most room for rows of any kind, then to one at random. Rows that are left
in the end have no label; they fill the parts up. Other than in the paper a part that is full gets
no more rows, so that parts differ in size by one row at most.

References
----------
.. [1] Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-label Data", ECML PKDD
   (2011), doi 10.1007/978-3-642-23808-6_10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_EQUAL = 1e-9
"""Wants are shares of counts: what differs by less is the same up to rounding."""


def multilabel_folds(labels: NDArray[np.integer], *, folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, in [0, folds).

    Parameters
    ----------
    labels : int array of shape (rows, labels)
        0 or 1.
    folds : int
        >= 2.
    seed : int
        >= 0, the only source of randomness.

    Returns
    -------
    int array of shape (rows,)
    """
    return multilabel_parts(labels, shares=[1.0 / folds] * folds, seed=seed)


def multilabel_parts(
    labels: NDArray[np.integer], *, shares: Sequence[float], seed: int
) -> NDArray[np.int64]:
    """Return the part of each row, for parts of different size such as a holdout's.

    Parameters
    ----------
    labels : int array of shape (rows, labels)
        0 or 1.
    shares : sequence of float
        Share of rows that each part gets, > 0, sum 1.
    seed : int
        >= 0, the only source of randomness.

    Returns
    -------
    int array of shape (rows,)
        In [0, parts).

    Raises
    ------
    ValueError
        When labels are no matrix, or shares do not sum to 1.
    """
    table = np.asarray(labels) > 0
    share = np.asarray(shares, dtype=np.float64)
    if table.ndim != 2 or (share <= 0).any() or abs(share.sum() - 1.0) > 1e-6:
        raise ValueError(
            "`labels` must be a matrix and `shares` > 0 with sum 1. "
            f"Received: labels of shape {table.shape}, shares={shares}."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(table))
    shuffled = table[order]
    # Plain lists: parts are few, and there a row costs a tenth of what NumPy's calls would.
    room = _whole_rooms(share, len(table), rng=rng)
    wanted = (share[:, None] * table.sum(axis=0)).tolist()
    lots = rng.random(len(table)).tolist()
    part = np.full(len(table), -1, dtype=np.int64)
    left = shuffled.sum(axis=0)
    while left.any():
        rarest = int(np.where(left > 0, left, len(table) + 1).argmin())
        rows = np.flatnonzero(shuffled[:, rarest] & (part < 0))
        for row in rows.tolist():
            chosen = _neediest(rarest, wanted=wanted, room=room, lot=lots[row])
            part[row] = chosen
            room[chosen] -= 1
            for label in np.flatnonzero(shuffled[row]).tolist():
                wanted[chosen][label] -= 1.0
        left = left - shuffled[rows].sum(axis=0)
    part[part < 0] = np.repeat(np.arange(len(share)), room)
    dealt = np.empty_like(part)
    dealt[order] = part
    return dealt


def _neediest(label: int, *, wanted: list[list[float]], room: list[int], lot: float) -> int:
    """Return the part that wants the label most; ties by room, then by `lot` in [0, 1)."""
    open_ = [part for part, places in enumerate(room) if places > 0]
    most = max(wanted[part][label] for part in open_) - _EQUAL
    ties = [part for part in open_ if wanted[part][label] >= most]
    if len(ties) > 1:
        widest = max(room[part] for part in ties)
        ties = [part for part in ties if room[part] == widest]
    return ties[int(lot * len(ties))]


def _whole_rooms(share: NDArray[np.float64], rows: int, *, rng: np.random.Generator) -> list[int]:
    """Round shares of the rows to whole numbers; rows over go to the largest remainders."""
    exact = share * rows
    whole = np.floor(exact + _EQUAL).astype(np.int64)
    remainder = np.round(exact - whole, 9)
    # Random among equal remainders.
    first = np.lexsort((rng.random(len(share)), -remainder))[: rows - int(whole.sum())]
    whole[first] += 1
    return [int(places) for places in whole]
