"""Paired bootstrap of test rows crossed with refit seeds, for one holdout split.

Rows are drawn with replacement inside each true class, the same rows for all sides and seeds;
seeds are drawn with replacement, the same for all sides. So what sides share cancels in their
difference, and the samples carry both what another test set and what another seed would change.
With few seeds the second part is underestimated, by a factor of (seeds - 1) / seeds in variance.

Rows of one class with the same predictions everywhere are interchangeable, and a confusion table
only depends on how many of each kind were drawn. So kinds are drawn, by one multinomial a class:
exactly the same distribution, and a hundred thousand rows cost what their few hundred kinds do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from focalsweep.evidence.paired import SampledPosterior
from focalsweep.metrics.confusion import Margins
from focalsweep.metrics.objective import Objective

Array = NDArray[np.float64]

BLOCK = 1_000_000
"""Drawn numbers held at once: 8 MB of row weights, however many replicates are asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedBootstrap:
    """Hold what the bootstrap says of two sides and of their difference, in utilities."""

    left: SampledPosterior
    right: SampledPosterior
    difference: SampledPosterior


def paired_bootstrap(
    left: ArrayLike,
    right: ArrayLike,
    *,
    labels: ArrayLike,
    n_classes: int,
    objective: Objective,
    replicates: int = 2000,
    seed: int = 0,
) -> PairedBootstrap:
    """Compare two sides on the same test rows and refit seeds.

    Parameters
    ----------
    left, right : array of shape (seeds, rows)
        Predicted class codes, or for log-loss the rows' log-losses. The score of a side is the
        mean of its seeds' scores.
    labels : int array of shape (rows,)
        True class codes.
    n_classes : int
        Number of classes.
    objective : Objective
        What is compared.
    replicates : int, default 2000
        Bootstrap samples.
    seed : int, default 0
        Makes the samples reproducible.

    Returns
    -------
    PairedBootstrap
        Samples of each side's utility and of left minus right, replicate by replicate.
    """
    sides = np.stack([np.asarray(left), np.asarray(right)])
    observed, samples = bootstrap_scores(
        sides,
        labels=labels,
        n_classes=n_classes,
        objective=objective,
        replicates=replicates,
        seed=seed,
    )
    return PairedBootstrap(
        left=SampledPosterior(mean=float(observed[0]), samples=samples[0]),
        right=SampledPosterior(mean=float(observed[1]), samples=samples[1]),
        difference=SampledPosterior(
            mean=float(observed[0] - observed[1]), samples=samples[0] - samples[1]
        ),
    )


def bootstrap_scores(
    sides: ArrayLike,
    *,
    labels: ArrayLike,
    n_classes: int,
    objective: Objective,
    replicates: int = 2000,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Score any number of sides on the same resampled rows and seeds.

    Parameters
    ----------
    sides : array of shape (sides, seeds, rows)
        As `left` and `right` of `paired_bootstrap`, which describes the rest.

    Returns
    -------
    observed : array of shape (sides,)
        Utility on the rows and seeds as they are.
    samples : array of shape (sides, replicates)
        Utility in each replicate.
    """
    outputs = np.asarray(sides)
    n_sides, n_seeds, _ = outputs.shape
    kinds = _kinds(outputs.reshape(n_sides * n_seeds, -1), labels=np.asarray(labels))
    score = _score_predictions if objective.uses_decisions else _score_losses

    def utilities(weights: Array) -> Array:
        scored = score(weights, kinds=kinds, n_classes=n_classes, objective=objective)
        return scored.reshape(len(weights), n_sides, n_seeds)

    rng = np.random.default_rng(seed)
    picked_seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=replicates)
    drawn = np.concatenate([utilities(weights) for weights in _draws(rng, kinds, replicates)])
    observed = utilities(kinds.counts[None].astype(np.float64))[0].mean(axis=-1)
    return observed, np.einsum("rks,rs->kr", drawn, picked_seeds / n_seeds)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kinds:
    """Interchangeable rows: sorted by true class, with how many rows are of each kind."""

    outputs: NDArray[np.generic]  # (sides * seeds, kinds)
    labels: NDArray[np.int64]  # (kinds,)
    counts: NDArray[np.int64]  # (kinds,)


def _kinds(outputs: NDArray[np.generic], *, labels: NDArray[np.int64]) -> _Kinds:
    if outputs.dtype.kind == "f":  # losses: every row is its own kind
        order = np.argsort(labels, kind="stable")
        ones = np.ones(len(labels), dtype=np.int64)
        return _Kinds(outputs=outputs[:, order], labels=labels[order], counts=ones)
    table = np.concatenate([labels[None], outputs])
    kinds, counts = np.unique(table, axis=1, return_counts=True)
    return _Kinds(outputs=kinds[1:], labels=kinds[0].astype(np.int64), counts=counts)


def _draws(rng: np.random.Generator, kinds: _Kinds, replicates: int) -> Iterator[Array]:
    """Yield blocks of row weights of shape (replicates of the block, kinds)."""
    starts = np.flatnonzero(np.diff(kinds.labels, prepend=-1))
    classes = np.split(kinds.counts, starts[1:])
    rows_of_block = max(1, BLOCK // len(kinds.counts))
    for begin in range(0, replicates, rows_of_block):
        size = min(rows_of_block, replicates - begin)
        drawn = [rng.multinomial(c.sum(), c / c.sum(), size=size) for c in classes]
        yield np.concatenate(drawn, axis=1).astype(np.float64)


def _score_predictions(
    weights: Array, *, kinds: _Kinds, n_classes: int, objective: Objective
) -> Array:
    """Score weighted rows; shape (replicates, sides * seeds)."""
    models, n_kinds = kinds.outputs.shape
    predicted = kinds.outputs.astype(np.int64)
    cell = predicted + n_classes * np.arange(models)[:, None]
    row = np.broadcast_to(np.arange(n_kinds), cell.shape)

    def count(chosen: NDArray[np.bool_]) -> Array:
        picked = (np.ones(int(chosen.sum())), (cell[chosen], row[chosen]))
        indicator = sparse.csr_array(picked, shape=(models * n_classes, n_kinds))
        return np.asarray(indicator @ weights.T).T.reshape(len(weights), models, n_classes)

    one_hot = np.eye(n_classes)[kinds.labels]
    cost = None
    if objective.costs is not None:
        cost = weights @ np.array(objective.costs)[kinds.labels, predicted].T
    margins = Margins(
        hits=count(predicted == kinds.labels),
        predicted=count(np.ones_like(predicted, dtype=np.bool_)),
        true=(weights @ one_hot)[:, None, :],
        cost=cost,
    )
    return objective.utility(confusion=margins)


def _score_losses(weights: Array, *, kinds: _Kinds, n_classes: int, objective: Objective) -> Array:
    """Average weighted row losses; shape (replicates, sides * seeds)."""
    losses = np.asarray(kinds.outputs, dtype=np.float64)
    return objective.utility(log_loss=weights @ losses.T / weights.sum(axis=1, keepdims=True))
