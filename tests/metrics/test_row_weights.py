"""Scores of weighted rows: whole weights are copies of rows."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.label_scores import label_counts, subset_accuracy
from focalsweep.metrics.objective import LABEL_OBJECTIVES, OBJECTIVES
from focalsweep.metrics.probability import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability,
)

ROWS = 60
RNG = np.random.default_rng(0)
WEIGHTS = RNG.integers(1, 4, ROWS).astype(np.float64)
COPIES = np.repeat(np.arange(ROWS), WEIGHTS.astype(int))
LABELS = RNG.integers(3, size=ROWS)
PREDICTED = np.where(RNG.random((2, ROWS)) < 0.6, LABELS, RNG.integers(3, size=(2, ROWS)))
PROBA = RNG.dirichlet(np.ones(3), size=(2, ROWS))
LABELLED = (RNG.random((ROWS, 4)) < 0.4).astype(int)
DECIDED = np.where(RNG.random((2, ROWS, 4)) < 0.7, LABELLED, 1 - LABELLED)


def test_counts_of_weights_are_counts_of_copies():
    weighted = confusion_counts(LABELS, PREDICTED, n_classes=3, weights=WEIGHTS)
    copied = confusion_counts(LABELS[COPIES], PREDICTED[:, COPIES], n_classes=3)
    np.testing.assert_array_equal(weighted, copied)
    by_label = label_counts(LABELLED, DECIDED, weights=WEIGHTS)
    np.testing.assert_array_equal(by_label, label_counts(LABELLED[COPIES], DECIDED[:, COPIES]))


@pytest.mark.parametrize("name", [name for name, each in OBJECTIVES.items() if each.uses_decisions])
def test_scores_of_weights_are_scores_of_copies(name):
    weighted = confusion_counts(LABELS, PREDICTED, n_classes=3, weights=WEIGHTS)
    copied = confusion_counts(LABELS[COPIES], PREDICTED[:, COPIES], n_classes=3)
    score = OBJECTIVES[name].utility
    np.testing.assert_array_equal(score(confusion=weighted), score(confusion=copied))


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "balanced_accuracy", "mcc"])
def test_scores_of_weighted_labels_are_scores_of_copies(name):
    weighted = label_counts(LABELLED, DECIDED, weights=WEIGHTS)
    copied = label_counts(LABELLED[COPIES], DECIDED[:, COPIES])
    score = LABEL_OBJECTIVES[name].utility
    np.testing.assert_array_equal(score(confusion=weighted), score(confusion=copied))


def test_fractional_weights_agree_with_scikit_learn():
    weights = RNG.exponential(size=ROWS)
    counts = confusion_counts(LABELS, PREDICTED[0], n_classes=3, weights=weights)
    given = {"sample_weight": weights}
    for name, expected in {
        "macro_f1": sklearn_metrics.f1_score(LABELS, PREDICTED[0], average="macro", **given),
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score(LABELS, PREDICTED[0], **given),
        "mcc": sklearn_metrics.matthews_corrcoef(LABELS, PREDICTED[0], **given),
    }.items():
        assert OBJECTIVES[name].utility(confusion=counts) == pytest.approx(expected, abs=1e-12)
    assert log_loss(np.log(PROBA[0]), LABELS, weights=weights) == pytest.approx(
        sklearn_metrics.log_loss(LABELS, PROBA[0], **given)
    )


def test_a_label_that_every_weighted_row_has_stays_without_balanced_accuracy():
    labels = np.ones((ROWS, 1), dtype=int)
    counts = label_counts(labels, DECIDED[:, :, :1], weights=RNG.exponential(size=ROWS))
    assert (counts[:, 0, 0] == 0.0).all()
    assert np.isnan(LABEL_OBJECTIVES["balanced_accuracy"].utility(confusion=counts)).all()


def test_probability_scores_of_weights_are_those_of_copies():
    table = np.log(PROBA)
    for score in (log_loss, brier_score):
        weighted = score(table, LABELS, weights=WEIGHTS)
        np.testing.assert_allclose(weighted, score(table[:, COPIES], LABELS[COPIES]), rtol=1e-12)
    ones = np.ones(len(COPIES))
    weighted = reliability(table[0], LABELS, n_bins=5, weights=WEIGHTS)
    copied = reliability(table[0][COPIES], LABELS[COPIES], n_bins=5, weights=ones)
    for part, other in zip(weighted, copied, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-12)
    assert expected_calibration_error(table[0], LABELS, weights=WEIGHTS) >= 0.0


def test_subset_accuracy_of_weights_is_that_of_copies():
    np.testing.assert_allclose(
        subset_accuracy(LABELLED, DECIDED, weights=WEIGHTS),
        subset_accuracy(LABELLED[COPIES], DECIDED[:, COPIES]),
    )
