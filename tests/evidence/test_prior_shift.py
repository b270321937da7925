import numpy as np
import pytest
from scipy.special import log_softmax

from focalsweep.evidence.predictions import predict
from focalsweep.evidence.prior_shift import AS_IN_DATA, prior_scores
from focalsweep.metrics.objective import OBJECTIVES, cost_objective, objective

COUNTS = [700, 200, 100]
PRIOR = np.array([0.7, 0.2, 0.1])
FLAT = [1 / 3, 1 / 3, 1 / 3]
COSTS = cost_objective([[0, 1, 4], [2, 0, 1], [9, 3, 0]])
EVERY = [*OBJECTIVES.values(), COSTS]


def rows_with_other_priors(rows, shares, *, n, seed):
    """Draw rows anew, class by class, so that the classes have other shares."""
    rng = np.random.default_rng(seed)
    chance = (np.asarray(shares) / PRIOR)[rows.labels]
    picked = rng.choice(len(rows.labels), n, p=chance / chance.sum())
    return type(rows)(rows.log_eta[picked], rows.labels[picked])


def scored(chosen, folds, asked, priors):
    predictions = [predict(c, folds=folds, objective=asked) for c in chosen]
    plain = float(np.mean([p.score(asked, decision=True) for p in predictions]))
    return plain, prior_scores(chosen, predictions, folds=folds, objective=asked, priors=priors)


@pytest.fixture
def small(draw_rows, make_chosen):
    rows = [
        (draw_rows(150, prior=PRIOR, seed=f), draw_rows(120, prior=PRIOR, seed=50 + f))
        for f in range(2)
    ]
    return make_chosen(rows, counts=COUNTS)


@pytest.mark.parametrize("asked", EVERY, ids=lambda o: o.name)
def test_unchanged_priors_give_the_plain_score(small, asked):
    plain, scores = scored(*small, asked, {"the same": PRIOR, "as counts": COUNTS})
    assert list(scores) == [AS_IN_DATA, "the same", "as counts"]
    assert scores[AS_IN_DATA] == plain
    assert scores["the same"] == pytest.approx(plain)
    assert scores["as counts"] == pytest.approx(plain)


@pytest.mark.parametrize("asked", EVERY, ids=lambda o: o.name)
def test_a_known_posterior_scores_as_on_rows_that_have_the_new_priors(
    draw_rows, make_chosen, asked
):
    # The whole way round: rows drawn with flat priors, and a model that knows their posterior.
    inner, test = (draw_rows(12_000, prior=PRIOR, seed=s) for s in (1, 2))
    natural, folds = make_chosen([(inner, test)], counts=COUNTS)
    _, scores = scored(natural, folds, asked, {"flat": FLAT})
    flat = [
        rows_with_other_priors(rows, FLAT, n=12_000, seed=s) for s, rows in enumerate((inner, test))
    ]
    moved, moved_folds = make_chosen(
        [tuple(flat)],
        counts=[100, 100, 100],
        logits=lambda log_eta: log_softmax(log_eta - np.log(PRIOR), axis=1),
    )
    expected, _ = scored(moved, moved_folds, asked, {})
    assert scores["flat"] == pytest.approx(expected, abs=0.02 * max(1.0, asked.unit / 3))


def test_balanced_accuracy_does_not_depend_on_priors(small):
    plain, scores = scored(
        *small, objective("balanced_accuracy"), {"flat": FLAT, "rare": [1, 2, 7]}
    )
    assert scores["flat"] == pytest.approx(plain, abs=0.02)
    assert scores["rare"] == pytest.approx(plain, abs=0.02)


@pytest.mark.parametrize("asked", EVERY, ids=lambda o: o.name)
def test_a_class_that_does_not_come_is_left_out(small, asked):
    _, scores = scored(*small, asked, {"without the third": [0.8, 0.2, 0.0]})
    assert np.isfinite(scores["without the third"])


def test_a_rare_class_that_becomes_common_is_easier_to_find(small):
    _, scores = scored(*small, objective("macro_f1"), {"flat": FLAT})
    assert scores["flat"] > scores[AS_IN_DATA]


def test_new_priors_never_read_test_labels(draw_rows, make_chosen):
    inner, test = (draw_rows(150, prior=PRIOR, seed=s) for s in (1, 2))
    chosen, folds = make_chosen([(inner, test)], counts=COUNTS)
    predictions = predict(chosen[0], folds=folds, objective=objective("macro_f1"))
    right = predictions.log_posterior + np.log(np.array(FLAT) / PRIOR)
    _, scores = scored(chosen, folds, objective("log_loss"), {"flat": FLAT})
    losses = -log_softmax(right, axis=-1)[0, np.arange(150), test.labels]
    mass = (np.array(FLAT) / PRIOR)[test.labels]
    assert scores["flat"] == pytest.approx(-np.average(losses, weights=mass))


def test_without_priors_nothing_is_rescored(small):
    assert scored(*small, objective("macro_f1"), {})[1] == {}
