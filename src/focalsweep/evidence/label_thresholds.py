"""Thresholds of multi-label decisions: one a label, fitted on inner out-of-fold rows.

They are what decision weights (`focalsweep.evidence.decision_weights`) are to single-label data: a
way to serve the objective without touching the loss, for every arm alike.

A label's rows sorted by their score, the threshold says how many of the first ones are called, and
every number of them is looked at. Objectives that are means over labels (macro-F1, balanced
accuracy, MCC) fall apart into labels. Micro-F1 is one ratio for all of them,

    F = 2 sum_l hits_l / (sum_l having_l + sum_l called_l),

and is made large by Dinkelbach's method: at a given F each label alone takes the number of rows
with the largest ``2 hits_l - F called_l``, which gives the next F, until F stays. That is the
global optimum and takes a handful of rounds.

As for decision weights, nothing moves where nothing is gained over threshold 1/2, and of equally
good thresholds the middle of the widest plateau is taken, which carries over best to other rows.

References
----------
.. [1] Dinkelbach, "On nonlinear fractional programming", Management Science 13 (1967).
.. [2] Lipton, Elkan and Naryanaswamy, "Thresholding Classifiers to Maximize F1 Score",
   arXiv:1402.1892.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.evidence.decision_weights import BEYOND, SMALLEST_GAIN, SMALLEST_GAP
from focalsweep.metrics.objective import MICRO_F1, Objective

Vector = NDArray[np.float64]

MAX_ROUNDS = 100
"""Of Dinkelbach's method, which converges faster than any geometric series."""


class _Cuts(NamedTuple):
    """The possible decisions of one label: how many rows are called, and which cut does it."""

    counts: NDArray[np.float64]
    """[has it, said to have it] for each number of rows called, shape (cuts, 2, 2)."""
    low: Vector
    """Smallest score that is still called, at the least: cuts lie in (low, high)."""
    high: Vector
    plain: int
    """Position of the cut at 0, that is probability 1/2."""


def fit_thresholds(
    log_proba: ArrayLike,
    labels: ArrayLike,
    *,
    objective: Objective,
    weights: NDArray[np.floating] | None = None,
) -> Vector:
    """Fit one threshold a label that make an objective large on the given rows.

    Parameters
    ----------
    log_proba : array of shape (rows, labels, 2)
        Log-probabilities [without, with] each label, of rows that the model was not trained on;
        finite.
    labels : int array of shape (rows, labels)
        0 or 1.
    objective : Objective
        A multi-label one.
    weights : array of shape (rows,), optional
        What each row counts for; None counts every row once.

    Returns
    -------
    array of shape (labels, 2)
        Log weights that are added before the larger side of each label is taken, of mean zero. All
        zero, which is threshold 1/2, where nothing is gained, for a label without rows to learn
        from, and for an objective that needs no decisions.
    """
    table = np.asarray(log_proba, dtype=np.float64)
    truth = np.asarray(labels) > 0
    mass = np.ones(len(table)) if weights is None else weights.astype(np.float64)
    score = table[..., 1] - table[..., 0]
    shift = np.zeros(score.shape[1])
    if objective.uses_decisions and len(score):
        cuts = [_cuts(score[:, k], truth[:, k], mass) for k in range(score.shape[1])]
        choose = _micro if objective.name == MICRO_F1 else _label_by_label
        shift = -choose(cuts, objective)
    return np.stack([-shift / 2, shift / 2], axis=-1)


def thresholds(log_weights: ArrayLike) -> Vector:
    """Return the probability above which each label is said to be there, shape (labels,)."""
    weights = np.asarray(log_weights, dtype=np.float64)
    return np.asarray(1.0 / (1.0 + np.exp(weights[:, 1] - weights[:, 0])))


def _cuts(score: Vector, truth: NDArray[np.bool_], mass: Vector) -> _Cuts:
    order = np.argsort(-score, kind="stable")
    edges = np.concatenate([[np.inf], score[order], [-np.inf]])
    with np.errstate(invalid="ignore"):
        fits = edges[:-1] - edges[1:] > SMALLEST_GAP
    plain = int((score > 0).sum())
    # Probability 1/2 is looked at wherever it falls: it may lie on a row's own score.
    fits[plain] = True
    called = np.flatnonzero(fits)
    # Rows with and without the label apart: differences of the two would leave rounding where
    # there is no row.
    wrongly, hits = (
        np.concatenate([[0.0], np.cumsum(mass[order] * side[order])]) for side in (~truth, truth)
    )
    rest, missed = wrongly[-1] - wrongly, hits[-1] - hits
    cells = [each[called] for each in (rest, wrongly, missed, hits)]
    low, high = edges[called + 1], edges[called]
    return _Cuts(
        counts=np.stack(cells, axis=-1).reshape(-1, 2, 2),
        low=np.where(np.isinf(low), np.where(np.isinf(high), 0.0, high) - BEYOND, low),
        high=np.where(np.isinf(high), np.where(np.isinf(low), 0.0, low) + BEYOND, high),
        plain=int(np.searchsorted(called, plain)),
    )


def _label_by_label(cuts: list[_Cuts], objective: Objective) -> Vector:
    def value(label: _Cuts) -> Vector:
        # One label alone: a mean over one.
        return objective.utility(confusion=label.counts[:, None])

    return np.array([_best_cut(label, value) for label in cuts])


def _micro(cuts: list[_Cuts], objective: Objective) -> Vector:
    reached = _micro_f1([label.counts[label.plain] for label in cuts])
    at_half = reached
    for _ in range(MAX_ROUNDS):
        best = [label.counts[int(np.argmax(_worth(label, reached)))] for label in cuts]
        following = _micro_f1(best)
        if following <= reached + SMALLEST_GAIN:
            break
        reached = following
    if reached <= at_half + SMALLEST_GAIN:
        return np.zeros(len(cuts))
    return np.array([_best_cut(label, lambda each: _worth(each, reached)) for label in cuts])


def _worth(label: _Cuts, reached: float) -> Vector:
    called = label.counts[:, :, 1].sum(axis=-1)
    return np.asarray(2.0 * label.counts[:, 1, 1] - reached * called)


def _micro_f1(counts: list[NDArray[np.float64]]) -> float:
    total = np.sum(counts, axis=0)
    of_all = total[1].sum() + total[:, 1].sum()
    return float(2.0 * total[1, 1] / of_all) if of_all > 0 else 0.0


def _best_cut(label: _Cuts, value: Callable[[_Cuts], Vector]) -> float:
    """Return the score at which to cut: 0 where that is as good as any."""
    worth = value(label)
    if not np.isfinite(worth[label.plain]):
        return 0.0
    best = float(worth.max())
    if best <= worth[label.plain] + SMALLEST_GAIN:
        return 0.0
    good = np.concatenate([[False], worth >= best - SMALLEST_GAIN, [False]])
    first = np.flatnonzero(good[1:-1] & ~good[:-2])
    last = np.flatnonzero(good[1:-1] & ~good[2:])
    widest = int(np.argmax(label.high[first] - label.low[last]))
    begin, end = int(first[widest]), int(last[widest])
    middle = 0.5 * (label.high[begin] + label.low[end])
    # A run of cuts has rows between them, and a row's own score is a tie: stay inside one cut.
    low, high = label.low[begin : end + 1], label.high[begin : end + 1]
    inside = (low < middle) & (middle < high)
    if inside.any():
        return float(middle)
    nearest = int(np.argmin(np.maximum(low - middle, middle - high)))
    return float(0.5 * (low[nearest] + high[nearest]))
