"""Run planted cases as whole sweeps and keep what each verdict said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from focalsweep.audit.cases import NULL, Case, config_of, with_twin
from focalsweep.evidence.arm_scores import Pick
from focalsweep.evidence.judgement import Judgement, judge
from focalsweep.evidence.result import Decision
from focalsweep.evidence.shortfall import shortfall, tried
from focalsweep.prepare import Plan, prepare
from focalsweep.procedure import search_and_refit, trainer_of
from focalsweep.training.member import Trainer


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Hold what one sweep said to one question.

    Parameters
    ----------
    question : str
        As the verdict asks it.
    outcome : {"better", "not_better", "undecided"}
        The rule's.
    mean : float
        Observed difference.
    """

    question: str
    outcome: str
    mean: float


@dataclass(frozen=True, kw_only=True)
class PlantedSweep:
    """Hold the verdict of one planted sweep.

    Parameters
    ----------
    case : str
        The case's name.
    seed : int
        Drove rows, folds and training.
    decision, arm : str
        The verdict.
    best_validation : str
        Arm with the best mean inner score: what one would use without a verdict.
    detectable : float or None
        The smallest difference that the sweep said it could see.
    claims : tuple of Claim
        The verdict's comparisons; for the null case that of the twins, both ways round.
    """

    case: str
    seed: int
    decision: Decision
    arm: str
    best_validation: str
    detectable: float | None
    claims: tuple[Claim, ...]


def run_planted(
    case: Case, *, seed: int, folder: Path, like: Trainer | None = None
) -> tuple[PlantedSweep, Trainer]:
    """Run one sweep of a case.

    Parameters
    ----------
    case : Case
        What is planted; `NULL` enters its arm twice.
    seed : int
        Drives rows, folds and training.
    folder : Path
        For the studies.
    like : Trainer, optional
        An earlier one, whose compiled programs are used again.
    """
    plan = prepare(config_of(case, seed=seed))
    if case == NULL:
        plan = with_twin(plan)
    trainer, _ = trainer_of(plan, like=like)
    studies, chosen = search_and_refit(plan, trainer, folder)
    judgement = judge(
        chosen,
        folds=plan.folds,
        evaluation=plan.evaluation,
        objective=plan.objective,
        rule=plan.rule,
        shortfall=shortfall(
            tried(studies, asked=plan.budget.trials, evaluation=plan.evaluation), plan.budget_rule
        ),
        seed=plan.config.seed,
    )
    planted = PlantedSweep(
        case=case.name,
        seed=seed,
        decision=judgement.verdict.decision,
        arm=judgement.verdict.arm,
        best_validation=max(judgement.scores, key=lambda arm: float(arm.inner.mean())).name,
        detectable=judgement.detectable.difference if judgement.detectable else None,
        claims=_twin_claims(plan, judgement)
        if case == NULL
        else tuple(
            Claim(question=c.question, outcome=c.outcome, mean=c.mean)
            for c in judgement.comparisons
        ),
    )
    return planted, trainer


def _twin_claims(plan: Plan, judgement: Judgement) -> tuple[Claim, ...]:
    """Ask of either twin whether it is better: both answers would be claims out of nothing."""
    claims = []
    names = [arm.name for arm in plan.arms]
    for left, right in (names, names[::-1]):
        one, other = (
            [Pick(name, plan.objective.uses_decisions)] * judgement.scores[0].n_folds
            for name in (left, right)
        )
        posterior = judgement.compare(one, other)
        claims.append(
            Claim(
                question=f"Is {left} better than {right}?",
                outcome=plan.rule.outcome(posterior),
                mean=posterior.mean,
            )
        )
    return tuple(claims)
