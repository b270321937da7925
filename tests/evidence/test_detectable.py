"""The smallest difference that the rows at hand can show."""

import math

import numpy as np
import pytest
from scipy import stats

from focalsweep.evidence.arm_scores import ArmScores, Pick
from focalsweep.evidence.comparison import Side, VerdictRule, compare_folds, compare_sides
from focalsweep.evidence.detectable import (
    detectable,
    detectable_difference,
    rows_needed,
    standard_error,
)
from focalsweep.evidence.paired import SampledPosterior, StudentPosterior, corrected_t
from focalsweep.metrics.objective import objective

RULE = VerdictRule()
F1 = objective("macro_f1")


def found(left, right, *, ratio=0.25, rows=23, rule=RULE):
    arms = [
        ArmScores(
            name=name,
            label=name,
            family=family,
            inner=np.asarray(scores),
            argmax=np.zeros(len(scores)),  # decision weights are on both sides of the verdict
            decision=np.asarray(scores),
        )
        for name, family, scores in (("focal", "focal", left), ("ce", "cross_entropy", right))
    ]
    compare = compare_folds(arms, test_train_ratio=ratio)
    one, other = (
        Side(name=name, picks=(Pick(name, True),) * len(left)) for name in ("focal", "ce")
    )
    comparison = compare_sides("?", left=one, right=other, arms=arms, compare=compare, rule=RULE)
    return detectable(comparison, compare=compare, objective=F1, smallest_class=rows, rule=rule)


@pytest.mark.parametrize("degrees", [2, 4, 9, 29, 2000])
@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_the_power_at_the_detectable_difference_is_what_was_asked_for(degrees, power):
    difference = detectable_difference(scale=0.02, degrees=degrees, rule=RULE, power=power)
    bound = stats.t.ppf(0.95, degrees)
    shift = (difference - 0.01) / 0.02
    assert stats.nct.sf(bound, degrees, shift) == pytest.approx(power, abs=1e-3)


def test_the_rule_itself_sees_the_detectable_difference_four_times_in_five():
    random, folds, ratio, spread = np.random.default_rng(0), 10, 0.25, 0.03
    scale = spread * math.sqrt(1 / folds + ratio)
    difference = detectable_difference(scale=scale, degrees=folds - 1, rule=RULE)
    # Folds that share rows: the variance of their mean is what the corrected t takes it for.
    common = random.normal(scale=spread * math.sqrt(ratio), size=(4000, 1))
    noise = random.normal(scale=spread, size=(4000, folds))
    seen = [
        RULE.outcome(corrected_t(difference + row, test_train_ratio=ratio)) == "better"
        for row in common + noise
    ]
    # 4 standard errors of a share of 4,000 trials
    assert np.mean(seen) == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 4000))


def test_infinite_degrees_are_the_normal_limit():
    normal = detectable_difference(scale=0.02, degrees=math.inf, rule=RULE)
    assert normal == pytest.approx(0.01 + (stats.norm.ppf(0.95) + stats.norm.ppf(0.8)) * 0.02)
    assert detectable_difference(scale=0.02, degrees=999, rule=RULE) == pytest.approx(
        normal, rel=2e-3
    )


def test_more_noise_fewer_folds_more_power_or_confidence_make_it_larger():
    base = {"scale": 0.02, "degrees": 9.0, "rule": RULE, "power": 0.8}
    stricter = VerdictRule(confidence=0.99)
    smaller = detectable_difference(**base)
    for change in ({"scale": 0.03}, {"degrees": 4.0}, {"power": 0.9}, {"rule": stricter}):
        assert detectable_difference(**(base | change)) > smaller
    excess = smaller - 0.01
    twice = detectable_difference(**(base | {"scale": 0.04})) - 0.01
    assert twice == pytest.approx(2 * excess)


def test_without_noise_everything_above_the_smallest_difference_is_seen():
    assert detectable_difference(scale=0.0, degrees=9.0, rule=RULE) == 0.01


def test_rows_fall_with_the_square_of_the_error():
    # An error of four times the room needs sixteen times the rows.
    assert rows_needed(0.01 + 4 * 0.02, rows=23, rule=RULE) == 16 * 23
    n = rows_needed(0.2, rows=50, rule=RULE)
    excess = (0.2 - 0.01) * math.sqrt(50 / n)
    assert 0.01 + excess == pytest.approx(0.03, rel=1e-3)


def test_rows_that_suffice_need_no_number():
    assert rows_needed(0.03, rows=23, rule=RULE) is None
    assert rows_needed(0.02, rows=23, rule=RULE) is None


def test_no_number_of_rows_shows_what_has_to_be_exceeded():
    rule = VerdictRule(smallest_difference=0.01, regrettable_difference=0.01)
    assert rows_needed(0.2, rows=23, rule=rule) is None


def test_standard_errors_are_those_of_the_posterior():
    student = StudentPosterior(mean=0.3, scale=0.02, degrees=9.0)
    assert standard_error(student) == (0.02, 9.0)
    samples = np.random.default_rng(0).normal(size=500)
    assert standard_error(SampledPosterior(mean=0.0, samples=samples)) == (
        pytest.approx(samples.std()),
        math.inf,
    )
    alike = np.full(5, 0.1) + np.array([0, 1e-16, 0, 0, 0])
    assert standard_error(SampledPosterior(mean=0.1, samples=alike)) == (0.0, math.inf)


def test_a_comparison_is_read_from_its_fold_differences():
    random = np.random.default_rng(3)
    left, right = random.normal(0.5, 0.04, 10), np.full(10, 0.5)
    result = found(left, right)
    scale = np.std(left - right, ddof=1) * math.sqrt(1 / 10 + 0.25)
    assert result.difference == detectable_difference(scale=scale, degrees=9.0, rule=RULE)
    assert result.rows_needed == rows_needed(result.difference, rows=23, rule=RULE)
    assert result.smallest_class == 23
    assert result.text == (
        f"23 rows of the smallest class: differences below {result.difference:.2g} macro-F1 are "
        f"likely to be missed; about {math.ceil(result.rows_needed / 10) * 10} would be needed to "
        "see 0.03."
    )


def test_a_difference_in_level_changes_nothing():
    random = np.random.default_rng(3)
    left, right = random.normal(0.5, 0.04, 10), random.normal(0.5, 0.04, 10)
    assert found(left, right).difference == pytest.approx(found(left + 0.2, right).difference)


def test_rows_that_suffice_are_said_to():
    left = 0.5 + 0.001 * np.arange(10)
    assert found(left, np.full(10, 0.5)).text.endswith(
        "macro-F1 are likely to be missed; 0.03 would be seen."
    )


def test_equal_differences_of_the_rule_leave_the_rows_out():
    rule = VerdictRule(smallest_difference=0.01, regrettable_difference=0.01)
    random = np.random.default_rng(3)
    text = found(random.normal(0.5, 0.04, 10), np.full(10, 0.5), rule=rule).text
    assert text.endswith("likely to be missed.")


@pytest.mark.parametrize("folds", [1, 10])
def test_folds_that_say_nothing_about_spread_give_nothing(folds):
    assert found(np.full(folds, 0.6), np.full(folds, 0.5)) is None
