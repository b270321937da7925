"""The correction finds the posterior that the data has."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from focalsweep.data.synthetic import make_synthetic
from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba, correction_refusal

N_CLASSES = 3
NUMBERS = {
    "plain": {},
    "weights": {"weight": np.array([0.4, 1.7, 2.9])},
    "offset": {"offset": np.array([0.0, -1.5, -3.0])},
    "margin": {"margin": np.array([0.2, 0.6, 1.0])},
    "all": {
        "weight": np.array([0.4, 1.7, 2.9]),
        "offset": np.array([0.0, -1.5, -3.0]),
        "margin": np.array([0.2, 0.6, 1.0]),
        "scale": np.array([1.2, 1.0, 0.7]),
    },
}


@pytest.fixture(scope="module")
def posterior():
    """P(class | features) of rows of the synthetic set, whose generator knows it."""
    data = make_synthetic(
        name="known", rows=30, classes=N_CLASSES, features=4, ratio=10.0, overlap=0.5, seed=0
    )
    return data.true_posterior


def risk_gradient(logits, posterior, numbers):
    """Compute each row's population risk, sum_k eta_k L_k(z), and its gradient in z."""
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = [
            sparse_family_loss(logits, tf.fill([len(logits)], k), **numbers)
            for k in range(N_CLASSES)
        ]
        risk = tf.reduce_sum(posterior * tf.stack(losses, axis=1))
    return risk, tape.gradient(risk, logits)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("kind", NUMBERS)
def test_scores_are_a_stationary_point_of_the_risk_under_their_corrected_posterior(gamma, kind):
    numbers = {"weight": np.ones(N_CLASSES), **NUMBERS[kind], "gamma": np.full(N_CLASSES, gamma)}
    logits = tf.constant(np.random.default_rng(0).normal(size=(50, N_CLASSES)) * 2)
    posterior = np.exp(corrected_log_proba(logits, **numbers))
    _, gradient = risk_gradient(logits, posterior, numbers)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["plain", "all"])
def test_the_known_posterior_is_recovered_from_the_minimiser_of_the_risk(posterior, kind):
    gammas = [0.0, 0.5, 1.0, 2.0, 5.0]
    eta = np.tile(posterior, (len(gammas), 1))
    gamma = np.repeat(gammas, len(posterior))[:, None] * np.ones(N_CLASSES)
    numbers = {"weight": np.ones(N_CLASSES), **NUMBERS[kind], "gamma": gamma}

    @tf.function
    def risk(flat):
        value, gradient = risk_gradient(tf.reshape(flat, eta.shape), eta, numbers)
        return value, tf.reshape(gradient, [-1])

    found = minimize(
        lambda flat: tuple(value.numpy() for value in risk(tf.constant(flat))),
        np.zeros(eta.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 5000, "ftol": 1e-16, "gtol": 1e-9},
    )
    logits = found.x.reshape(eta.shape)
    np.testing.assert_allclose(np.exp(corrected_log_proba(logits, **numbers)), eta, atol=1e-5)
    # Without the correction it would not be: by several points from gamma 0.5 on.
    off = np.abs(tf.nn.softmax(logits).numpy() - eta).reshape(len(gammas), -1).max(axis=1)
    assert np.all(off[1:] > 0.01)


def test_of_cross_entropy_it_is_log_softmax():
    logits = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32) * 10
    found = corrected_log_proba(logits, weight=np.ones(4), gamma=np.zeros(4))
    np.testing.assert_allclose(found, tf.nn.log_softmax(logits), rtol=1e-5, atol=1e-5)


def test_a_prior_shift_follows_bayes_rule():
    logits = np.random.default_rng(0).normal(size=(50, 3))
    training, natural = np.array([1, 1, 1]) / 3, np.array([0.7, 0.2, 0.1])
    numbers = {"weight": np.ones(3), "gamma": np.ones(3)}
    before = np.exp(corrected_log_proba(logits, **numbers))
    after = np.exp(
        corrected_log_proba(logits, **numbers, log_prior_shift=np.log(natural / training))
    )
    moved = before * natural / training
    np.testing.assert_allclose(after, moved / moved.sum(1, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("compiled", [True, False])
def test_it_is_finite_and_normalised_up_to_logits_of_1000_and_gamma_10(compiled):
    random = np.random.default_rng(0)
    logits = random.choice(np.array([-1000, -90, -1, 0, 1, 90, 1000], np.float32), size=(200, 4))
    weight, offset = np.array([0.1, 1, 2, 9.0]), np.array([0.0, -2, -5, -9])

    def correct(logits, gamma):
        return corrected_log_proba(
            logits, weight=weight, gamma=gamma, offset=offset, margin=np.array([0, 1, 2, 3.0])
        )

    function = tf.function(correct, jit_compile=True) if compiled else correct
    gamma = np.array([0.0, 0.01, 1.0, 10.0])[:, None, None]
    logits = np.repeat(logits[None], 4, axis=0)
    found = function(tf.constant(logits), tf.constant(gamma)).numpy().astype(np.float64)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1.0, rtol=1e-5)
    exact = correct(logits.astype(np.float64), gamma)
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-4)


def test_correction_is_offered_for_every_arm_and_refused_with_a_reason_elsewhere():
    point = LossPoint.cross_entropy(3)
    assert correction_refusal(point) is None
    assert correction_refusal(replaced(point, gamma=np.full(3, 2.0))) is None
    assert "`power`" in correction_refusal(replaced(point, power=0.7))
    assert "negative" in correction_refusal(replaced(point, smoothing=0.1))
    both = correction_refusal(replaced(point, smoothing=0.1, gamma=np.full(3, 2.0)))
    assert "no closed form" in both


def replaced(point, **changes):
    return LossPoint(**{**vars(point), **changes})


def test_a_class_of_weight_0_is_not_corrected_and_everything_stays_finite():
    logits = np.random.default_rng(0).normal(size=(20, 3))
    for gamma in (0.0, 2.0):
        found = np.asarray(
            corrected_log_proba(logits, weight=np.array([0.5, 2.0, 0.0]), gamma=np.full(3, gamma))
        )
        same = np.asarray(
            corrected_log_proba(logits, weight=np.array([0.5, 2.0, 1.0]), gamma=np.full(3, gamma))
        )
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, same)
