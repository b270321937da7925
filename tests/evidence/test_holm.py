import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focalsweep.evidence.holm import holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=10)


def test_holms_own_steps():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


@settings(max_examples=50, deadline=None)
@given(P_VALUES)
def test_adjusted_values_lie_between_the_raw_ones_and_bonferroni(p):
    adjusted = holm(p)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-15)


@settings(max_examples=50, deadline=None)
@given(P_VALUES)
def test_rejections_are_those_of_the_step_down_procedure(p):
    level, m = 0.05, len(p)
    rejected = np.zeros(m, dtype=bool)
    for step, index in enumerate(np.argsort(p)):
        if p[index] * (m - step) > level:
            break
        rejected[index] = True
    np.testing.assert_array_equal(holm(p) <= level, rejected)


def test_one_test_needs_no_correction_and_none_gives_none():
    assert holm([0.2]) == pytest.approx([0.2])
    assert holm([]).shape == (0,)
