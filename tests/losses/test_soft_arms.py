"""Label smoothing and generalised cross-entropy: their ends and what they refuse."""

import numpy as np
import pytest

from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.posterior import correction_refusal
from focalsweep.losses.soft_arms import generalised_cross_entropy, label_smoothing

COUNTS = np.array([120, 60, 15])
LOGITS = np.random.default_rng(0).normal(0, 2, (40, 3)).astype(np.float32)
LABELS = np.arange(40) % 3
PROBA = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
TRUE = PROBA[np.arange(40), LABELS]


def losses(point):
    return np.asarray(
        sparse_family_loss(
            LOGITS,
            LABELS,
            weight=point.weight,
            gamma=point.gamma,
            smoothing=np.float32(point.smoothing),
            power=np.float32(point.power),
        )
    )


def test_zero_is_cross_entropy_for_both():
    for point in (
        label_smoothing(COUNTS, smoothing=0.0),
        generalised_cross_entropy(COUNTS, power=0.0),
    ):
        np.testing.assert_allclose(losses(point), -np.log(TRUE), rtol=1e-5)
        assert correction_refusal(point) is None


def test_smoothing_is_cross_entropy_on_smoothed_targets():
    target = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
    expected = -(target * np.log(PROBA)).sum(axis=1)
    np.testing.assert_allclose(losses(label_smoothing(COUNTS, smoothing=0.1)), expected, rtol=1e-5)


def test_power_one_is_the_absolute_error():
    np.testing.assert_allclose(
        losses(generalised_cross_entropy(COUNTS, power=1.0)), 1 - TRUE, rtol=1e-4, atol=1e-6
    )


def test_power_is_the_papers_loss():
    np.testing.assert_allclose(
        losses(generalised_cross_entropy(COUNTS, power=0.7)), (1 - TRUE**0.7) / 0.7, rtol=1e-4
    )


def test_neither_can_be_corrected_to_a_posterior():
    assert correction_refusal(label_smoothing(COUNTS, smoothing=0.1))
    assert correction_refusal(generalised_cross_entropy(COUNTS, power=0.7))


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"`smoothing` must be in \[0, 1\). Received: smoothing=1"):
        label_smoothing(COUNTS, smoothing=1.0)
    with pytest.raises(ValueError, match=r"`power` must be in \[0, 1\]. Received: power=1.5."):
        generalised_cross_entropy(COUNTS, power=1.5)
