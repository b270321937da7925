"""Predictions of a chosen point: argmax, decision weights from inner rows, posterior, scores."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn import metrics as sklearn_metrics

from focalsweep.evidence.decision_weights import fit_decision_weights
from focalsweep.evidence.predictions import own_decision_weights, predict
from focalsweep.evidence.refit import Chosen
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.metrics.objective import objective
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Folds, Scope
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, View

COUNTS = np.array([60, 30, 10])
N_TEST, N_INNER, N_SEEDS = 80, 100, 2
SCORES = {
    "macro_f1": lambda y, p: sklearn_metrics.f1_score(y, p, average="macro", zero_division=0),
    "balanced_accuracy": sklearn_metrics.balanced_accuracy_score,
    "mcc": sklearn_metrics.matthews_corrcoef,
}


def posterior(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a known log-posterior, and labels drawn from it."""
    rng = np.random.default_rng(seed)
    log_proba = log_softmax(np.log(COUNTS / 100) + rng.normal(scale=1.5, size=(rows, 3)), axis=1)
    labels = np.array([rng.choice(3, p=np.exp(row)) for row in log_proba])
    return log_proba, labels.astype(np.int32)


LOG_ETA, LABELS = posterior(N_TEST, 1)
INNER_LOG_ETA, INNER_LABELS = posterior(N_INNER, 2)


def chosen(
    logits: np.ndarray, point: LossPoint, *, natural: Sequence[int] = COUNTS
) -> tuple[Chosen, Folds]:
    """One outer fold whose test logits are given."""
    view = View(
        name="0/refit",
        features=np.zeros((100 + N_TEST, 1), np.float32),
        labels=np.concatenate([np.repeat(np.arange(3), COUNTS), LABELS]).astype(np.int32),
        n_train=100,
        natural_counts=np.array(natural),
    )
    scope = Scope(name="0", counts=COUNTS, inner=(), refit=0)
    entry = Chosen(
        arm=Arm(name="arm", label="", family="focal", make_loss=families.focal),
        scope=scope,
        trial=Trial(number=0, parameters={}, outcome=Outcome(value=0.5, epochs=1, curve=(0.5,))),
        point=point,
        failed_trials=0,
        inner_logits=INNER_LOG_ETA.astype(np.float32),
        inner_labels=INNER_LABELS,
        inner_members=(),
        test_logits=logits.astype(np.float32),
        test_labels=LABELS,
        refit_members=tuple(
            Member(
                key=MemberKey("arm/0", 0, -1, 1 + seed),
                view=0,
                loss=point,
                learning_rate=1e-3,
                weight_decay=0.0,
                epochs=1,
            )
            for seed in range(len(logits))
        ),
    )
    return entry, Folds(views=(view,), scopes=(scope,))


def noisy_logits(seeds: int = N_SEEDS) -> np.ndarray:
    rng = np.random.default_rng(7)
    return np.stack([LOG_ETA + rng.normal(scale=0.7, size=LOG_ETA.shape) for _ in range(seeds)])


CE = LossPoint.cross_entropy(3)


@pytest.mark.parametrize("name", SCORES)
def test_scores_are_those_of_scikit_learn_seed_by_seed_then_averaged(name):
    entry, folds = chosen(noisy_logits(), CE)
    predictions = predict(entry, folds=folds, objective=objective(name))
    argmax = noisy_logits().argmax(axis=-1)
    weights = fit_decision_weights(INNER_LOG_ETA, INNER_LABELS, objective=objective(name))
    decided = (log_softmax(noisy_logits(), axis=-1) + weights).argmax(axis=-1)
    assert weights.any()
    for decision, expected in ((False, argmax), (True, decided)):
        scores = [SCORES[name](LABELS, predicted) for predicted in expected]
        assert predictions.score(objective(name), decision=decision) == pytest.approx(
            np.mean(scores)
        )
        assert np.array_equal(predictions.output(objective(name), decision=decision), expected)
        for counts, predicted in zip(
            predictions.confusions(decision=decision), expected, strict=True
        ):
            assert np.array_equal(counts, sklearn_metrics.confusion_matrix(LABELS, predicted))


