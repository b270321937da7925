import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.training.kernel import Kernel, Rates, Rows, State
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.stacking import StackedModel
from focalsweep.training.task import LossTensors, SingleLabel

MEMBERS, ROWS, COLUMNS, BATCH = 2, 12, 4, 3


def build_model():
    inputs = keras.Input((COLUMNS,))
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.BatchNormalization()(inputs)))


@pytest.fixture(scope="module")
def kernel():
    return Kernel(
        model=StackedModel(build_model()),
        optimizer=Optimizer(),
        task=SingleLabel(n_classes=3),
        exact_log_loss=False,
    )


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(ROWS + 1, COLUMNS)).astype(np.float32)
    features[-1] = 0.0
    return Rows(tf.constant(features), tf.constant(np.arange(ROWS + 1) % 3, tf.int32))


@pytest.fixture(scope="module")
def state(kernel):
    rng = np.random.default_rng(1)

    def draw():
        return [
            tf.constant(rng.uniform(0.1, 1.0, size=(MEMBERS, *shape)), tf.float32)
            for shape in kernel.model.shapes
        ]

    weights = draw()
    slots = [
        [slot for slot, kept in zip(draw(), kernel.model.trainable, strict=True) if kept]
        for _ in range(2)
    ]
    return State(weights, slots, tf.constant([7.0, 3.0]))


@pytest.fixture(scope="module")
def loss():
    one, zero = tf.ones((MEMBERS, 1, 3)), tf.zeros((MEMBERS, 1, 3))
    return LossTensors(
        weight=one,
        gamma=zero,
        scale=one,
        offset=zero,
        margin=zero,
        smoothing=None,
        power=None,
        log_prior_shift=zero,
    )


@pytest.fixture(scope="module")
def epoch(kernel, rows, state, loss):
    def run(index, n_steps=2):
        rates = Rates(
            tf.constant([0.1, 0.1]), tf.constant([0.5, 0.5]), tf.constant([1, 2], tf.int32)
        )
        index = tf.constant(np.array(index, np.int32))
        return kernel.epoch(state, rows, loss, rates, index=index, n_steps=tf.constant(n_steps))

    return run


def tensors(state, member):
    """Everything that training changes, of one member."""
    return [
        value.numpy()[member]
        for value in (*state.weights, *(slot for own in state.slots for slot in own), state.step)
    ]


NONE = [[-1] * BATCH] * 2


def test_a_member_without_rows_keeps_every_bit_of_its_state(epoch, state):
    after, loss_sum = epoch([[[0, 1, 2], [3, 4, 5]], NONE])
    for before, value in zip(tensors(state, 1), tensors(after, 1), strict=True):
        np.testing.assert_array_equal(before, value)
    assert loss_sum[1] == 0.0
    assert all(
        (before != value).any()
        for before, value in zip(tensors(state, 0), tensors(after, 0), strict=True)
    )


def test_steps_are_counted_a_member(epoch, state):
    after, _ = epoch([[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [-1, -1, -1]]])
    np.testing.assert_array_equal(after.step - state.step, [2.0, 1.0])


def test_no_more_than_n_steps_are_taken(epoch):
    full = [[6, 7, 8], [9, 10, 11]]
    one_step, one_sum = epoch([full, full], n_steps=1)
    padded, padded_sum = epoch([[full[0], [-1] * BATCH]] * 2)
    np.testing.assert_array_equal(one_sum, padded_sum)
    for first, second in zip(tensors(one_step, 0), tensors(padded, 0), strict=True):
        np.testing.assert_array_equal(first, second)


def test_where_a_batch_is_padded_does_not_matter(epoch):
    after, sums = epoch([[[0, 1, -1], [2, 3, 4]], [[0, 1, 5], [2, 3, 4]]])
    moved, moved_sums = epoch([[[-1, 0, 1], [2, 3, 4]], [[5, 0, 1], [2, 3, 4]]])
    np.testing.assert_allclose(sums, moved_sums, rtol=1e-5)
    for member in range(MEMBERS):
        for first, second in zip(tensors(after, member), tensors(moved, member), strict=True):
            np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)


def test_a_row_with_a_logit_that_is_not_finite_is_not_counted(kernel, state, loss):
    features = np.zeros((4, COLUMNS), np.float32)
    features[1] = np.nan
    rows = Rows(tf.constant(features), tf.constant([0, 1, 2, 0], tf.int32))
    index = np.full((MEMBERS, 1, 4), -1, np.int32)
    index[:, 0, :3] = [0, 1, 2]
    confusion, _, _ = kernel.evaluate(state.weights, rows, loss, index=tf.constant(index))
    np.testing.assert_array_equal(tf.reduce_sum(confusion, axis=2), [[1, 0, 1]] * MEMBERS)
