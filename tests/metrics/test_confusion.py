import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import gmean
from sklearn import metrics as sk

from focalsweep.metrics.confusion import (
    accuracy,
    balanced_accuracy,
    confusion_counts,
    geometric_mean,
    macro_f1,
    margins,
    mcc,
    worst_class_recall,
)

SCORES = (accuracy, balanced_accuracy, geometric_mean, macro_f1, mcc, worst_class_recall)
PER_CLASS_AVERAGES = (balanced_accuracy, geometric_mean, macro_f1, worst_class_recall)


@st.composite
def labelled_rows(draw):
    """Rows of up to 6 classes, some of them without true rows or never predicted."""
    n_classes = draw(st.integers(2, 6))
    n = draw(st.integers(1, 40))
    codes = arrays(np.int64, n, elements=st.integers(0, n_classes - 1))
    return n_classes, draw(codes), draw(codes)


def with_scikit_learn(labels, predictions):
    present = np.unique(labels)
    with warnings.catch_warnings():
        # It warns of predicted classes without true rows and of a single class: both are meant.
        warnings.simplefilter("ignore")
        recalls = sk.recall_score(labels, predictions, labels=present, average=None)
        return {
            accuracy: sk.accuracy_score(labels, predictions),
            balanced_accuracy: sk.balanced_accuracy_score(labels, predictions),
            geometric_mean: gmean(recalls) if recalls.all() else 0.0,
            macro_f1: sk.f1_score(
                labels, predictions, labels=present, average="macro", zero_division=0
            ),
            mcc: sk.matthews_corrcoef(labels, predictions),
            worst_class_recall: recalls.min(),
        }


@settings(max_examples=50, deadline=None)
@given(labelled_rows())
def test_counts_and_scores_agree_with_scikit_learn(rows):
    n_classes, labels, predictions = rows
    counts = confusion_counts(labels, predictions, n_classes=n_classes)
    np.testing.assert_array_equal(
        counts, sk.confusion_matrix(labels, predictions, labels=np.arange(n_classes))
    )
    for score, expected in with_scikit_learn(labels, predictions).items():
        np.testing.assert_allclose(score(counts), expected, atol=1e-12, err_msg=score.__name__)


@settings(max_examples=50, deadline=None)
@given(labelled_rows(), st.floats(0.01, 100))
def test_scores_depend_on_shares_and_not_on_the_unit_of_counts(rows, factor):
    n_classes, labels, predictions = rows
    counts = confusion_counts(labels, predictions, n_classes=n_classes)
    for score in SCORES:
        np.testing.assert_allclose(score(counts * factor), score(counts), atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(labelled_rows(), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_classes(rows, random):
    n_classes, labels, predictions = rows
    counts = confusion_counts(labels, predictions, n_classes=n_classes)
    order = list(range(n_classes))
    random.shuffle(order)
    for score in SCORES:
        np.testing.assert_allclose(score(counts[np.ix_(order, order)]), score(counts), atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_a_diagonal_table_scores_one(score):
    assert score(np.diag([50, 3, 1])) == pytest.approx(1.0)


@pytest.mark.parametrize("score", SCORES)
def test_leading_axes_and_margins_score_like_each_table_alone(score):
    counts = np.random.default_rng(0).integers(0, 5, size=(2, 3, 4, 4))
    together = score(counts)
    assert together.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert together[index] == score(counts[index])
    np.testing.assert_array_equal(score(margins(counts)), together)


@pytest.mark.parametrize("score", PER_CLASS_AVERAGES)
def test_a_class_without_true_rows_is_left_out_of_class_averages(score):
    with_absent = np.array([[8, 0, 2], [0, 0, 0], [1, 0, 4]])
    without = np.array([[8, 2], [1, 4]])
    assert score(with_absent) == pytest.approx(score(without))


def test_predictions_of_a_class_without_true_rows_are_errors_of_the_rows_own_class():
    stray = np.array([[8, 2, 0], [0, 0, 0], [0, 0, 10]])
    assert balanced_accuracy(stray) == pytest.approx((0.8 + 1.0) / 2)


def test_a_class_that_is_never_predicted_has_f1_zero():
    never = np.array([[10, 0], [5, 0]])
    assert macro_f1(never) == pytest.approx((2 * 10 / 25 + 0) / 2)
    assert geometric_mean(never) == 0
    assert worst_class_recall(never) == 0


@pytest.mark.parametrize("score", SCORES)
def test_counts_without_rows_score_nan_and_leave_other_tables_alone(score):
    scored = score(np.stack([np.zeros((3, 3)), np.eye(3)]))
    assert np.isnan(scored[0])
    assert scored[1] == pytest.approx(1.0)


def test_mcc_of_constant_predictions_is_zero_also_when_counts_are_fractions():
    assert mcc(np.array([[7, 0], [3, 0]])) == 0
    thirds = np.full((3, 3), 0.0)
    thirds[:, 1] = [0.1, 0.2, 0.7 / 3]
    assert mcc(thirds) == 0


def test_counting_shares_labels_over_leading_axes():
    rng = np.random.default_rng(1)
    labels, predictions = rng.integers(0, 4, 30), rng.integers(0, 4, (2, 3, 30))
    counts = confusion_counts(labels, predictions, n_classes=4)
    assert counts.shape == (2, 3, 4, 4)
    for index in np.ndindex(2, 3):
        alone = confusion_counts(labels, predictions[index], n_classes=4)
        np.testing.assert_array_equal(counts[index], alone)


@pytest.mark.parametrize("codes", [[0, 3], [-1, 0]])
def test_a_code_outside_the_class_list_is_refused_by_name(codes):
    with pytest.raises(ValueError, match=r"`predictions` must be class codes in \[0, 3\)"):
        confusion_counts([0, 1], codes, n_classes=3)
    with pytest.raises(ValueError, match="`labels`"):
        confusion_counts(codes, [0, 1], n_classes=3)
