"""Flip training labels on purpose, to see which loss bears it.

Symmetric noise: a share of rows gets one of the other classes, each as likely. It acts on the
training rows of one fold, after splitting; rows that are scored keep their labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Two streams of draws, so that neither depends on how many rows the other was asked for.
_WHETHER, _WHERE = range(2)

_FEWEST = 2
"""Rows that stay with a class that has as many: a fold without a class cannot be trained."""


def flip(
    rows: NDArray[np.integer],
    *,
    labels: NDArray[np.integer],
    n_classes: int,
    share: float,
    seed: int,
) -> NDArray[np.int32]:
    """Return the labels of the given rows, some of them flipped to another class.

    Whether a row is flipped, and to which class, depends on the seed and the row's number only: it
    is the same in every fold, and rows flipped at a smaller share are among those at a larger one.
    The one exception is a class that would be left with fewer than two rows of a fold: of its own
    rows those that would be flipped last keep their label there.

    Parameters
    ----------
    rows : int array of shape (given,)
        Row numbers, the training rows of one fold.
    labels : int array of shape (all rows,)
        Class codes of the whole dataset; only those of `rows` are read.
    n_classes : int
        >= 2.
    share : float
        Probability of a flip, in [0, 0.5); at 0 labels stay as they are.
    seed : int
        >= 0; the only source of randomness.

    Returns
    -------
    int array of shape (given,)
        Class codes in the order of `rows`.
    """
    own: NDArray[np.int32] = labels[rows].astype(np.int32)
    if share == 0 or not len(rows):
        return own
    last = int(rows.max()) + 1
    whether = np.random.default_rng([seed, _WHETHER]).random(last)[rows]
    where = np.random.default_rng([seed, _WHERE]).random(last)[rows]
    moved = 1 + np.floor(where * (n_classes - 1)).astype(np.int32)
    flipped = whether < share
    while True:
        given: NDArray[np.int32] = np.where(flipped, (own + moved) % n_classes, own)
        back = _kept_back(own, given, whether=whether)
        if not len(back):
            return given
        # Another class may have counted on these rows: look again.
        flipped[back] = False


def _kept_back(
    own: NDArray[np.int32], given: NDArray[np.int32], *, whether: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return positions of flipped rows whose own class needs them, none when no class does."""
    codes, counts = np.unique(own, return_counts=True)
    back = [np.empty(0, dtype=np.intp)]
    for code, count in zip(codes, counts, strict=True):
        missing = min(_FEWEST, int(count)) - int((given == code).sum())
        if missing > 0:
            lost = np.flatnonzero((own == code) & (given != code))
            back.append(lost[np.argsort(-whether[lost], kind="stable")][:missing])
    return np.concatenate(back)
