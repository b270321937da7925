import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from focalsweep.evidence.decision_weights import decide, fit_decision_weights
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.objective import OBJECTIVES, cost_objective, objective

WITH_DECISIONS = [name for name in OBJECTIVES if name != "log_loss"]


def reached(log_proba, labels, weights, name, mass=None):
    chosen = objective(name) if isinstance(name, str) else name
    counts = confusion_counts(labels, decide(log_proba, weights), n_classes=np.shape(log_proba)[-1])
    return float(chosen.utility(confusion=counts if mass is None else counts * mass[:, None]))


def random_costs(n_classes, seed):
    """Costs with neither symmetry nor a constant row; being right is free."""
    costs = np.random.default_rng(seed).integers(1, 20, (n_classes, n_classes))
    return cost_objective(costs * (1 - np.eye(n_classes)))


def imbalanced_rows(n, *, n_classes, seed, separation=1.0):
    """Rows whose logits are the true log-posterior of shifted unit Gaussians."""
    rng = np.random.default_rng(seed)
    prior = np.exp(-1.2 * np.arange(n_classes))
    prior /= prior.sum()
    labels = rng.choice(n_classes, n, p=prior)
    x = rng.normal(size=(n, n_classes)) + separation * np.eye(n_classes)[labels]
    return log_softmax(np.log(prior) + separation * x, axis=1), labels, prior


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from(WITH_DECISIONS))
def test_two_classes_reach_the_best_threshold_there_is(seed, n, name):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    gap = (rng.normal(size=n) + labels).round(1)  # rounded: equal rows must move together
    log_proba = log_softmax(np.stack([-gap, gap], axis=1), axis=1)
    cuts = np.unique(gap)
    cuts = np.concatenate([[cuts[0] - 1], (cuts[1:] + cuts[:-1]) / 2, [cuts[-1] + 1]])
    best = max(reached(log_proba, labels, [0.0, -2 * cut], name) for cut in cuts)
    weights = fit_decision_weights(log_proba, labels, objective=objective(name))
    assert reached(log_proba, labels, weights, name) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("name", WITH_DECISIONS)
def test_no_single_weight_can_be_improved_afterwards(name):
    log_proba, labels, _ = imbalanced_rows(150, n_classes=4, seed=3)
    weights = fit_decision_weights(log_proba, labels, objective=objective(name))
    at_end = reached(log_proba, labels, weights, name)
    for k in range(4):
        for weight in np.linspace(-8, 8, 321):
            other = weights.copy()
            other[k] = weight
            assert reached(log_proba, labels, other, name) <= at_end + 1e-9


@pytest.mark.parametrize("name", WITH_DECISIONS)
@pytest.mark.parametrize("n", [40, 3000])
def test_fitted_weights_are_never_worse_than_argmax_and_have_mean_zero(name, n):
    log_proba, labels, _ = imbalanced_rows(n, n_classes=5, seed=n)
    weights = fit_decision_weights(log_proba, labels, objective=objective(name))
    assert weights.mean() == pytest.approx(0, abs=1e-12)
    plain = reached(log_proba, labels, np.zeros(5), name)
    assert reached(log_proba, labels, weights, name) >= plain


def test_balanced_accuracy_of_a_calibrated_model_asks_for_inverse_priors():
    # The optimum is exactly -log prior; on 20,000 rows the fit is within a quarter of a nat.
    log_proba, labels, prior = imbalanced_rows(20_000, n_classes=3, seed=0)
    weights = fit_decision_weights(log_proba, labels, objective=objective("balanced_accuracy"))
    np.testing.assert_allclose(weights, np.log(prior).mean() - np.log(prior), atol=0.25)


def test_the_middle_of_a_plateau_is_taken_and_not_its_edge():
    # Class 1 has log-odds -2 and -1, class 0 has -5 and -4: every cut in (2, 4) is perfect.
    log_proba = np.array([[0.0, -5.0], [0.0, -4.0], [0.0, -2.0], [0.0, -1.0]])
    weights = fit_decision_weights(log_proba, [0, 0, 1, 1], objective=objective("macro_f1"))
    np.testing.assert_allclose(weights, [-1.5, 1.5])


@pytest.mark.parametrize("name", WITH_DECISIONS)
def test_weights_stay_zero_where_nothing_is_gained(name):
    log_proba = log_softmax(3 * np.eye(3)[[0, 1, 2, 0, 1, 2]], axis=1)
    weights = fit_decision_weights(log_proba, [0, 1, 2, 0, 1, 2], objective=objective(name))
    np.testing.assert_array_equal(weights, np.zeros(3))


def test_log_loss_needs_no_decision_weights():
    log_proba, labels, _ = imbalanced_rows(50, n_classes=3, seed=0)
    weights = fit_decision_weights(log_proba, labels, objective=objective("log_loss"))
    np.testing.assert_array_equal(weights, np.zeros(3))


