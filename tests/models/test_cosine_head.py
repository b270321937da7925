import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.models.cosine_head import CosineHead, with_cosine_head
from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp

ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def cosines(rows, vectors):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ (vectors / np.linalg.norm(vectors, axis=0))


def test_logits_are_the_cosines_of_rows_and_class_vectors():
    head = CosineHead(3)
    logits = head(ROWS).numpy()
    np.testing.assert_allclose(logits, cosines(ROWS, head.kernel.numpy()), atol=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 3.0, 1e6])
def test_the_length_of_a_row_and_of_a_class_vector_does_not_matter(factor):
    head = CosineHead(3)
    expected = head(ROWS).numpy()
    np.testing.assert_allclose(head(ROWS * np.float32(factor)).numpy(), expected, atol=1e-6)
    head.kernel.assign(head.kernel * factor)
    np.testing.assert_allclose(head(ROWS).numpy(), expected, atol=1e-6)


def test_a_row_of_zeros_is_at_right_angles_to_all_classes_and_has_a_finite_gradient():
    head = CosineHead(3)
    rows = tf.constant(ROWS * np.array([1, 0, 1, 0, 1, 1], np.float32)[:, None])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        logits = head(rows)
        total = tf.reduce_sum(logits[:, 0])
    of_rows, of_kernel = tape.gradient(total, [rows, head.kernel])
    assert not logits.numpy()[[1, 3]].any()
    assert np.isfinite(of_rows).all()
    assert np.isfinite(of_kernel).all()


def test_the_gradient_along_a_row_and_along_a_class_vector_is_zero():
    head, rows = CosineHead(3), tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        total = tf.reduce_sum(head(rows) ** 2)
    of_rows, of_kernel = tape.gradient(total, [rows, head.kernel])
    np.testing.assert_allclose(np.sum(of_rows * ROWS, axis=1), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.sum(of_kernel * head.kernel, axis=0), 0.0, atol=1e-5)


@pytest.mark.parametrize("build", [linear, mlp])
def test_a_model_keeps_all_its_layers_but_the_last(build):
    model = build(n_features=4, n_classes=3)
    changed = with_cosine_head(model)
    kept, dense = model.layers[:-1], model.layers[-1]
    assert changed.layers[:-1] == kept
    assert isinstance(changed.layers[-1], CosineHead)
    assert [v.shape for v in changed.layers[-1].weights] == [dense.kernel.shape]
    assert np.abs(changed(ROWS)).max() <= 1.0 + 1e-6


def test_a_model_with_another_end_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    with pytest.raises(ValueError, match="plain Dense"):
        with_cosine_head(model)


def test_a_head_is_made_again_from_what_keras_writes_down():
    head = CosineHead(3, kernel_initializer="he_normal", name="cosines")
    back = keras.layers.deserialize(keras.layers.serialize(head))
    assert isinstance(back, CosineHead)
    assert back.get_config() == head.get_config()
    assert back(ROWS).shape == (6, 3)
