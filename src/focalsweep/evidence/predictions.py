"""What a chosen point predicts on outer test rows: by argmax, with decision weights, as posterior.

The decision layer is fitted on inner out-of-fold logits only. argmax and decision weights read the
arm's own softmax; probabilities that are scored, or weighed against costs, are corrected to the
data's posterior first.

A label of multi-label data is a choice of two, [without, with] it, so everything here is done label
by label on a further axis: argmax of the two is probability above 1/2, and decision weights of the
two are a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit, log_softmax

from focalsweep.evidence.decision_rule import DecisionRule, fit_decision_rule
from focalsweep.evidence.decision_weights import fit_decision_weights
from focalsweep.evidence.refit import Chosen
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import (
    corrected_log_proba,
    correction_refusal,
    two_class_logits,
)
from focalsweep.losses.recipe import of_family
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.probability import log_loss, row_log_loss
from focalsweep.search.folds import Folds
from focalsweep.training.member import Member

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Hold one chosen point's predictions on its outer test rows.

    Parameters
    ----------
    labels : int array of shape (rows,), or (rows, labels)
    log_weights : array of shape (classes,), or (labels, 2)
        The decision weights.
    argmax, decision : int array of shape (seeds, rows), or (seeds, rows, labels)
        Predicted classes, or labels: plain argmax, and by the decision layer (`DecisionRule`),
        which is the weights unless there are costs.
    log_proba : array of shape (seeds, rows, classes), or (seeds, rows, labels, 2)
        The arm's own log-softmax, see `own_log_proba`.
    log_posterior : array of shape (seeds, rows, classes), or (seeds, rows, labels, 2)
        Corrected to the data's posterior; `log_proba` where no correction exists.
    weights : array of shape (rows,), optional
        What each row counts for; None where all count once.
    """

    labels: NDArray[np.integer]
    log_weights: Array
    argmax: NDArray[np.int64]
    decision: NDArray[np.int64]
    log_proba: Array
    log_posterior: Array
    weights: Array | None = None

    def confusions(self, *, decision: bool) -> Array:
        """Count test rows by true class and prediction.

        Returns
        -------
        array of shape (seeds, classes, classes), or (seeds, labels, 2, 2)
        """
        predicted = self.decision if decision else self.argmax
        if self.labels.ndim == 2:
            return label_counts(self.labels, predicted, weights=self.weights).astype(np.float64)
        n_classes = len(self.log_weights)
        return np.stack(
            [
                confusion_counts(self.labels, p, n_classes=n_classes, weights=self.weights)
                for p in predicted
            ]
        )

    def score(self, objective: Objective, *, decision: bool) -> float:
        """Score each seed and average."""
        mean_loss = log_loss(self.log_posterior, self.labels, weights=self.weights)
        confusion = self.confusions(decision=decision)
        return float(np.mean(objective.utility(confusion=confusion, log_loss=mean_loss)))

    def output(self, objective: Objective, *, decision: bool) -> NDArray[np.generic]:
        """Return what the bootstrap resamples: predictions, or row losses of (seeds, rows)."""
        if not objective.uses_decisions:
            return row_log_loss(self.log_posterior, self.labels)
        return self.decision if decision else self.argmax


def predict(chosen: Chosen, *, folds: Folds, objective: Objective) -> Predictions:
    """Decide and correct one chosen point's test logits."""
    rule = own_decision_rule(chosen, folds=folds, objective=objective)
    log_proba = own_log_proba(chosen.test_logits, chosen)
    log_posterior = _log_posterior(chosen.test_logits, chosen, _member(chosen), folds=folds)
    return Predictions(
        labels=chosen.test_labels,
        log_weights=rule.log_weights,
        argmax=log_proba.argmax(axis=-1),
        decision=rule.decide(log_proba=log_proba, log_posterior=log_posterior),
        log_proba=log_proba,
        log_posterior=log_posterior,
        weights=chosen.test_weights,
    )


def own_decision_rule(
    chosen: Chosen, *, folds: Folds, objective: Objective, log_prior_shift: Array | None = None
) -> DecisionRule:
    """Fit the decision layer on the inner out-of-fold logits of a chosen point.

    `log_prior_shift` is that of `fit_decision_rule`.
    """
    under_costs = objective.costs is not None
    return fit_decision_rule(
        own_log_proba(chosen.inner_logits, chosen),
        chosen.inner_labels,
        objective=objective,
        log_posterior=inner_log_posterior(chosen, folds=folds) if under_costs else None,
        log_prior_shift=log_prior_shift,
        weights=chosen.inner_weights,
    )


