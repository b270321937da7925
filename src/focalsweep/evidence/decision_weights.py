"""Decision weights: one number a class, added to log-probabilities before argmax.

Most objectives are not served best by the most probable class. The weights that serve them are
fitted on inner out-of-fold predictions, for every arm alike, so that an arm cannot win only
because its loss moved the decision boundaries: thresholds do that for free.

With all weights but one held, the objective is a step function of the remaining one: class k takes
row i exactly when its weight exceeds ``max_{j != k} (s_ij + b_j) - s_ik``. Coordinate ascent walks
over those breakpoints and therefore needs no step size; it ends in a local optimum, and is
started twice (no weights; inverse priors, the optimum for balanced accuracy of a calibrated
model), under costs a third time (what a mistake costs a class, the optimum of a calibrated model
whose costs do not depend on the wrong decision [1]_). Among equal values it
takes the middle of the widest plateau, which is what carries over to other rows.

Of more than 32 classes those of about the same size share a weight, and one fit takes time in
proportion to the classes: see `focalsweep.evidence.weight_groups`. "Class" below is then a group.

Costs are counted exactly too: a row that goes from its rival to class k changes the total by
``cost[label, k] - cost[label, rival]``, so the total at every breakpoint is one cumulative sum.

References
----------
.. [1] Elkan, "The foundations of cost-sensitive learning", IJCAI (2001).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.evidence.weight_groups import Grouped, grouped, groups_of
from focalsweep.metrics.confusion import Margins
from focalsweep.metrics.objective import Objective

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

MAX_CANDIDATES = 200
"""Positions that one line search looks at; all of them where rows are no more than this."""

FEW_CANDIDATES = 40
"""The same where classes share weights: tables have a column a class, and groups many rows."""

MAX_PASSES = 10
"""Passes over the classes from one start; the ascent usually ends by itself after three."""

SMALLEST_GAIN = 1e-9
"""An objective is a ratio of counts: what is smaller than this, in its unit, is rounding."""

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
    log_proba: ArrayLike,
    labels: ArrayLike,
    *,
    objective: Objective,
    mass: ArrayLike | None = None,
    weights: ArrayLike | None = None,
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
    mass : array of shape (classes,), optional
        How many rows a row of each class stands for, >= 0; None means one.
    weights : array of shape (rows,), optional
        How many rows each row stands for, > 0, beside `mass`; None means one.

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
    search = _search(scores, codes, objective=objective, mass=mass, weights=weights)
    best, best_utility = none, _utility(search, scores.argmax(axis=1))
    for start in _starts(search):
        found, utility = _ascend(search, start)
        if utility > best_utility + search.smallest_gain:
            best, best_utility = found, utility
    return np.asarray(best - best.mean())


class _Search(NamedTuple):
    """What stays the same during one fit."""

    scores: NDArray[np.float64]
    labels: Codes
    mass: Vector | None
    """What a row of each class counts for; None where every row counts once, which is faster."""
    row_mass: Vector | None
    """What each row counts for, classes and weights together; None as `mass`."""
    true: Vector
    costs: NDArray[np.float64] | None
    objective: Objective
    smallest_gain: float
    groups: list[Codes]
    """Classes that share a weight, each of them in one group."""


def _search(
    scores: NDArray[np.float64],
    labels: Codes,
    *,
    objective: Objective,
    mass: ArrayLike | None,
    weights: ArrayLike | None,
) -> _Search:
    true = np.bincount(labels, weights=weights, minlength=scores.shape[1]).astype(np.float64)
    mass = None if mass is None else np.asarray(mass, dtype=np.float64)
    row_mass = None if mass is None else mass[labels]
    if weights is not None:
        row_mass = np.asarray(weights, np.float64) * (1.0 if row_mass is None else row_mass)
    return _Search(
        scores=scores,
        labels=labels,
        mass=mass if weights is None else None,
        row_mass=row_mass,
        true=true if mass is None else true * mass,
        costs=None if objective.costs is None else np.array(objective.costs),
        objective=objective,
        smallest_gain=SMALLEST_GAIN * objective.unit,
        groups=groups_of(true),
    )


def _starts(search: _Search) -> list[Vector]:
    n_classes = len(search.true)
    # A class without rows, or with rows that count for none, is taken to have one.
    rows = np.where(search.true > 0, search.true, 1.0)
    inverse_prior = -np.log(rows / search.true.sum())
    starts = [np.zeros(n_classes), inverse_prior]
    if search.costs is not None:
        right = np.diagonal(search.costs)
        harm = (search.costs.sum(axis=1) - right) / (n_classes - 1) - right
        # A class whose mistakes cost nothing has no logarithm; a thousandth is nearly nothing.
        starts.append(np.log(np.maximum(harm, 1e-3 * search.objective.unit)))
    return starts


class _Ranking(NamedTuple):
    """Each row's best and second best group under the present weights."""

    first: Codes
    first_score: Vector
    second: Codes
    second_score: Vector


