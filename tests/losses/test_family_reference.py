"""The loss and its gradient against 60-digit arithmetic."""

import mpmath
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses.family import family_loss, sparse_family_loss

RELATIVE, SMALLEST = 1e-5, 1e-30


def reference_loss(logits, label, *, weight, gamma, smoothing=0, power=0):
    """Write the definition down; mpmath's exponents have no limits, so nothing under- or overflows.

    `logits` are z', a list of mpf; sums of others stand for 1 - p, which has no digits near 1.
    """
    others = [
        mpmath.fsum(mpmath.exp(z - own) for j, z in enumerate(logits) if j != k)
        for k, own in enumerate(logits)
    ]  # (1 - p_k) / p_k
    losses = [
        mpmath.log1p(ratio) if power == 0 else (1 - (1 + ratio) ** -power) / power
        for ratio in others
    ]
    focus = (others[label] / (1 + others[label])) ** gamma
    inner = (1 - smoothing) * losses[label] + smoothing / len(logits) * mpmath.fsum(losses)
    return weight * focus * inner


def reference(logits, labels, *, weight, gamma, scale, offset, margin, smoothing=0, power=0):
    """Return losses and gradients with respect to z, as float64; numbers have one row a row."""
    losses, gradients = [], np.zeros(logits.shape)
    smoothing, power = (np.broadcast_to(v, len(logits)) for v in (smoothing, power))
    vectors = [np.broadcast_to(v, logits.shape) for v in (weight, gamma, scale, offset, margin)]
    step = mpmath.mpf(10) ** -20
    for row, (z, label) in enumerate(zip(logits, labels, strict=True)):
        w, g, s, o, m = ([mpmath.mpf(float(number)) for number in v[row]] for v in vectors)
        shifted = [s[k] * mpmath.mpf(float(z[k])) + o[k] for k in range(len(z))]
        shifted[label] -= m[label]
        arguments = {
            "weight": w[label],
            "gamma": g[label],
            "smoothing": mpmath.mpf(float(smoothing[row])),
            "power": mpmath.mpf(float(power[row])),
        }
        losses.append(float(reference_loss(shifted, label, **arguments)))
        for k in range(len(z)):
            up, down = list(shifted), list(shifted)
            up[k], down[k] = up[k] + step, down[k] - step
            rise = reference_loss(up, label, **arguments) - reference_loss(down, label, **arguments)
            gradients[row, k] = float(s[k] * rise / (2 * step))
    return np.array(losses), gradients


def rows_with_classes(n_classes, *, rows=48, seed=0):
    """Draw rows of every kind: small and huge logits, ties, and confident rows near 1000."""
    random = np.random.default_rng((seed, n_classes))
    size = random.choice([1, 10, 30, 60, 1000], size=(rows, 1))
    logits = random.uniform(-1, 1, (rows, n_classes)) * size
    logits += np.where((size <= 60) & (random.random((rows, 1)) < 0.5), 900.0, 0.0)
    logits[::6] = np.round(logits[::6] / 10) * 10
    logits[0] = 0.0
    return logits.astype(np.float32), random.integers(0, n_classes, rows).astype(np.int32), random


def computed(logits, labels, *, sparse, compiled, dtype="float32", **numbers):
    n_classes = logits.shape[-1]
    numbers = {name: tf.constant(value, dtype) for name, value in numbers.items()}

    def loss_and_gradient(logits, labels):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            if sparse:
                loss = sparse_family_loss(logits, labels, **numbers)
            else:
                targets = tf.one_hot(labels, n_classes, dtype=logits.dtype)
                loss = family_loss(logits, targets, **numbers)
        return loss, tape.gradient(loss, logits)

    function = tf.function(loss_and_gradient, jit_compile=True) if compiled else loss_and_gradient
    loss, gradient = function(tf.constant(logits, dtype), tf.constant(labels))
    return loss.numpy().astype(np.float64), gradient.numpy().astype(np.float64)


def assert_exact(found, expected):
    large = np.abs(expected) > SMALLEST
    assert large.any()
    np.testing.assert_allclose(found[large], expected[large], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(found[~large], expected[~large], rtol=0, atol=SMALLEST)


@pytest.fixture(autouse=True)
def sixty_digits():
    with mpmath.workdps(60):
        yield


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_loss_and_gradient_are_exact_to_five_digits_from_certain_to_very_wrong(n_classes):
    logits, labels, random = rows_with_classes(n_classes, rows=90)
    gamma = random.choice([0.0, 0.3, 1.0, 2.0, 5.0, 10.0], size=logits.shape)
    numbers = {
        "weight": random.uniform(0.2, 3, n_classes).astype(np.float32),
        "gamma": gamma.astype(np.float32),
        "scale": np.ones(n_classes, np.float32),
        "offset": random.uniform(-5, 0, n_classes).astype(np.float32),
        "margin": random.uniform(0, 1, n_classes).astype(np.float32),
    }
    expected = reference(logits, labels, **numbers)
    for sparse in (True, False):
        for compiled in (True, False):
            found = computed(logits, labels, sparse=sparse, compiled=compiled, **numbers)
            for one, other in zip(found, expected, strict=True):
                assert_exact(one, other)


def test_scales_may_differ_between_classes():
    # Rounding scale * z at |z| = 1000 costs five digits of a confident row in float32, so this
    # looks at the formula: in float64.
    logits, labels, random = rows_with_classes(4, rows=24, seed=2)
    numbers = {
        "weight": np.ones(4),
        "gamma": np.full(4, 2.0),
        "scale": random.uniform(0.5, 1.5, 4),
        "offset": random.uniform(-3, 0, 4),
        "margin": random.uniform(0, 1, 4),
    }
    expected = reference(logits, labels, **numbers)
    for sparse in (True, False):
        found = computed(logits, labels, sparse=sparse, compiled=True, dtype="float64", **numbers)
        for one, other in zip(found, expected, strict=True):
            assert_exact(one, other)


def test_smoothing_and_power_match_the_formula():
    logits, labels, random = rows_with_classes(4, rows=60, seed=3)
    numbers = {
        "weight": random.uniform(0.2, 3, 4).astype(np.float32),
        "gamma": np.full(4, 2.0, np.float32),
        "scale": np.ones(4, np.float32),
        "offset": random.uniform(-3, 0, 4).astype(np.float32),
        "margin": np.zeros(4, np.float32),
        "smoothing": np.tile([0.1, 0.0, 0.2, 0.0], 15).astype(np.float32),
        "power": np.tile([0.0, 0.7, 1.0, 0.0], 15).astype(np.float32),
    }
    losses, gradients = reference(logits, labels, **numbers)
    # Smoothing pulls both ways, so a gradient can cancel: it is compared with its row's largest.
    row_scale = np.abs(gradients).max(axis=1, keepdims=True) + losses[:, None]
    for sparse in (True, False):
        found = computed(logits, labels, sparse=sparse, compiled=True, **numbers)
        assert_exact(found[0], losses)
        assert np.all(np.abs(found[1] - gradients) <= RELATIVE * row_scale + SMALLEST)
