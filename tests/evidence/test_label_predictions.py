"""Multi-label data: every label is a choice of two, and is predicted, corrected and scored so."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from focalsweep.evidence.gradient_shares import gradient_lengths, gradient_shares
from focalsweep.evidence.label_result import label_metrics, label_scores
from focalsweep.evidence.label_thresholds import thresholds
from focalsweep.evidence.precision_recall import precision_recall
from focalsweep.evidence.predictions import predict, refusal
from focalsweep.evidence.probabilities import probabilities
from focalsweep.losses import binary_arms
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.metrics.objective import multi_label_objective
from tests.evidence.labelled import COUNTS, draw_labels, labelled_fold

F1 = multi_label_objective("macro_f1")
NAMES = ("often", "sometimes", "rare")


def predicted(objective=F1, **changed):
    chosen, folds = labelled_fold(**changed)
    return predict(chosen, folds=folds, objective=objective), chosen, folds


def test_argmax_says_a_label_where_its_probability_exceeds_one_half():
    found, chosen, _ = predicted()
    assert (found.argmax == (chosen.test_logits > 0)).all()
    assert found.log_proba.shape == (2, 400, 3, 2)
    assert np.exp(found.log_proba[..., 1]) == pytest.approx(expit(chosen.test_logits), abs=1e-6)


def test_the_decision_layer_is_a_threshold_a_label_from_inner_rows():
    found, chosen, _ = predicted()
    cut = thresholds(found.log_weights)
    assert (found.decision == (expit(chosen.test_logits) > cut)).all()
    assert cut[2] < 0.5


def test_scores_are_scikit_learns():
    found, _, _ = predicted()
    for decision, said in ((False, found.argmax), (True, found.decision)):
        expected = sk.f1_score(found.labels, said[0], average="macro")
        assert found.score(F1, decision=decision) == pytest.approx(expected)
    loss = multi_label_objective("log_loss")
    proba = np.exp(found.log_proba[0, ..., 1])
    expected = np.mean([sk.log_loss(found.labels[:, k], proba[:, k]) for k in range(3)])
    assert found.score(loss, decision=False) == pytest.approx(-expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: binary_arms.pos_weighted(COUNTS),
        lambda: binary_arms.binary_focal(COUNTS, gamma=2.0, tau=0.5),
        lambda: binary_arms.asymmetric(COUNTS, gamma_positive=0.5, gamma_gap=2.0, clip=0.0),
        lambda: binary_arms.binary_logit_adjusted(COUNTS),
    ],
)
def test_the_posterior_is_that_of_the_logits_which_minimise_the_expected_loss(make):
    point = make()
    # Under the true probability eta, the best logit has zero expected gradient: bisect for it.
    z, _ = draw_labels(60, seed=3)
    eta, low, high = expit(z), np.full_like(z, -30.0), np.full_like(z, 30.0)
    for _ in range(60):
        middle = (low + high) / 2
        slope = sum(
            side * _slope(middle, np.full(z.shape, y, np.int8), point)
            for y, side in ((1, eta), (0, 1 - eta))
        )
        low, high = np.where(slope < 0, middle, low), np.where(slope < 0, high, middle)
    chosen, folds = labelled_fold(point=point, n_test=60)
    object.__setattr__(chosen, "test_logits", middle[None].astype(np.float32))
    found = predict(chosen, folds=folds, objective=F1)
    assert refusal(chosen, folds) is None
    assert np.exp(found.log_posterior[0, ..., 1]) == pytest.approx(eta, abs=1e-5)


def _slope(z, labels, point):
    # A row with the label pulls its logit up, one without it down.
    return np.where(labels > 0, -1, 1) * gradient_lengths(z, labels, point=point)


def test_a_clipped_loss_is_not_corrected_and_says_why():
    point = binary_arms.asymmetric(COUNTS, gamma_positive=0.0, gamma_gap=2.0, clip=0.05)
    found, chosen, folds = predicted(point=point)
    assert "clip" in refusal(chosen, folds)
    assert (found.log_posterior == found.log_proba).all()


def test_counts_of_each_label_are_those_of_its_two_decisions():
    found, _, _ = predicted()
    for label, scores in enumerate(label_scores([found, found], class_names=NAMES)):
        truth = found.labels[:, label]
        for said, counts in ((found.argmax, scores.argmax), (found.decision, scores.decision)):
            tn, fp, fn, tp = sk.confusion_matrix(truth, said[0, :, label]).ravel()
            # Two folds of the same rows; seeds agree.
            expected = {"tp": 2 * tp, "fp": 2 * fp, "fn": 2 * fn, "tn": 2 * tn}
            assert counts.model_dump() == expected
        proba = np.exp(found.log_posterior[0, :, label, 1])
        assert scores.average_precision == pytest.approx(sk.average_precision_score(truth, proba))


def test_further_scores_are_scikit_learns():
    found, _, _ = predicted()
    truth, said = found.labels, found.argmax[0]
    proba = np.exp(found.log_posterior[0, ..., 1])
    scores = label_metrics([found])
    assert scores["hamming_loss"] == pytest.approx(sk.hamming_loss(truth, said))
    assert scores["subset_accuracy"] == pytest.approx(sk.accuracy_score(truth, said))
    assert scores["micro_f1"] == pytest.approx(sk.f1_score(truth, said, average="micro"))
    assert scores["mean_average_precision"] == pytest.approx(
        sk.average_precision_score(truth, proba)
    )
    brier = np.mean([sk.brier_score_loss(truth[:, k], proba[:, k]) for k in range(3)])
    assert scores["brier_score_corrected"] == pytest.approx(2 * brier)


def test_each_label_has_a_temperature_of_its_own():
    stretch = np.array([1.0, 2.0, 4.0])
    found, chosen, folds = predicted(logits=lambda z: z * stretch, n_inner=20_000)
    judged = probabilities([chosen], [found], folds=folds)
    # The median of 1, 2 and 4, up to the noise of 20,000 rows.
    assert judged.temperature == pytest.approx(2.0, rel=0.05)
    assert judged.scaled.log_loss < judged.raw.log_loss
    calm, plain_chosen, plain_folds = predicted(n_inner=20_000)
    plain = probabilities([plain_chosen], [calm], folds=plain_folds)
    assert judged.scaled.log_loss == pytest.approx(plain.raw.log_loss, abs=0.005)


def test_precision_and_recall_are_those_of_each_label():
    found, _, _ = predicted()
    curves = precision_recall([found], class_names=NAMES)
    assert [curve.name for curve in curves] == list(NAMES)
    for label, curve in enumerate(curves):
        proba = np.exp(found.log_posterior[0, :, label, 1])
        expected = sk.average_precision_score(found.labels[:, label], proba)
        assert curve.average_precision == pytest.approx(expected)


def test_a_cell_pulls_with_how_wrong_it_is():
    z, labels = draw_labels(50, seed=5)
    lengths = gradient_lengths(z, labels, point=SigmoidPoint.cross_entropy(3))
    assert lengths == pytest.approx(np.abs(expit(z) - labels))


def test_shares_of_the_gradient_are_by_label_and_by_difficulty_of_the_cell():
    found, chosen, folds = predicted()
    shares = gradient_shares(chosen, None, folds=folds)
    wrong = np.abs(expit(chosen.inner_logits) - chosen.inner_labels)
    assert shares.by_class == pytest.approx(wrong.sum(axis=0) / wrong.sum(), abs=1e-6)
    assert sum(shares.by_difficulty) == pytest.approx(1.0)
    hard = wrong[wrong > 0.9].sum() / wrong.sum()
    assert shares.by_difficulty[0] == pytest.approx(hard, abs=1e-6)
    assert shares.suspects is None
    assert found.labels.shape == (400, 3)


def test_clipping_takes_the_pull_of_easy_rows_without_the_label():
    point = binary_arms.asymmetric(COUNTS, gamma_positive=0.0, gamma_gap=0.0, clip=0.1)
    lengths = gradient_lengths(np.array([[-4.0, -4.0, 2.0]]), np.array([[0, 1, 0]]), point=point)
    assert lengths[0, 0] == 0.0
    p = expit(2.0)
    assert lengths[0, 1:] == pytest.approx([1 - expit(-4.0), p * (1 - p) / (1 - p + 0.1)])