def test_a_shift_of_a_row_changes_nothing():
    log_proba, labels, _ = imbalanced_rows(300, n_classes=4, seed=5)
    shift = np.random.default_rng(0).integers(-50, 50, size=(300, 1))
    fit = fit_decision_weights(log_proba, labels, objective=objective("macro_f1"))
    shifted = fit_decision_weights(log_proba + shift, labels, objective=objective("macro_f1"))
    np.testing.assert_allclose(shifted, fit, atol=1e-9)


def test_the_same_rows_give_the_same_weights_in_any_order():
    log_proba, labels, _ = imbalanced_rows(500, n_classes=4, seed=6)
    order = np.random.default_rng(0).permutation(500)
    fit = fit_decision_weights(log_proba, labels, objective=objective("mcc"))
    again = fit_decision_weights(log_proba[order], labels[order], objective=objective("mcc"))
    np.testing.assert_array_equal(again, fit)


def test_a_rare_class_among_many_rows_is_searched_row_by_row():
    # 5 rows of class 1 just above 20,000 of class 0: quantiles of all rows would miss the cut.
    rng = np.random.default_rng(0)
    common = np.stack([np.zeros(20_000), rng.uniform(-9, -3, 20_000)], axis=1)
    rare = np.stack([np.zeros(5), np.full(5, -2.9)], axis=1)
    labels = np.repeat([0, 1], [20_000, 5])
    log_proba = np.concatenate([common, rare])
    weights = fit_decision_weights(log_proba, labels, objective=objective("macro_f1"))
    assert reached(log_proba, labels, weights, "macro_f1") == 1


def test_impossible_classes_and_classes_without_rows_leave_finite_weights():
    with np.errstate(divide="ignore"):
        log_proba = np.log(np.array([[0.6, 0.4, 0.0], [0.9, 0.1, 0.0], [1.0, 0.0, 0.0]] * 4))
    labels = np.array([1, 0, 0] * 4)
    weights = fit_decision_weights(log_proba, labels, objective=objective("macro_f1"))
    assert np.isfinite(weights).all()
    assert reached(log_proba, labels, weights, "macro_f1") == 1


def test_decide_adds_weights_and_keeps_leading_axes():
    log_proba = np.array([[[0.0, -1.0]], [[0.0, -3.0]]])
    np.testing.assert_array_equal(decide(log_proba, [0, 0]), [[0], [0]])
    np.testing.assert_array_equal(decide(log_proba, [0, 2]), [[1], [0]])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60))
def test_two_classes_reach_the_cheapest_threshold_there_is(seed, n):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    gap = (rng.normal(size=n) + labels).round(1)
    log_proba = log_softmax(np.stack([-gap, gap], axis=1), axis=1)
    costs = random_costs(2, seed)
    cuts = np.unique(gap)
    cuts = np.concatenate([[cuts[0] - 1], (cuts[1:] + cuts[:-1]) / 2, [cuts[-1] + 1]])
    best = max(reached(log_proba, labels, [0.0, -2 * cut], costs) for cut in cuts)
    weights = fit_decision_weights(log_proba, labels, objective=costs)
    assert reached(log_proba, labels, weights, costs) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_no_single_weight_makes_it_cheaper_afterwards(seed):
    log_proba, labels, _ = imbalanced_rows(150, n_classes=4, seed=seed)
    costs = random_costs(4, seed)
    weights = fit_decision_weights(log_proba, labels, objective=costs)
    at_end = reached(log_proba, labels, weights, costs)
    assert at_end >= reached(log_proba, labels, np.zeros(4), costs)
    for k in range(4):
        for weight in np.linspace(-8, 8, 321):
            other = weights.copy()
            other[k] = weight
            assert reached(log_proba, labels, other, costs) <= at_end + 1e-9


def test_three_classes_come_close_to_the_cheapest_weights_on_a_grid():
    # Ascent one weight at a time may stop short of the best pair, by no more than 3% here.
    grid = np.linspace(-6, 6, 61)
    for seed in range(3):
        log_proba, labels, _ = imbalanced_rows(80, n_classes=3, seed=seed)
        costs = random_costs(3, seed)
        best = max(reached(log_proba, labels, [0.0, a, b], costs) for a in grid for b in grid)
        weights = fit_decision_weights(log_proba, labels, objective=costs)
        assert reached(log_proba, labels, weights, costs) >= 1.03 * best


def test_the_currency_of_costs_does_not_change_the_weights():
    log_proba, labels, _ = imbalanced_rows(200, n_classes=3, seed=1)
    costs = np.array([[0.0, 2.0, 4.0], [8.0, 0.0, 2.0], [16.0, 4.0, 0.0]])
    fits = [
        fit_decision_weights(log_proba, labels, objective=cost_objective(costs * 2.0**power))
        for power in (0, -40, 40)
    ]
    assert fits[0].any()
    np.testing.assert_array_equal(fits[1], fits[0])
    np.testing.assert_array_equal(fits[2], fits[0])


