"""Decision weights: one number a class, added to log-probabilities before argmax.

Most objectives are not served best by the most probable class. The weights that serve them are
fitted on inner out-of-fold predictions, for every arm alike, so that an arm cannot win only
because its loss moved the decision boundaries: thresholds do that for free.

With all weights but one held, the objective is a step function of the remaining one: class k takes
row i exactly when its weight exceeds ``max_{j != k} (s_ij + b_j) - s_ik``. Coordinate ascent walks
over those breakpoints and therefore needs no step size; it ends in a local optimum, and is
started twice (no weights; inverse priors, the optimum for balanced accuracy of a calibrated
model). Among equal values it takes the middle of the widest plateau, which is what carries over to
other rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.metrics.confusion import Margins
from focalsweep.metrics.objective import Objective

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

MAX_CANDIDATES = 200
"""Positions that one line search looks at; all of them where rows are no more than this."""

MAX_PASSES = 10
"""Passes over the classes from one start; the ascent usually ends by itself after three."""

SMALLEST_GAIN = 1e-9
"""An objective is a ratio of counts: what is smaller than this is rounding."""

SMALLEST_GAP = 1e-9
"""Two breakpoints that are closer than this, in nats, are one: no weight fits between them."""

BEYOND = 1.0
"""Width, in nats, of the plateaus that have no end: all rows, or none, taken by a class."""


def decide(log_proba: ArrayLike, log_weights: ArrayLike) -> Codes:
    """Predict classes under decision weights.

    Parameters
    ----------
    log_proba : array of shape (..., rows, classes)
        Log-probabilities or logits; a common shift of a row changes nothing.
    log_weights : array of shape (classes,)
        Added before argmax. Zeros are plain argmax; ``exp(log_weights)`` are the factors on
        probabilities that the result shows.

    Returns
    -------
    int array of shape (..., rows)
        Class codes; of equal classes the first.
    """
    scores = np.asarray(log_proba, dtype=np.float64) + np.asarray(log_weights, dtype=np.float64)
    return np.asarray(scores.argmax(axis=-1))


def fit_decision_weights(
    log_proba: ArrayLike, labels: ArrayLike, *, objective: Objective
) -> Vector:
    """Fit decision weights that make an objective large on the given rows.

    Deterministic. From more than 200 rows on, a line search looks at about 200 positions: after
    quantiles of the rows of the class itself (so a rare class is searched row by row) and after
    quantiles of all rows.

    Parameters
    ----------
    log_proba : array of shape (rows, classes)
        Log-probabilities or logits of rows that the model was not trained on; no NaN, and at
        least one finite entry a row.
    labels : int array of shape (rows,)
        True class codes.
    objective : Objective
        What to make large.

    Returns
    -------
    array of shape (classes,)
        Log weights of mean zero. All zero where nothing is gained over argmax, and for an
        objective that needs no decisions (log-loss).
    """
    scores = np.asarray(log_proba, dtype=np.float64)
    codes = np.asarray(labels, dtype=np.int64)
    n_classes = scores.shape[1]
    none = np.zeros(n_classes)
    if not objective.uses_decisions or not len(codes):
        return none
    counts = np.bincount(codes, minlength=n_classes)
    inverse_prior = -np.log(np.maximum(counts, 1) / len(codes))
    search = _Search(scores=scores, labels=codes, true=counts, objective=objective)
    best, best_utility = none, _utility(search, none)
    for start in (none, inverse_prior):
        weights, utility = _ascend(search, start)
        if utility > best_utility + SMALLEST_GAIN:
            best, best_utility = weights, utility
    return np.asarray(best - best.mean())


class _Search(NamedTuple):
    """What stays the same during one fit."""

    scores: NDArray[np.float64]
    labels: Codes
    true: Codes
    objective: Objective


class _Ranking(NamedTuple):
    """Each row's best and second best class under the present weights."""

    first: Codes
    first_score: Vector
    second: Codes
    second_score: Vector


def _ascend(search: _Search, start: Vector) -> tuple[Vector, float]:
    """Improve one weight after another until a whole round of classes gains nothing."""
    n_classes = len(start)
    weights, utility = start.copy(), _utility(search, start)
    ranking = _rank(search.scores + weights)
    idle = 0
    for step in range(MAX_PASSES * n_classes):
        k = step % n_classes
        step_up = _line_search(search, ranking, k=k, utility=utility)
        idle += 1
        if step_up is not None:
            (weights[k], utility), idle = step_up, 0
            ranking = _rank(search.scores + weights)
        if idle >= n_classes:
            break
    return weights, utility


def _utility(search: _Search, weights: Vector) -> float:
    predicted = decide(search.scores, weights)
    n_classes = len(search.true)
    hits = np.bincount(search.labels[predicted == search.labels], minlength=n_classes)
    margins = Margins(
        hits=hits.astype(np.float64),
        predicted=np.bincount(predicted, minlength=n_classes).astype(np.float64),
        true=search.true.astype(np.float64),
    )
    return float(search.objective.utility(confusion=margins))


