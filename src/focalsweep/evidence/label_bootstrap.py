"""Paired bootstrap of the test rows of multi-label data, crossed with refit seeds.

As `focalsweep.evidence.bootstrap`, with one difference: rows have no class to be drawn inside of,
so they are drawn from all rows, or whole groups from all groups. A label keeps its rows on average
only; one that no row of a sample has is left out of that sample's averages.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.metrics.objective import Objective

Array = NDArray[np.float64]

BLOCK = 1_000_000
"""Drawn numbers held at once."""

ROUNDING = 1e-12
"""Share of all weight that a cell of weighted rows has at least; anything less is rounding."""


def bootstrap_label_scores(
    sides: ArrayLike,
    *,
    labels: ArrayLike,
    objective: Objective,
    groups: ArrayLike | None = None,
    weights: NDArray[np.floating] | None = None,
    replicates: int = 2000,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Score any number of sides on the same resampled rows and seeds.

    Parameters
    ----------
    sides : array of shape (sides, seeds, rows, labels), or (sides, seeds, rows)
        0 and 1 for each label; or, for log-loss, the rows' losses.
    labels : int array of shape (rows, labels)
        0 or 1.
    objective : Objective
        A multi-label one.
    groups : int array of shape (rows,), optional
        Codes of groups that are drawn whole; None draws rows.
    weights : array of shape (rows,), optional
        What each row counts for; None counts every row once.
    replicates : int, default 2000
        Bootstrap samples.
    seed : int, default 0
        Makes the samples reproducible.

    Returns
    -------
    observed : array of shape (sides,)
        Utility on the rows and seeds as they are.
    samples : array of shape (sides, replicates)
        Utility in each replicate.
    """
    outputs = np.asarray(sides)
    n_sides, n_seeds, n_rows = outputs.shape[:3]
    models = outputs.reshape(n_sides * n_seeds, *outputs.shape[2:])
    truth = np.asarray(labels, dtype=np.float64)
    per_row = _per_row(models, truth) if objective.uses_decisions else models.T.astype(np.float64)

    def utilities(times: Array) -> Array:
        mass = times if weights is None else times * weights
        totals = mass @ per_row
        if objective.uses_decisions:
            rows = mass.sum(axis=1)
            counts = _counts(totals, rows=rows, n_labels=truth.shape[1])
            if weights is not None:
                # Cells are differences of sums: what rounding leaves of no row is no row.
                nothing = counts < ROUNDING * rows[:, None, None, None, None]
                counts = np.where(nothing, 0.0, counts)
            scored = objective.utility(confusion=counts)
        else:
            scored = objective.utility(log_loss=totals / mass.sum(axis=1, keepdims=True))
        return scored.reshape(len(times), n_sides, n_seeds)

    rng = np.random.default_rng(seed)
    picked_seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=replicates)
    if groups is None:
        draws = _draws(rng, np.arange(n_rows), replicates)
    else:
        draws = _draws(rng, np.unique(groups, return_inverse=True)[1].ravel(), replicates)
    drawn = np.concatenate([utilities(times) for times in draws])
    observed = utilities(np.ones((1, n_rows)))[0].mean(axis=-1)
    return observed, np.einsum("rks,rs->kr", drawn, picked_seeds / n_seeds)


def _draws(
    rng: np.random.Generator, group: NDArray[np.integer], replicates: int
) -> Iterator[Array]:
    """Yield blocks of row weights of shape (replicates of the block, rows)."""
    n_groups = int(group.max()) + 1
    size = max(1, BLOCK // len(group))
    for begin in range(0, replicates, size):
        block = min(size, replicates - begin)
        # Counting whole numbers is an order of magnitude faster than drawing a multinomial.
        drawn = rng.integers(n_groups, size=(block, n_groups))
        drawn += n_groups * np.arange(block)[:, None]
        times = np.bincount(drawn.ravel(), minlength=block * n_groups)
        yield times.reshape(block, n_groups)[:, group].astype(np.float64)


def _per_row(models: NDArray[np.generic], truth: Array) -> Array:
    """Put side by side what is summed over rows: truth, and of each model calls and hits."""
    called = np.asarray(models, dtype=np.float64)
    both = np.concatenate([called, called * truth])
    return np.concatenate([truth[None], both]).transpose(1, 0, 2).reshape(len(truth), -1)


def _counts(totals: Array, *, rows: Array, n_labels: int) -> Array:
    """Turn sums into counts of shape (replicates, models, labels, 2, 2)."""
    table = totals.reshape(len(totals), -1, n_labels)
    having, (called, hits) = table[:, :1], np.split(table[:, 1:], 2, axis=1)
    having, every = np.broadcast_to(having, hits.shape), rows[:, None, None]
    cells = [every - having - (called - hits), called - hits, having - hits, hits]
    return np.stack(cells, axis=-1).reshape(*hits.shape, 2, 2)
