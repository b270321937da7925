"""The losses of rows with their written gradients, beside the definition in float64."""

import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses import closed_gradient, family, label_gradient, sigmoid_family


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
        lambda z: label_gradient.label_losses(z, labels, **numbers), tf.constant(logits)
    )
    expected = loss_and_gradient(
        lambda z: sigmoid_family.sigmoid_loss(z, labels, **numbers), tf.constant(logits, tf.float64)
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-30)
    scale = np.abs(expected[1]) + (expected[0][:, None] / 5 if smoothing else 0.0)
    assert np.all(np.abs(found[1] - expected[1]) <= 1e-5 * scale + 1e-30)


HARD = np.eye(4)[[0, 3, 1, 2, 2, 0]]
MIXED = np.array(
    [
        [1.0, 0.0, 0.0, 0.0],
        [0.7, 0.1, 0.2, 0.0],
        [0.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""Hard and soft rows, one of no class and one of two."""


@pytest.mark.parametrize("gamma", [None, [0.3, 2.0, 0.0, 5.0]])
@pytest.mark.parametrize("compiled", [None, "graph", "xla"])
@pytest.mark.parametrize("targets", [HARD, MIXED], ids=["hard", "mixed"])
def test_batches_of_any_rows_equal_the_family(targets, compiled, gamma):
    random = np.random.default_rng(3)
    logits = tf.constant(random.normal(size=targets.shape).astype(np.float32) * 8)
    weight = [0.5, 1.0, 4.0, 2.0]

    def ours(z, t):
        return loss_and_gradient_tensors(
            lambda z: closed_gradient.target_losses(z, t, weight=weight, gamma=gamma), z
        )

    if compiled:
        # The shape is not known when the function is traced.
        signature = [tf.TensorSpec((None, 4), tf.float32)] * 2
        ours = tf.function(ours, input_signature=signature, jit_compile=compiled == "xla")
    found = [each.numpy() for each in ours(logits, tf.constant(targets, tf.float32))]
    expected = loss_and_gradient(
        lambda z: family.family_loss(z, targets, weight=weight, gamma=gamma or 0.0),
        tf.cast(logits, tf.float64),
    )
    assert_close(found, expected, smallest=1e-30, digits=2e-5)


def test_a_share_that_a_sum_in_float32_loses_is_no_hard_row():
    logits = tf.constant([[30.0, 0.0, -1.0]])
    targets = np.array([[1.0, 1e-9, 0.0]])
    found = closed_gradient.target_losses(logits, targets, gamma=2.0)
    definition = {"weight": 1.0, "gamma": 2.0}
    expected = family.family_loss(tf.cast(logits, tf.float64), targets, **definition)
    assert float(expected[0]) > 1e-8
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def loss_and_gradient_tensors(function, logits):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = function(logits)
    return losses, tape.gradient(losses, logits)


def test_one_hot_rows_are_computed_as_their_codes_are():
    logits, codes, _, weight = rows(60.0, 5)
    numbers = {"weight": weight, "gamma": np.linspace(0, 4, 5)}
    of_codes = loss_and_gradient(
        lambda z: closed_gradient.code_losses(z, codes, **numbers), tf.constant(logits)
    )
    for dtype in (np.float16, np.float32, np.int64, bool):
        one_hot = np.eye(5, dtype=dtype)[codes]
        of_rows = loss_and_gradient(
            lambda z, t=one_hot: closed_gradient.target_losses(z, t, **numbers), tf.constant(logits)
        )
        np.testing.assert_array_equal(of_rows[0], of_codes[0])
        np.testing.assert_array_equal(of_rows[1], of_codes[1])


def test_one_soft_row_does_not_move_the_hard_rows_beside_it():
    logits, codes, soft, weight = rows(20.0, 5)
    one_hot = np.eye(5)[codes]
    mixed = np.concatenate([one_hot[:-1], soft[-1:]])
    hard, beside_soft = (
        loss_and_gradient(
            lambda z, t=t: closed_gradient.target_losses(z, t, weight=weight, gamma=2.0),
            tf.constant(logits),
        )
        for t in (one_hot, mixed)
    )
    np.testing.assert_allclose(beside_soft[0][:-1], hard[0][:-1], rtol=1e-5, atol=1e-30)
    scale = np.abs(hard[1]).max(axis=-1, keepdims=True)
    assert np.all(np.abs(beside_soft[1] - hard[1])[:-1] <= 2e-5 * scale[:-1] + 1e-30)


def test_a_target_that_is_no_number_gives_a_loss_that_is_none():
    targets = np.eye(3, dtype=np.float32)
    targets[1, 1] = np.nan
    losses, _ = loss_and_gradient(
        lambda z: closed_gradient.target_losses(z, targets, gamma=2.0), tf.zeros((3, 3))
    )
    np.testing.assert_array_equal(np.isnan(losses), [False, True, False])


def test_pixels_are_rows():
    logits, codes, _, weight = rows(5.0, 5)
    t = np.eye(5)[codes]
    flat, image = (
        loss_and_gradient(
            lambda z, t=t, s=shape: closed_gradient.target_losses(z, t.reshape(s), weight=weight),
            tf.constant(logits.reshape(shape)),
        )
        for shape in ((200, 5), (2, 10, 10, 5))
    )
    np.testing.assert_allclose(image[0].ravel(), flat[0], rtol=1e-6)
    np.testing.assert_allclose(image[1].reshape(200, 5), flat[1], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("gamma", [None, [[0.5, 2.0]]])
def test_soft_labels_mix_both_sides(gamma):
    random = np.random.default_rng(5)
    logits = tf.constant(random.uniform(-20, 20, (64, 3)).astype(np.float32))
    y, numbers = random.uniform(size=(64, 3)), {"weight": np.array([[0.5, 3.0]])}

    def mixed(z):
        there, absent = (
            sigmoid_family.label_losses(
                z,
                np.full((64, 3), side),
                gamma=np.zeros((1, 2)) if gamma is None else gamma,
                **numbers,
            )
            for side in (1.0, 0.0)
        )
        return tf.reduce_mean(y * there + (1 - y) * absent, axis=-1)

    found = loss_and_gradient(
        lambda z: label_gradient.label_losses(z, y, gamma=gamma, **numbers), logits
    )
    assert_close(found, loss_and_gradient(mixed, tf.cast(logits, tf.float64)), smallest=1e-30)
