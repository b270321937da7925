"""Predictions of a chosen point: argmax, decision weights from inner rows, posterior, scores."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn import metrics as sklearn_metrics

from focalsweep.evidence.decision_weights import fit_decision_weights
from focalsweep.evidence.predictions import (
    own_decision_weights,
    posterior_weight,
    predict,
    refusal,
)
from focalsweep.evidence.refit import Chosen
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba
from focalsweep.losses.recipe import Recipe, Stage
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
        recipe=Recipe.plain(point),
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
                recipe=Recipe.plain(point),
                schedule=1,
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


def with_recipe(recipe: Recipe, logits: np.ndarray, **changed) -> tuple[Chosen, Folds]:
    """The outer fold above, trained with a recipe, and changes to its view."""
    entry, folds = chosen(logits, recipe.last.loss)
    members = tuple(replace(member, recipe=recipe) for member in entry.refit_members)
    view = replace(folds.views[0], **changed)
    return replace(entry, recipe=recipe, refit_members=members), replace(folds, views=(view,))


def test_a_cosine_head_is_read_at_its_scale_and_its_margin_is_undone():
    scale, margin = np.full(3, 6.0), np.array([0.2, 0.4, 1.0])
    point = replace(CE, scale=scale, margin=margin)
    logits = noisy_logits() / 6.0
    entry, folds = with_recipe(replace(Recipe.plain(point), head="cosine"), logits)
    predictions = predict(entry, folds=folds, objective=objective("macro_f1"))
    own = log_softmax(noisy_logits(), axis=-1)
    np.testing.assert_allclose(predictions.log_proba, own, atol=1e-5)
    v = np.exp(own)
    eta = v * (1 - v * (1 - np.exp(-margin)))
    expected = np.log(eta / eta.sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(predictions.log_posterior, expected, atol=1e-4)


def test_a_scale_a_class_of_a_linear_head_does_not_decide():
    point = replace(CE, scale=np.array([1.0, 0.8, 0.5]))
    entry, folds = chosen(noisy_logits(), point)
    predictions = predict(entry, folds=folds, objective=objective("macro_f1"))
    np.testing.assert_allclose(
        predictions.log_proba, log_softmax(noisy_logits(), axis=-1), atol=1e-5
    )


def test_rows_that_cannot_be_corrected_leave_the_own_softmax_and_say_why():
    point = replace(CE, weight=np.array([0.5, 1.0, 4.0]))
    entry, folds = with_recipe(Recipe.plain(point), noisy_logits())
    assert refusal(entry, folds) is None
    entry, folds = with_recipe(Recipe.plain(point), noisy_logits(), correctable="rows are made up")
    assert refusal(entry, folds) == "rows are made up"
    predictions = predict(entry, folds=folds, objective=objective("log_loss"))
    np.testing.assert_array_equal(predictions.log_posterior, predictions.log_proba)


def test_a_loss_without_a_correction_says_why():
    entry, folds = chosen(noisy_logits(), replace(CE, smoothing=0.1))
    assert "label smoothing" in refusal(entry, folds)


def test_balanced_sampling_is_undone_as_balanced_weights_are():
    balanced = Recipe(stages=(Stage(loss=CE, sampling=1.0),))
    entry, folds = with_recipe(balanced, noisy_logits())
    sampled = predict(entry, folds=folds, objective=objective("macro_f1"))
    weighted, folds = chosen(noisy_logits(), families.class_weighted(COUNTS, tau=1.0))
    expected = predict(weighted, folds=folds, objective=objective("macro_f1"))
    np.testing.assert_allclose(sampled.log_posterior, expected.log_posterior, atol=1e-6)
    assert np.abs(sampled.log_posterior - sampled.log_proba).max() > 0.5


def test_one_weight_a_class_undoes_the_loss_the_sampling_and_the_thinned_prior():
    point = replace(families.focal(COUNTS, gamma=1.5, tau=0.5), margin=np.array([0.1, 0.2, 0.4]))
    recipe = Recipe(stages=(Stage(loss=point, sampling=0.6),))
    entry, folds = with_recipe(recipe, noisy_logits(), natural_counts=np.array([60, 60, 60]))
    found = corrected_log_proba(
        entry.test_logits,
        weight=posterior_weight(entry, folds=folds),
        gamma=point.gamma,
        scale=point.scale,
        offset=point.offset,
        margin=point.margin,
    )
    expected = predict(entry, folds=folds, objective=objective("log_loss")).log_posterior
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-5)


def test_a_loss_without_a_correction_has_no_weight_that_undoes_it():
    entry, folds = chosen(noisy_logits(), replace(CE, smoothing=0.1))
    assert posterior_weight(entry, folds=folds) is None
