"""The multi-label loss and its gradient against 60-digit arithmetic."""

import mpmath
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses.sigmoid_family import label_losses

RELATIVE, SMALLEST = 1e-5, 1e-30
GAMMAS = [0.0, 0.3, 1.0, 2.0, 5.0, 10.0]


def reference_loss(z, present, *, weight, gamma, clip=0, smoothing=0):
    """Write the definition down; mpmath's exponents have no limits, so nothing under- or overflows.

    `z` includes the offset; the two logistic functions stand for p and 1 - p, neither of which is
    a difference.
    """
    p, q = 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z))
    if clip:
        q, p = (q + clip, p - clip) if p > clip else (mpmath.mpf(1), mpmath.mpf(0))
    own, other = (p, q) if present else (q, p)
    loss = -mpmath.log(own)
    if smoothing:
        loss = (1 - smoothing / 2) * loss - smoothing / 2 * mpmath.log(other)
    return weight * other**gamma * loss


def reference(logits, present, **numbers):
    """Return losses and gradients with respect to z, as float64."""
    losses, gradients = np.zeros(logits.shape), np.zeros(logits.shape)
    numbers = {name: np.broadcast_to(value, logits.shape) for name, value in numbers.items()}
    step = mpmath.mpf(10) ** -20
    for cell in np.ndindex(logits.shape):
        own = {name: mpmath.mpf(float(value[cell])) for name, value in numbers.items()}
        z = mpmath.mpf(float(logits[cell])) + own.pop("offset", 0)
        # No clipping is felt by a row that has the label.
        clip = 0 if present[cell] else own.pop("clip", 0)
        own.pop("clip", None)

        def loss(z, cell=cell, clip=clip, own=own):
            return reference_loss(z, present[cell], clip=clip, **own)

        losses[cell] = float(loss(z))
        gradients[cell] = float((loss(z + step) - loss(z - step)) / (2 * step))
    return losses, gradients


def computed(logits, present, *, weight, gamma, compiled, dtype="float32", **numbers):
    """Compute losses and gradients; `weight` and `gamma` are those of the side of each cell."""
    numbers = {
        "weight": np.stack([weight, weight], axis=-1),
        "gamma": np.stack([gamma, gamma], axis=-1),
        **numbers,
    }
    numbers = {name: tf.constant(value, dtype) for name, value in numbers.items()}

    def loss_and_gradient(logits, present):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = label_losses(logits, present, **numbers)
        return loss, tape.gradient(loss, logits)

    function = tf.function(loss_and_gradient, jit_compile=True) if compiled else loss_and_gradient
    loss, gradient = function(tf.constant(logits, dtype), tf.constant(present))
    return loss.numpy().astype(np.float64), gradient.numpy().astype(np.float64)


def cells(*, rows=60, labels=7, seed=0):
    """Draw cells of every kind: small and huge logits, zero, confident and very wrong."""
    random = np.random.default_rng(seed)
    size = random.choice([1, 10, 30, 60, 1000], size=(rows, 1))
    logits = random.uniform(-1, 1, (rows, labels)) * size
    logits[0] = 0.0
    present = random.integers(0, 2, (rows, labels)).astype(np.int8)
    numbers = {
        "weight": random.uniform(0.2, 3, logits.shape).astype(np.float32),
        "gamma": random.choice(GAMMAS, size=logits.shape).astype(np.float32),
    }
    return logits.astype(np.float32), present, numbers, random


def assert_exact(found, expected):
    large = np.abs(expected) > SMALLEST
    assert large.any()
    np.testing.assert_allclose(found[large], expected[large], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(found[~large], expected[~large], rtol=0, atol=SMALLEST)


@pytest.fixture(autouse=True)
def sixty_digits():
    with mpmath.workdps(60):
        yield


@pytest.mark.parametrize("with_offset", [False, True])
def test_loss_and_gradient_are_exact_to_five_digits_from_certain_to_very_wrong(with_offset):
    logits, present, numbers, random = cells()
    if with_offset:
        numbers["offset"] = random.uniform(-8, 2, logits.shape).astype(np.float32)
    expected = reference(logits, present, **numbers)
    for compiled in (True, False):
        found = computed(logits, present, compiled=compiled, **numbers)
        for one, other in zip(found, expected, strict=True):
            assert_exact(one, other)


def test_label_smoothing_matches_the_formula():
    logits, present, numbers, random = cells(seed=1)
    numbers["smoothing"] = random.choice([0.0, 0.1, 0.3], size=logits.shape).astype(np.float32)
    losses, gradients = reference(logits, present, **numbers)
    found = computed(logits, present, compiled=True, **numbers)
    assert_exact(found[0], losses)
    # Smoothing pulls both ways, so a gradient can cancel: it is compared with its loss.
    assert np.all(np.abs(found[1] - gradients) <= RELATIVE * (np.abs(gradients) + losses) + 1e-30)
