"""Paired bootstrap of test rows crossed with refit seeds, for one holdout split.

Rows are drawn with replacement inside each true class, the same rows for all sides and seeds;
seeds are drawn with replacement, the same for all sides. So what sides share cancels in their
difference, and the samples carry both what another test set and what another seed would change.
With few seeds the second part is underestimated, by a factor of (seeds - 1) / seeds in variance.

Rows of one class with the same predictions everywhere are interchangeable, and a confusion table
only depends on how many of each kind were drawn. So kinds are drawn, by one multinomial a class:
exactly the same distribution, and a hundred thousand rows cost what their few hundred kinds do.

Rows of one group (a patient, a site) are no independent draws. Where groups are given, whole groups
are drawn with replacement, as many as there are, with all their rows; classes then keep their rows
on average only, and a class without rows in a sample is left out of that sample's averages. Few
groups make the interval too narrow, by a factor of about (groups - 1) / groups in variance.

A row with a weight is drawn as often as any other and counts by its weight when it is drawn: one
heavy row is less evidence than as many different ones. Rows are then interchangeable only where
their weights are equal too.

References
----------
.. [1] Field and Welsh, "Bootstrapping clustered data", doi 10.1111/j.1467-9868.2007.00593.x (the
   cluster bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from focalsweep.evidence.label_bootstrap import bootstrap_label_scores
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
    groups: ArrayLike | None = None,
    weights: NDArray[np.floating] | None = None,
    replicates: int = 2000,
    seed: int = 0,
) -> PairedBootstrap:
    """Compare two sides on the same test rows and refit seeds.

    Parameters
    ----------
    left, right : array of shape (seeds, rows), or (seeds, rows, labels)
        Predicted class codes, or labels; for log-loss the rows' log-losses. The score of a side is
        the mean of its seeds' scores.
    labels : int array of shape (rows,), or (rows, labels)
        True class codes, or labels.
    n_classes : int
        Number of classes.
    objective : Objective
        What is compared.
    groups : int array of shape (rows,), optional
        Codes of groups that are drawn whole; None draws rows inside each true class.
    weights : array of shape (rows,), optional
        What each row counts for; None counts every row once.
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
        groups=groups,
        weights=weights,
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
    groups: ArrayLike | None = None,
    weights: NDArray[np.floating] | None = None,
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
    if objective.multi_label:
        return bootstrap_label_scores(
            sides,
            labels=labels,
            objective=objective,
            groups=groups,
            weights=weights,
            replicates=replicates,
            seed=seed,
        )
    outputs = np.asarray(sides)
    n_sides, n_seeds, _ = outputs.shape
    models = outputs.reshape(n_sides * n_seeds, -1)
    kinds = _kinds(models, labels=np.asarray(labels), weights=weights)
    score = _score_predictions if objective.uses_decisions else _score_losses

    def utilities(times: Array) -> Array:
        mass = times if kinds.weights is None else times * kinds.weights
        scored = score(mass, kinds=kinds, n_classes=n_classes, objective=objective)
        return scored.reshape(len(times), n_sides, n_seeds)

    rng = np.random.default_rng(seed)
    picked_seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=replicates)
    if groups is None:
        draws = _draws(rng, kinds, replicates)
    else:
        draws = _draws_of_groups(rng, kinds, np.asarray(groups), replicates)
    drawn = np.concatenate([utilities(times) for times in draws])
    observed = utilities(kinds.counts[None].astype(np.float64))[0].mean(axis=-1)
    return observed, np.einsum("rks,rs->kr", drawn, picked_seeds / n_seeds)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kinds:
    """Interchangeable rows: sorted by true class, with how many rows are of each kind."""

    outputs: NDArray[np.generic]  # (sides * seeds, kinds)
    labels: NDArray[np.int64]  # (kinds,)
    counts: NDArray[np.int64]  # (kinds,)
    kind: NDArray[np.int64]  # (rows,): which kind each row is of
    weights: Array | None  # (kinds,): what one row counts for


def _kinds(
    outputs: NDArray[np.generic], *, labels: NDArray[np.int64], weights: NDArray[np.floating] | None
) -> _Kinds:
    if outputs.dtype.kind == "f":  # losses: every row is its own kind
        order = np.argsort(labels, kind="stable")
        ones = np.ones(len(labels), dtype=np.int64)
        return _Kinds(
            outputs=outputs[:, order],
            labels=labels[order],
            counts=ones,
            kind=np.argsort(order),
            weights=None if weights is None else weights[order].astype(np.float64),
        )
    values, parts = np.empty(0), [labels[None], outputs]
    if weights is not None:
        values, codes = np.unique(weights.astype(np.float64), return_inverse=True)
        parts.append(codes.reshape(1, -1))
    table = np.concatenate(parts)
    kinds, kind, counts = np.unique(table, axis=1, return_inverse=True, return_counts=True)
    return _Kinds(
        outputs=kinds[1 : 1 + len(outputs)],
        labels=kinds[0].astype(np.int64),
        counts=counts,
        kind=kind.reshape(-1),
        weights=None if weights is None else values[kinds[-1]],
    )


def _draws(rng: np.random.Generator, kinds: _Kinds, replicates: int) -> Iterator[Array]:
    """Yield blocks of row weights of shape (replicates of the block, kinds)."""
    starts = np.flatnonzero(np.diff(kinds.labels, prepend=-1))
    classes = np.split(kinds.counts, starts[1:])
    rows_of_block = max(1, BLOCK // len(kinds.counts))
    for begin in range(0, replicates, rows_of_block):
        size = min(rows_of_block, replicates - begin)
        drawn = [rng.multinomial(c.sum(), c / c.sum(), size=size) for c in classes]
        yield np.concatenate(drawn, axis=1).astype(np.float64)


def _draws_of_groups(
    rng: np.random.Generator, kinds: _Kinds, groups: NDArray[np.generic], replicates: int
) -> Iterator[Array]:
    """Yield blocks of row weights of shape (replicates of the block, kinds), whole groups drawn."""
    names, code = np.unique(groups, return_inverse=True)
    n_groups, n_kinds = len(names), len(kinds.counts)
    ones = np.ones(len(code))
    rows_of_group = sparse.csr_array((ones, (code, kinds.kind)), shape=(n_groups, n_kinds))
    rows_of_block = max(1, BLOCK // max(n_groups, n_kinds))
    for begin in range(0, replicates, rows_of_block):
        size = min(rows_of_block, replicates - begin)
        drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=size)
        yield np.asarray(drawn.astype(np.float64) @ rows_of_group)


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
