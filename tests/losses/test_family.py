"""Identities, limits and invariances of the loss family."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from focalsweep.losses.family import family_loss, focal_term, sparse_family_loss

ONE = {"weight": 1.0, "gamma": 0.0}


def logits_and_labels(n_classes=5, rows=200, size=20.0, seed=0):
    random = np.random.default_rng(seed)
    logits = (random.uniform(-size, size, (rows, n_classes))).astype(np.float32)
    return tf.constant(logits), tf.constant(random.integers(0, n_classes, rows), tf.int32)


def gradient_of(function, logits):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = function(logits)
    return tape.gradient(loss, logits).numpy()


def test_gamma_zero_equals_cross_entropy_hard_examples_included():
    for size in (1.0, 30.0, 1000.0):
        logits, labels = logits_and_labels(size=size)
        expected = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        found = sparse_family_loss(logits, labels, **ONE)
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)


def test_gamma_zero_equals_weighted_cross_entropy():
    logits, labels = logits_and_labels()
    weight = tf.constant([0.1, 0.5, 1.0, 2.0, 7.0])
    expected = tf.gather(weight, labels) * tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels, logits
    )
    found = sparse_family_loss(logits, labels, weight=weight, gamma=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_tensor_of_zeros_means_the_same_as_leaving_it_out():
    logits, labels = logits_and_labels()
    zeros = tf.zeros(200)
    found = sparse_family_loss(
        logits,
        labels,
        **ONE,
        scale=np.ones(5),
        offset=np.zeros(5),
        margin=np.zeros(5),
        smoothing=zeros,
        power=zeros,
    )
    np.testing.assert_allclose(found, sparse_family_loss(logits, labels, **ONE), rtol=1e-6)


def test_codes_and_one_hot_targets_give_the_same_loss():
    logits, labels = logits_and_labels()
    numbers = {
        "weight": np.array([0.5, 1, 1, 2, 3]),
        "gamma": np.array([0.0, 0.5, 1, 2, 5]),
        "offset": np.linspace(-4, 0, 5),
        "margin": np.linspace(0, 1, 5),
        "smoothing": 0.1,
        "power": 0.3,
    }
    codes = sparse_family_loss(logits, labels, **numbers)
    one_hot = family_loss(logits, tf.one_hot(labels, 5), **numbers)
    np.testing.assert_allclose(codes, one_hot, rtol=2e-6)


def test_loss_is_linear_in_soft_targets_without_a_margin():
    logits, _ = logits_and_labels(n_classes=3, rows=50)
    targets = np.random.default_rng(1).dirichlet(np.ones(3), 50).astype(np.float32)
    numbers = {"weight": np.array([1.0, 2.0, 3.0]), "gamma": np.array([0.0, 1.0, 2.5])}
    parts = [sparse_family_loss(logits, tf.fill([50], k), **numbers).numpy() for k in range(3)]
    found = family_loss(logits, targets, **numbers)
    np.testing.assert_allclose(found, (targets * np.stack(parts, axis=1)).sum(1), rtol=2e-6)


def test_gradient_with_soft_targets_is_softmax_less_target():
    logits, _ = logits_and_labels(n_classes=4, rows=50, size=8.0)
    targets = np.random.default_rng(1).dirichlet(np.ones(4), 50).astype(np.float32)
    found = gradient_of(lambda z: family_loss(z, targets, **ONE), logits)
    np.testing.assert_allclose(found, tf.nn.softmax(logits) - targets, atol=2e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 10.0])
@pytest.mark.parametrize("gap", [30.0, 1000.0])
def test_gradient_on_the_true_logit_tends_to_minus_one_when_very_wrong(gamma, gap):
    logits = tf.constant([[-gap, gap, 0.0]])
    found = gradient_of(
        lambda z: sparse_family_loss(z, tf.constant([0]), weight=1, gamma=gamma), logits
    )
    np.testing.assert_allclose(found, [[-1.0, 1.0, 0.0]], atol=1e-6)


def test_a_confident_row_contributes_less_the_larger_gamma_is():
    logits, label = tf.constant([[4.0, 0.0, 0.0]]), tf.constant([0])
    losses = [float(sparse_family_loss(logits, label, weight=1, gamma=g)[0]) for g in range(6)]
    assert np.all(np.diff(losses) < 0)
    assert losses[5] < 1e-6 < losses[0]


@pytest.mark.parametrize("n_classes", [2, 3, 50])
def test_ties_share_the_gradient(n_classes):
    logits = tf.zeros((1, n_classes))
    found = gradient_of(lambda z: sparse_family_loss(z, tf.constant([0]), **ONE), logits)
    expected = np.full(n_classes, 1 / n_classes)
    expected[0] -= 1
    np.testing.assert_allclose(found[0], expected, atol=1e-7)


@pytest.mark.parametrize(("n_classes", "compiled"), [(2, True), (9, True), (3, False)])
def test_loss_and_gradient_are_finite_up_to_logits_of_1000_and_gamma_10(n_classes, compiled):
    values = np.array([-1000, -100, -88, -17, -1e-3, 0, 1e-30, 1, 17, 88, 104, 1000], np.float32)
    random = np.random.default_rng(0)
    logits = tf.constant(random.choice(values, size=(400, n_classes)))
    labels = tf.constant(random.integers(0, n_classes, 400), tf.int32)
    gammas = tf.constant([0.0, 1e-6, 0.1, 1.0, 2.0, 10.0])[:, None, None]

    def loss_and_gradient(logits, labels):
        logits = tf.repeat(logits[None], 6, axis=0)
        labels = tf.repeat(labels[None], 6, axis=0)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = sparse_family_loss(
                logits,
                labels,
                weight=tf.ones((6, 1, n_classes)),
                gamma=gammas,
                smoothing=tf.constant([[0.0], [0.1]] * 3),
                power=tf.constant([[0.0], [0.0], [0.5]] * 2),
            )
        return loss, tape.gradient(loss, logits)

    function = tf.function(loss_and_gradient, jit_compile=True) if compiled else loss_and_gradient
    loss, gradient = function(logits, labels)
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    assert (loss.numpy() >= 0).all()


def test_members_with_different_numbers_are_computed_side_by_side():
    logits, labels = logits_and_labels(n_classes=3, rows=40)
    random = np.random.default_rng(4)
    weight, gamma = random.uniform(0.5, 2, (6, 1, 3)), random.uniform(0, 5, (6, 1, 3))
    offset, eps = random.uniform(-3, 0, (6, 1, 3)), random.uniform(0, 0.2, (6, 1))
    together = sparse_family_loss(
        tf.repeat(logits[None], 6, axis=0),
        tf.repeat(labels[None], 6, axis=0),
        weight=weight,
        gamma=gamma,
        offset=offset,
        smoothing=eps,
    )
    assert together.shape == (6, 40)
    for member in range(6):
        alone = sparse_family_loss(
            logits,
            labels,
            weight=weight[member],
            gamma=gamma[member],
            offset=offset[member],
            smoothing=eps[member],
        )
        np.testing.assert_allclose(together[member], alone, rtol=1e-6)


def test_a_common_factor_on_alpha_is_a_factor_on_the_loss():
    logits, labels = logits_and_labels()
    weight = np.array([0.5, 1, 1, 2, 3])
    once = sparse_family_loss(logits, labels, weight=weight, gamma=2.0)
    tripled = sparse_family_loss(logits, labels, weight=3 * weight, gamma=2.0)
    np.testing.assert_allclose(tripled, 3 * once, rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    logits=arrays(np.float64, (4, 5), elements=st.floats(-1000, 1000)),
    order=st.permutations(range(5)),
    gamma=st.floats(0, 10),
)
def test_renaming_the_classes_changes_nothing(logits, order, gamma):
    order = np.array(order)
    weight, offset = np.linspace(0.5, 2, 5), np.linspace(-3, 0, 5)
    labels = np.array([0, 1, 2, 4], np.int32)
    found = sparse_family_loss(logits, labels, weight=weight, gamma=gamma, offset=offset)
    renamed = sparse_family_loss(
        logits[:, order],
        np.argsort(order)[labels].astype(np.int32),
        weight=weight[order],
        gamma=gamma,
        offset=offset[order],
    )
    np.testing.assert_allclose(found, renamed, rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(logits=arrays(np.float64, (3, 4), elements=st.floats(-500, 500)), shift=st.floats(-500, 500))
def test_adding_a_constant_to_all_logits_changes_nothing(logits, shift):
    labels = np.array([0, 1, 3], np.int32)
    numbers = {"weight": 1.0, "gamma": 2.0, "offset": np.array([0.0, -1.0, -2.0, -3.0])}
    moved = sparse_family_loss(logits + shift, labels, **numbers)
    # The shift itself rounds the logits to about 1e-13.
    np.testing.assert_allclose(sparse_family_loss(logits, labels, **numbers), moved, rtol=1e-11)


def test_focal_term_serves_a_sigmoid_too():
    logits = np.linspace(-8, 8, 33).astype(np.float32)
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    found = focal_term(logits, weight=0.25, gamma=2.0)
    np.testing.assert_allclose(found, -0.25 * (1 - p) ** 2 * np.log(p), rtol=1e-5)


def test_power_one_is_the_mean_absolute_error():
    logits, labels = logits_and_labels(size=3.0)
    p = tf.gather(tf.nn.softmax(logits), labels, batch_dims=1)
    found = sparse_family_loss(logits, labels, **ONE, power=1.0)
    np.testing.assert_allclose(found, 1 - p, atol=1e-6)


def test_power_tends_to_cross_entropy_at_zero():
    logits, labels = logits_and_labels(size=5.0)
    found = sparse_family_loss(logits, labels, **ONE, power=1e-6)
    np.testing.assert_allclose(found, sparse_family_loss(logits, labels, **ONE), rtol=1e-4)


def test_smoothing_does_not_undo_the_focusing():
    logits = tf.constant([[np.log(0.98 / 0.01), 0.0, 0.0]], tf.float32)
    target = tf.constant([[1.0, 0.0, 0.0]])
    found = float(family_loss(logits, target, weight=1.0, gamma=2.0, smoothing=0.1)[0])
    keras_loss = keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, gamma=2.0, from_logits=True, label_smoothing=0.1
    )
    assert found < 2e-4
    assert float(keras_loss(target, logits)) > 0.2
