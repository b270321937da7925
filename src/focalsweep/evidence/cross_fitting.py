"""What the decision layer is worth on inner rows that it was not fitted on.

Sides of the verdict are judged with decision weights, so the arm that stands for a side is chosen
with them too. A layer that is scored on the rows it was fitted on looks better than it is, most of
all on few rows and many classes. Here the rows of each inner fold are decided by a layer that was
fitted on the other inner folds, and all rows are scored together, as a trial's value is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focalsweep.evidence.decision_rule import PARTS, fit_decision_rule, parts_of
from focalsweep.evidence.predictions import inner_log_posterior, own_log_proba
from focalsweep.evidence.refit import Chosen
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import Objective
from focalsweep.search.folds import Folds

Array = NDArray[np.float64]


def cross_fitted_score(chosen: Chosen, *, folds: Folds, objective: Objective) -> float:
    """Score a chosen point with decision weights on its scope's inner rows.

    Returns
    -------
    float
        A utility; the value of the trial itself for an objective that needs no decisions.
    """
    if not objective.uses_decisions:
        return chosen.inner_score
    log_proba = own_log_proba(chosen.inner_logits, chosen)
    posterior = log_proba
    if objective.costs is not None:
        posterior = inner_log_posterior(chosen, folds=folds)
    sizes = [len(folds.views[member.view].eval_labels) for member in chosen.inner_members]
    return cross_fitted_utility(
        log_proba,
        chosen.inner_labels,
        fold=np.repeat(np.arange(len(sizes)), sizes),
        objective=objective,
        log_posterior=posterior,
        weights=chosen.inner_weights,
    )


def cross_fitted_utility(
    log_proba: Array,
    labels: NDArray[np.integer],
    *,
    fold: NDArray[np.integer],
    objective: Objective,
    log_posterior: Array | None = None,
    weights: Array | None = None,
) -> float:
    """Decide each fold's rows by a layer that was fitted on the others, and score all rows.

    Parameters
    ----------
    log_proba : array of shape (rows, classes), or (rows, labels, 2)
        Of rows that the models were not trained on.
    labels : int array of shape (rows,), or (rows, labels)
    fold : int array of shape (rows,)
        Which part each row belongs to. Where there is one part only, its rows are dealt into five,
        class by class.
    objective : Objective
        One that needs decisions.
    log_posterior : array like `log_proba`, optional
        See `focalsweep.evidence.decision_rule.fit_decision_rule`; needed under costs.
    weights : array of shape (rows,), optional
        What each row counts for.
    """
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(labels)) % PARTS if labels.ndim == 2 else parts_of(labels)
    posterior = log_proba if log_posterior is None else log_posterior
    decided = np.empty(labels.shape, dtype=np.int64)
    for number in np.unique(fold):
        own = fold == number
        rule = fit_decision_rule(
            log_proba[~own],
            labels[~own],
            objective=objective,
            log_posterior=posterior[~own],
            weights=None if weights is None else weights[~own],
        )
        decided[own] = rule.decide(log_proba=log_proba[own], log_posterior=posterior[own])
    if objective.multi_label:
        return float(objective.utility(confusion=label_counts(labels, decided, weights=weights)))
    n_classes = log_proba.shape[1]
    counts = confusion_counts(labels, decided, n_classes=n_classes, weights=weights)
    return float(objective.utility(confusion=counts))
