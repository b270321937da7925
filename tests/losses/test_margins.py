"""Margins: exact for the true class and for every class."""

import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses.margins import class_margins, surprises, true_class_margin


def float64_margins(logits):
    """Compute the definition with one class left out at a time, in float64."""
    logits = logits.astype(np.float64)
    margins = np.empty_like(logits)
    for k in range(logits.shape[-1]):
        others = np.delete(logits, k, axis=-1)
        largest = others.max(axis=-1)
        margins[..., k] = (logits[..., k] - largest) - np.log(
            np.exp(others - largest[..., None]).sum(axis=-1)
        )
    return margins


@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_class_margins_equal_their_definition(n_classes):
    random = np.random.default_rng(n_classes)
    logits = random.uniform(-1, 1, (300, n_classes)) * random.choice([1, 50, 1000], (300, 1))
    logits[::5] = np.round(logits[::5])
    logits = logits.astype(np.float32)
    np.testing.assert_allclose(class_margins(logits), float64_margins(logits), rtol=1e-6, atol=1e-6)


def test_class_margins_hold_every_true_class_margin():
    logits = np.random.default_rng(0).normal(size=(7, 6, 4)).astype(np.float32) * 30
    margins = class_margins(logits).numpy()
    for k in range(4):
        one = true_class_margin(logits, np.full((7, 6), k))
        np.testing.assert_allclose(one, margins[..., k], rtol=1e-6, atol=1e-6)


def test_margin_of_two_classes_is_the_difference_of_logits():
    logits = np.array([[900.25, 900.0], [-1000.0, 1000.0], [0.0, 0.0]], np.float32)
    np.testing.assert_array_equal(true_class_margin(logits, [0, 0, 0]), [0.25, -2000.0, 0.0])


def test_an_offset_does_not_round_away_small_differences_of_large_logits():
    logits = np.array([[1000.0, 999.0 + 2**-14, 940.0]], np.float32)
    offset = np.array([0.0, -1.0, -3.0], np.float32)
    expected = float64_margins(logits.astype(np.float64) + offset)
    np.testing.assert_allclose(class_margins(logits, offset=offset), expected, rtol=1e-7)


@pytest.mark.parametrize("scale", [2.0, [2.0, 2.0, 2.0], [0.5, 1.0, 2.0]])
def test_scale_may_be_one_number_or_one_a_class(scale):
    logits = np.random.default_rng(0).normal(size=(20, 3)) * 5
    expected = float64_margins(np.asarray(scale) * logits)
    np.testing.assert_allclose(class_margins(logits, scale=scale), expected, rtol=1e-12)


def test_gradient_of_a_margin_is_one_less_the_softmax_of_the_others():
    logits = tf.constant([[3.0, 1.0, 1.0, -2.0], [0.0, 0.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        margin = class_margins(logits)[:, 0]
    others = tf.nn.softmax(logits[:, 1:]).numpy()
    expected = np.concatenate([np.ones((2, 1)), -others], axis=1)
    np.testing.assert_allclose(tape.gradient(margin, logits), expected, atol=1e-6)


@pytest.mark.parametrize("compiled", [True, False])
def test_surprises_keep_their_digits_and_gradients_at_both_ends(compiled):
    margins = tf.constant(np.linspace(-69, 69, 1381).astype(np.float32))

    def values_and_gradients(margins):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(margins)
            against, own = surprises(margins)
        return against, own, tape.gradient(against, margins), tape.gradient(own, margins)

    function = (
        tf.function(values_and_gradients, jit_compile=True) if compiled else values_and_gradients
    )
    m = margins.numpy().astype(np.float64)
    expected = (
        np.logaddexp(0, m),
        np.logaddexp(0, -m),
        1 / (1 + np.exp(-m)),
        -1 / (1 + np.exp(m)),
    )
    for one, other in zip(function(margins), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=5e-7)
