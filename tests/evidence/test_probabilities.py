from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn import metrics as sk

from focalsweep.evidence.predictions import predict
from focalsweep.evidence.probabilities import probabilities
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.metrics.objective import objective
from focalsweep.search.folds import Folds

COUNTS = [60, 30, 10]
PRIOR = [0.6, 0.3, 0.1]


def judged(chosen, folds):
    predictions = [predict(c, folds=folds, objective=objective("macro_f1")) for c in chosen]
    return probabilities(chosen, predictions, folds=folds)


def some_folds(draw_rows, *, n_inner=400, n_test=300, n_folds=2):
    return [
        (draw_rows(n_inner, prior=PRIOR, seed=f), draw_rows(n_test, prior=PRIOR, seed=100 + f))
        for f in range(n_folds)
    ]


def test_log_loss_and_brier_score_are_scikit_learns_fold_by_fold(draw_rows, make_chosen):
    rows = some_folds(draw_rows)
    chosen, folds = make_chosen(rows, counts=COUNTS, logits=lambda log_eta: 2 * log_eta)
    found = judged(chosen, folds)
    proba = [np.exp(log_softmax(2 * test.log_eta, axis=1)) for _, test in rows]
    labels = [test.labels for _, test in rows]
    log_losses = [sk.log_loss(y, p) for y, p in zip(labels, proba, strict=True)]
    briers = [
        sk.brier_score_loss(y, p, scale_by_half=False) for y, p in zip(labels, proba, strict=True)
    ]
    assert found.raw.log_loss == pytest.approx(np.mean(log_losses), rel=1e-5)
    assert found.raw.brier_score == pytest.approx(np.mean(briers), rel=1e-5)
    # Cross-entropy bends nothing, so there is nothing to correct.
    assert found.corrected is not None
    assert found.corrected.log_loss == pytest.approx(found.raw.log_loss, rel=1e-5)


def test_logits_twice_too_large_are_cooled_by_two(draw_rows, make_chosen):
    rows = some_folds(draw_rows, n_inner=4000, n_test=4000)
    chosen, folds = make_chosen(rows, counts=COUNTS, logits=lambda log_eta: 2 * log_eta)
    found = judged(chosen, folds)
    assert found.temperature == pytest.approx(2, rel=0.1)
    for name in ("log_loss", "brier_score", "calibration_error"):
        assert getattr(found.scaled, name) < getattr(found.raw, name)
    assert found.scaled.calibration_error < 0.03 < found.raw.calibration_error


@pytest.mark.parametrize(
    "point",
    [
        families.class_weighted(np.array(COUNTS), tau=1.0),
        families.logit_adjusted(np.array(COUNTS), tau=1.0),
    ],
    ids=["class_weighted", "logit_adjusted"],
)
def test_correction_takes_back_what_the_loss_did(draw_rows, make_chosen, point):
    rows = some_folds(draw_rows, n_inner=4000, n_test=4000)
    chosen, folds = make_chosen(
        rows,
        counts=COUNTS,
        point=point,
        logits=lambda log_eta: log_eta + np.log(point.weight) - point.offset,
    )
    found = judged(chosen, folds)
    assert found.refusal is None
    assert found.corrected is not None
    truth = np.mean([sk.log_loss(test.labels, np.exp(test.log_eta)) for _, test in rows])
    assert found.corrected.log_loss == pytest.approx(truth, rel=1e-4)
    assert found.corrected.log_loss < found.raw.log_loss - 0.05
    assert found.temperature == pytest.approx(1, abs=0.1)
    assert found.corrected.calibration_error < 0.03


def test_where_no_correction_exists_the_raw_probabilities_are_scaled(draw_rows, make_chosen):
    point = replace(LossPoint.cross_entropy(3), smoothing=0.1)
    rows = some_folds(draw_rows)
    chosen, folds = make_chosen(
        rows, counts=COUNTS, point=point, logits=lambda log_eta: 3 * log_eta
    )
    found = judged(chosen, folds)
    assert found.corrected is None
    assert found.reliability_corrected == ()
    assert "label smoothing" in found.refusal
    assert found.scaled.log_loss < found.raw.log_loss


def test_rows_that_were_made_up_are_a_reason_to_refuse(draw_rows, make_chosen):
    chosen, folds = make_chosen(some_folds(draw_rows), counts=COUNTS)
    views = tuple(replace(view, correctable="synthetic rows") for view in folds.views)
    found = judged(chosen, Folds(views=views, scopes=folds.scopes))
    assert found.corrected is None
    assert found.refusal == "synthetic rows"


def test_perfect_probabilities_have_no_calibration_error(draw_rows, make_chosen):
    rows = some_folds(draw_rows, n_inner=60, n_test=60)
    certain = [
        tuple(part._replace(log_eta=60.0 * np.eye(3)[part.labels]) for part in fold)
        for fold in rows
    ]
    found = judged(*make_chosen(certain, counts=COUNTS))
    for table in (found.raw, found.corrected, found.scaled):
        assert table.calibration_error == pytest.approx(0, abs=1e-9)
        assert table.log_loss == pytest.approx(0, abs=1e-9)


def test_reliability_bins_hold_all_rows_and_average_to_accuracy(draw_rows, make_chosen):
    rows = some_folds(draw_rows)
    found = judged(*make_chosen(rows, counts=COUNTS))
    assert len(found.reliability_raw) == 15
    assert sum(b.share for b in found.reliability_raw) == pytest.approx(1)
    accuracy = np.mean([(t.log_eta.argmax(axis=1) == t.labels).mean() for _, t in rows])
    assert sum(b.share * b.accuracy for b in found.reliability_raw) == pytest.approx(accuracy)


def test_temperatures_come_from_inner_rows_alone(draw_rows, make_chosen):
    rows = some_folds(draw_rows)
    shuffled = [(inner, test._replace(labels=test.labels[::-1])) for inner, test in rows]
    one, other = (judged(*make_chosen(r, counts=COUNTS)) for r in (rows, shuffled))
    assert one.temperature == other.temperature
    assert one.raw.log_loss != other.raw.log_loss
