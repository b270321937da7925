"""Arms of multi-label data: weights of mean 1, each label alone, and what contains what."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from focalsweep.losses.binary_arms import (
    asymmetric,
    binary_cross_entropy,
    binary_focal,
    binary_focal_vector,
    binary_folklore,
    binary_logit_adjusted,
    pos_weighted,
)

ROWS = 1000
POSITIVES = np.array([500, 120, 30, 2])
COUNTS = np.stack([ROWS - POSITIVES, POSITIVES], axis=1)
EMPTY = np.array([[ROWS, 0], [0, ROWS], [400, 600]])


def same(first, second):
    for role in ("weight", "gamma", "offset", "clip"):
        assert_allclose(getattr(first, role), getattr(second, role), atol=1e-12, err_msg=role)


def test_at_tau_1_rows_with_and_without_a_label_weigh_the_same_in_total():
    weight = pos_weighted(COUNTS).weight
    assert_allclose(weight[:, 1] / weight[:, 0], (ROWS - POSITIVES) / POSITIVES)
    assert_allclose((COUNTS * weight)[:, 0], (COUNTS * weight)[:, 1])


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0, 1.5])
def test_every_label_has_mean_weight_1_whatever_tau_is(tau):
    assert_allclose((COUNTS * pos_weighted(COUNTS, tau=tau).weight).sum(axis=1), ROWS)


def test_folklore_keeps_the_papers_ratio_and_has_mean_weight_1_over_all_cells():
    weight = binary_folklore(COUNTS).weight
    assert_allclose(weight[:, 1] / weight[:, 0], 0.25 / 0.75)
    assert (COUNTS * weight).sum() == pytest.approx(COUNTS.sum())


def test_every_arm_contains_cross_entropy_at_its_origin():
    plain = binary_cross_entropy(COUNTS)
    same(pos_weighted(COUNTS, tau=0.0), plain)
    same(binary_focal(COUNTS, gamma=0.0), plain)
    same(binary_focal_vector(COUNTS, gamma=0.0, drift=0.7), plain)
    same(asymmetric(COUNTS, gamma_positive=0.0, gamma_gap=0.0, clip=0.0), plain)
    same(binary_logit_adjusted(COUNTS, tau=0.0), plain)


def test_focal_loss_with_tau_is_positive_weights_at_gamma_0():
    same(binary_focal(COUNTS, gamma=0.0, tau=0.8), pos_weighted(COUNTS, tau=0.8))


def test_without_drift_every_label_has_one_gamma_and_with_it_rare_labels_have_more():
    same(binary_focal_vector(COUNTS, gamma=1.3, drift=0.0), binary_focal(COUNTS, gamma=1.3))
    gamma = binary_focal_vector(COUNTS, gamma=1.3, drift=0.3).gamma
    assert np.all(np.diff(gamma[:, 0]) > 0)
    assert gamma.mean() == pytest.approx(1.3)
    assert_allclose(gamma[:, 0], gamma[:, 1])


def test_gamma_of_a_label_ends_where_the_family_ends():
    assert binary_focal_vector(COUNTS, gamma=5.0, drift=2.0).gamma.max() == 10.0


def test_the_asymmetric_loss_focuses_rows_without_a_label_by_the_gap_more():
    point = asymmetric(COUNTS, gamma_positive=0.5, gamma_gap=3.0, clip=0.05)
    assert_allclose(point.gamma, np.broadcast_to([3.5, 0.5], COUNTS.shape))
    assert point.clip == 0.05


def test_logit_adjustment_adds_the_log_odds_of_each_label():
    offset = binary_logit_adjusted(COUNTS, tau=0.5).offset
    assert_allclose(offset, 0.5 * np.log(POSITIVES / (ROWS - POSITIVES)))


@pytest.mark.parametrize(
    "arm",
    [
        pos_weighted,
        binary_folklore,
        binary_logit_adjusted,
        lambda counts: binary_focal_vector(counts, gamma=2.0, drift=1.0),
    ],
)
def test_a_label_that_no_row_or_every_row_has_leaves_everything_finite(arm):
    point = arm(EMPTY)
    for role in ("weight", "gamma", "offset"):
        assert np.isfinite(getattr(point, role)).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: binary_focal(COUNTS, gamma=-1.0), "`gamma` must be >= 0"),
        (lambda: binary_focal_vector(COUNTS, gamma=-1.0, drift=0.0), "`gamma` must be >= 0"),
        (
            lambda: asymmetric(COUNTS, gamma_positive=0.0, gamma_gap=-1.0, clip=0.0),
            "`gamma_gap` must be >= 0",
        ),
        (
            lambda: asymmetric(COUNTS, gamma_positive=5.0, gamma_gap=6.0, clip=0.0),
            "must be <= 10",
        ),
        (lambda: asymmetric(COUNTS, gamma_positive=0.0, gamma_gap=0.0, clip=1.0), "`clip` must"),
        (lambda: binary_cross_entropy(POSITIVES), "`counts` must hold"),
        (lambda: pos_weighted(-COUNTS), "`counts` must hold"),
    ],
)
def test_numbers_out_of_range_are_refused_with_the_name(make, said):
    with pytest.raises(ValueError, match=said):
        make()
