"""Best score so far against the number of trials."""

from itertools import combinations

import numpy as np
import pytest

from focalsweep.evidence.budget_curve import budget_curve, expected_maximum


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_the_estimator_is_the_mean_of_the_maxima_of_all_subsets(size):
    values = np.random.default_rng(size).normal(size=size)
    expected = [
        np.mean([max(subset) for subset in combinations(values, n)]) for n in range(1, size + 1)
    ]
    assert expected_maximum(values) == pytest.approx(expected)


def test_the_estimator_is_unbiased_for_uniform_draws():
    draws = np.random.default_rng(0).random((4000, 6))
    means = np.mean([expected_maximum(row) for row in draws], axis=0)
    n = np.arange(1, 7)
    # 4 standard errors of a mean over 4,000 searches of values in [0, 1]
    assert means == pytest.approx(n / (n + 1), abs=4 * 0.3 / np.sqrt(4000))


def test_the_estimator_runs_from_the_mean_to_the_maximum_and_ignores_order():
    values = np.random.default_rng(1).normal(size=2000)
    curve = expected_maximum(values)
    assert np.isfinite(curve).all()
    assert curve[0] == pytest.approx(values.mean())
    assert curve[-1] == pytest.approx(values.max())
    assert (np.diff(curve) >= 0).all()
    assert np.array_equal(curve, expected_maximum(values[::-1]))


def test_trials_in_order_give_the_running_maximum():
    assert budget_curve([0.2, 0.1, 0.5, 0.4]).tolist() == [0.2, 0.2, 0.5, 0.5]


@pytest.mark.parametrize("estimator", ["order", "tang2020"])
def test_a_failed_trial_costs_a_trial_and_counts_as_the_worst(estimator):
    with_failure = budget_curve([None, -0.3, -0.1], estimator=estimator)
    as_worst = budget_curve([-0.3, -0.3, -0.1], estimator=estimator)
    assert len(with_failure) == 3
    assert np.array_equal(with_failure, as_worst)


def test_baselines_come_as_they_came_and_draws_are_averaged_after_them():
    values = [0.4, 0.3, 0.1, 0.6, 0.5]
    curve = budget_curve(values, n_first=2, estimator="tang2020")
    draws = [0.1, 0.6, 0.5]
    expected = [
        np.mean([max(0.4, *subset) for subset in combinations(draws, n)]) for n in (1, 2, 3)
    ]
    assert curve == pytest.approx([0.4, 0.4, *expected])


def test_a_search_of_baselines_only_has_nothing_to_average():
    assert budget_curve([0.4, 0.5], n_first=3, estimator="tang2020").tolist() == [0.4, 0.5]


def test_a_search_without_any_value_has_no_curve():
    with pytest.raises(ValueError, match="one trial at least"):
        budget_curve([None, None])
