"""One arm's part of the result: its scores, its chosen point, how it errs and how it searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import (
    ArmResult,
    BestPoint,
    Difference,
    FoldScore,
    KerasLoss,
    Search,
)
from focalsweep.evidence.arm_scores import Pick
from focalsweep.evidence.facts import PriorScenario
from focalsweep.evidence.gradient_shares import gradient_shares
from focalsweep.evidence.judgement import ArmEvidence, Judgement
from focalsweep.evidence.label_result import label_metrics, label_scores
from focalsweep.evidence.label_thresholds import thresholds
from focalsweep.evidence.precision_recall import precision_recall
from focalsweep.evidence.predictions import (
    Predictions,
    own_decision_rule,
    posterior_weight,
    refusal,
)
from focalsweep.evidence.prior_shift import prior_scores
from focalsweep.evidence.probabilities import probabilities
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.score_interval import score_interval
from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Point
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.metrics.objective import OBJECTIVES, Objective
from focalsweep.metrics.probability import brier_score, log_loss
from focalsweep.search.folds import Folds, Treatment


def arm_result(
    entry: ArmEvidence,
    *,
    judgement: Judgement,
    difference: Difference | None,
    search: Search,
    suspects: NDArray[np.bool_] | None,
    folds: Folds,
    objective: Objective,
    class_names: Sequence[str],
    priors: Sequence[PriorScenario],
) -> ArmResult:
    """Describe one arm.

    Parameters
    ----------
    entry : ArmEvidence
        The arm's, with a search on all rows.
    judgement : Judgement
        Of the sweep.
    difference : Difference or None
        Against cross-entropy.
    search : Search
        From `focalsweep.evidence.search_facts`.
    suspects : bool array of shape (inner rows of the search on all rows,) or None
        Rows whose label is suspected.
    folds, objective : Folds, Objective
        The sweep's.
    class_names : sequence of str
        In the order of class codes.
    priors : sequence of PriorScenario
        Class shares to score the arm under.
    """
    final = entry.final
    if final is None:
        raise ValueError(f"arm `{entry.arm.name}` has no search on all rows")
    refused = refusal(final, folds)
    scores = entry.scores
    argmax, decision = (
        score_interval(judgement.spreads[Pick(entry.arm.name, weighted)], objective=objective)
        for weighted in (False, True)
    )
    return ArmResult(
        name=entry.arm.name,
        label=entry.arm.label,
        family=entry.arm.family,
        inner_score=float(scores.inner.mean()),
        inner_decision_score=float(scores.judged.mean()),
        argmax_score=float(scores.argmax.mean()),
        argmax_interval=argmax,
        decision_score=float(scores.decision.mean()),
        decision_interval=decision,
        difference=difference,
        folds=tuple(
            FoldScore(
                fold=fold,
                inner_score=float(scores.inner[fold]),
                inner_decision_score=float(scores.judged[fold]),
                argmax_score=float(scores.argmax[fold]),
                decision_score=float(scores.decision[fold]),
                trial=chosen.trial.number,
                epochs=chosen.trial.outcome.epochs,
                parameters=chosen.trial.parameters,
            )
            for fold, chosen in enumerate(entry.outer)
        ),
        best=_best_point(final, folds=folds, objective=objective),
        confusion=()
        if objective.multi_label
        else _summed([p.confusions(decision=False) for p in entry.predictions]),
        decision_confusion=()
        if objective.multi_label
        else _summed([p.confusions(decision=True) for p in entry.predictions]),
        labels=label_scores(entry.predictions, class_names=class_names)
        if objective.multi_label
        else (),
        metrics=label_metrics(entry.predictions)
        if objective.multi_label
        else _metrics(entry.predictions),
        correction=f"not corrected: {refused}" if refused else "corrected to the data's posterior",
        probabilities=probabilities(entry.outer, entry.predictions, folds=folds),
        precision_recall=precision_recall(entry.predictions, class_names=class_names),
        gradient=gradient_shares(final, suspects, folds=folds),
        search=search,
        prior_scores=prior_scores(
            entry.outer,
            entry.predictions,
            folds=folds,
            objective=objective,
            priors={scenario.name: scenario.priors for scenario in priors},
        ),
        failed_trials=sum(c.failed_trials for c in [*entry.outer, final]),
    )


def _best_point(final: Chosen, *, folds: Folds, objective: Objective) -> BestPoint:
    rule = own_decision_rule(final, folds=folds, objective=objective)
    member, outcome = final.inner_members[0], final.trial.outcome
    decides = objective.uses_decisions
    last = final.recipe.end(outcome.epochs, epochs=member.schedule)
    return BestPoint(
        trial=final.trial.number,
        inner_score=final.inner_score,
        epochs=outcome.epochs,
        parameters=final.trial.parameters,
        learning_rate=member.learning_rate,
        weight_decay=member.weight_decay,
        **_loss(_in_family(final.point, final)),
        keras_loss=KerasLoss(
            path=final.point.path, arguments={**final.point.options, **final.point.numbers}
        )
        if isinstance(final.point, KerasPoint)
        else None,
        sampling=last.sampling,
        switch_epoch=final.recipe.switch_epoch(outcome.epochs, epochs=member.schedule),
        head=final.recipe.head,
        head_only=last.head_only,
        rows=_dotted(final.arm.rows),
        decision_weights=tuple(np.exp(rule.log_weights).tolist())
        if decides and not objective.multi_label
        else None,
        thresholds=tuple(thresholds(rule.log_weights).tolist())
        if decides and objective.multi_label
        else (),
        expected_cost_temperature=None
        if rule.expected_cost is None
        else rule.expected_cost.temperature,
        posterior_weight=None if objective.multi_label else posterior_weight(final, folds=folds),
        curve=outcome.curve,
    )


def _in_family(point: Point, final: Chosen) -> LossPoint | SigmoidPoint:
    """Return the point; cross-entropy, which weighs nothing, where it is none of the family."""
    if not isinstance(point, KerasPoint):
        return point
    multi_label = final.inner_labels.ndim == 2
    origin = SigmoidPoint if multi_label else LossPoint
    return origin.cross_entropy(final.inner_logits.shape[-1])


def _loss(point: LossPoint | SigmoidPoint) -> dict[str, Any]:
    """Return the numbers of a loss under the names of `BestPoint`."""
    if isinstance(point, SigmoidPoint):
        return {
            "alpha": tuple(point.weight[:, 1].tolist()),
            "gamma": tuple(point.gamma[:, 1].tolist()),
            "alpha_negative": tuple(point.weight[:, 0].tolist()),
            "gamma_negative": tuple(point.gamma[:, 0].tolist()),
            "clip": point.clip,
            "offset": tuple(point.offset.tolist()),
            "scale": (),
            "margin": (),
            "smoothing": point.smoothing,
            "power": 0.0,
        }
    return {
        "alpha": tuple(point.weight.tolist()),
        "gamma": tuple(point.gamma.tolist()),
        "alpha_negative": (),
        "gamma_negative": (),
        "clip": 0.0,
        "offset": tuple(point.offset.tolist()),
        "scale": tuple(point.scale.tolist()),
        "margin": tuple(point.margin.tolist()),
        "smoothing": point.smoothing,
        "power": point.power,
    }


def _dotted(treatment: Treatment | None) -> str | None:
    return None if treatment is None else f"{treatment.__module__}.{treatment.__qualname__}"


def _summed(confusions: Sequence[NDArray[np.float64]]) -> tuple[tuple[float, ...], ...]:
    total = np.sum([confusion.mean(axis=0) for confusion in confusions], axis=0)
    return tuple(tuple(row) for row in total.tolist())


def _metrics(predictions: Sequence[Predictions]) -> dict[str, float]:
    """Average every score over outer folds and seeds; argmax decides where one must."""

    def over_folds(values: Sequence[float]) -> float:
        return float(np.mean(values))

    scored = {
        name: over_folds([p.score(choice, decision=False) for p in predictions])
        for name, choice in OBJECTIVES.items()
        if choice.uses_decisions
    }
    return {
        **scored,
        "log_loss_raw": over_folds(
            [log_loss(p.log_proba, p.labels, weights=p.weights).mean() for p in predictions]
        ),
        "log_loss_corrected": over_folds(
            [log_loss(p.log_posterior, p.labels, weights=p.weights).mean() for p in predictions]
        ),
        "brier_score_corrected": over_folds(
            [brier_score(p.log_posterior, p.labels, weights=p.weights).mean() for p in predictions]
        ),
    }
