"""The cost of the copied point."""

import numpy as np
import pytest

from focalsweep.evidence.arm_scores import ArmScores
from focalsweep.evidence.comparison import arm_differences, compare_folds
from focalsweep.evidence.folklore_cost import folklore_cost
from focalsweep.metrics.objective import objective

F1 = objective("macro_f1")
NOISE = np.random.default_rng(0).normal(scale=0.01, size=10)


def arm(name, family, level, *, inner=0.5, noise=0.0, folds=10) -> ArmScores:
    scores = np.full(folds, float(level)) + noise * NOISE[:folds]
    return ArmScores(
        name=name,
        label=name,
        family=family,
        inner=np.full(folds, inner),
        argmax=scores / 2,  # decision weights are on both sides
        decision=scores,
    )


CONTROL = arm("cross_entropy", "cross_entropy", 0.5)
COPIED = arm("focal_folklore", "folklore", 0.45, noise=1.0)
FOCAL = arm("focal_gamma", "focal", 0.52, inner=0.6)
OTHER = arm("focal_gamma_tau", "focal", 0.53, inner=0.55)


def cost(arms, recommended, *, chosen=F1):
    compare = compare_folds(arms, test_train_ratio=0.25)
    return folklore_cost(arms, recommended=recommended, compare=compare, objective=chosen)


def test_the_cost_is_the_difference_that_the_copied_point_has_as_an_arm_turned_round():
    arms = [CONTROL, COPIED]
    compare = compare_folds(arms, test_train_ratio=0.25)
    difference = arm_differences(arms, compare=compare, objective=F1)["focal_folklore"]
    found = cost(arms, "cross_entropy")
    assert found.arm == "cross_entropy"
    assert found.mean == pytest.approx(-difference.mean)
    assert found.interval.low == pytest.approx(-difference.interval.high)
    assert found.interval.high == pytest.approx(-difference.interval.low)


def test_a_cost_is_said_with_its_interval():
    found = cost([CONTROL, COPIED], "cross_entropy")
    assert found.text == (
        f"Copying gamma 2 and alpha 0.25 costs {found.mean:.3f} macro-F1 against `cross_entropy` "
        f"(95% interval {found.interval.low:+.3f} to {found.interval.high:+.3f})."
    )


def test_what_cannot_be_told_from_nothing_is_said_to_be_so():
    copied = arm("focal_folklore", "folklore", 0.499, noise=3.0)
    assert "cannot be told from nothing" in cost([CONTROL, copied], "cross_entropy").text


def test_a_gain_is_a_negative_cost():
    copied = arm("focal_folklore", "folklore", 0.6, noise=1.0)
    found = cost([CONTROL, copied], "cross_entropy")
    assert found.interval.high < 0
    assert "gains 0.1" in found.text


def test_without_spread_the_text_says_what_was_seen_and_claims_no_more():
    copied = arm("focal_folklore", "folklore", 0.4)
    text = cost([CONTROL, copied], "cross_entropy").text
    assert "(the same in all 10 folds, which no test can judge: other rows may differ)" in text


def test_a_single_fold_tells_nothing_about_spread():
    arms = [arm("cross_entropy", "cross_entropy", 0.5, folds=1)]
    arms.append(arm("focal_folklore", "folklore", 0.4, folds=1))
    assert "of unknown spread" in cost(arms, "cross_entropy").text


def test_a_copied_point_that_is_recommended_is_held_against_the_best_tuned_focal_arm():
    arms = [CONTROL, COPIED, OTHER, FOCAL]
    assert cost(arms, "focal_folklore").arm == "focal_gamma"  # by inner scores, not outer ones
    assert cost([CONTROL, COPIED], "focal_folklore") is None


def test_without_the_copied_point_there_is_no_cost():
    assert cost([CONTROL, FOCAL], "focal_gamma") is None


def test_log_loss_is_compared_without_decision_weights():
    found = cost([CONTROL, COPIED], "cross_entropy", chosen=objective("log_loss"))
    assert found.mean == pytest.approx(cost([CONTROL, COPIED], "cross_entropy").mean / 2)
    assert "log-loss" in found.text
