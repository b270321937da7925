"""What a difference in cost is measured against: what there is to save, whatever the table."""

import numpy as np
import pytest

from focalsweep.evidence.cost_unit import cost_unit, log_loss_unit
from focalsweep.evidence.predictions import Predictions

FRAUD, OK = 0, 1
COSTS = ((0.0, 200.0), (1.0, 0.0))
LABELS = np.repeat([FRAUD, OK], [6, 1794])  # 1 in 300
COUNTS = (60, 17_940)
NOTHING_IS_FRAUD = 6 * 200 / 1800
EVERYTHING_IS_FRAUD = 1794 / 1800


def calling(found: int, alarms: int) -> Predictions:
    """One fold in which so many frauds are found, at the price of so many false alarms."""
    called = np.full(len(LABELS), OK)
    called[:found] = FRAUD
    called[6 : 6 + alarms] = FRAUD
    return Predictions(
        labels=LABELS,
        log_weights=np.zeros(2),
        argmax=np.full((1, len(LABELS)), OK),
        decision=called[None],
        log_proba=np.zeros((1, len(LABELS), 2)),
        log_posterior=np.zeros((1, len(LABELS), 2)),
    )


def unit(*baseline: Predictions, costs=COSTS, counts=COUNTS) -> float:
    return cost_unit(costs, baseline=baseline, class_counts=counts)


def test_a_baseline_that_sees_no_fraud_can_save_what_it_costs_and_not_what_a_fraud_costs():
    assert pytest.approx(0.667, abs=1e-3) == NOTHING_IS_FRAUD
    assert unit(calling(0, 0)) == pytest.approx(NOTHING_IS_FRAUD)


def test_a_baseline_far_better_than_any_constant_decision_is_its_own_measure():
    assert unit(calling(5, 80)) == pytest.approx((200 + 80) / 1800)
    assert unit(calling(6, 0)) == 0.0  # perfect: there is nothing to save


def test_folds_are_averaged():
    assert unit(calling(5, 80), calling(5, 120)) == pytest.approx((200 + 100) / 1800)


def test_a_baseline_worse_than_no_model_is_measured_by_the_best_constant_decision():
    assert unit(calling(0, 1794)) == pytest.approx(NOTHING_IS_FRAUD)
    common = (180, 1620)  # one in ten: to call everything fraud is the cheaper constant
    assert unit(calling(0, 1794), counts=common) == pytest.approx(0.9)


@pytest.mark.parametrize("factor", [1e-6, 0.01, 1000.0])
def test_the_currency_only_changes_the_unit(factor):
    dear = tuple(tuple(factor * cost for cost in row) for row in COSTS)
    assert unit(calling(4, 30), costs=dear) == pytest.approx(factor * unit(calling(4, 30)))


def test_gains_and_costs_that_no_decision_avoids_change_nothing():
    gains = ((-200.0, 0.0), (1.0, 0.0))  # a fraud that is found earns what a missed one would cost
    unavoidable = ((50.0, 250.0), (4.0, 3.0))
    for table in (gains, unavoidable):
        assert unit(calling(4, 30), costs=table) == pytest.approx(unit(calling(4, 30)))


def test_between_many_classes_the_constant_is_the_cheapest_of_all():
    three = ((0.0, 5.0, 9.0), (1.0, 0.0, 1.0), (9.0, 5.0, 0.0))
    labels = np.repeat([0, 1, 2], [5, 10, 5])
    wrong = (labels + 1) % 3
    baseline = Predictions(
        labels=labels,
        log_weights=np.zeros(3),
        argmax=wrong[None],
        decision=wrong[None],
        log_proba=np.zeros((1, 20, 3)),
        log_posterior=np.zeros((1, 20, 3)),
    )
    found = cost_unit(three, baseline=[baseline], class_counts=(5, 10, 5))
    assert found == (5 * 5 + 5 * 5) / 20  # always the middle one


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((60, 17_940), 0.02235),  # a gain of 0.03 could not be
        ((6e-3, 1.794), 0.02235),  # weights of any size
        ((50, 50), np.log(2)),
        ((0, 50, 50), np.log(2)),
        ((1,) * 10, 1.0),  # 2.3 nats, but thresholds become no laxer than they read
        (((17_940, 60), (50, 50)), (0.02235 + np.log(2)) / 2),  # labels: [without, with] each
    ],
)
def test_log_loss_is_measured_against_the_best_constant_probabilities(counts, expected):
    assert log_loss_unit(counts) == pytest.approx(expected, rel=1e-3)
