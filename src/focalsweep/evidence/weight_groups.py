"""Classes that share a decision weight, where they are more than rows can speak for one by one.

With hundreds of classes of a dozen rows, a weight a class is mostly noise, and fitting one by one
takes time with the square of the classes. Classes of about the same size then move together, as the
class weights of `focal_gamma_alpha` do: a line search moves a group, of which every row knows the
class that it would decide for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_FREE = 32
"""Classes that have a weight of their own; of more, this many groups have."""


class Grouped(NamedTuple):
    """What each group would decide for each row."""

    scores: NDArray[np.float64]
    """Score of its best class, shape (rows, groups)."""
    classes: Codes
    """Which class that is, shape (rows, groups)."""


def groups_of(rows_of_class: Vector) -> list[Codes]:
    """Cut the classes, ordered by size, into at most `MOST_FREE` groups of about as many classes.

    Parameters
    ----------
    rows_of_class : array of shape (classes,)
    """
    n_classes = len(rows_of_class)
    if n_classes <= MOST_FREE:
        return [np.array([k]) for k in range(n_classes)]
    return np.array_split(np.argsort(-rows_of_class, kind="stable"), MOST_FREE)


def grouped(scores: NDArray[np.float64], groups: Sequence[Codes]) -> Grouped:
    """Find the best class of every group for every row; of equal ones the first of the group.

    Parameters
    ----------
    scores : array of shape (rows, classes)
    groups : sequence of int arrays
        From `groups_of`.
    """
    if len(groups) == scores.shape[1]:
        return Grouped(scores, np.broadcast_to(np.arange(len(groups)), scores.shape))
    best = np.empty((len(scores), len(groups)))
    classes = np.empty(best.shape, dtype=np.int64)
    rows = np.arange(len(scores))
    for place, group in enumerate(groups):
        own = scores[:, group]
        first = own.argmax(axis=1)
        best[:, place], classes[:, place] = own[rows, first], group[first]
    return Grouped(best, classes)