def _rank(adjusted: NDArray[np.float64]) -> _Ranking:
    rows = np.arange(len(adjusted))
    first = adjusted.argmax(axis=1)
    first_score = adjusted[rows, first]
    adjusted[rows, first] = -np.inf
    second = adjusted.argmax(axis=1)
    return _Ranking(first, first_score, second, adjusted[rows, second])


def _line_search(
    search: _Search, ranking: _Ranking, *, k: int, utility: float
) -> tuple[float, float] | None:
    """Return the best weight of class k, the others held, and its utility; None without a gain."""
    is_first = ranking.first == k
    rival = np.where(is_first, ranking.second, ranking.first)
    rival_score = np.where(is_first, ranking.second_score, ranking.first_score)
    breakpoints = rival_score - search.scores[:, k]
    order = np.argsort(breakpoints)
    edges = np.concatenate([[-np.inf], breakpoints[order], [np.inf]])
    taken = _positions(edges, own=search.labels[order] == k)
    reached = search.objective.utility(
        confusion=_margins(search, taken=taken, order=order, rival=rival, k=k)
    )
    best = float(reached.max(initial=-np.inf))
    if best <= utility + SMALLEST_GAIN:
        return None
    low, high = _bounded(edges[taken], edges[taken + 1])
    return _middle_of_widest(reached >= best - SMALLEST_GAIN, low, high), best


def _positions(edges: Vector, *, own: NDArray[np.bool_]) -> Codes:
    """Choose how many rows class k may take, counted in the order of their breakpoints."""
    with np.errstate(invalid="ignore"):  # inf - inf: rows that class k always or never takes
        fits = np.diff(edges) > SMALLEST_GAP
    possible = np.flatnonzero(fits)
    if len(possible) <= MAX_CANDIDATES:
        return possible
    # Optima lie behind rows of the class itself, so these are looked at three times as densely.
    behind = np.searchsorted(possible, np.flatnonzero(own) + 1)
    own_possible = possible[np.minimum(behind, len(possible) - 1)]
    chosen = np.zeros_like(fits)
    chosen[_spread(possible, MAX_CANDIDATES // 4)] = True
    chosen[_spread(own_possible, 3 * MAX_CANDIDATES // 4)] = True
    return np.flatnonzero(chosen)


def _spread(positions: Codes, size: int) -> Codes:
    """Thin positions to about `size` of them, evenly in rank, both ends kept."""
    if len(positions) <= size:
        return positions
    return positions[np.arange(size) * (len(positions) - 1) // (size - 1)]


def _margins(search: _Search, *, taken: Codes, order: Codes, rival: Codes, k: int) -> Margins:
    """Count hits and predictions of every class after class k took so many rows."""
    n, n_classes = search.scores.shape
    rival, labels = rival[order], search.labels[order]
    # The first position at which a row has gone to class k; the last bin is "never".
    arrival = np.searchsorted(taken, np.arange(n), side="right")
    bins = len(taken) + 1

    def keep(rows: NDArray[np.bool_] | slice) -> NDArray[np.float64]:
        cells = arrival[rows] * n_classes + rival[rows]
        counts = np.bincount(cells, minlength=bins * n_classes).reshape(bins, n_classes)
        left = counts.sum(axis=0) - counts.cumsum(axis=0)[:-1]
        return np.asarray(left, dtype=np.float64)

    predicted, hits = keep(slice(None)), keep(rival == labels)
    predicted[:, k] += taken
    hits[:, k] += np.concatenate([[0], (labels == k).cumsum()])[taken]
    return Margins(hits=hits, predicted=predicted, true=search.true.astype(np.float64))


def _bounded(low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Give the two plateaus without an end (all rows, no row) a finite one."""
    open_low, open_high = np.isinf(low), np.isinf(high)
    low_end = np.where(open_low, np.where(open_high, 0.0, high) - BEYOND, low)
    high_end = np.where(open_high, np.where(open_low, 0.0, low) + BEYOND, high)
    return low_end, high_end


def _middle_of_widest(best: NDArray[np.bool_], low: Vector, high: Vector) -> float:
    """Return the middle of the widest run of best positions, off every breakpoint."""
    inside = np.concatenate([[False], best, [False]])
    begins = np.flatnonzero(inside[1:-1] & ~inside[:-2])
    ends = np.flatnonzero(inside[1:-1] & ~inside[2:])
    widest = int(np.argmax(high[ends] - low[begins]))
    first, last = begins[widest], ends[widest]
    middle = 0.5 * (low[first] + high[last])
    # Positions between two candidates were not looked at, and a breakpoint is a tie: stay strictly
    # inside the gap of the candidate that lies nearest.
    distance = np.maximum(low[first : last + 1] - middle, middle - high[first : last + 1])
    at = first + int(np.argmin(distance))
    if low[at] < middle < high[at]:
        return float(middle)
    return float(0.5 * (low[at] + high[at]))
