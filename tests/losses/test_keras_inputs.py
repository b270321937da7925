"""What was mixed up is an error that names the way out, eagerly and in `fit`.

The graph that `fit` runs holds no checks of values: what is caught there is caught while it
is made.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.losses import CategoricalFocalCrossentropy, SparseCategoricalFocalCrossentropy

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(16, 3)).astype(np.float32) * 3
PROBA = tf.nn.softmax(LOGITS).numpy()
CODES = RANDOM.integers(0, 3, 16)
ONE_HOT = np.eye(3, dtype=np.float32)[CODES]

DENSE, SPARSE = CategoricalFocalCrossentropy, SparseCategoricalFocalCrossentropy


def fit(loss, y, *, activation=None, layer=None):
    last = layer or keras.layers.Dense(3, activation=activation)
    model = keras.Sequential([keras.layers.Input((3,)), last])
    model.compile("sgd", loss=loss)
    model.fit(LOGITS, y, epochs=1, verbose=0)


@pytest.mark.parametrize("codes", [CODES, CODES[:, None]])
def test_class_codes_in_the_categorical_loss_name_the_sparse_one(codes):
    with pytest.raises(ValueError, match="Use `SparseCategoricalFocalCrossentropy`"):
        DENSE()(codes, PROBA)
    with pytest.raises(ValueError, match="Use `SparseCategoricalFocalCrossentropy`"):
        fit(DENSE(from_logits=True), codes)


def test_one_hot_targets_in_the_sparse_loss_name_the_categorical_one():
    with pytest.raises(ValueError, match="Use `CategoricalFocalCrossentropy`"):
        SPARSE()(ONE_HOT, PROBA)
    with pytest.raises(ValueError, match="Use `CategoricalFocalCrossentropy`"):
        fit(SPARSE(from_logits=True), ONE_HOT)


@pytest.mark.parametrize(("loss_class", "y"), [(DENSE, ONE_HOT), (SPARSE, CODES)])
def test_logits_given_as_probabilities_name_from_logits(loss_class, y):
    with pytest.raises(ValueError, match="Pass from_logits=True for logits"):
        loss_class()(y, LOGITS)
    with pytest.raises(ValueError, match=r"output of a linear layer. Pass from_logits=True"):
        fit(loss_class(), y)


@pytest.mark.parametrize(("loss_class", "y"), [(DENSE, ONE_HOT), (SPARSE, CODES)])
def test_scores_of_an_unknown_layer_are_checked_by_calling_the_loss_once(loss_class, y):
    scores = keras.layers.Dense(3, activation="tanh")(LOGITS)
    with pytest.raises(ValueError, match="Pass from_logits=True for logits"):
        loss_class()(y, scores)


@pytest.mark.parametrize(("loss_class", "y"), [(DENSE, ONE_HOT), (SPARSE, CODES)])
def test_probabilities_given_as_logits_name_from_logits(loss_class, y):
    with pytest.raises(ValueError, match="Pass from_logits=False, or drop the softmax"):
        loss_class(from_logits=True)(y, keras.activations.softmax(tf.constant(LOGITS)))
    with pytest.raises(ValueError, match="Pass from_logits=False, or drop the softmax"):
        fit(loss_class(from_logits=True), y, activation="softmax")


def test_several_labels_a_row_name_the_binary_loss():
    with pytest.raises(ValueError, match=r"use `focalsweep.losses.BinaryFocalCrossentropy`"):
        DENSE(from_logits=True)(1 - ONE_HOT, LOGITS)
    with pytest.raises(ValueError, match=r"use `focalsweep.losses.BinaryFocalCrossentropy`"):
        fit(DENSE(from_logits=True), 1 - ONE_HOT)


@pytest.mark.parametrize(("loss_class", "y"), [(DENSE, ONE_HOT), (SPARSE, CODES)])
def test_sigmoid_outputs_name_the_binary_loss(loss_class, y):
    with pytest.raises(ValueError, match=r"output of a sigmoid.*BinaryFocalCrossentropy"):
        fit(loss_class(), y, activation="sigmoid")
    with pytest.raises(ValueError, match=r"at least two classes.*BinaryFocalCrossentropy"):
        loss_class(from_logits=True)(CODES[:, None], LOGITS[:, :1])


@pytest.mark.parametrize("codes", [CODES + 1, CODES - 1, CODES + 0.5])
def test_codes_out_of_range_are_refused(codes):
    with pytest.raises(ValueError, match="`y_true` must hold class codes from 0 to 2"):
        SPARSE(from_logits=True)(codes, LOGITS)
    with pytest.raises(ValueError, match="class codes from 0 to 2"):
        fit(SPARSE(from_logits=True), codes)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_in_a_graph_the_loss_of_a_code_that_is_no_class_is_nan(smoothing):
    loss = SPARSE(from_logits=True, reduction=None, label_smoothing=smoothing)
    losses = tf.function(loss, jit_compile=True)(tf.constant([0, 3, -1]), tf.constant(LOGITS[:3]))
    np.testing.assert_array_equal(np.isnan(losses), [False, True, True])


def test_class_weights_beside_alpha_are_refused_in_fit():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=SPARSE(alpha=[1.0, 2.0, 3.0], from_logits=True))
    with pytest.raises(ValueError, match="`class_weight` must not stand beside `alpha`"):
        model.fit(LOGITS, CODES, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, verbose=0)
    model.compile("sgd", loss=SPARSE(alpha=2.0, from_logits=True))
    model.fit(LOGITS, CODES, class_weight={0: 1.0, 1: 2.0, 2: 3.0}, verbose=0)


def test_class_codes_as_predictions_are_refused():
    with pytest.raises(ValueError, match="not its argmax"):
        SPARSE(from_logits=True)(CODES, np.zeros((16, 3), int))


@pytest.mark.parametrize("name", ["alpha", "gamma"])
@pytest.mark.parametrize(("loss_class", "y"), [(DENSE, ONE_HOT), (SPARSE, CODES)])
def test_a_vector_of_the_wrong_length_is_refused(loss_class, y, name):
    message = f"`{name}` must be one number or one number a class. Received: 1 numbers for 3"
    with pytest.raises(ValueError, match=message):
        loss_class(**{name: [1.0]}, from_logits=True)(y, LOGITS)


@pytest.mark.parametrize(
    ("loss_class", "y"), [(DENSE, ONE_HOT[:, :2]), (SPARSE, CODES[None, None])]
)
def test_shapes_that_do_not_fit_are_refused(loss_class, y):
    with pytest.raises(ValueError, match="`y_true` must have the shape of `y_pred`"):
        loss_class(from_logits=True)(y, LOGITS)


def test_a_diverged_model_is_not_a_mixed_up_argument():
    broken = np.full((2, 3), np.nan, np.float32)
    assert np.isnan(float(SPARSE()([0, 1], broken)))


def test_a_mixture_of_probabilities_by_a_linear_layer_is_accepted():
    mix = keras.layers.Dense(3, use_bias=False, kernel_initializer="identity", trainable=False)
    layer = keras.Sequential([keras.layers.Dense(3, activation="softmax"), mix])
    fit(SPARSE(), CODES, layer=layer)


def test_checks_do_not_stop_xla():
    model = keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", loss=DENSE(), jit_compile=True)
    history = model.fit(LOGITS, ONE_HOT, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_logits_behind_a_half_precision_softmax_are_still_found_or_approximated():
    layer = keras.layers.Dense(3, activation="softmax", dtype="mixed_bfloat16")
    fit(SPARSE(), CODES, layer=layer)
