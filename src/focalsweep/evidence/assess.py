"""The evidence of a sweep: every arm's scores, their differences, and the verdict.

Reads predictions that exist; trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focalsweep.evidence.arm_scores import ArmScores, Pick
from focalsweep.evidence.bootstrap import bootstrap_scores
from focalsweep.evidence.comparison import (
    Compare,
    VerdictRule,
    arm_differences,
    compare_folds,
    compare_test_rows,
)
from focalsweep.evidence.paired import Posterior, SampledPosterior, corrected_t
from focalsweep.evidence.predictions import Predictions, own_decision_weights, predict
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.result import (
    ArmResult,
    BestPoint,
    Comparison,
    Difference,
    FoldScore,
    Interval,
    Verdict,
)
from focalsweep.evidence.verdict import reach_verdict
from focalsweep.losses.posterior import correction_refusal
from focalsweep.metrics.objective import OBJECTIVES, Objective
from focalsweep.metrics.probability import brier_score, log_loss
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Evaluation, Folds


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Hold what the evidence says."""

    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class _ArmEvidence:
    """Everything known of one arm: outer folds in order, and the search on all rows."""

    arm: Arm
    outer: Sequence[Chosen]
    predictions: Sequence[Predictions]
    final: Chosen
    scores: ArmScores


def assess(
    chosen: Sequence[Chosen],
    *,
    folds: Folds,
    evaluation: Evaluation,
    objective: Objective,
    rule: VerdictRule,
    seed: int,
) -> Assessment:
    """Score every arm and reach the verdict.

    Parameters
    ----------
    chosen : sequence of Chosen
        One an arm and scope, the scope of all rows included.
    folds, evaluation, objective, rule
        The sweep's.
    seed : int
        Of the bootstrap.
    """
    evidence = [_gather(arm, chosen, folds=folds, objective=objective) for arm in _arms_of(chosen)]
    scores = [entry.scores for entry in evidence]
    if evaluation.kind == "nested":
        ratio = float(np.mean([_test_train_ratio(c, folds) for c in evidence[0].outer]))
        compare = compare_folds(scores, test_train_ratio=ratio)

        def spread(entry: _ArmEvidence, decision: bool) -> Posterior:
            per_fold = entry.scores.decision if decision else entry.scores.argmax
            return corrected_t(per_fold, test_train_ratio=ratio)

    else:
        compare = _compare_holdout(evidence, objective=objective, seed=seed)

        def spread(entry: _ArmEvidence, decision: bool) -> Posterior:
            return _bootstrapped(
                entry.predictions[0], objective=objective, decision=decision, seed=seed
            )

    differences = arm_differences(scores, compare=compare, objective=objective)
    comparisons, verdict = reach_verdict(scores, compare=compare, objective=objective, rule=rule)
    arms = tuple(
        _result(
            entry,
            objective=objective,
            argmax=_interval(spread(entry, False)),
            decision=_interval(spread(entry, True)),
            difference=differences.get(entry.arm.name),
        )
        for entry in evidence
    )
    return Assessment(arms=arms, comparisons=tuple(comparisons), verdict=verdict)


def _arms_of(chosen: Sequence[Chosen]) -> list[Arm]:
    return list({entry.arm.name: entry.arm for entry in chosen}.values())


def _gather(
    arm: Arm, chosen: Sequence[Chosen], *, folds: Folds, objective: Objective
) -> _ArmEvidence:
    own = [entry for entry in chosen if entry.arm.name == arm.name]
    outer = [entry for entry in own if entry.scope.refit is not None]
    predictions = [predict(entry, folds=folds, objective=objective) for entry in outer]
    scores = ArmScores(
        name=arm.name,
        label=arm.label,
        family=arm.family,
        inner=np.array([entry.inner_score for entry in outer]),
        argmax=np.array([p.score(objective, decision=False) for p in predictions]),
        decision=np.array([p.score(objective, decision=True) for p in predictions]),
    )
    (final,) = (entry for entry in own if entry.scope.refit is None)
    return _ArmEvidence(arm=arm, outer=outer, predictions=predictions, final=final, scores=scores)


