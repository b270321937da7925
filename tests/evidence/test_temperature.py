import numpy as np
import pytest
from scipy.special import log_softmax

from focalsweep.evidence.temperature import LARGEST, fit_temperature, scaled

# Three rows of class 0 and one of class 1, all with probability 3/4: as calibrated as can be.
CALIBRATED = np.log(np.array([[0.75, 0.25]] * 4 + [[0.2, 0.8]] * 5))
LABELS = np.array([0, 0, 0, 1, 0, 1, 1, 1, 1])


def test_calibrated_probabilities_have_temperature_one():
    assert fit_temperature(CALIBRATED, LABELS) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("factor", [0.3, 2.0, 7.0])
def test_logits_that_are_too_large_by_a_factor_have_that_temperature(factor):
    assert fit_temperature(factor * CALIBRATED, LABELS) == pytest.approx(factor, rel=1e-4)


def test_scaling_keeps_the_order_of_classes_and_sums_to_one():
    log_proba = log_softmax(np.random.default_rng(0).normal(size=(3, 20, 4)), axis=-1)
    moved = scaled(log_proba, 3.0)
    np.testing.assert_allclose(np.exp(moved).sum(axis=-1), 1)
    np.testing.assert_array_equal(moved.argsort(axis=-1), log_proba.argsort(axis=-1))
    np.testing.assert_allclose(scaled(log_proba, 1.0), log_proba, atol=1e-12)


def test_rows_without_an_error_or_without_a_hit_have_a_finite_temperature():
    sure = np.log(np.array([[0.9, 0.1]] * 5))
    # The log-loss is zero to the last digit before the lower bound is reached.
    assert 1 / LARGEST <= fit_temperature(sure, [0] * 5) < 0.1
    assert fit_temperature(sure, [1] * 5) == pytest.approx(LARGEST, rel=1e-3)