def _ascend(search: _Search, start: Vector) -> tuple[Vector, float]:
    """Improve one weight after another until a whole round of them gains nothing."""
    choice, n_groups = grouped(search.scores + start, search.groups), len(search.groups)
    shift = np.zeros(n_groups)
    ranking = _rank(choice.scores + shift)
    rows = np.arange(len(search.labels))
    utility = _utility(search, choice.classes[rows, ranking.first])
    idle = 0
    for step in range(MAX_PASSES * n_groups):
        k = step % n_groups
        step_up = _line_search(search, choice, ranking, k=k, utility=utility)
        idle += 1
        if step_up is not None:
            (shift[k], utility), idle = step_up, 0
            ranking = _rank(choice.scores + shift)
        if idle >= n_groups:
            break
    weights = start.copy()
    for group, moved in zip(search.groups, shift, strict=True):
        weights[group] += moved
    return weights, utility


def _utility(search: _Search, predicted: Codes) -> float:
    found = _count(search, predicted)
    return float(search.objective.utility(confusion=found))


def _count(search: _Search, predicted: Codes) -> Margins:
    """Count hits, predictions and costs, as they stand when rows are decided so."""
    right, n_classes = predicted == search.labels, len(search.true)
    mass = search.row_mass
    cost = None
    if search.costs is not None:
        paid = search.costs[search.labels, predicted]
        cost = np.asarray((paid if mass is None else paid * mass).sum())
    of_right = None if mass is None else mass[right]
    return Margins(
        hits=np.bincount(predicted[right], of_right, n_classes).astype(np.float64),
        predicted=np.bincount(predicted, mass, n_classes).astype(np.float64),
        true=search.true,
        cost=cost,
    )


def _rank(adjusted: NDArray[np.float64]) -> _Ranking:
    rows = np.arange(len(adjusted))
    first = adjusted.argmax(axis=1)
    first_score = adjusted[rows, first]
    adjusted[rows, first] = -np.inf
    second = adjusted.argmax(axis=1)
    return _Ranking(first, first_score, second, adjusted[rows, second])


def _line_search(
    search: _Search, choice: Grouped, ranking: _Ranking, *, k: int, utility: float
) -> tuple[float, float] | None:
    """Return the best weight of group k, the others held, and its utility; None without a gain."""
    is_first = ranking.first == k
    rival_score = np.where(is_first, ranking.second_score, ranking.first_score)
    breakpoints = rival_score - choice.scores[:, k]
    order = np.argsort(breakpoints)
    edges = np.concatenate([[-np.inf], breakpoints[order], [np.inf]])
    rival = np.where(is_first, ranking.second, ranking.first)[order]
    change = _Change(
        order=order,
        labels=search.labels[order],
        rival=choice.classes[order, rival],
        own=choice.classes[order, k],
    )
    moved = _moved(search, change)
    becomes_right = change.labels == change.own if moved is None else moved < 0
    most = MAX_CANDIDATES if len(search.groups) == len(search.true) else FEW_CANDIDATES
    taken = _positions(edges, own=becomes_right, most=most)
    reached = search.objective.utility(confusion=_margins(search, change, taken=taken, moved=moved))
    best = float(reached.max(initial=-np.inf))
    if best <= utility + search.smallest_gain:
        return None
    low, high = _bounded(edges[taken], edges[taken + 1])
    return _middle_of_widest(reached >= best - search.smallest_gain, low, high), best


