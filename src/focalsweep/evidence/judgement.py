"""From predictions to a verdict: every arm's scores on outer rows, compared by one rule.

Reads predictions that exist; trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from focalsweep.evidence.arm_scores import ArmScores, Pick, simplest_first
from focalsweep.evidence.bootstrap import bootstrap_scores
from focalsweep.evidence.comparison import (
    Compare,
    VerdictRule,
    compare_folds,
    compare_test_rows,
)
from focalsweep.evidence.cost_unit import cost_unit, log_loss_unit
from focalsweep.evidence.cross_fitting import cross_fitted_score
from focalsweep.evidence.detectable import detectable
from focalsweep.evidence.paired import Posterior, SampledPosterior, corrected_t
from focalsweep.evidence.predictions import Predictions, predict
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.result import Comparison, Detectable, Verdict
from focalsweep.evidence.verdict import reach_verdict
from focalsweep.metrics.objective import Objective
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Evaluation, Folds
from focalsweep.training.class_counts import class_counts


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmEvidence:
    """Hold everything known of one arm.

    Parameters
    ----------
    arm : Arm
        The arm.
    outer : sequence of Chosen
        Outer folds in order.
    predictions : sequence of Predictions
        What each predicts on its outer test rows.
    final : Chosen or None
        The search on all rows; None where there was none.
    scores : ArmScores
        Outer scores of the procedure.
    """

    arm: Arm
    outer: Sequence[Chosen]
    predictions: Sequence[Predictions]
    final: Chosen | None
    scores: ArmScores


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """Hold the verdict and what it rests on.

    Parameters
    ----------
    evidence : tuple of ArmEvidence
        In the order of the sweep's arms.
    compare : callable
        How two picks are compared, see `focalsweep.evidence.comparison`.
    spreads : mapping from Pick to Posterior
        What is known of each arm's own score, with decision weights and without.
    rule : VerdictRule
        The one that was applied, in the objective's own unit.
    comparisons, verdict, detectable
        See `focalsweep.evidence.result`.
    """

    evidence: tuple[ArmEvidence, ...]
    compare: Compare
    spreads: dict[Pick, Posterior]
    rule: VerdictRule
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    detectable: Detectable | None

    @property
    def scores(self) -> list[ArmScores]:
        """Scores of every arm."""
        return [entry.scores for entry in self.evidence]


def judge(
    chosen: Sequence[Chosen],
    *,
    folds: Folds,
    evaluation: Evaluation,
    objective: Objective,
    rule: VerdictRule,
    shortfall: str | None,
    seed: int,
) -> Judgement:
    """Score every arm and reach the verdict.

    Parameters
    ----------
    chosen : sequence of Chosen
        One an arm and scope.
    folds, evaluation, objective, rule
        The sweep's. Where lower is better the rule's differences are shares of what there is to
        save, see `focalsweep.evidence.cost_unit`.
    shortfall : str or None
        See `reach_verdict`; nothing is then said of what these rows could show.
    seed : int
        Of the bootstrap.
    """
    evidence = gather(chosen, folds=folds, objective=objective)
    scores = [entry.scores for entry in evidence]
    counts = _class_counts(evidence[0].outer[0], folds)
    class_rows = counts[:, 1] if counts.ndim == 2 else counts
    if not objective.uses_decisions:
        rule = rule.in_unit(log_loss_unit(counts))
    elif objective.costs is not None:
        baseline = simplest_first(scores)[0].name
        predictions = next(entry.predictions for entry in evidence if entry.arm.name == baseline)
        rule = rule.in_unit(cost_unit(objective.costs, baseline=predictions, class_counts=counts))
    if evaluation.kind == "nested":
        ratio = float(np.mean([_test_train_ratio(c, folds) for c in evidence[0].outer]))
        compare = compare_folds(scores, test_train_ratio=ratio)
        spreads: dict[Pick, Posterior] = {
            Pick(arm.name, weighted): corrected_t(
                arm.decision if weighted else arm.argmax, test_train_ratio=ratio
            )
            for arm in scores
            for weighted in (False, True)
        }
    else:
        groups = folds.test_groups(evidence[0].outer[0].scope)
        compare = _compare_holdout(evidence, objective=objective, groups=groups, seed=seed)
        spreads = {
            Pick(entry.arm.name, weighted): _bootstrapped(
                entry.predictions[0],
                objective=objective,
                decision=weighted,
                groups=groups,
                seed=seed,
            )
            for entry in evidence
            for weighted in (False, True)
        }
    comparisons, verdict = reach_verdict(
        scores, compare=compare, objective=objective, rule=rule, shortfall=shortfall
    )
    return Judgement(
        evidence=tuple(evidence),
        compare=compare,
        spreads=spreads,
        rule=rule,
        comparisons=tuple(comparisons),
        verdict=verdict,
        detectable=detectable(
            comparisons[0],
            compare=compare,
            objective=objective,
            # Rounded up where rows have weights: a light row is still one.
            smallest_class=ceil(float(np.min(class_rows))),
            rule=rule,
        )
        if comparisons and shortfall is None
        else None,
    )


def gather(chosen: Sequence[Chosen], *, folds: Folds, objective: Objective) -> list[ArmEvidence]:
    """Predict the outer test rows of every arm and score them."""
    evidence = []
    for arm in {entry.arm.name: entry.arm for entry in chosen}.values():
        own = [entry for entry in chosen if entry.arm.name == arm.name]
        outer = [entry for entry in own if entry.scope.refit is not None]
        predictions = [predict(entry, folds=folds, objective=objective) for entry in outer]
        scores = ArmScores(
            name=arm.name,
            label=arm.label,
            family=arm.family,
            inner=np.array([entry.inner_score for entry in outer]),
            inner_decision=np.array(
                [cross_fitted_score(entry, folds=folds, objective=objective) for entry in outer]
            ),
            argmax=np.array([p.score(objective, decision=False) for p in predictions]),
            decision=np.array([p.score(objective, decision=True) for p in predictions]),
        )
        final = next((entry for entry in own if entry.scope.refit is None), None)
        evidence.append(
            ArmEvidence(arm=arm, outer=outer, predictions=predictions, final=final, scores=scores)
        )
    return evidence


def _class_counts(chosen: Chosen, folds: Folds) -> NDArray[np.floating]:
    """Count all rows of each class, (classes,), or [without, with] each label, (labels, 2)."""
    view = folds.views[chosen.refit_members[0].view]
    tested = class_counts(
        chosen.test_labels, n_classes=len(view.natural_counts), weights=chosen.test_weights
    )
    return np.asarray(view.natural_counts + tested, dtype=np.float64)


def _test_train_ratio(chosen: Chosen, folds: Folds) -> float:
    view = folds.views[chosen.refit_members[0].view]
    return len(chosen.test_labels) / view.natural_rows


def _compare_holdout(
    evidence: Sequence[ArmEvidence],
    *,
    objective: Objective,
    groups: NDArray[np.int64] | None,
    seed: int,
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
        groups=groups,
        weights=first.weights,
        seed=seed,
    )


def _bootstrapped(
    predictions: Predictions,
    *,
    objective: Objective,
    decision: bool,
    groups: NDArray[np.int64] | None,
    seed: int,
) -> Posterior:
    observed, samples = bootstrap_scores(
        predictions.output(objective, decision=decision)[None],
        labels=predictions.labels,
        n_classes=len(predictions.log_weights),
        objective=objective,
        groups=groups,
        weights=predictions.weights,
        seed=seed,
    )
    return SampledPosterior(mean=float(observed[0]), samples=samples[0])
