"""Class weights: always prior-weighted mean 1, and the limits of each rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from focalsweep.losses.class_weights import (
    balanced,
    effective_number,
    free_vector,
    log_prior,
    prior_offset,
    prior_power,
    priors_equal,
)
from focalsweep.losses.free_directions import free_dimensions

COUNTS = np.array([463, 429, 244, 163, 51, 44, 35, 30, 20, 5])
counts_of_classes = st.lists(st.integers(1, 100_000), min_size=2, max_size=30)


@given(counts=counts_of_classes, tau=st.floats(0, 2), beta=st.floats(0, 1))
def test_every_rule_has_prior_weighted_mean_one(counts, tau, beta):
    prior = np.array(counts) / np.sum(counts)
    delta = np.linspace(-1, 1, free_dimensions(len(counts), equal_priors=False))
    for weight in (
        balanced(counts),
        prior_power(counts, tau),
        effective_number(counts, beta),
        free_vector(counts, tau=tau, delta=delta.tolist()),
    ):
        assert np.all(weight > 0)
        assert prior @ weight == pytest.approx(1.0, rel=1e-9)


def test_balanced_is_scikit_learns():
    labels = np.repeat(np.arange(len(COUNTS)), COUNTS)
    expected = compute_class_weight("balanced", classes=np.arange(len(COUNTS)), y=labels)
    np.testing.assert_allclose(balanced(COUNTS), expected, rtol=1e-12)


def test_tau_zero_and_beta_zero_weigh_all_classes_alike():
    np.testing.assert_allclose(prior_power(COUNTS, 0.0), 1.0)
    np.testing.assert_allclose(effective_number(COUNTS, 0.0), 1.0)


def test_effective_number_tends_to_balanced_as_beta_tends_to_one():
    np.testing.assert_allclose(effective_number(COUNTS, 1 - 1e-9), balanced(COUNTS), rtol=1e-5)
    np.testing.assert_array_equal(effective_number(COUNTS, 1.0), balanced(COUNTS))


def test_effective_number_equals_the_papers_formula():
    expected = (1 - 0.99) / (1 - 0.99**COUNTS)
    found = effective_number(COUNTS, 0.99)
    np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=1e-12)


def test_delta_zero_is_the_prior_power():
    zeros = [0.0] * free_dimensions(5, equal_priors=False)
    np.testing.assert_allclose(
        free_vector(COUNTS[:5], tau=0.7, delta=zeros), prior_power(COUNTS[:5], 0.7)
    )


def test_tau_and_delta_do_not_overlap():
    weight = free_vector(COUNTS[:5], tau=0.7, delta=[0.4, -0.9, 1.2])
    centred = log_prior(COUNTS[:5]) - log_prior(COUNTS[:5]).mean()
    # Least squares of log-weights on log prior finds tau again, whatever delta is.
    assert -(np.log(weight) @ centred) / (centred @ centred) == pytest.approx(0.7)


def test_any_weight_vector_can_be_reached_and_its_numbers_found_again():
    counts, wanted = COUNTS[:4], np.array([0.5, 3.0, 1.0, 2.0])
    unit = [np.log(free_vector(counts, tau=0.0, delta=row.tolist())) for row in np.eye(2)]
    directions = np.stack([column - column.mean() for column in unit], axis=1)
    target = np.log(wanted) - np.log(wanted).mean()
    centred = log_prior(counts) - log_prior(counts).mean()
    tau = -(target @ centred) / (centred @ centred)
    found = free_vector(counts, tau=tau, delta=(directions.T @ target).tolist())
    np.testing.assert_allclose(found / found[0], wanted / wanted[0], rtol=1e-9)


@given(
    counts=st.lists(st.integers(0, 1000), min_size=3, max_size=12).filter(lambda n: sum(n) > 0),
    tau=st.floats(0, 2),
    beta=st.floats(0, 1),
)
def test_classes_without_rows_get_weight_0_and_no_offset_and_the_others_keep_mean_1(
    counts, tau, beta
):
    absent = np.array(counts) == 0
    delta = np.linspace(-1, 1, free_dimensions(len(counts), equal_priors=False))
    for weight in (
        balanced(counts),
        prior_power(counts, tau),
        effective_number(counts, beta),
        free_vector(counts, tau=tau, delta=delta.tolist()),
    ):
        assert np.isfinite(weight).all()
        assert np.array_equal(weight == 0, absent)
        assert np.array(counts) / np.sum(counts) @ weight == pytest.approx(1.0, rel=1e-9)
    offset = prior_offset(counts, tau)
    assert np.isfinite(offset).all()
    assert not offset[absent].any()
    np.testing.assert_array_equal(offset[~absent], tau * log_prior(counts)[~absent])


def test_an_absent_class_leaves_the_weights_of_the_others_as_they_are():
    without = balanced(COUNTS[:5])
    with_one = balanced([*COUNTS[:5], 0])
    np.testing.assert_allclose(with_one, [*without, 0.0], rtol=1e-12)


def test_priors_are_equal_below_a_ratio_of_five_percent():
    assert priors_equal([100, 100, 96])
    assert not priors_equal([100, 100, 95])


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`beta` must be in \[0, 1\]. Received: beta=1.5."):
        effective_number(COUNTS, 1.5)
    with pytest.raises(ValueError, match="`delta` must hold 3 numbers for 5 classes of unequal"):
        free_vector(COUNTS[:5], tau=0.0, delta=[0.0])
    for counts in ([5], [[1, 2], [3, 4]], [-1, 3], [0, 0]):
        with pytest.raises(ValueError, match="`counts` must hold the number of training rows"):
            balanced(counts)
