"""The directions of class-weight space that tau and a learning rate do not reach.

Log-weights live in R^classes. The direction 1 is a common factor, hence a learning rate; the
direction log prior is tau. `free_directions` spans the rest, orthogonal to both.

Up to eight classes every remaining direction is searched. From nine classes on the classes form
at most six groups, contiguous in the order of their counts (largest first, ties by class code)
and of sizes that differ by at most one; all classes of a group share one number. Where priors
are equal, counts order nothing and groups are contiguous in class codes. Then the columns span
the group-wise constant vectors that are orthogonal, over *classes*, to 1 and to log prior.

The columns are a function of the counts only, and a continuous one (within one grouping, and away
from one direction of log prior): the same coordinates mean the same weights in all folds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

_MOST_UNGROUPED = 8
_MOST_GROUPS = 6


def free_dimensions(n_classes: int, *, equal_priors: bool) -> int:
    """Count the free numbers of a weight vector beside tau.

    Parameters
    ----------
    n_classes : int
        At least 2.
    equal_priors : bool
        Whether the study's priors count as equal: then there is no tau, and one number more.

    Returns
    -------
    int
        K - 2, or K - 1 with equal priors, where K is the number of classes up to eight, and of
        groups (six) from nine on. 0 means that nothing is left to search beside tau.
    """
    return _n_groups(n_classes) - (1 if equal_priors else 2)


def free_directions(log_prior: Vector, *, equal_priors: bool) -> Matrix:
    """Build the directions Q of the free weight vector.

    Parameters
    ----------
    log_prior : array of shape (classes,)
        Logarithm of the class priors.
    equal_priors : bool
        Whether to leave only 1 out, and not log prior.

    Returns
    -------
    array of shape (classes, free_dimensions)
        Orthogonal columns of length ``sqrt(classes / groups)``: orthonormal without groups, and
        with groups as large a class as an orthonormal matrix over the groups would make it.
    """
    n_classes = len(log_prior)
    n_groups = _n_groups(n_classes)
    spread = _group_columns(log_prior, n_groups=n_groups, by_count=not equal_priors)
    basis = _cosines(n_groups)
    # Pivots: the constant for 1; the fastest alternation for log prior, which it never resembles.
    basis = _without(basis, spread.T @ np.ones(n_classes), pivot=0)
    if not equal_priors:
        basis = _without(basis, spread.T @ log_prior, pivot=-1)
    return np.asarray(np.sqrt(n_classes / n_groups) * (spread @ basis))


def _n_groups(n_classes: int) -> int:
    return n_classes if n_classes <= _MOST_UNGROUPED else _MOST_GROUPS


def _group_columns(log_prior: Vector, *, n_groups: int, by_count: bool) -> Matrix:
    """Build one column of unit length a group, constant on its classes and 0 elsewhere."""
    n_classes = len(log_prior)
    if n_groups == n_classes:
        return np.eye(n_classes)
    order = np.argsort(-log_prior, kind="stable") if by_count else np.arange(n_classes)
    columns = np.zeros((n_classes, n_groups))
    for group, members in enumerate(np.array_split(order, n_groups)):
        columns[members, group] = 1.0 / np.sqrt(len(members))
    return columns


def _cosines(size: int) -> Matrix:
    """Build the orthonormal cosine basis (DCT-II): a fixed start, slow columns first."""
    position, frequency = np.arange(size)[:, None] + 0.5, np.arange(size)[None, :]
    columns = np.cos(np.pi * position * frequency / size)
    return np.asarray(columns / np.linalg.norm(columns, axis=0))


def _without(basis: Matrix, direction: Vector, *, pivot: int) -> Matrix:
    """Turn an orthonormal basis so that its pivot column lies along a direction, and drop it.

    A Householder reflection with a fixed sign: it depends continuously on the direction, except
    where the direction is exactly minus the pivot column. QR with its sign fixed afterwards
    jumps wherever two classes swap order.
    """
    coordinates = basis.T @ direction
    length = np.linalg.norm(coordinates)
    if length > 1e-12:
        normal = coordinates / length
        normal[pivot] += 1.0
        squared = normal @ normal
        if squared > 1e-12:
            basis = basis - np.outer(basis @ normal, 2.0 / squared * normal)
    return np.delete(basis, pivot, axis=1)
