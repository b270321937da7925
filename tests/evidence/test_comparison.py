import math

import numpy as np
import pytest

from focalsweep.errors import UserError
from focalsweep.evidence.arm_scores import ArmScores, Pick
from focalsweep.evidence.comparison import (
    Side,
    VerdictRule,
    arm_differences,
    compare_folds,
    compare_sides,
    compare_test_rows,
)
from focalsweep.evidence.paired import SampledPosterior, StudentPosterior, corrected_t
from focalsweep.evidence.result import Comparison
from focalsweep.metrics.objective import objective


def arm(name, family, *, argmax, decision=None):
    argmax = np.array(argmax, dtype=float)
    return ArmScores(
        name=name,
        label=name,
        family=family,
        inner=argmax,
        argmax=argmax,
        decision=argmax if decision is None else np.array(decision),
    )


CONTROL = arm("cross_entropy", "cross_entropy", argmax=[0.5, 0.6, 0.4], decision=[0.6, 0.6, 0.5])
FOCAL = arm("focal_gamma", "focal", argmax=[0.5, 0.5, 0.5], decision=[0.7, 0.8, 0.5])
WEIGHTED = arm("class_weighted", "class_weights", argmax=[0.5, 0.6, 0.4], decision=[0.6, 0.7, 0.4])
ARMS = [CONTROL, FOCAL, WEIGHTED]


def posterior(mean, scale):
    return StudentPosterior(mean=mean, scale=scale, degrees=9.0)


@pytest.mark.parametrize(
    ("of", "outcome"),
    [
        (posterior(0.05, 0.01), "better"),
        (posterior(0.0, 0.01), "not_better"),
        (posterior(-0.2, 0.01), "not_better"),
        (posterior(0.02, 0.05), "undecided"),
        (posterior(0.9, math.inf), "undecided"),
        # A small gain that is sure: it counts, although no gain was missed that would be a pity.
        (posterior(0.02, 0.001), "better"),
        # Ahead for sure, if only by what does not count: not better is not said.
        (posterior(0.01, 0.0), "undecided"),
        (posterior(0.005, 0.001), "undecided"),
        (posterior(-0.005, 0.001), "not_better"),
        (posterior(0.002, 0.001), "not_better"),
        (posterior(0.010001, 0.0), "better"),
        # Exactly 95 of 100 above 0.01, and exactly 5 of 100 above 0.03: both bounds are reached.
        (SampledPosterior(mean=0.02, samples=np.repeat([0.02, 0.0], [95, 5])), "better"),
        (SampledPosterior(mean=0.02, samples=np.repeat([0.02, 0.0], [94, 6])), "not_better"),
        (SampledPosterior(mean=0.0, samples=np.repeat([0.04, 0.0], [5, 95])), "not_better"),
        (SampledPosterior(mean=0.0, samples=np.repeat([0.04, 0.0], [6, 94])), "undecided"),
    ],
)
def test_the_rule_reads_probabilities_at_its_two_thresholds(of, outcome):
    assert VerdictRule().outcome(of) == outcome


def test_the_thresholds_of_the_rule_are_settings():
    gain = posterior(0.05, 0.01)
    wider = VerdictRule(smallest_difference=0.1, regrettable_difference=0.2)
    assert wider.outcome(gain) == "undecided"
    assert wider.outcome(posterior(0.05, 0.05)) == "not_better"
    assert VerdictRule().in_unit(0.5) == VerdictRule(
        smallest_difference=0.005, regrettable_difference=0.015
    )
    assert VerdictRule(confidence=0.9999).outcome(gain) == "undecided"


@pytest.mark.parametrize(
    "bad",
    [
        {"smallest_difference": -0.01},
        {"smallest_difference": 0.05},
        {"smallest_difference": math.nan},
        {"confidence": 0.5},
        {"confidence": 1.0},
    ],
)
def test_thresholds_out_of_range_are_user_errors_that_name_the_setting(bad):
    (name,) = bad
    with pytest.raises(UserError, match=f"`{name}`"):
        VerdictRule(**bad)


