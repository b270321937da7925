"""How numbers of an objective are written: one direction, wherever they are read."""

import math

import numpy as np
import pytest

from focalsweep.metrics.objective_words import (
    amount_words,
    difference_interval_words,
    difference_words,
    own_interval,
    own_unit,
    score_interval_words,
    score_words,
    size_words,
)


@pytest.mark.parametrize(
    ("utility", "objective", "text"),
    [
        (0.53914, "macro_f1", "0.539"),
        (-0.2, "mcc", "-0.200"),
        (-0.0001, "mcc", "0.000"),
        (-0.43, "log_loss", "0.430"),
        (-2 / 3, "cost", "0.667"),
        (-0.000412, "cost", "0.000412"),
        (-1234567.0, "cost", "1,234,567"),
        (999.4, "cost", "-999"),  # gains: a negative cost
        (0.0, "cost", "0"),
        (math.nan, "cost", "n/a"),
    ],
)
def test_a_score_is_written_in_its_own_direction(utility, objective, text):
    assert score_words(utility, objective) == text


@pytest.mark.parametrize(
    ("utility", "objective", "text"),
    [
        (0.012, "macro_f1", "+0.012"),
        (-0.012, "macro_f1", "-0.012"),
        (-0.0001, "macro_f1", "+0.000"),
        (0.47, "cost", "saves 0.47"),
        (-0.02, "cost", "costs 0.02 more"),
        (0.0000123, "cost", "saves 1.23e-05"),
        (1e-17, "cost", "costs the same"),
        (0.05, "log_loss", "0.050 lower"),
        (-0.05, "log_loss", "0.050 higher"),
        (0.0001, "log_loss", "the same"),
        (math.inf, "log_loss", "n/a"),
    ],
)
def test_a_difference_says_which_way_it_goes(utility, objective, text):
    assert difference_words(utility, objective) == text


@pytest.mark.parametrize(
    ("low", "high", "objective", "text"),
    [
        (0.06, 0.51, "cost", "saves 0.06 to 0.51"),
        (-0.51, -0.06, "cost", "costs 0.06 to 0.51 more"),
        (-0.02, 0.3, "cost", "costs 0.02 more to saves 0.3"),
        (0.0, 0.3, "cost", "costs the same to saves 0.3"),
        (0.0, 0.0, "cost", "costs the same"),
        (0.06, 0.51, "log_loss", "0.060 to 0.510 lower"),
        (-0.02, 0.3, "log_loss", "0.020 higher to 0.300 lower"),
        (-0.02, 0.3, "macro_f1", "-0.020 to +0.300"),
        (0.02, 0.02, "cost", "saves 0.02"),
        (-math.inf, math.inf, "cost", "unknown"),
    ],
)
def test_the_interval_of_a_difference_says_it_of_both_ends(low, high, objective, text):
    assert difference_interval_words(low, high, objective) == text


def test_the_smaller_number_of_a_score_s_interval_comes_first():
    assert score_interval_words(-0.611, -0.157, "cost") == "0.157 to 0.611"
    assert score_interval_words(0.2, 0.4, "macro_f1") == "0.200 to 0.400"
    assert score_interval_words(-math.inf, math.inf, "cost") == "unknown"
    assert own_interval(-0.611, -0.157, "log_loss") == (0.157, 0.611)


@pytest.mark.parametrize("objective", ["cost", "log_loss", "macro_f1"])
def test_turning_twice_changes_nothing_and_zero_has_no_sign(objective):
    values = np.array([0.5, -0.25, 0.0])
    turned = own_unit(values, objective)
    np.testing.assert_array_equal(own_unit(turned, objective), values)
    assert not np.signbit(own_unit(0.0, objective))


def test_a_size_has_no_direction():
    assert size_words(-0.02, "cost") == size_words(0.02, "cost") == "0.02"
    assert size_words(-0.02, "macro_f1") == "0.020"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.00667, 3, "0.00667"), (12345.6, 3, "12,346"), (0.0216, 2, "0.022"), (999.7, 3, "1,000")],
)
def test_an_amount_of_any_size_can_be_read(value, digits, text):
    assert amount_words(value, digits=digits) == text
