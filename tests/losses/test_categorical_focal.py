"""The Keras losses that users paste, beside Keras's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses import (
    CategoricalFocalCrossentropy,
    LogitAdjustedCrossentropy,
    SparseCategoricalFocalCrossentropy,
)

ALPHA = [0.5, 1.0, 4.0]
BOTH = [CategoricalFocalCrossentropy, SparseCategoricalFocalCrossentropy]


def rows(n_rows=64, size=4.0, seed=0):
    random = np.random.default_rng(seed)
    logits = random.uniform(-size, size, (n_rows, 3)).astype(np.float32)
    codes = random.integers(0, 3, n_rows)
    return logits, codes, np.eye(3, dtype=np.float32)[codes]


def softmax(logits):
    return tf.nn.softmax(logits).numpy()


def small_model(activation):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((3,)), keras.layers.Dense(8, activation="relu")]
    return keras.Sequential([*layers, keras.layers.Dense(3, activation=activation)])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_equals_keras_where_keras_is_right(gamma):
    logits, codes, one_hot = rows()
    for from_logits, y_pred in ((True, logits), (False, softmax(logits))):
        arguments = {"alpha": ALPHA, "gamma": gamma, "from_logits": from_logits, "reduction": None}
        expected = keras.losses.CategoricalFocalCrossentropy(**arguments)(one_hot, y_pred)
        found = CategoricalFocalCrossentropy(**arguments)(one_hot, y_pred)
        sparse = SparseCategoricalFocalCrossentropy(**arguments)(codes, y_pred)
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(sparse, found, rtol=1e-5)


def test_defaults_are_gamma_two_and_no_class_weights():
    logits, _, one_hot = rows()
    expected = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0)
    y_pred = softmax(logits)
    assert float(CategoricalFocalCrossentropy()(one_hot, y_pred)) == pytest.approx(
        float(expected(one_hot, y_pred)), rel=1e-4
    )


def test_gamma_zero_equals_keras_cross_entropy_on_hard_rows():
    logits, codes, _ = rows(size=1000.0)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    found = SparseCategoricalFocalCrossentropy(gamma=0.0, from_logits=True, reduction=None)
    np.testing.assert_allclose(found(codes, logits), expected(codes, logits), rtol=1e-6, atol=1e-6)


def test_a_very_wrong_row_keeps_its_gradient_where_keras_loses_it():
    logits, one_hot = tf.constant([[-15.0, 15.0, 0.0]]), tf.constant([[1.0, 0.0, 0.0]])

    def gradient(loss):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(one_hot, logits)
        return tape.gradient(value, logits).numpy()[0]

    np.testing.assert_array_equal(
        gradient(keras.losses.CategoricalFocalCrossentropy(alpha=1.0, from_logits=True)), 0.0
    )
    np.testing.assert_allclose(
        gradient(CategoricalFocalCrossentropy(from_logits=True)), [-1.0, 1.0, 0.0], atol=1e-5
    )


def test_a_very_wrong_row_keeps_its_gradient_through_a_softmax_layer():
    logits = tf.Variable([[-500.0, 500.0, 0.0]])

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            value = SparseCategoricalFocalCrossentropy()([0], keras.activations.softmax(logits))
        return tape.gradient(value, logits)

    np.testing.assert_allclose(gradient(), [[-1.0, 1.0, 0.0]], atol=1e-6)


def test_bare_probabilities_of_zero_and_one_give_a_finite_loss_and_gradient():
    p = tf.constant([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1e-30, 1.0, 0.0]])
    for gamma in (0.0, 0.5, 2.0):
        loss = SparseCategoricalFocalCrossentropy(gamma=gamma, reduction=None)
        with tf.GradientTape() as tape:
            tape.watch(p)
            values = loss([0, 0, 0], p)
        assert np.isfinite(values).all()
        assert np.isfinite(tape.gradient(values, p)).all()
        assert values[1] < 1e-30
        np.testing.assert_allclose(values[2], -np.log(1e-30), rtol=1e-5)


def test_probabilities_are_exact_as_far_as_they_go():
    logits, codes, _ = rows(size=20.0)
    p = softmax(logits.astype(np.float64))
    loss = {
        from_logits: SparseCategoricalFocalCrossentropy(
            from_logits=from_logits, reduction=None, dtype="float64"
        )
        for from_logits in (True, False)
    }
    np.testing.assert_allclose(loss[False](codes, p), loss[True](codes, logits), rtol=1e-6)


@pytest.mark.parametrize("axis", [1, -2, -1])
def test_classes_may_be_on_any_axis(axis):
    random = np.random.default_rng(0)
    logits, codes = random.normal(size=(4, 5, 3)), random.integers(0, 3, (4, 5))
    moved = {
        "y_pred": np.moveaxis(logits, -1, axis),
        "y_true": np.moveaxis(np.eye(3)[codes], -1, axis),
    }
    plain = SparseCategoricalFocalCrossentropy(from_logits=True, reduction=None)(codes, logits)
    dense = CategoricalFocalCrossentropy(from_logits=True, reduction=None, axis=axis)
    sparse = SparseCategoricalFocalCrossentropy(from_logits=True, reduction=None, axis=axis)
    np.testing.assert_allclose(dense(moved["y_true"], moved["y_pred"]), plain, rtol=1e-6)
    np.testing.assert_allclose(sparse(codes, moved["y_pred"]), plain, rtol=1e-6)


def test_sample_weights_and_reduction_are_keras():
    logits, codes, _ = rows()
    weights = np.linspace(0, 2, 64)
    each = SparseCategoricalFocalCrossentropy(from_logits=True, reduction=None)(codes, logits)
    total = SparseCategoricalFocalCrossentropy(from_logits=True, reduction="sum")
    np.testing.assert_allclose(
        total(codes, logits, sample_weight=weights), (each * weights).numpy().sum(), rtol=1e-5
    )


@pytest.mark.parametrize(
    "loss",
    [
        CategoricalFocalCrossentropy(
            alpha=ALPHA, gamma=[0, 1, 2], from_logits=True, label_smoothing=0.1, axis=1, name="mine"
        ),
        SparseCategoricalFocalCrossentropy(alpha=2.0, gamma=0.5, reduction="sum", dtype="float64"),
        LogitAdjustedCrossentropy(prior=[6, 3, 1], tau=1.5, from_logits=False),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_survives_serialization(loss):
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()


# Keras asks NumPy for an array in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_model_keeps_its_loss(tmp_path):
    model = small_model(None)
    model.compile("sgd", loss=SparseCategoricalFocalCrossentropy(alpha=ALPHA, from_logits=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == model.loss.get_config()


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_model_trains_alike_with_codes_and_with_one_hot_targets(activation):
    logits, codes, one_hot = rows(size=2.0)
    histories = []
    for loss_class, y in zip(BOTH, (one_hot, codes), strict=True):
        model = small_model(activation)
        loss = loss_class(alpha=ALPHA, gamma=1.0, from_logits=activation is None)
        model.compile(keras.optimizers.Adam(0.05), loss=loss)
        histories.append(model.fit(logits, y, epochs=4, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-4)
    assert histories[0][-1] < 0.9 * histories[0][0]


@pytest.mark.parametrize("loss_class", BOTH)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": -1.0}, r"`gamma` must be >= 0 and finite. Received: gamma=-1.0."),
        (
            {"gamma": [1.0, -2.0]},
            r"`gamma` must be >= 0 and finite. Received: gamma=\[1.0, -2.0\].",
        ),
        ({"alpha": float("nan")}, "`alpha` must be >= 0 and finite. Received: alpha=nan."),
        ({"alpha": [[1.0]]}, "`alpha` must be one number or one number a class."),
        ({"label_smoothing": 1.0}, r"`label_smoothing` must be in \[0, 1\)."),
        ({"dtype": "int32"}, "`dtype` must be a floating-point type"),
    ],
)
def test_numbers_out_of_range_are_refused(loss_class, arguments, message):
    with pytest.raises(ValueError, match=message):
        loss_class(**arguments)