def test_nested_comparison_is_the_corrected_t_of_the_picks_differences():
    compare = compare_folds(ARMS, test_train_ratio=0.25)
    left = [Pick("focal_gamma", True), Pick("focal_gamma", False), Pick("class_weighted", True)]
    found = compare(left, [Pick("cross_entropy", True)] * 3)
    assert found == corrected_t([0.7 - 0.6, 0.5 - 0.6, 0.4 - 0.5], test_train_ratio=0.25)


def test_a_comparison_holds_picks_differences_and_probabilities():
    compared = compare_sides(
        "Is it?",
        left=Side(name="focal loss", picks=(Pick("focal_gamma", True),) * 3),
        right=Side(name="cross-entropy", picks=(Pick("cross_entropy", True),) * 3),
        arms=ARMS,
        compare=compare_folds(ARMS, test_train_ratio=0.25),
        rule=VerdictRule(),
    )
    expected = corrected_t([0.1, 0.2, 0.0], test_train_ratio=0.25)
    assert compared.left_arms == ("focal_gamma",) * 3
    assert compared.right_arms == ("cross_entropy",) * 3
    np.testing.assert_allclose(compared.differences, [0.1, 0.2, 0.0])
    assert compared.mean == pytest.approx(0.1)
    assert (compared.interval.low, compared.interval.high) == pytest.approx(expected.interval())
    assert compared.p_better == pytest.approx(expected.probability_above(0.01))
    assert compared.p_much_better == pytest.approx(expected.probability_above(0.03))
    assert compared.outcome == "undecided"
    assert Comparison.model_validate_json(compared.model_dump_json()) == compared


def test_a_holdout_compares_by_the_bootstrap_of_its_rows():
    rng = np.random.default_rng(0)
    labels = rng.choice(2, 400, p=[0.8, 0.2])
    outputs = {
        Pick("focal_gamma", True): np.where(rng.random((3, 400)) < 0.95, labels, 1 - labels),
        Pick("cross_entropy", True): np.where(rng.random((3, 400)) < 0.7, labels, 1 - labels),
    }
    compare = compare_test_rows(
        outputs, labels=labels, n_classes=2, objective=objective("macro_f1"), replicates=500
    )
    gain = compare([Pick("focal_gamma", True)], [Pick("cross_entropy", True)])
    loss = compare([Pick("cross_entropy", True)], [Pick("focal_gamma", True)])
    assert VerdictRule().outcome(gain) == "better"
    assert VerdictRule().outcome(loss) == "not_better"
    low, high = gain.interval()
    assert 0.1 < low < gain.mean < high < 0.5


def test_single_arms_are_described_against_cross_entropy_with_holms_correction():
    compare = compare_folds(ARMS, test_train_ratio=0.25)
    found = arm_differences(ARMS, compare=compare, objective=objective("macro_f1"))
    assert list(found) == ["focal_gamma", "class_weighted"]
    raw = {
        name: compare([Pick(name, True)] * 3, [Pick("cross_entropy", True)] * 3).p_value()
        for name in found
    }
    small, large = sorted(raw, key=raw.__getitem__)
    assert found[small].p_holm == pytest.approx(min(1.0, 2 * raw[small]))
    assert found[large].p_holm == pytest.approx(max(raw[large], found[small].p_holm))
    for name, difference in found.items():
        assert difference.against == "cross_entropy"
        assert difference.p_value == pytest.approx(raw[name])


def test_single_arms_are_compared_without_decision_weights_for_log_loss():
    found = arm_differences(
        ARMS, compare=compare_folds(ARMS, test_train_ratio=0.25), objective=objective("log_loss")
    )
    assert found["focal_gamma"].mean == pytest.approx(0.0)


def test_without_cross_entropy_or_without_others_no_arm_is_described():
    for some in ([FOCAL, WEIGHTED], [CONTROL]):
        compare = compare_folds(some, test_train_ratio=0.25)
        assert arm_differences(some, compare=compare, objective=objective("mcc")) == {}
