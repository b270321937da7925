import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from focalsweep.evidence.paired import SampledPosterior, corrected_t

DIFFERENCES = np.array([0.02, 0.05, -0.01, 0.03, 0.04])


def test_without_correction_it_is_the_ordinary_t_test():
    posterior = corrected_t(DIFFERENCES, test_train_ratio=0.0)
    expected = stats.ttest_1samp(DIFFERENCES, 0.0)
    assert posterior.p_value() == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval(0.95)
    assert posterior.interval() == pytest.approx((low, high))


def test_the_correction_widens_the_interval_by_the_formula_of_nadeau_and_bengio():
    plain, corrected = (corrected_t(DIFFERENCES, test_train_ratio=r) for r in (0.0, 0.25))
    assert corrected.scale / plain.scale == pytest.approx(math.sqrt((1 / 5 + 0.25) / (1 / 5)))
    assert corrected.p_value() > plain.p_value()


def test_probability_is_the_correlated_t_posterior_of_benavoli():
    # rho = 1 / 5 for five folds; rho / (1 - rho) is the ratio of test to training rows.
    posterior = corrected_t(DIFFERENCES, test_train_ratio=0.25)
    rho, n = 0.2, 5
    scale = DIFFERENCES.std(ddof=1) * math.sqrt(1 / n + rho / (1 - rho))
    expected = 1 - stats.t.cdf(0.01, df=n - 1, loc=DIFFERENCES.mean(), scale=scale)
    assert posterior.probability_above(0.01) == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-100, 100), min_size=2, max_size=12), st.floats(0.0, 2.0))
def test_interval_probability_and_p_value_say_the_same(hundredths, ratio):
    posterior = corrected_t(np.array(hundredths) / 100, test_train_ratio=ratio)
    low, high = posterior.interval(0.9)
    assert low <= posterior.mean <= high
    if 0.0 < posterior.scale < math.inf:
        assert posterior.probability_above(low) == pytest.approx(0.95)
        assert posterior.probability_above(high) == pytest.approx(0.05)
        tail = posterior.probability_above(0.0)
        assert posterior.p_value() == pytest.approx(2 * min(tail, 1 - tail))


def test_changing_sides_turns_everything_round():
    one, other = (corrected_t(s * DIFFERENCES, test_train_ratio=0.25) for s in (1, -1))
    assert other.interval() == pytest.approx(tuple(-end for end in one.interval()[::-1]))
    assert other.probability_above(-0.02) == pytest.approx(1 - one.probability_above(0.02))
    assert other.p_value() == pytest.approx(one.p_value())


@pytest.mark.parametrize("value", [0.0, 0.01, 0.1 + 0.2, -0.05])
def test_five_differences_without_spread_are_taken_as_they_are(value):
    posterior = corrected_t([value, value + 1e-16, value, value, value], test_train_ratio=0.25)
    assert posterior.is_exact
    assert posterior.interval() == pytest.approx((value, value))
    assert posterior.probability_above(value) == 0.0
    assert posterior.probability_above(value - 0.001) == 1.0
    assert posterior.p_value() == (1.0 if value == 0.0 else 0.0)


def test_equality_with_the_threshold_is_not_above_it_despite_rounding():
    rounded_up = 0.71 - 0.70  # 0.010000000000000009
    assert rounded_up > 0.01
    assert corrected_t([rounded_up] * 5, test_train_ratio=0.25).probability_above(0.01) == 0.0


@pytest.mark.parametrize("folds", [1, 2, 4])
def test_a_single_difference_or_a_few_that_are_the_same_decide_nothing(folds):
    posterior = corrected_t([0.4] * folds, test_train_ratio=0.25)
    assert posterior.mean == 0.4
    assert posterior.interval() == (-math.inf, math.inf)
    assert posterior.probability_above(0.01) == posterior.probability_above(0.03) == 0.5
    assert posterior.p_value() == 1.0
    assert not posterior.is_exact


@pytest.mark.parametrize(
    ("differences", "ratio", "name"),
    [([], 0.25, "differences"), ([0.1, math.nan], 0.25, "differences"), ([0.1, 0.2], -1.0, "test")],
)
def test_bad_input_is_refused_by_name(differences, ratio, name):
    with pytest.raises(ValueError, match=name):
        corrected_t(differences, test_train_ratio=ratio)


def test_the_interval_covers_as_promised_when_folds_are_correlated():
    # Ten differences of mean 0.02 with pairwise correlation 1/5, the model behind the correction.
    # 95% of 2,000 intervals: 1,900 covered, and 99.9% of such counts lie within 1,867 .. 1,931.
    rng = np.random.default_rng(20)
    shared, own = rng.normal(size=(2000, 1)), rng.normal(size=(2000, 10))
    folds = 0.02 + 0.03 * (math.sqrt(0.2) * shared + math.sqrt(0.8) * own)
    covered = dict.fromkeys((0.0, 0.25), 0)
    for differences in folds:
        for ratio in covered:
            low, high = corrected_t(differences, test_train_ratio=ratio).interval()
            covered[ratio] += low <= 0.02 <= high
    assert 1867 <= covered[0.25] <= 1931
    assert covered[0.0] < 1600  # why the correction is there


def test_samples_give_percentiles_and_shares():
    posterior = SampledPosterior(mean=0.3, samples=np.linspace(-1, 3, 4001))
    assert posterior.mean == 0.3
    assert posterior.interval(0.5) == pytest.approx((0.0, 2.0))
    assert posterior.probability_above(2.0) == pytest.approx(0.25, abs=1e-3)
    assert posterior.p_value() == pytest.approx(0.5, abs=1e-3)


def test_samples_far_from_zero_never_have_a_p_value_of_zero():
    posterior = SampledPosterior(mean=1.0, samples=np.linspace(0.9, 1.1, 1999))
    assert posterior.p_value() == pytest.approx(2 / 2000)


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.2, 0.0)])
def test_samples_without_spread_are_exact(value, p):
    posterior = SampledPosterior(mean=value, samples=np.full(100, value))
    assert posterior.is_exact
    assert posterior.interval() == (value, value)
    assert posterior.probability_above(value) == 0.0
    assert posterior.p_value() == p
