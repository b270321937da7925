"""The free directions: how many, orthogonal to what, and continuous in the counts."""

import numpy as np
import pytest

from focalsweep.losses.free_directions import free_dimensions, free_directions

SIZES = [2, 3, 4, 5, 8, 9, 10, 13, 100]


def log_prior_of(n_classes, seed=0):
    return np.log(np.random.default_rng((seed, n_classes)).integers(5, 1000, n_classes))


@pytest.mark.parametrize("n_classes", SIZES)
@pytest.mark.parametrize("equal_priors", [True, False])
def test_columns_are_orthogonal_of_one_length_and_as_many_as_counted(n_classes, equal_priors):
    directions = free_directions(log_prior_of(n_classes), equal_priors=equal_priors)
    size = free_dimensions(n_classes, equal_priors=equal_priors)
    length = n_classes / (n_classes if n_classes <= 8 else 6)
    assert directions.shape == (n_classes, size)
    np.testing.assert_allclose(directions.T @ directions, length * np.eye(size), atol=1e-12)


@pytest.mark.parametrize("n_classes", SIZES)
def test_columns_are_orthogonal_to_a_common_factor_and_to_log_prior(n_classes):
    log_prior = log_prior_of(n_classes)
    directions = free_directions(log_prior, equal_priors=False)
    np.testing.assert_allclose(np.ones(n_classes) @ directions, 0, atol=1e-12)
    np.testing.assert_allclose(log_prior @ directions, 0, atol=1e-10)


def test_the_number_of_free_dimensions():
    assert [free_dimensions(k, equal_priors=False) for k in (2, 3, 8, 9, 1000)] == [0, 1, 6, 4, 4]
    assert [free_dimensions(k, equal_priors=True) for k in (2, 3, 8, 9, 1000)] == [1, 2, 7, 5, 5]


@pytest.mark.parametrize("n_classes", [3, 4, 5, 8])
def test_directions_change_little_when_the_counts_change_little(n_classes):
    for seed in range(20):
        log_prior = log_prior_of(n_classes, seed)
        bumped = log_prior + 1e-6 * np.random.default_rng(seed).normal(size=n_classes)
        change = free_directions(log_prior, equal_priors=False) - free_directions(
            bumped, equal_priors=False
        )
        assert np.abs(change).max() < 1e-4


def test_directions_do_not_jump_where_two_classes_swap_order():
    before = free_directions(np.log([100, 50.001, 50.0, 10]), equal_priors=False)
    after = free_directions(np.log([100, 50.0, 50.001, 10]), equal_priors=False)
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_from_nine_classes_on_neighbours_in_count_share_a_number():
    counts = np.random.default_rng(0).permutation(np.arange(1, 14)) * 10
    directions = free_directions(np.log(counts), equal_priors=False)
    groups = np.array_split(np.argsort(-counts), 6)
    for group in groups:
        np.testing.assert_allclose(directions[group], directions[group[:1]].repeat(len(group), 0))
    assert sorted({len(group) for group in groups}) == [2, 3]


def test_with_equal_priors_groups_follow_class_codes_not_accidental_counts():
    near = free_directions(np.log(100 + np.arange(12) % 2), equal_priors=True)
    far = free_directions(np.log(100 + np.arange(12)[::-1] % 3), equal_priors=True)
    np.testing.assert_array_equal(near, far)


def test_exactly_equal_counts_in_a_fold_of_an_unequal_study_keep_the_number_of_columns():
    directions = free_directions(np.zeros(4), equal_priors=False)
    assert directions.shape == (4, 2)
    np.testing.assert_allclose(directions.T @ directions, np.eye(2), atol=1e-12)
