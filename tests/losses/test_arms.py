"""The arm families: what each makes of class counts."""

import numpy as np
import pytest

from focalsweep.losses import arms
from focalsweep.losses.class_weights import balanced, effective_number, free_vector, prior_power

COUNTS = np.array([120, 60, 15, 5])
ROLES = ("weight", "gamma", "scale", "offset", "margin")


def assert_same_point(one, other):
    for role in ROLES:
        np.testing.assert_allclose(getattr(one, role), getattr(other, role), atol=1e-12)
    assert (one.smoothing, one.power) == (other.smoothing, other.power)


def test_cross_entropy_is_the_origin_of_every_other_arm():
    origin = arms.cross_entropy(COUNTS)
    for point in (
        arms.class_weighted(COUNTS, tau=0.0),
        arms.effective_number(COUNTS, beta_gap=1.0),
        arms.focal(COUNTS, gamma=0.0),
        arms.focal(COUNTS, gamma=0.0, tau=0.0, delta=[0.0, 0.0]),
        arms.logit_adjusted(COUNTS, tau=0.0),
        arms.focal_per_class(COUNTS, gamma=0.0, drift=0.7),
    ):
        assert_same_point(point, origin)


def test_focal_with_gamma_zero_is_the_class_weighted_arm():
    assert_same_point(arms.focal(COUNTS, gamma=0.0, tau=0.8), arms.class_weighted(COUNTS, tau=0.8))


def test_weights_come_from_the_named_rules():
    np.testing.assert_array_equal(arms.class_weighted(COUNTS).weight, balanced(COUNTS))
    np.testing.assert_array_equal(
        arms.effective_number(COUNTS, beta_gap=0.01).weight, effective_number(COUNTS, 0.99)
    )
    np.testing.assert_array_equal(
        arms.focal(COUNTS, gamma=1.0, tau=0.5).weight, prior_power(COUNTS, 0.5)
    )
    np.testing.assert_array_equal(
        arms.focal(COUNTS, gamma=1.0, tau=0.5, delta=[1.0, -1.0]).weight,
        free_vector(COUNTS, tau=0.5, delta=[1.0, -1.0]),
    )
    np.testing.assert_array_equal(
        arms.focal(COUNTS, gamma=1.0, delta=[1.0, -1.0, 0.5], equal_priors=True).weight,
        free_vector(COUNTS, tau=0.0, delta=[1.0, -1.0, 0.5], equal_priors=True),
    )


def test_gamma_is_the_same_for_all_classes():
    np.testing.assert_array_equal(arms.focal(COUNTS, gamma=1.5).gamma, np.full(4, 1.5))


def test_a_gamma_for_each_class_without_drift_is_one_gamma():
    assert_same_point(
        arms.focal_per_class(COUNTS, gamma=1.5, drift=0.0), arms.focal(COUNTS, gamma=1.5)
    )


def test_gammas_of_classes_keep_their_mean_over_rows_and_follow_the_drift():
    for drift in (-0.6, 0.6):
        gamma = arms.focal_per_class(COUNTS, gamma=1.0, drift=drift).gamma
        assert COUNTS @ gamma / COUNTS.sum() == pytest.approx(1.0)
        np.testing.assert_allclose(gamma * (COUNTS / 200.0) ** drift, gamma[0] * 0.6**drift)
    delta = arms.focal_per_class(COUNTS, gamma=1.0, drift=0.5, delta=[1.0, -1.0])
    np.testing.assert_array_equal(delta.gamma, free_vector(COUNTS, tau=0.5, delta=[1.0, -1.0]))
    np.testing.assert_array_equal(delta.weight, np.ones(4))


def test_gammas_are_cut_where_the_family_ends():
    gamma = arms.focal_per_class([1000, 10, 5], gamma=5.0, drift=1.0).gamma
    assert gamma[0] < gamma[1] == gamma[2] == 10.0


def test_logit_adjustment_adds_log_priors_in_training():
    np.testing.assert_allclose(
        arms.logit_adjusted(COUNTS, tau=1.5).offset, 1.5 * np.log(COUNTS / COUNTS.sum())
    )


def test_folklore_with_more_than_two_classes_has_no_class_weights():
    point = arms.folklore(COUNTS)
    np.testing.assert_array_equal(point.weight, np.ones(4))
    np.testing.assert_array_equal(point.gamma, np.full(4, 2.0))


@pytest.mark.parametrize("counts", [[90, 10], [10, 90], [50, 50]])
def test_folklore_with_two_classes_gives_the_minority_a_quarter(counts):
    weight = arms.folklore(counts).weight
    minority = 0 if counts[0] < counts[1] else 1
    assert weight[minority] / weight[1 - minority] == pytest.approx(0.25 / 0.75)
    assert np.array(counts) @ weight / np.sum(counts) == pytest.approx(1.0)


def test_negative_gamma_is_refused():
    with pytest.raises(ValueError, match=r"`gamma` must be >= 0. Received: gamma=-1.0."):
        arms.focal(COUNTS, gamma=-1.0)