def test_decision_weights_come_from_inner_rows_alone():
    entry, folds = chosen(noisy_logits(), CE)
    weights = own_decision_weights(entry, objective=objective("macro_f1"))
    shuffled = replace(
        entry, test_logits=entry.test_logits[:, ::-1], test_labels=entry.test_labels[::-1]
    )
    predictions = predict(shuffled, folds=folds, objective=objective("macro_f1"))
    assert np.array_equal(predictions.log_weights, weights)


def test_log_loss_is_that_of_scikit_learn_and_knows_no_decision_weights():
    entry, folds = chosen(noisy_logits(), CE)
    log_loss = objective("log_loss")
    predictions = predict(entry, folds=folds, objective=log_loss)
    expected = [sklearn_metrics.log_loss(LABELS, softmax(z, axis=1)) for z in noisy_logits()]
    for decision in (False, True):
        score = predictions.score(log_loss, decision=decision)
        assert score == pytest.approx(-np.mean(expected), rel=1e-6)
    assert not predictions.log_weights.any()
    assert np.array_equal(predictions.argmax, predictions.decision)
    row_losses = predictions.output(log_loss, decision=False)
    assert row_losses.shape == (N_SEEDS, N_TEST)
    assert -row_losses.mean() == pytest.approx(predictions.score(log_loss, decision=False))


@pytest.mark.parametrize(
    ("point", "logits"),
    [
        (CE, LOG_ETA),
        # Weighted cross-entropy is minimal at probabilities proportional to w * eta.
        (
            families.class_weighted(COUNTS, tau=1.0),
            LOG_ETA + np.log(families.class_weighted(COUNTS, tau=1.0).weight),
        ),
        # Logit adjustment trains z + tau * log prior.
        (
            families.logit_adjusted(COUNTS, tau=0.7),
            LOG_ETA - families.logit_adjusted(COUNTS, tau=0.7).offset,
        ),
    ],
    ids=["cross_entropy", "class_weighted", "logit_adjusted"],
)
def test_probabilities_are_corrected_to_the_posterior_and_decisions_are_not(point, logits):
    entry, folds = chosen(logits[None], point)
    predictions = predict(entry, folds=folds, objective=objective("macro_f1"))
    assert predictions.log_posterior[0] == pytest.approx(LOG_ETA, abs=1e-5)
    assert predictions.log_proba[0] == pytest.approx(log_softmax(logits, axis=1), abs=1e-5)
    assert np.array_equal(predictions.argmax[0], logits.argmax(axis=1))


def test_probabilities_are_moved_from_the_thinned_prior_to_the_natural_one():
    natural = np.array([60, 60, 60])
    entry, folds = chosen(LOG_ETA[None], CE, natural=natural)
    predictions = predict(entry, folds=folds, objective=objective("macro_f1"))
    moved = log_softmax(LOG_ETA + np.log(natural / 180) - np.log(COUNTS / 100), axis=1)
    assert predictions.log_posterior[0] == pytest.approx(moved, abs=1e-5)


def test_a_loss_without_a_correction_keeps_its_own_probabilities():
    point = replace(families.focal(COUNTS, gamma=2.0), smoothing=0.1)
    entry, folds = chosen(noisy_logits(), point)
    predictions = predict(entry, folds=folds, objective=objective("macro_f1"))
    assert predictions.log_posterior == pytest.approx(predictions.log_proba, abs=1e-6)


def test_a_refit_that_predicts_nothing_scores_like_uniform_probabilities():
    entry, folds = chosen(np.zeros((1, N_TEST, 3)), families.class_weighted(COUNTS, tau=1.0))
    for name in ("macro_f1", "log_loss"):
        predictions = predict(entry, folds=folds, objective=objective(name))
        assert np.isfinite(predictions.score(objective(name), decision=True))
        assert np.isfinite(predictions.score(objective(name), decision=False))
    assert np.array_equal(predictions.argmax, np.zeros((1, N_TEST)))
