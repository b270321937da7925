import pickle
from dataclasses import replace

import numpy as np
import pytest


def test_a_view_keeps_training_rows_before_evaluation_rows(make_view):
    view = make_view("v", n_train=30, n_eval=12)
    np.testing.assert_array_equal(view.eval_labels, view.labels[30:])
    np.testing.assert_array_equal(view.train_counts, np.bincount(view.labels[:30], minlength=3))


def test_the_prior_shift_moves_training_priors_to_natural_ones(make_view):
    view = make_view("v", natural_counts=[600, 300, 100])
    training = view.train_counts / view.train_counts.sum()
    np.testing.assert_allclose(training * np.exp(view.log_prior_shift), [0.6, 0.3, 0.1])


def test_without_a_profile_there_is_no_prior_shift(make_view):
    np.testing.assert_array_equal(make_view("v").log_prior_shift, 0.0)


def test_a_class_without_evaluation_rows_still_counts_as_a_class(make_view):
    view = make_view("v", n_train=30, n_eval=12)
    view = replace(view, labels=np.minimum(view.labels, 1), natural_counts=np.array([9, 9, 9]))
    assert view.train_counts.shape == (3,)


def test_a_chunk_of_members_can_be_sent_to_another_process(make_member):
    chunk = [make_member("focal", view=1, seed=3), make_member("smoothed")]
    for sent, back in zip(chunk, pickle.loads(pickle.dumps(chunk)), strict=True):
        assert back.key == sent.key
        np.testing.assert_array_equal(back.recipe.last.loss.gamma, sent.recipe.last.loss.gamma)


def test_rows_are_counted_as_they_were_before_any_treatment(make_view):
    view = make_view("v", n_train=30)
    np.testing.assert_array_equal(view.train_counts, view.own_counts)
    assert view.epoch_rows == view.n_train == 30
    treated = replace(view, n_train=25, n_synthetic=10, counts=np.array([15, 10, 5]))
    np.testing.assert_array_equal(treated.train_counts, [15, 10, 5])
    assert treated.epoch_rows == 30
    assert treated.own_counts.sum() == treated.n_own == 15


def test_without_sampling_the_loss_to_undo_is_that_of_the_last_stage(make_member, points):
    member = make_member(recipe="deferred", epochs=4)
    counts = np.array([50, 30, 20])
    assert member.posterior_point(counts) is points["weighted"]
    assert replace(member, epochs=2).posterior_point(counts) is points["focal"]
    assert member.posterior_point(counts, epoch=1) is points["focal"]


@pytest.mark.parametrize("counts", [[50, 30, 20], [50, 30, 0]])
def test_sampling_multiplies_weights_by_how_often_a_class_is_drawn(counts, make_member, points):
    counts = np.array(counts)
    weight = make_member(recipe="balanced").posterior_point(counts).weight
    # A class without rows is never drawn.
    often = np.where(counts > 0, np.maximum(counts, 1) ** -0.7, 0.0) * points["focal"].weight
    np.testing.assert_allclose(weight / weight[0], often / often[0])
    assert np.isfinite(weight).all()
