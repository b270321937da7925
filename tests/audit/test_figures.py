from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta

from focalsweep.audit.figures import summarise
from focalsweep.audit.planted_sweeps import Claim, PlantedSweep
from focalsweep.audit.truth import Truth
from focalsweep.evidence.result import Decision
from focalsweep.evidence.verdict import FOCAL_QUESTION, RIVAL_QUESTION


def sweep(
    *,
    case: str = "planted",
    decision: Decision = "keep_cross_entropy",
    arm: str = "cross_entropy",
    outcomes: tuple[str, ...] = ("not_better", "undecided"),
    detectable: float | None = 0.05,
) -> PlantedSweep:
    questions = (FOCAL_QUESTION, RIVAL_QUESTION)
    return PlantedSweep(
        case=case,
        seed=0,
        decision=decision,
        arm=arm,
        best_validation="class_weighted",
        detectable=detectable,
        claims=tuple(
            Claim(question=question, outcome=outcome, mean=0.0)
            for question, outcome in zip(questions, outcomes, strict=True)
        ),
    )


def truth(*, focal: float = 0.0, rivals: float = 0.1) -> Truth:
    noise = np.array([-0.001, 0.001])
    return Truth(
        case="planted",
        scores={
            "cross_entropy": 0.6 + noise,
            "class_weighted": 0.7 + noise,
            "focal_folklore": 0.5 + noise,
        },
        focal_gain=focal + noise,
        rival_gain=rivals + noise,
    )


def test_a_null_sweep_that_claims_for_either_twin_is_counted_once() -> None:
    null = [sweep(case="null", outcomes=("better", "undecided"))] * 3
    null += [sweep(case="null", outcomes=("undecided", "not_better"))] * 97
    audit = summarise([sweep()], null=null, truths=[truth()], smallest_difference=0.01)
    assert audit.type_one[:2] == (3, 100)
    # Clopper and Pearson's interval by its definition.
    assert audit.type_one.low == pytest.approx(beta.ppf(0.025, 3, 98))
    assert audit.type_one.high == pytest.approx(beta.ppf(0.975, 4, 97))


def test_power_counts_only_what_the_sweep_said_it_could_see() -> None:
    seen = sweep(outcomes=("not_better", "better"), decision="use_class_weights")
    blind = sweep(outcomes=("not_better", "undecided"), detectable=0.2)
    missed = sweep(outcomes=("not_better", "undecided"))
    audit = summarise([seen, blind, missed], null=[], truths=[truth()], smallest_difference=0.01)
    assert audit.power is not None
    assert audit.power[:2] == (1, 2)
    unseen = summarise([blind], null=[], truths=[truth()], smallest_difference=0.01)
    assert unseen.power is None


def test_a_claim_without_a_true_gain_is_wrong() -> None:
    claims = sweep(outcomes=("better", "better"), decision="use_focal", arm="focal_folklore")
    audit = summarise([claims], null=[], truths=[truth()], smallest_difference=0.01)
    assert audit.wrong[:2] == (1, 2)


def test_regret_is_what_a_habit_gives_away_against_the_best_arm() -> None:
    audit = summarise([sweep()], null=[], truths=[truth()], smallest_difference=0.01)
    regret = audit.regret.loc["planted"]
    assert regret["the verdict"] == pytest.approx(0.1)
    assert regret["always focal (2, 0.25)"] == pytest.approx(0.2)
    assert regret["always class-weighted"] == pytest.approx(0.0)
    assert regret["always the best on validation"] == pytest.approx(0.0)
    assert audit.regret.loc["all cases"].equals(regret)


def test_focal_wins_only_where_its_gain_is_beyond_its_error() -> None:
    found = [
        summarise([sweep()], null=[], truths=[truth(focal=gain)], smallest_difference=0.01)
        for gain in (-0.1, 0.0, 0.1)
    ]
    assert [audit.focal_wins for audit in found] == [[], [], ["planted"]]
    assert math.isclose(found[2].truths.loc["planted", "focal_gain"], 0.1)
