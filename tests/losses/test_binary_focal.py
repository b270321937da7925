"""Binary focal loss beside Keras's, and what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses import BinaryFocalCrossentropy

RANDOM = np.random.default_rng(0)
LOGITS = (RANDOM.normal(size=(32, 3)) * 2).astype(np.float32)
LABELS = RANDOM.integers(0, 2, (32, 3)).astype(np.float32)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("from_logits", [True, False])
def test_equals_keras_where_keras_is_right(gamma, from_logits):
    y_pred = LOGITS if from_logits else tf.sigmoid(LOGITS).numpy()
    for balancing in ({}, {"apply_class_balancing": True, "alpha": 0.3}):
        options = {**balancing, "gamma": gamma, "from_logits": from_logits, "reduction": None}
        expected = keras.losses.BinaryFocalCrossentropy(**options)(LABELS, y_pred)
        found = BinaryFocalCrossentropy(**options)(LABELS, y_pred)
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)


def test_alpha_alone_weighs_and_is_never_ignored():
    given = {"alpha": 0.9, "from_logits": True}
    plain = float(BinaryFocalCrossentropy(from_logits=True)(LABELS, LOGITS))
    ours = float(BinaryFocalCrossentropy(**given)(LABELS, LOGITS))
    of_keras = float(keras.losses.BinaryFocalCrossentropy(**given)(LABELS, LOGITS))
    assert of_keras == pytest.approx(plain, rel=1e-4)  # Keras ignores it
    assert ours != pytest.approx(plain, rel=0.01)
    with pytest.raises(ValueError, match="`alpha` must be left out with apply_class_balancing"):
        BinaryFocalCrossentropy(apply_class_balancing=False, alpha=0.5)
    assert BinaryFocalCrossentropy(apply_class_balancing=True).alpha == 0.25


def test_pairs_are_weights_of_absent_and_present_labels():
    alpha = np.array([0.2, 0.5, 0.9])
    one = BinaryFocalCrossentropy(alpha=alpha, from_logits=True)
    pairs = BinaryFocalCrossentropy(alpha=np.stack([1 - alpha, alpha], axis=1), from_logits=True)
    assert float(one(LABELS, LOGITS)) == pytest.approx(float(pairs(LABELS, LOGITS)))


def test_a_soft_label_mixes_both_sides():
    loss = BinaryFocalCrossentropy(from_logits=True)
    there, absent = (float(loss(np.full((32, 3), y), LOGITS)) for y in (1.0, 0.0))
    assert float(loss(np.full((32, 3), 0.3), LOGITS)) == pytest.approx(0.3 * there + 0.7 * absent)


def test_rows_of_one_label_may_lack_its_axis():
    loss = BinaryFocalCrossentropy(from_logits=True)
    expected = float(loss(LABELS[:, :1], LOGITS[:, :1]))
    assert float(loss(LABELS[:, 0], LOGITS[:, :1])) == pytest.approx(expected)
    assert float(loss(LABELS[:, 0], LOGITS[:, 0])) == pytest.approx(expected)


def test_what_was_mixed_up_is_refused():
    loss = BinaryFocalCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match="use `SparseCategoricalFocalCrossentropy`"):
        loss(np.arange(32)[:, None] % 3, LOGITS)
    with pytest.raises(ValueError, match="`y_true` must hold 0 or 1"):
        loss(LABELS * 2, LOGITS)
    with pytest.raises(ValueError, match="Pass from_logits=True for logits"):
        BinaryFocalCrossentropy()(LABELS, LOGITS)
    with pytest.raises(ValueError, match="2 for 3 labels"):
        BinaryFocalCrossentropy(gamma=[1.0, 2.0], from_logits=True)(LABELS, LOGITS)
    for numbers in ({"gamma": -1.0}, {"alpha": 1.5}, {"alpha": [[1.0, 2.0, 3.0]]}):
        with pytest.raises(ValueError, match="must be"):
            BinaryFocalCrossentropy(**numbers)


@pytest.mark.parametrize(
    ("activation", "from_logits", "way_out"),
    [
        (None, False, "Pass from_logits=True"),
        ("sigmoid", True, "Pass from_logits=False"),
        ("softmax", False, "use `CategoricalFocalCrossentropy`"),
    ],
)
def test_the_last_layer_is_checked_in_fit(activation, from_logits, way_out):
    layers = [keras.layers.Input((3,)), keras.layers.Dense(3, activation=activation)]
    model = keras.Sequential(layers)
    model.compile("sgd", loss=BinaryFocalCrossentropy(from_logits=from_logits))
    with pytest.raises(ValueError, match=way_out):
        model.fit(LOGITS, LABELS, verbose=0)