def test_costs_of_a_calibrated_model_that_depend_on_the_true_class_alone_are_their_logarithms():
    # The Bayes rule then is exactly weights log c_k; on 20,000 rows the fit is within 0.3 nats.
    log_proba, labels, _ = imbalanced_rows(20_000, n_classes=3, seed=0)
    harm = np.array([1.0, 3.0, 9.0])
    costs = cost_objective(harm[:, None] * (1 - np.eye(3)))
    weights = fit_decision_weights(log_proba, labels, objective=costs)
    np.testing.assert_allclose(weights, np.log(harm) - np.log(harm).mean(), atol=0.3)


@pytest.mark.parametrize("chosen", [*WITH_DECISIONS, random_costs(3, 5)], ids=str)
def test_rows_that_count_twice_are_rows_that_are_there_twice(chosen):
    log_proba, labels, _ = imbalanced_rows(120, n_classes=3, seed=8)
    mass = np.array([1.0, 2.0, 3.0])
    times = mass[labels].astype(int)
    asked = objective(chosen) if isinstance(chosen, str) else chosen
    weighted = fit_decision_weights(log_proba, labels, objective=asked, mass=mass)
    repeated = fit_decision_weights(
        np.repeat(log_proba, times, axis=0), np.repeat(labels, times), objective=asked
    )
    # More than 200 rows are searched at some positions only, so the fits agree in their score.
    at_end = reached(log_proba, labels, weighted, asked, mass)
    assert at_end >= reached(log_proba, labels, repeated, asked, mass) - 0.02 * asked.unit
    np.testing.assert_array_equal(
        fit_decision_weights(log_proba, labels, objective=asked, mass=np.ones(3)),
        fit_decision_weights(log_proba, labels, objective=asked),
    )


def test_rows_of_a_class_that_count_for_nothing_decide_nothing():
    log_proba, labels, _ = imbalanced_rows(150, n_classes=3, seed=2)
    mass = np.array([1.0, 1.0, 0.0])
    there = labels != 2
    f1 = objective("macro_f1")
    weights = fit_decision_weights(log_proba, labels, objective=f1, mass=mass)
    without = fit_decision_weights(log_proba[there], labels[there], objective=f1)
    assert np.isfinite(weights).all()
    assert reached(log_proba, labels, weights, "macro_f1", mass) == pytest.approx(
        reached(log_proba[there], labels[there], without, "macro_f1"), abs=0.02
    )


# Many classes -------------------------------------------------------------------------------------


def long_tail(n_classes, *, rows=4000, seed=0):
    """Rows of many classes under a model that was made shy of the rare ones."""
    rng = np.random.default_rng(seed)
    prior = 1 / np.arange(1.0, n_classes + 1)
    labels = rng.choice(n_classes, rows, p=prior / prior.sum())
    z = rng.normal(size=(rows, n_classes)) + 2.5 * np.eye(n_classes)[labels]
    return log_softmax(z + np.log(prior), axis=1), labels


@pytest.mark.parametrize("name", ["macro_f1", "balanced_accuracy", "mcc"])
def test_many_classes_share_weights_by_size_and_gain_on_rows_that_were_not_fitted(name):
    log_proba, labels = long_tail(120)
    fresh, truth = long_tail(120, seed=1)
    weights = fit_decision_weights(log_proba, labels, objective=objective(name))
    assert reached(log_proba, labels, weights, name) > reached(log_proba, labels, 0.0, name)
    assert reached(fresh, truth, weights, name) >= reached(fresh, truth, 0.0, name) - 0.002
    if name == "balanced_accuracy":
        assert reached(fresh, truth, weights, name) > reached(fresh, truth, 0.0, name) + 0.05
        assert weights[60:].mean() > weights[:10].mean() + 0.5  # the rare ones are raised


def test_costs_of_many_classes_are_counted_as_they_are():
    log_proba, labels = long_tail(80, rows=1500)
    costs = random_costs(80, 3)
    weights = fit_decision_weights(log_proba, labels, objective=costs)
    assert reached(log_proba, labels, weights, costs) > reached(log_proba, labels, 0.0, costs)


def test_the_time_of_a_fit_does_not_grow_with_the_square_of_the_classes():
    def seconds(n_classes):
        log_proba, labels = long_tail(n_classes, rows=2000)
        began = time.process_time()
        fit_decision_weights(log_proba, labels, objective=objective("macro_f1"))
        return time.process_time() - began

    seconds(50)
    assert seconds(800) < 8 * seconds(100)  # the square would be 64 times as long
