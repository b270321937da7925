"""Make an imbalance in training rows: a long tail or a step, by leaving rows out.

The literature's profiles (Cui et al. 2019, arXiv 1901.05555; Buda et al. 2018, arXiv 1710.05381)
thin a whole training set once. Here they act on the training rows of one fold, after splitting,
so that the rows of validation and test keep their natural frequencies.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from focalsweep.errors import UserError

# A class of one row cannot be split again, and says nothing about its own spread.
_FEWEST = 2


def imbalance_factor(factor: float) -> float:
    """Return the factor as largest over smallest class.

    Parameters
    ----------
    factor : float
        Largest over smallest class where >= 1, smallest over largest where < 1: 100 and 0.01 are
        the same imbalance, and papers use both.

    Raises
    ------
    UserError
        When the factor is not a finite number > 0.

    Examples
    --------
    >>> imbalance_factor(0.01), imbalance_factor(50)
    (100.0, 50.0)
    """
    if not (math.isfinite(factor) and factor > 0):
        raise UserError(
            "`dataset.factor` must be a finite number > 0: largest over smallest class (50), or "
            f"its inverse (0.02). Received: factor={factor}."
        )
    return float(factor) if factor >= 1 else 1 / float(factor)


def thin(
    rows: NDArray[np.integer],
    *,
    labels: NDArray[np.integer],
    kind: Literal["none", "exp", "step"],
    factor: float,
    seed: int,
) -> NDArray[np.int64]:
    """Return the given rows, fewer of them, with the profile's class counts.

    With n the rows of the largest class and classes ordered by their frequency among the given
    rows (ties by code), class i of K aims at n * factor^(-i / (K - 1)) rows (``exp``), or at n
    rows in the larger half and n / factor in the other (``step``). A class never gets more rows
    than it has, so a profile on rows that are already imbalanced adds to their imbalance only
    where it asks for more; and it keeps at least 2 (or all it has).

    Parameters
    ----------
    rows : int array of shape (given,)
        Row numbers, the training rows of one fold.
    labels : int array of shape (all rows,)
        Class codes of the whole dataset; only those of `rows` are read.
    kind : {"none", "exp", "step"}
        ``none`` returns the rows as they are, whatever the factor.
    factor : float
        See `imbalance_factor`; 1 keeps all rows.
    seed : int
        Which rows stay. A class's choice depends on the seed, its code and its own rows only, and
        rows kept at a higher factor are a subset of those kept at a lower one.

    Returns
    -------
    int array of shape (kept,)
        In the order of `rows`.
    """
    given_rows: NDArray[np.int64] = rows.astype(np.int64)
    if kind not in ("none", "exp", "step"):
        raise UserError(
            f"`dataset.profile` must be `none`, `exp` or `step`. Received: profile={kind}."
        )
    ratio = imbalance_factor(factor)
    if kind == "none" or ratio == 1 or not len(given_rows):
        return given_rows
    given = labels[given_rows]
    codes, counts = np.unique(given, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    targets = _targets(kind, largest=int(counts.max()), classes=len(codes), ratio=ratio)
    kept = np.zeros(len(given_rows), dtype=np.bool_)
    for position, target in zip(order, targets, strict=True):
        of_class = np.flatnonzero(given == codes[position])
        # Sorted by row number first: the order in which rows are given must not matter.
        of_class = of_class[np.argsort(given_rows[of_class])]
        drawn = np.random.default_rng([seed, int(codes[position])]).permutation(of_class)
        kept[drawn[: max(_FEWEST, target)]] = True
    return given_rows[kept]


def _targets(kind: str, *, largest: int, classes: int, ratio: float) -> list[int]:
    if kind == "step":
        larger = (classes + 1) // 2
        return [largest if rank < larger else round(largest / ratio) for rank in range(classes)]
    last = max(classes - 1, 1)
    return [round(largest * ratio ** (-rank / last)) for rank in range(classes)]