def _test_train_ratio(chosen: Chosen, folds: Folds) -> float:
    view = folds.views[chosen.refit_members[0].view]
    return len(chosen.test_labels) / int(view.natural_counts.sum())


def _compare_holdout(
    evidence: Sequence[_ArmEvidence], *, objective: Objective, seed: int
) -> Compare:
    first = evidence[0].predictions[0]
    return compare_test_rows(
        {
            Pick(entry.arm.name, weighted): entry.predictions[0].output(
                objective, decision=weighted
            )
            for entry in evidence
            for weighted in (False, True)
        },
        labels=first.labels,
        n_classes=len(first.log_weights),
        objective=objective,
        seed=seed,
    )


def _bootstrapped(
    predictions: Predictions, *, objective: Objective, decision: bool, seed: int
) -> Posterior:
    observed, samples = bootstrap_scores(
        predictions.output(objective, decision=decision)[None],
        labels=predictions.labels,
        n_classes=len(predictions.log_weights),
        objective=objective,
        seed=seed,
    )
    return SampledPosterior(mean=float(observed[0]), samples=samples[0])


def _interval(posterior: Posterior) -> Interval:
    low, high = posterior.interval(0.95)
    return Interval(low=low, high=high)


def _result(
    entry: _ArmEvidence,
    *,
    objective: Objective,
    argmax: Interval,
    decision: Interval,
    difference: Difference | None,
) -> ArmResult:
    refusal = correction_refusal(entry.final.point)
    return ArmResult(
        name=entry.arm.name,
        label=entry.arm.label,
        family=entry.arm.family,
        inner_score=float(entry.scores.inner.mean()),
        argmax_score=float(entry.scores.argmax.mean()),
        argmax_interval=argmax,
        decision_score=float(entry.scores.decision.mean()),
        decision_interval=decision,
        difference=difference,
        folds=tuple(
            FoldScore(
                fold=fold,
                inner_score=float(entry.scores.inner[fold]),
                argmax_score=float(entry.scores.argmax[fold]),
                decision_score=float(entry.scores.decision[fold]),
                trial=chosen.trial.number,
                epochs=chosen.trial.outcome.epochs,
                parameters=chosen.trial.parameters,
            )
            for fold, chosen in enumerate(entry.outer)
        ),
        best=_best_point(entry.final, objective=objective),
        confusion=_summed([p.confusions(decision=False) for p in entry.predictions]),
        decision_confusion=_summed([p.confusions(decision=True) for p in entry.predictions]),
        metrics=_metrics(entry.predictions),
        correction=f"not corrected: {refusal}" if refusal else "corrected to the data's posterior",
        failed_trials=sum(c.failed_trials for c in [*entry.outer, entry.final]),
    )


def _best_point(final: Chosen, *, objective: Objective) -> BestPoint:
    weights = own_decision_weights(final, objective=objective)
    member, point, outcome = final.inner_members[0], final.point, final.trial.outcome
    return BestPoint(
        trial=final.trial.number,
        inner_score=final.inner_score,
        epochs=outcome.epochs,
        parameters=final.trial.parameters,
        learning_rate=member.learning_rate,
        weight_decay=member.weight_decay,
        alpha=tuple(point.weight.tolist()),
        gamma=tuple(point.gamma.tolist()),
        offset=tuple(point.offset.tolist()),
        decision_weights=tuple(np.exp(weights).tolist()) if objective.uses_decisions else None,
        curve=outcome.curve,
    )


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
        "log_loss_raw": over_folds([log_loss(p.log_proba, p.labels).mean() for p in predictions]),
        "log_loss_corrected": over_folds(
            [log_loss(p.log_posterior, p.labels).mean() for p in predictions]
        ),
        "brier_score_corrected": over_folds(
            [brier_score(p.log_posterior, p.labels).mean() for p in predictions]
        ),
    }
