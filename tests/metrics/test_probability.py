import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn import metrics as sk

from focalsweep.metrics.probability import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability,
    row_log_loss,
)


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    return log_softmax(rng.normal(size=(200, 4)) * 2, axis=-1), rng.integers(0, 4, 200)


def test_log_loss_and_brier_score_agree_with_scikit_learn(scored):
    log_proba, labels = scored
    assert log_loss(log_proba, labels) == pytest.approx(sk.log_loss(labels, np.exp(log_proba)))
    brier = sk.brier_score_loss(labels, np.exp(log_proba), scale_by_half=False)
    assert brier_score(log_proba, labels) == pytest.approx(brier)


def test_log_loss_is_exact_where_probabilities_are_rounded_away():
    log_proba = np.array([[-1e-30, -1000.0], [-1000.0, -1e-30]])
    np.testing.assert_array_equal(row_log_loss(log_proba, [0, 0]), [1e-30, 1000.0])
    assert log_loss(np.array([[0.0, -np.inf]]), [1]) == np.inf


def test_leading_axes_share_the_labels(scored):
    log_proba, labels = scored
    stacked = np.stack([log_proba, log_proba[:, ::-1]])
    assert row_log_loss(stacked, labels).shape == (2, 200)
    for score in (log_loss, brier_score):
        expected = [score(stacked[0], labels), score(stacked[1], labels)]
        np.testing.assert_allclose(score(stacked, labels), expected)


def test_brier_score_ends_at_zero_and_two():
    certain = np.array([[0.0, -np.inf]])
    assert brier_score(certain, [0]) == 0
    assert brier_score(certain, [1]) == 2


def test_calibration_error_agrees_with_a_loop_over_bins_of_equally_many_rows(scored):
    log_proba, labels = scored
    confidence = np.exp(log_proba).max(axis=1)
    correct = log_proba.argmax(axis=1) == labels
    expected = 0.0
    for rows in np.split(np.argsort(confidence), 10):  # 200 rows, 20 a bin
        expected += 0.1 * abs(correct[rows].mean() - confidence[rows].mean())
    error = expected_calibration_error(log_proba, labels, n_bins=10)
    assert error == pytest.approx(expected)
    assert error > 0.1  # random labels against confident scores


def test_reliability_bins_hold_every_row_once_and_equal_confidences_together(scored):
    log_proba, labels = scored
    bins = reliability(log_proba, labels)
    assert bins.share.sum() == pytest.approx(1)
    assert len(bins.share) == 15
    assert (np.diff(bins.confidence) > 0).all()
    right = (log_proba.argmax(axis=1) == labels).mean()
    assert bins.share @ bins.accuracy == pytest.approx(right)
    alike = reliability(np.log(np.full((40, 2), 0.5)), [0] * 30 + [1] * 10)
    assert [part.tolist() for part in alike] == [[0.5], [0.75], [1.0]]


def test_calibrated_probabilities_have_a_small_calibration_error():
    # 20,000 rows drawn from their own probabilities: 15 bins leave about 0.01 of noise.
    rng = np.random.default_rng(1)
    log_proba = log_softmax(rng.normal(size=(20_000, 3)), axis=-1)
    cumulative = np.exp(log_proba).cumsum(axis=1)
    labels = (rng.random((20_000, 1)) > cumulative[:, :2]).sum(axis=1)
    assert expected_calibration_error(log_proba, labels) < 0.02


def test_certain_and_right_rows_are_calibrated():
    assert expected_calibration_error(np.array([[0.0, -np.inf]] * 3), [0, 0, 0]) == 0
    assert expected_calibration_error(np.array([[0.0, -np.inf]] * 3), [1, 1, 1]) == 1


def test_log_loss_of_several_labels_is_scikit_learns_mean_over_labels():
    rng = np.random.default_rng(0)
    proba, labels = rng.random((40, 3)), rng.random((40, 3)) < 0.3
    table = np.log(np.stack([1 - proba, proba], axis=-1))
    expected = np.mean([sk.log_loss(labels[:, k], proba[:, k]) for k in range(3)])
    assert log_loss(table, labels) == pytest.approx(expected)
    assert row_log_loss(np.stack([table, table]), labels).shape == (2, 40)