def own_decision_weights(chosen: Chosen, *, objective: Objective) -> Array:
    """Fit decision weights on the inner out-of-fold logits of a chosen point.

    Of single-label data: multi-label data have thresholds, see `own_decision_rule`.
    """
    log_proba = own_log_proba(chosen.inner_logits, chosen)
    return fit_decision_weights(
        log_proba, chosen.inner_labels, objective=objective, weights=chosen.inner_weights
    )


def own_log_proba(logits: NDArray[np.floating], chosen: Chosen) -> Array:
    """Compute the arm's own log-softmax, without offset and margin.

    A cosine head's logits lie in [-1, 1] and mean nothing without the scale that all classes
    share; elsewhere a scale a class is a device of training, and z is what predicts.

    Parameters
    ----------
    logits : array of shape (..., classes), or (..., labels)
        z, as the records carry it.
    chosen : Chosen
        Says which head and scale.

    Returns
    -------
    array of shape (..., classes), or (..., labels, 2)
    """
    if chosen.inner_labels.ndim == 2:
        return two_class_log_proba(logits)
    z = logits.astype(np.float64)
    if isinstance(chosen.point, LossPoint) and chosen.recipe.head == "cosine":
        z = chosen.point.scale * z
    return np.asarray(log_softmax(z, axis=-1))


def two_class_log_proba(logits: NDArray[np.floating]) -> Array:
    """Return the log-probabilities of [without, with] each label, shape (..., labels, 2)."""
    z = np.asarray(logits, dtype=np.float64)
    return np.stack([log_expit(-z), log_expit(z)], axis=-1)


def inner_log_posterior(chosen: Chosen, *, folds: Folds) -> Array:
    """Correct the inner out-of-fold logits, each inner fold's by its own loss and priors.

    Returns
    -------
    array of shape (rows, classes), or (rows, labels, 2)
        The arm's own log-softmax where no correction exists.
    """
    sizes = [len(folds.views[member.view].eval_labels) for member in chosen.inner_members]
    parts = np.split(chosen.inner_logits, np.cumsum(sizes)[:-1])
    corrected = [
        _log_posterior(logits, chosen, member, folds=folds)
        for logits, member in zip(parts, chosen.inner_members, strict=True)
    ]
    return np.concatenate(corrected)


def posterior_weight(chosen: Chosen, *, folds: Folds) -> tuple[float, ...] | None:
    """Return the class weights that undo a chosen point, sampling and thinned priors included.

    With them in place of the loss's own, `corrected_log_proba` needs no shift of priors; None
    where no correction exists.
    """
    if refusal(chosen, folds) is not None:
        return None
    member = chosen.final_member or _member(chosen)
    view = folds.views[member.view]
    own = of_family(member.stage(member.epochs - 1).loss).weight
    drawn = of_family(member.posterior_point(view.train_counts)).weight / own
    weight = of_family(chosen.point).weight * drawn * np.exp(-view.log_prior_shift)
    return tuple(weight.tolist())


def refusal(chosen: Chosen, folds: Folds) -> str | None:
    """Say why a chosen point's scores cannot be turned into a posterior; None where they can."""
    return correction_refusal(chosen.point) or folds.views[_member(chosen).view].correctable


def _member(chosen: Chosen) -> Member:
    """Return a member that speaks for all: refits differ in their seed only."""
    return (chosen.refit_members or chosen.inner_members)[0]


def _log_posterior(
    logits: NDArray[np.floating], chosen: Chosen, member: Member, *, folds: Folds
) -> Array:
    """Correct logits of one member, or of members that differ in their seed only."""
    if refusal(chosen, folds) is not None:
        return own_log_proba(logits, chosen)
    view = folds.views[member.view]
    own = of_family(member.posterior_point(view.train_counts))
    point = own.two_class() if isinstance(own, SigmoidPoint) else own
    corrected = corrected_log_proba(
        logits if point is own else two_class_logits(logits),
        weight=point.weight,
        gamma=point.gamma,
        scale=point.scale,
        offset=point.offset,
        margin=point.margin,
        log_prior_shift=view.log_prior_shift,
    )
    return np.asarray(corrected, np.float64)
