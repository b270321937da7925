"""The evidence of a sweep: the verdict, every arm described, and what makes it less certain.

Reads predictions and searches that exist; trains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from focalsweep.data.dataset import Dataset
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.arm_result import arm_result
from focalsweep.evidence.budget_curve import Estimator
from focalsweep.evidence.cautions import cautions
from focalsweep.evidence.comparison import VerdictRule, arm_differences
from focalsweep.evidence.facts import ClassFacts, PriorScenario, Suspects
from focalsweep.evidence.folklore_cost import folklore_cost
from focalsweep.evidence.judgement import judge
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.result import (
    Comparison,
    Detectable,
    FolkloreCost,
    ReferenceResult,
    Surface,
    Verdict,
)
from focalsweep.evidence.search_facts import search_facts, searches_by_arm
from focalsweep.evidence.surface import surfaces
from focalsweep.evidence.suspects import suspect_mask, suspects
from focalsweep.metrics.objective import Objective
from focalsweep.search.arm import Nuisance
from focalsweep.search.folds import Evaluation, Folds
from focalsweep.search.rounds import OpenStudy


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """Hold what the evidence says, see the fields of the same names in `SweepResult`."""

    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    surfaces: tuple[Surface, ...]
    folklore_cost: FolkloreCost | None
    detectable: Detectable | None
    suspects: Suspects | None
    warnings: tuple[str, ...]


def assess(
    studies: Sequence[OpenStudy],
    chosen: Sequence[Chosen],
    trials: pd.DataFrame,
    *,
    dataset: Dataset,
    folds: Folds,
    evaluation: Evaluation,
    nuisance: Nuisance,
    objective: Objective,
    rule: VerdictRule,
    estimator: Estimator,
    classes: Sequence[ClassFacts],
    priors: Sequence[PriorScenario],
    references: Sequence[ReferenceResult],
    shortfall: str | None,
    cut: str | None,
    seed: int,
) -> Assessment:
    """Score every arm, reach the verdict and collect what surrounds it.

    Parameters
    ----------
    studies : sequence of OpenStudy
        Finished.
    chosen : sequence of Chosen
        One an arm and scope, the scope of all rows included.
    trials : DataFrame
        From `focalsweep.search.trials_table`.
    dataset, folds, evaluation, nuisance, objective, rule
        The sweep's.
    estimator : {"order", "tang2020"}
        How budget curves are averaged, see `focalsweep.evidence.budget_curve`.
    classes, priors, references
        Facts of the data, scenarios of other class shares, scikit-learn's scores.
    shortfall, cut : str or None
        Why too little was tried for a verdict, and so for what copied numbers cost; that less was
        tried than asked. From `focalsweep.evidence.shortfall`.
    seed : int
        Of the bootstrap.
    """
    judgement = judge(
        chosen,
        folds=folds,
        evaluation=evaluation,
        objective=objective,
        rule=rule,
        shortfall=shortfall,
        seed=seed,
    )
    scores = judgement.scores
    differences = arm_differences(scores, compare=judgement.compare, objective=objective)
    searches = searches_by_arm(studies, chosen, nuisance=nuisance)
    control = next((e for e in judgement.evidence if e.arm.family == "cross_entropy"), None)
    mask, found = None, None
    # A row of several labels has no one class that predictions could contradict.
    if control is not None and control.final is not None and not dataset.multi_label:
        mask = suspect_mask(control.final, folds=folds)
        found = suspects(control.final, mask, folds=folds, dataset=dataset)
    arms = tuple(
        arm_result(
            entry,
            judgement=judgement,
            difference=differences.get(entry.arm.name),
            search=search_facts(
                searches[entry.arm.name],
                scores=entry.scores,
                control=control.scores if control is not None and shortfall is None else None,
                regrettable_difference=judgement.rule.regrettable_difference,
                difference=differences.get(entry.arm.name),
                estimator=estimator,
            ),
            suspects=mask if mask is not None and np.any(mask) else None,
            folds=folds,
            objective=objective,
            class_names=dataset.class_names,
            priors=priors,
        )
        for entry in judgement.evidence
    )
    return Assessment(
        arms=arms,
        comparisons=judgement.comparisons,
        verdict=judgement.verdict,
        surfaces=surfaces(trials, [arm.name for arm in arms if arm.family == "focal"]),
        folklore_cost=folklore_cost(
            scores,
            recommended=judgement.verdict.arm,
            compare=judgement.compare,
            objective=objective,
        )
        if shortfall is None
        else None,
        detectable=judgement.detectable,
        suspects=found,
        warnings=(
            *((cut,) if cut is not None and shortfall is None else ()),
            *cautions(
                arms,
                references=references,
                classes=classes,
                smallest_difference=judgement.rule.smallest_difference,
                regrettable_difference=judgement.rule.regrettable_difference,
                multi_label=dataset.multi_label,
                judged=shortfall is None,
                decides=objective.uses_decisions,
            ),
        ),
    )
