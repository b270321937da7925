import pickle
from dataclasses import replace

import numpy as np


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
        np.testing.assert_array_equal(back.loss.gamma, sent.loss.gamma)
