"""What a chosen point predicts on outer test rows: by argmax, with decision weights, as posterior.

Decision weights are fitted on inner out-of-fold logits only. argmax and decision weights read the
arm's own softmax; probabilities that are scored are corrected to the data's posterior first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from focalsweep.evidence.decision_weights import decide, fit_decision_weights
from focalsweep.evidence.refit import Chosen
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba, correction_refusal
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.probability import row_log_loss
from focalsweep.search.folds import Folds
from focalsweep.training.member import View

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Hold one chosen point's predictions on its outer test rows.

    Parameters
    ----------
    labels : int array of shape (rows,)
    log_weights : array of shape (classes,)
        The decision weights.
    argmax, decision : int array of shape (seeds, rows)
        Predicted classes.
    log_proba : array of shape (seeds, rows, classes)
        The arm's own log-softmax.
    log_posterior : array of shape (seeds, rows, classes)
        Corrected to the data's posterior; `log_proba` where no correction exists.
    """

    labels: NDArray[np.int32]
    log_weights: Array
    argmax: NDArray[np.int64]
    decision: NDArray[np.int64]
    log_proba: Array
    log_posterior: Array

    def confusions(self, *, decision: bool) -> Array:
        """Count test rows by true class and prediction, shape (seeds, classes, classes)."""
        predicted = self.decision if decision else self.argmax
        n_classes = len(self.log_weights)
        return np.stack([confusion_counts(self.labels, p, n_classes=n_classes) for p in predicted])

    def score(self, objective: Objective, *, decision: bool) -> float:
        """Score each seed and average."""
        log_loss = row_log_loss(self.log_posterior, self.labels).mean(axis=-1)
        confusion = self.confusions(decision=decision)
        return float(np.mean(objective.utility(confusion=confusion, log_loss=log_loss)))

    def output(self, objective: Objective, *, decision: bool) -> NDArray[np.generic]:
        """Return what the bootstrap resamples: predictions, or row losses, (seeds, rows)."""
        if not objective.uses_decisions:
            return row_log_loss(self.log_posterior, self.labels)
        return self.decision if decision else self.argmax


def predict(chosen: Chosen, *, folds: Folds, objective: Objective) -> Predictions:
    """Decide and correct one chosen point's test logits."""
    log_weights = own_decision_weights(chosen, objective=objective)
    log_proba = log_softmax(chosen.test_logits.astype(np.float64), axis=-1)
    # Refits differ in their seed only: one view, one loss.
    refit = chosen.refit_members[0]
    return Predictions(
        labels=chosen.test_labels,
        log_weights=log_weights,
        argmax=log_proba.argmax(axis=-1),
        decision=decide(log_proba, log_weights),
        log_proba=log_proba,
        log_posterior=_log_posterior(chosen.test_logits, refit.loss, folds.views[refit.view]),
    )


def own_decision_weights(chosen: Chosen, *, objective: Objective) -> Array:
    """Fit decision weights on the inner out-of-fold logits of a chosen point."""
    log_proba = log_softmax(chosen.inner_logits.astype(np.float64), axis=-1)
    return fit_decision_weights(log_proba, chosen.inner_labels, objective=objective)


def _log_posterior(logits: NDArray[np.float32], point: LossPoint, view: View) -> Array:
    if correction_refusal(point) is not None:
        return np.asarray(log_softmax(logits.astype(np.float64), axis=-1))
    corrected = corrected_log_proba(
        logits,
        weight=point.weight,
        gamma=point.gamma,
        scale=point.scale,
        offset=point.offset,
        margin=point.margin,
        log_prior_shift=view.log_prior_shift,
    )
    return np.asarray(corrected, np.float64)
