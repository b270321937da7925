"""The losses of rows with their written gradients, beside the definition in float64."""

import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses import closed_gradient, family, sigmoid_family


def loss_and_gradient(function, logits):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = function(logits)
    return losses.numpy(), tape.gradient(losses, logits).numpy()


def rows(size, n_classes):
    random = np.random.default_rng((int(size), n_classes))
    logits = random.uniform(-size, size, (200, n_classes)).astype(np.float32)
    logits[::7] = np.round(logits[::7])  # ties
    codes = random.integers(0, n_classes, 200).astype(np.int32)
    soft = random.dirichlet(np.ones(n_classes), 200)
    return logits, codes, soft, random.uniform(0.2, 3, n_classes)


def assert_close(found, expected, *, smallest, digits=1e-5):
    """Compare losses by themselves, and gradients, which may cancel, with their row."""
    np.testing.assert_allclose(found[0], expected[0], rtol=digits, atol=smallest)
    scale = np.abs(expected[1]).max(axis=-1, keepdims=True) + expected[0][:, None]
    assert np.all(np.abs(found[1] - expected[1]) <= digits * scale + smallest)


@pytest.mark.parametrize("gamma", [None, 0.3, 2.0, 10.0])
@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("size", [1.0, 60.0, 1000.0])
def test_codes_and_targets_equal_the_family_to_five_digits(size, n_classes, gamma):
    logits, codes, soft, weight = rows(size, n_classes)
    ours = {"weight": weight, "gamma": gamma}
    definition = {"weight": weight, "gamma": gamma or 0.0}
    single, double = tf.constant(logits), tf.constant(logits, tf.float64)
    found = loss_and_gradient(lambda z: closed_gradient.code_losses(z, codes, **ours), single)
    expected = loss_and_gradient(
        lambda z: family.sparse_family_loss(z, codes, **definition), double
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-30)
    for t in (np.eye(n_classes)[codes], soft):
        found = loss_and_gradient(
            lambda z, t=t: closed_gradient.target_losses(z, t, **ours), single
        )
        expected = loss_and_gradient(lambda z, t=t: family.family_loss(z, t, **definition), double)
        assert_close(found, expected, smallest=1e-30)


@pytest.mark.parametrize("gamma", [None, 0.3, 2.0])
@pytest.mark.parametrize("size", [1.0, 30.0])
def test_label_smoothing_equals_the_family(size, gamma):
    logits, codes, soft, weight = rows(size, 4)
    for t in (np.eye(4)[codes], soft):
        found = loss_and_gradient(
            lambda z, t=t: closed_gradient.target_losses(
                z, t, weight=weight, gamma=gamma, smoothing=0.1
            ),
            tf.constant(logits),
        )
        expected = loss_and_gradient(
            lambda z, t=t: family.family_loss(
                z, t, weight=weight, gamma=gamma or 0.0, smoothing=0.1
            ),
            tf.constant(logits, tf.float64),
        )
        assert_close(found, expected, smallest=1e-10, digits=2e-5)


def test_gradients_stay_bounded_however_confident_a_smoothed_soft_row_is():
    logits = tf.constant([[70.0, 0.0, -70.0], [3000.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    targets = np.array([[0.7, 0.2, 0.1]] * 3)
    for gamma in (None, 0.3, 0.5, 2.0):
        found = loss_and_gradient(
            lambda z, g=gamma: closed_gradient.target_losses(z, targets, gamma=g, smoothing=0.1),
            logits,
        )
        assert all(np.isfinite(each).all() for each in found)
        assert np.abs(found[1]).max() < 10


@pytest.mark.parametrize("smoothing", [None, 0.1])
@pytest.mark.parametrize("size", [1.0, 60.0, 1000.0])
def test_labels_equal_the_sigmoid_family(size, smoothing):
    logits, _, soft, _ = rows(size, 5)
    random = np.random.default_rng(1)
    numbers = {
        "weight": random.uniform(0.2, 3, (5, 2)),
        "gamma": random.uniform(0, 5, (5, 2)),
        "smoothing": smoothing,
    }
    labels = (soft > 0.2).astype(float)
    found = loss_and_gradient(
        lambda z: closed_gradient.label_losses(z, labels, **numbers), tf.constant(logits)
    )
    expected = loss_and_gradient(
        lambda z: sigmoid_family.label_losses(z, labels, **numbers), tf.constant(logits, tf.float64)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-30)
    scale = np.abs(expected[1]) + (expected[0] if smoothing else 0.0)
    assert np.all(np.abs(found[1] - expected[1]) <= 1e-5 * scale + 1e-30)
