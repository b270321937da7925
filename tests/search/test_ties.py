"""Equal values are ordered by log-loss: of epochs, of trials."""

import numpy as np
import pytest

from focalsweep.search.ties import best_of, tied


def test_the_largest_value_wins_whatever_its_log_loss():
    assert best_of([0.5, 0.6, 0.4], [0.1, 9.0, 0.0]) == 1


def test_of_equal_values_the_smallest_log_loss_wins_and_of_equal_ones_the_first():
    assert best_of([0.5, 0.5, 0.5, 0.4], [0.3, 0.2, 0.2, 0.1]) == 1


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_a_log_loss_that_is_not_finite_loses_every_tie_and_only_ties(missing):
    assert best_of([0.5, 0.5], [missing, 7.0]) == 1
    assert best_of([0.6, 0.5], [missing, 7.0]) == 0
    assert best_of([0.5, 0.5], [missing, missing]) == 0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_rounding_makes_no_difference_in_any_unit_and_a_count_does(scale):
    values = scale * np.array([-0.667, -0.667 * (1 + 1e-12), -0.667 * (1 + 1e-7)])
    assert tied(values).tolist() == [True, True, False]
