"""Logit adjustment as a Keras loss."""

import keras
import numpy as np
import pytest

from focalsweep.losses import LogitAdjustedCrossentropy

PRIOR = np.array([0.6, 0.3, 0.1])
LOGITS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32) * 5
CODES = np.random.default_rng(1).integers(0, 3, 40)


def cross_entropy(logits):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return float(loss(CODES, logits.astype(np.float32)))


@pytest.mark.parametrize("tau", [0.0, 1.0, 1.7])
def test_is_cross_entropy_with_log_priors_added(tau):
    found = float(LogitAdjustedCrossentropy(PRIOR, tau=tau)(CODES, LOGITS))
    assert found == pytest.approx(cross_entropy(LOGITS + tau * np.log(PRIOR)), rel=1e-5)


def test_counts_are_as_good_as_priors():
    priors = LogitAdjustedCrossentropy(PRIOR)(CODES, LOGITS)
    counts = LogitAdjustedCrossentropy([60, 30, 10])(CODES, LOGITS)
    assert float(priors) == pytest.approx(float(counts))


def test_codes_and_one_hot_targets_give_the_same_loss():
    loss = LogitAdjustedCrossentropy(PRIOR)
    for y in (CODES[:, None], np.eye(3)[CODES]):
        assert float(loss(y, LOGITS)) == pytest.approx(float(loss(CODES, LOGITS)), rel=1e-6)


def test_wrong_arguments_are_refused():
    for prior in ([1.0], [1.0, 0.0], [1.0, float("nan")], 0.5):
        with pytest.raises(ValueError, match="`prior` must hold one number > 0 a class"):
            LogitAdjustedCrossentropy(prior)
    with pytest.raises(ValueError, match=r"`prior` must be one number .* 2 numbers for 3 classes"):
        LogitAdjustedCrossentropy([0.5, 0.5])(CODES, LOGITS)