class _Change(NamedTuple):
    """Rows in the order in which they go over to a group: to which class, and from which."""

    order: Codes
    labels: Codes
    rival: Codes
    own: Codes


def _moved(search: _Search, change: _Change) -> Vector | None:
    """Return what each row's going over adds to the cost, in the order given."""
    if search.costs is None:
        return None
    labels = change.labels
    added = np.asarray(search.costs[labels, change.own] - search.costs[labels, change.rival])
    return added if search.row_mass is None else added * search.row_mass[change.order]


def _positions(edges: Vector, *, own: NDArray[np.bool_], most: int) -> Codes:
    """Choose how many rows a group may take, counted in the order of their breakpoints."""
    with np.errstate(invalid="ignore"):  # inf - inf: rows that class k always or never takes
        fits = np.diff(edges) > SMALLEST_GAP
    possible = np.flatnonzero(fits)
    if len(possible) <= most:
        return possible
    # Optima lie behind rows of the class itself (under costs: rows that become cheaper), so these
    # are looked at three times as densely.
    behind = np.searchsorted(possible, np.flatnonzero(own) + 1)
    own_possible = possible[np.minimum(behind, len(possible) - 1)]
    chosen = np.zeros_like(fits)
    chosen[_spread(possible, most // 4)] = True
    chosen[_spread(own_possible, 3 * most // 4)] = True
    return np.flatnonzero(chosen)


def _spread(positions: Codes, size: int) -> Codes:
    """Thin positions to about `size` of them, evenly in rank, both ends kept."""
    if len(positions) <= size:
        return positions
    return positions[np.arange(size) * (len(positions) - 1) // (size - 1)]


def _margins(search: _Search, change: _Change, *, taken: Codes, moved: Vector | None) -> Margins:
    """Count hits, predictions and costs after so many rows went over."""
    labels, n_classes, bins = change.labels, len(search.true), len(taken)
    weight = None if search.row_mass is None else search.row_mass[change.order]
    # The first position at which a row has gone over; the last bin is "never".
    arrival = np.searchsorted(taken, np.arange(len(labels)), side="right")

    def count(
        own: NDArray[np.bool_] | slice, rival: NDArray[np.bool_] | slice, weight: Vector | None
    ) -> NDArray[np.float64]:
        """Add rows to the classes that they go to, and take them from those that they leave."""

        def table(rows: NDArray[np.bool_] | slice, classes: Codes) -> NDArray[np.float64]:
            cells = arrival[rows] * n_classes + classes[rows]
            mass = None if weight is None else weight[rows]
            counts = np.bincount(cells, weights=mass, minlength=(bins + 1) * n_classes)
            return np.asarray(counts.reshape(bins + 1, n_classes), np.float64)

        gone = table(rival, change.rival)
        come = table(own, change.own)
        return np.asarray((gone.sum(axis=0) + (come - gone).cumsum(axis=0))[:-1])

    everything = slice(None)
    is_hit, was_hit = labels == change.own, labels == change.rival
    # Hits are counted in whole rows: what rounding leaves of none would be a class that is found.
    hits = count(is_hit, was_hit, None)
    if search.mass is not None:
        hits *= search.mass
    elif weight is not None:
        hits = np.where(hits > 0, count(is_hit, was_hit, weight), 0.0)
    cost = None
    if search.costs is not None and moved is not None:
        before = search.costs[labels, change.rival] * (1.0 if weight is None else weight)
        cost = before.sum() + _running(moved)[taken]
    return Margins(
        hits=hits,
        predicted=count(everything, everything, weight),
        true=search.true,
        cost=cost,
    )


def _running(amount: NDArray[np.generic]) -> Vector:
    """Return the sum of the first 0, 1, 2, ... amounts."""
    return np.concatenate([[0.0], amount.cumsum(dtype=np.float64)])


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
