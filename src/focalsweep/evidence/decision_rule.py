"""The decision layer: from log-probabilities to classes, by weights or by expected cost.

Decision weights (`focalsweep.evidence.decision_weights`) serve every objective of the sweep. Under
costs they are one way of two: a weight a class cannot express every cost matrix. Where the middle
one of three classes is a cheap compromise, it should be decided when the other two are equally
likely and not when one of them is certain, and no weight of the middle class does both. The Bayes
rule does: decide the class of smallest expected cost ``sum_k p_k C_kj``. It needs probabilities
that can be believed, so they are corrected to the posterior and temperature-scaled; weights need
none, so which of the two is used is settled on inner out-of-fold rows.

References
----------
.. [1] Elkan, "The foundations of cost-sensitive learning", IJCAI (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.evidence.decision_weights import decide, fit_decision_weights
from focalsweep.evidence.label_thresholds import fit_thresholds
from focalsweep.evidence.temperature import fit_temperature, scaled
from focalsweep.metrics.confusion import CostMatrix, confusion_counts
from focalsweep.metrics.objective import Objective

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

PARTS = 5
"""Weights are judged on rows that they were not fitted on: in turn, one of so many parts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExpectedCost:
    """Decide the class of smallest expected cost.

    Parameters
    ----------
    costs : tuple of tuples
        Cost of deciding column for a row of class row.
    temperature : float
        What log-posteriors are divided by first, see `focalsweep.evidence.temperature`.
    log_prior_shift : array of shape (classes,)
        Added after that: log of the new over the natural priors, where priors are new.
    """

    costs: CostMatrix
    temperature: float
    log_prior_shift: Array

    def decide(self, log_posterior: ArrayLike) -> Codes:
        """Predict classes from log-posteriors of shape (..., classes); of equal ones the first."""
        moved = scaled(log_posterior, self.temperature) + self.log_prior_shift
        # A common factor of a row changes nothing: the largest becomes 1, so none underflow.
        proba = np.exp(moved - moved.max(axis=-1, keepdims=True))
        return np.asarray((proba @ np.array(self.costs)).argmin(axis=-1))


@dataclass(frozen=True, kw_only=True, eq=False)
class DecisionRule:
    """Hold one fitted decision layer.

    Parameters
    ----------
    log_weights : array of shape (classes,), or (labels, 2)
        The decision weights; zeros are plain argmax. Of multi-label data those of [without, with]
        each label, which are a threshold (`focalsweep.evidence.label_thresholds`).
    expected_cost : ExpectedCost, optional
        Decides instead of the weights where it was cheaper on inner rows.
    """

    log_weights: Array
    expected_cost: ExpectedCost | None = None

    def decide(self, *, log_proba: ArrayLike, log_posterior: ArrayLike) -> Codes:
        """Predict classes, shape (...).

        Parameters
        ----------
        log_proba : array of shape (..., classes)
            The arm's own log-softmax, which weights are added to.
        log_posterior : array of shape (..., classes)
            Corrected to the data's posterior where possible, which expected costs are read from.
        """
        if self.expected_cost is not None:
            return self.expected_cost.decide(log_posterior)
        return decide(log_proba, self.log_weights)


def fit_decision_rule(
    log_proba: ArrayLike,
    labels: ArrayLike,
    *,
    objective: Objective,
    log_posterior: ArrayLike | None = None,
    log_prior_shift: ArrayLike | None = None,
    weights: NDArray[np.floating] | None = None,
) -> DecisionRule:
    """Fit the decision layer on rows that the model was not trained on.

    Parameters
    ----------
    log_proba : array of shape (rows, classes), or (rows, labels, 2)
        The arm's own log-softmax.
    labels : int array of shape (rows,), or (rows, labels)
        True class codes, or labels.
    objective : Objective
        What to make large.
    log_posterior : array of shape (rows, classes), optional
        Needed under costs: what `log_proba` is after correction.
    log_prior_shift : array of shape (classes,), optional
        log of new over natural priors: the rule is for data with the new ones. Rows then count for
        as many as they stand for, and weights are sought around the shift. Zeros change nothing;
        -inf is a class that does not come and is never decided.
    weights : array of shape (rows,), optional
        What each row counts for; None counts every row once.

    Raises
    ------
    ValueError
        When the objective has costs and `log_posterior` is missing.
    """
    if objective.multi_label:
        fitted = fit_thresholds(log_proba, labels, objective=objective, weights=weights)
        return DecisionRule(log_weights=fitted)
    scores = np.asarray(log_proba, dtype=np.float64)
    codes = np.asarray(labels, dtype=np.int64)
    shift = np.zeros(scores.shape[1])
    if log_prior_shift is not None:
        shift = np.asarray(log_prior_shift, dtype=np.float64)
    mass = np.exp(shift) if shift.any() else None

    def weights_for(chosen: NDArray[np.bool_]) -> Array:
        moved = scores[chosen] + shift
        return shift + fit_decision_weights(
            moved,
            codes[chosen],
            objective=objective,
            mass=mass,
            weights=None if weights is None else weights[chosen],
        )

    everything = np.ones(len(codes), dtype=np.bool_)
    fitted = weights_for(everything)
    if objective.costs is None or not len(codes):
        return DecisionRule(log_weights=fitted)
    if log_posterior is None:
        raise ValueError("`log_posterior` is needed under costs.")
    bayes = ExpectedCost(
        costs=objective.costs,
        temperature=fit_temperature(log_posterior, codes, weights=weights),
        log_prior_shift=shift,
    )
    by_weights = np.empty_like(codes)
    part = parts_of(codes)
    for number in range(PARTS):
        held_out = part == number
        by_weights[held_out] = decide(scores[held_out], weights_for(~held_out))
    rows_count = 1.0 if mass is None else mass[:, None]

    def utility(predicted: Codes) -> float:
        counts = confusion_counts(codes, predicted, n_classes=scores.shape[1], weights=weights)
        return float(objective.utility(confusion=counts * rows_count))

    is_cheaper = utility(bayes.decide(log_posterior)) > utility(by_weights)
    return DecisionRule(log_weights=fitted, expected_cost=bayes if is_cheaper else None)


def parts_of(labels: NDArray[np.integer]) -> Codes:
    """Deal the rows of each class into the parts in turn."""
    part = np.empty(len(labels), dtype=np.int64)
    for k in np.unique(labels):
        rows = np.flatnonzero(labels == k)
        part[rows] = np.arange(len(rows)) % PARTS
    return part
