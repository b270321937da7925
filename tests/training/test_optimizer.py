import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.training.optimizer import Optimizer

pytestmark = pytest.mark.usefixtures("float64")

MEMBERS, STEPS = 3, 20
SHAPES = [(4, 2), (2,)]
LEARNING_RATES = np.array([0.01, 0.3, 2.0])
WEIGHT_DECAYS = np.array([0.0, 2.0**-7, 2.0**-2])  # Keras rounds them to float32

OPTIMIZERS = {
    "adamw": Optimizer(kind="adamw"),
    "adam": Optimizer(kind="adam"),
    "sgd": Optimizer(kind="sgd", momentum=0.0),
    "sgd with momentum": Optimizer(kind="sgd", momentum=0.9),
}


def start(optimizer, rng):
    weights = [rng.normal(size=(MEMBERS, *shape)) for shape in SHAPES]
    slots = [[np.zeros_like(w) for w in weights] for _ in range(optimizer.n_slots)]
    return weights, slots


def step_with(optimizer, weights, gradients, slots, *, step, active):
    return optimizer.update(
        [tf.constant(w) for w in weights],
        [tf.constant(g) for g in gradients],
        [[tf.constant(s) for s in own] for own in slots],
        step=tf.constant(step),
        learning_rate=tf.constant(LEARNING_RATES),
        weight_decay=tf.constant(WEIGHT_DECAYS),
        active=tf.constant(active),
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_member_moves_as_with_its_own_keras_optimizer(name):
    optimizer = OPTIMIZERS[name]
    rng = np.random.default_rng(1)
    weights, slots = start(optimizer, rng)
    variables = [[keras.Variable(w[i]) for w in weights] for i in range(MEMBERS)]
    alone = [
        optimizer.to_keras(learning_rate=rate, weight_decay=decay)
        for rate, decay in zip(LEARNING_RATES, WEIGHT_DECAYS, strict=True)
    ]
    # Members rest at times, the last one on the first step already, as when they have no rows.
    rests = rng.random((STEPS, MEMBERS)) < 0.3
    rests[0] = [False, False, True]
    taken = np.zeros(MEMBERS)
    for resting in rests:
        active = (~resting).astype(float)
        taken += active
        gradients = [rng.normal(size=w.shape) * 10.0 ** rng.integers(-3, 3) for w in weights]
        weights, slots = step_with(optimizer, weights, gradients, slots, step=taken, active=active)
        for i in np.flatnonzero(~resting):
            alone[i].apply([tf.constant(g[i]) for g in gradients], trainable_variables=variables[i])
    for i in range(MEMBERS):
        for stacked, own in zip(weights, variables[i], strict=True):
            np.testing.assert_allclose(stacked[i], own.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_resting_member_stays_bit_for_bit(name):
    optimizer = OPTIMIZERS[name]
    rng = np.random.default_rng(2)
    weights, slots = start(optimizer, rng)
    slots = [[rng.random(s.shape) for s in own] for own in slots]
    gradients = [rng.normal(size=w.shape) for w in weights]
    moved, moved_slots = step_with(
        optimizer,
        weights,
        gradients,
        slots,
        step=np.array([5.0, 5.0, 0.0]),
        active=np.array([1.0, 0.0, 0.0]),
    )
    before = [*weights, *(s for own in slots for s in own)]
    after = [*moved, *(s for own in moved_slots for s in own)]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[1:], new[1:])
        assert not np.array_equal(old[0], new[0])


def test_adam_ignores_weight_decay_in_both_forms():
    optimizer = Optimizer(kind="adam")
    assert not optimizer.to_keras(learning_rate=0.1, weight_decay=0.5).weight_decay
    rng = np.random.default_rng(3)
    weights, slots = start(optimizer, rng)
    still = [np.zeros_like(w) for w in weights]
    ones = np.ones(MEMBERS)
    moved, _ = step_with(optimizer, weights, still, slots, step=ones, active=ones)
    for old, new in zip(weights, moved, strict=True):
        np.testing.assert_array_equal(old, new)
