import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from focalsweep.evidence.precision_recall import precision_recall, thinned
from focalsweep.evidence.predictions import predict
from focalsweep.metrics.objective import objective

NAMES = ["common", "middling", "rare"]
PRIOR = [0.7, 0.2, 0.1]


def predictions_of(rows, make_chosen, counts):
    chosen, folds = make_chosen(rows, counts=counts)
    return [predict(c, folds=folds, objective=objective("log_loss")) for c in chosen]


@pytest.fixture
def pooled(draw_rows, make_chosen):
    rows = [(draw_rows(30, prior=PRIOR, seed=f), draw_rows(700, prior=PRIOR, seed=9 + f))
            for f in range(2)]  # fmt: skip
    predictions = predictions_of(rows, make_chosen, [70, 20, 10])
    labels = np.concatenate([test.labels for _, test in rows])
    proba = np.concatenate([np.exp(test.log_eta) for _, test in rows])
    return predictions, labels, proba


def test_average_precision_is_scikit_learns_on_the_rows_of_all_folds(pooled):
    predictions, labels, proba = pooled
    found = precision_recall(predictions, class_names=NAMES)
    assert [curve.name for curve in found] == NAMES
    for k, curve in enumerate(found):
        expected = average_precision_score(labels == k, proba[:, k])
        assert curve.average_precision == pytest.approx(expected, abs=1e-4)


def test_sixty_points_keep_the_shape_of_the_curve(pooled):
    predictions, labels, proba = pooled
    for k, curve in enumerate(precision_recall(predictions, class_names=NAMES)):
        precision, recall, _ = precision_recall_curve(labels == k, proba[:, k])
        assert len(recall) > 60 >= len(curve.recall) == len(curve.precision)
        assert (curve.recall[0], curve.recall[-1], curve.precision[-1]) == (1, 0, 1)
        assert (np.diff(curve.recall) <= 0).all()
        # The area under the thinned line is within one per cent of the whole curve's.
        whole = -np.trapezoid(precision, recall)
        assert -np.trapezoid(curve.precision, curve.recall) == pytest.approx(whole, abs=0.01)


def test_a_perfect_ranking_has_precision_one_at_every_recall(draw_rows, make_chosen):
    test = draw_rows(100, prior=PRIOR, seed=0)
    test = test._replace(log_eta=20.0 * np.eye(3)[test.labels])
    predictions = predictions_of([(test, test)], make_chosen, [70, 20, 10])
    for curve in precision_recall(predictions, class_names=NAMES):
        assert curve.average_precision == 1
        assert curve.precision[-1] == curve.precision[-2] == 1


def test_of_many_classes_the_rarest_twelve_are_kept_in_order(draw_rows, make_chosen):
    prior = np.exp(-0.15 * np.arange(15))[::-1] / np.exp(-0.15 * np.arange(15)).sum()
    test = draw_rows(3000, prior=prior, seed=0)
    names = [f"class {k}" for k in range(15)]
    predictions = predictions_of([(test, test)], make_chosen, [10] * 15)
    found = [curve.name for curve in precision_recall(predictions, class_names=names)]
    counts = np.bincount(test.labels)
    common = {names[k] for k in np.argsort(counts)[-3:]}
    assert found == [name for name in names if name not in common]


def test_a_class_without_test_rows_has_no_curve(draw_rows, make_chosen):
    test = draw_rows(50, prior=PRIOR, seed=0)
    test = test._replace(labels=np.minimum(test.labels, 1))
    predictions = predictions_of([(test, test)], make_chosen, [70, 20, 10])
    assert [c.name for c in precision_recall(predictions, class_names=NAMES)] == NAMES[:2]


def test_thinning_keeps_corners_and_drops_what_lies_on_the_line():
    x = np.arange(11.0)
    y = np.where(x < 5, 0.0, x - 5)
    np.testing.assert_array_equal(thinned(x, y, size=60), [0, 5, 10])
    zigzag = np.where(x % 2 == 0, 0.0, x)
    assert len(thinned(x, zigzag, size=4)) == 4
    assert {0, 9, 10} <= set(thinned(x, zigzag, size=4).tolist())
    np.testing.assert_array_equal(thinned(x[:2], y[:2], size=60), [0, 1])
