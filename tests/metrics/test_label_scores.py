import numpy as np
import pytest
from sklearn import metrics

from focalsweep.errors import UserError
from focalsweep.metrics import label_scores
from focalsweep.metrics.objective import (
    LABEL_OBJECTIVES,
    lower_is_better,
    multi_label_objective,
    objective,
    objective_label,
)


def drawn(rows=120, labels=6, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, labels)) < np.geomspace(0.5, 0.05, labels)
    said = truth ^ (rng.random((rows, labels)) < 0.2)
    return truth.astype(np.int8), said.astype(np.int8)


def test_counts_agree_with_scikit_learn():
    truth, said = drawn()
    expected = metrics.multilabel_confusion_matrix(truth, said)
    assert (label_scores.label_counts(truth, said) == expected).all()


def test_counts_share_the_truth_over_leading_axes():
    truth, said = drawn()
    both = label_scores.label_counts(truth, np.stack([said, truth]))
    assert both.shape == (2, 6, 2, 2)
    assert (both[0] == label_scores.label_counts(truth, said)).all()
    assert both[1, :, 0, 1].sum() == both[1, :, 1, 0].sum() == 0


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_f1_agrees_with_scikit_learn(average):
    truth, said = drawn()
    counts = label_scores.label_counts(truth, said)
    expected = metrics.f1_score(truth, said, average=average)
    assert objective_score(f"{average}_f1", counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "of_label"),
    [("balanced_accuracy", metrics.balanced_accuracy_score), ("mcc", metrics.matthews_corrcoef)],
)
def test_scores_are_the_mean_of_scikit_learns_over_labels(name, of_label):
    truth, said = drawn()
    expected = np.mean([of_label(truth[:, k], said[:, k]) for k in range(truth.shape[1])])
    counts = label_scores.label_counts(truth, said)
    assert objective_score(name, counts) == pytest.approx(expected, abs=1e-12)


def test_hamming_loss_and_subset_accuracy_agree_with_scikit_learn():
    truth, said = drawn()
    counts = label_scores.label_counts(truth, said)
    assert label_scores.hamming_loss(counts) == pytest.approx(metrics.hamming_loss(truth, said))
    assert label_scores.subset_accuracy(truth, said) == metrics.accuracy_score(truth, said)


def test_a_label_that_no_row_has_is_left_out_of_macro_f1_and_counts_in_micro_f1():
    truth, said = drawn()
    counts = label_scores.label_counts(truth, said)
    wrong = np.array([[[110, 10], [0, 0]]])
    more = np.concatenate([counts, wrong])
    assert label_scores.label_macro_f1(more) == label_scores.label_macro_f1(counts)
    assert label_scores.label_micro_f1(more) < label_scores.label_micro_f1(counts)
    assert label_scores.label_balanced_accuracy(more) == label_scores.label_balanced_accuracy(
        counts
    )
    assert label_scores.label_mcc(more) == label_scores.label_mcc(counts)


def test_without_any_row_of_any_label_scores_are_unknown():
    empty = np.array([[[5, 0], [0, 0]], [[4, 1], [0, 0]]])
    assert np.isnan(label_scores.label_macro_f1(empty))
    assert np.isnan(label_scores.label_micro_f1(empty))
    assert np.isnan(label_scores.label_balanced_accuracy(empty))
    assert np.isnan(label_scores.label_mcc(empty))


def test_nothing_called_scores_zero():
    truth, _ = drawn()
    counts = label_scores.label_counts(truth, np.zeros_like(truth))
    assert label_scores.label_macro_f1(counts) == label_scores.label_micro_f1(counts) == 0.0


@pytest.mark.parametrize("name", [n for n, o in LABEL_OBJECTIVES.items() if o.score])
def test_objectives_score_every_leading_index_alike(name):
    tables = np.stack([label_scores.label_counts(*drawn(seed=s)) for s in range(3)])
    expected = [objective_score(name, table) for table in tables]
    assert multi_label_objective(name).utility(confusion=tables) == pytest.approx(expected)


def test_log_loss_enters_as_its_negative():
    choice = multi_label_objective("log_loss")
    assert choice.utility(log_loss=[0.5, 0.25]).tolist() == [-0.5, -0.25]
    assert choice.lower_is_better


@pytest.mark.parametrize("name", ["geometric_mean", "worst_class_recall", "cost", "f1"])
def test_other_objectives_are_refused_on_multi_label_data(name):
    with pytest.raises(UserError, match="any number of labels"):
        multi_label_objective(name)


def test_micro_f1_is_refused_on_single_label_data_but_has_a_name():
    with pytest.raises(UserError, match="plain accuracy"):
        objective("micro_f1")
    assert objective_label("micro_f1") == "micro-F1"
    assert not lower_is_better("micro_f1")


def objective_score(name, counts):
    return float(multi_label_objective(name).utility(confusion=counts))
