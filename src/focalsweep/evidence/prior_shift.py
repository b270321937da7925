"""What the arms would score where classes come in other shares than in the data.

Label shift: rows of a class look as they do here, and only their share changes, from pi to nu. Then
a test row of class k stands for ``nu_k / pi_k`` rows; a posterior moves by ``log(nu / pi)`` before
it is normalised again; and the decision layer is fitted anew on inner out-of-fold rows that count
by the same ratio, around the moved scores. So an arm is not judged by decisions that were made for
other priors, which anybody would adapt. Without a change of priors all of it is the plain score.

References
----------
.. [1] Saerens et al., "Adjusting the outputs of a classifier to new a priori probabilities",
   Neural Computation 14 (2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax

from focalsweep.evidence.predictions import Predictions, own_decision_rule
from focalsweep.evidence.refit import Chosen
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.probability import row_log_loss
from focalsweep.search.folds import Folds

Array = NDArray[np.float64]

AS_IN_DATA = "as in the data"
"""Name of the scenario that changes nothing."""


def prior_scores(
    outer: Sequence[Chosen],
    predictions: Sequence[Predictions],
    *,
    folds: Folds,
    objective: Objective,
    priors: Mapping[str, ArrayLike],
) -> dict[str, float]:
    """Score one arm's decision layer under other priors, mean over outer folds and seeds.

    Parameters
    ----------
    outer : sequence of Chosen
        One an outer fold; their inner logits fit the decision layer.
    predictions : sequence of Predictions
        Of the same folds, in the same order.
    folds : Folds
        The sweep's: natural shares are those of each fold's training rows before any profile.
    objective : Objective
        The sweep's, on confusion counts (or row losses) in which rows weigh what they stand for.
    priors : mapping of str to array of shape (classes,)
        The user's class shares by the scenario's name. A share of 0 leaves the class out.

    Returns
    -------
    dict of str to float
        Utilities, up is better: first ``as in the data``, which is the plain score; empty where no
        priors were given.
    """
    if not priors:
        return {}
    plain = [fold.score(objective, decision=True) for fold in predictions]
    scores = {AS_IN_DATA: float(np.mean(plain))}
    for name, shares in priors.items():
        by_fold = [
            _score(entry, fold, folds=folds, objective=objective, shares=_shares(shares))
            for entry, fold in zip(outer, predictions, strict=True)
        ]
        scores[name] = float(np.mean(by_fold))
    return scores


def _score(
    chosen: Chosen, fold: Predictions, *, folds: Folds, objective: Objective, shares: Array
) -> float:
    natural = _shares(folds.views[chosen.refit_members[0].view].natural_counts)
    # A class that training did not see has no known share: its rows cannot be weighed, and count
    # for none.
    ratio = np.divide(shares, natural, out=np.zeros_like(shares), where=natural > 0)
    with np.errstate(divide="ignore"):  # -inf: a class that does not come is never decided
        shift = np.log(ratio)
    if not objective.uses_decisions:
        row_mass, comes = ratio[fold.labels], ratio[fold.labels] > 0
        if fold.weights is not None:
            row_mass = row_mass * fold.weights
        moved = log_softmax(fold.log_posterior + shift, axis=-1)
        losses = row_log_loss(moved[:, comes], fold.labels[comes]) @ row_mass[comes]
        return float(np.mean(objective.utility(log_loss=losses / row_mass.sum())))
    rule = own_decision_rule(chosen, folds=folds, objective=objective, log_prior_shift=shift)
    decided = rule.decide(log_proba=fold.log_proba, log_posterior=fold.log_posterior)
    counts = confusion_counts(fold.labels, decided, n_classes=len(shares), weights=fold.weights)
    return float(np.mean(objective.utility(confusion=counts * ratio[:, None])))


def _shares(values: ArrayLike) -> Array:
    amounts = np.asarray(values, dtype=np.float64)
    return np.asarray(amounts / amounts.sum())
