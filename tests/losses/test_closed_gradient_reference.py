"""The Keras losses beside many digits, beside Keras's own, and the identities that they keep."""

import keras
import mpmath
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from focalsweep.losses import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalFocalCrossentropy,
)
from focalsweep.losses.closed_gradient import code_losses, target_losses
from focalsweep.losses.label_gradient import label_losses

WEIGHT = [0.5, 1.0, 4.0]
# Very wrong, very sure, tied, far from zero, all alike, and between.
HARD = [
    [-1000.0, 1000.0, 0.0],
    [90.0, -90.0, -95.0],
    [17.0, 17.0, -3.0],
    [5000.0, 5003.0, 4990.0],
    [0.0, 0.0, 0.0],
    [-8.5, 8.5, 1.25],
    [12.0, 0.5, -0.25],
]
few = settings(max_examples=10, deadline=None, derandomize=True)
rows = arrays(np.float32, (6, 3), elements=st.floats(-6, 6, width=32))
codes = arrays(np.int32, 6, elements=st.integers(0, 2))


def loss_and_gradient(function, logits):
    logits = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = function(logits)
    return losses.numpy(), tape.gradient(losses, logits).numpy()


def exact_row(logits, true, gamma):
    """Return loss and gradient of one row, from enough digits that nothing cancels."""
    with mpmath.workdps(2000):
        powers = [mpmath.exp(mpmath.mpf(each)) for each in logits]
        total, gamma = sum(powers), mpmath.mpf(gamma)
        p = [power / total for power in powers]
        miss, surprise = (total - powers[true]) / total, -mpmath.log(p[true])
        weight = mpmath.mpf(WEIGHT[true])
        # d loss / d p_true, then the softmax's own derivative.
        by_p = -weight * miss ** (gamma - 1) * (miss / p[true] + gamma * surprise)
        slopes = [by_p * p[true] * ((k == true) - p[k]) for k in range(3)]
        # 1 - p_true once more: the exact sum of the others.
        slopes[true] = by_p * p[true] * miss
        return float(weight * miss**gamma * surprise), [float(slope) for slope in slopes]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("true", [0, 1])
def test_hard_rows_equal_a_reference_of_many_digits(true, gamma):
    expected = [exact_row(row, true, gamma) for row in HARD]
    losses, slopes = (np.array(each) for each in zip(*expected, strict=True))
    numbers = {"weight": WEIGHT, "gamma": gamma or None}
    one_hot = np.eye(3)[[true] * len(HARD)]
    for function in (
        lambda z: code_losses(z, np.full(len(HARD), true, np.int32), **numbers),
        lambda z: target_losses(z, one_hot, **numbers),
    ):
        found = loss_and_gradient(function, HARD)
        np.testing.assert_allclose(found[0], losses, rtol=1e-5, atol=1e-30)
        np.testing.assert_allclose(found[1], slopes, rtol=2e-5, atol=1e-30)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_hard_labels_equal_a_reference_of_many_digits(gamma):
    logits = np.array([[-1000.0], [-40.0], [-17.0], [0.0], [3.0], [17.0], [40.0]])

    def exact(z):
        with mpmath.workdps(1000):
            z = mpmath.mpf(z)
            there, absent = 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z))
            own = -mpmath.log(there)
            focus = absent ** mpmath.mpf(gamma)
            return float(3 * focus * own), float(-3 * focus * (absent + gamma * there * own))

    losses, slopes = (np.array(each) for each in zip(*map(exact, logits[:, 0]), strict=True))
    found = loss_and_gradient(
        lambda z: label_losses(
            z, np.ones_like(logits), weight=[1.0, 3.0], gamma=[gamma, gamma] if gamma else None
        ),
        logits,
    )
    np.testing.assert_allclose(found[0], losses, rtol=1e-5, atol=1e-30)
    np.testing.assert_allclose(found[1][:, 0], slopes, rtol=1e-5, atol=1e-30)


@given(logits=rows, y=codes, size=st.sampled_from([1.0, 20.0, 150.0]))
@few
def test_gamma_zero_is_weighted_cross_entropy_on_easy_and_hard_rows(logits, y, size):
    logits = logits * np.float32(size)
    options = {"from_logits": True, "reduction": None}
    weights = np.array(WEIGHT, np.float32)
    plain = keras.losses.SparseCategoricalCrossentropy(**options)
    expected = loss_and_gradient(lambda z: weights[y] * plain(y, z), logits)
    for loss, targets in (
        (SparseCategoricalFocalCrossentropy(WEIGHT, 0.0, **options), y),
        (CategoricalFocalCrossentropy(WEIGHT, 0.0, **options), np.eye(3)[y]),
    ):
        found = loss_and_gradient(lambda z, o=loss, t=targets: o(t, z), logits)
        # Cross-entropy itself takes a difference of numbers as large as the logits.
        np.testing.assert_allclose(found[0], expected[0], rtol=2e-5, atol=1e-6 * size * 6)
        np.testing.assert_allclose(found[1], expected[1], rtol=2e-5, atol=1e-4)


@given(logits=rows, y=codes, gamma=st.sampled_from([0.5, 1.0, 2.0, 5.0]))
@few
def test_focal_loss_equals_keras_on_moderate_logits(logits, y, gamma):
    options = {"alpha": WEIGHT, "gamma": gamma, "from_logits": True, "reduction": None}
    one_hot = np.eye(3, dtype=np.float32)[y]
    of_keras = keras.losses.CategoricalFocalCrossentropy(**options)
    expected = loss_and_gradient(lambda z: of_keras(one_hot, z), logits)
    for loss, targets in (
        (SparseCategoricalFocalCrossentropy(**options), y),
        (CategoricalFocalCrossentropy(**options), one_hot),
    ):
        found = loss_and_gradient(lambda z, o=loss, t=targets: o(t, z), logits)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=2e-6)
        # Keras's 1 - p has three digits at 6 above the others, fewer under the root of gamma 0.5.
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=2e-4)


@given(logits=rows, y=codes, factor=st.floats(0.01, 100))
@few
def test_a_common_factor_of_alpha_scales_loss_and_gradient(logits, y, factor):
    options = {"gamma": 1.5, "from_logits": True, "reduction": None}
    labels = np.eye(3, dtype=np.float32)[y]
    pairs = np.array([[1.0, 2.0], [0.5, 0.5], [0.1, 3.0]])
    for made, alpha, targets in (
        (SparseCategoricalFocalCrossentropy, np.array(WEIGHT), y),
        (CategoricalFocalCrossentropy, np.array(WEIGHT), labels),
        (BinaryFocalCrossentropy, pairs, labels),
    ):
        one, scaled = (
            loss_and_gradient(lambda z, o=loss, t=targets: o(t, z), logits)
            for loss in (made(alpha=alpha, **options), made(alpha=alpha * factor, **options))
        )
        np.testing.assert_allclose(scaled[0], factor * one[0], rtol=1e-5)
        np.testing.assert_allclose(scaled[1], factor * one[1], rtol=1e-4, atol=1e-6 * factor)
