import keras
import numpy as np
import pytest

from focalsweep.errors import UserError
from focalsweep.models.flat_rows import image_argument, with_flat_rows
from focalsweep.models.last_dense import check_output_bias, last_dense, last_layer
from focalsweep.models.logits_check import check_logits
from focalsweep.models.refusal import first_sentence, unsaveable

IMAGE = (2, 3, 1)


class Own(keras.Model):
    def __init__(self, units=3, end=None):
        super().__init__(name="own")
        self.flat, self.dense = keras.layers.Flatten(), keras.layers.Dense(units, activation=end)

    def call(self, inputs):
        return self.dense(self.flat(inputs))


class TwoOutputs(Own):
    def call(self, inputs):
        return super().call(inputs), inputs


def of_images(*layers):
    return keras.Sequential([keras.Input(IMAGE), keras.layers.Flatten(), *layers])


def test_a_functional_model_of_flat_rows_stays_itself():
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    assert with_flat_rows(model, n_features=6) is model


def test_a_sequential_model_of_flat_rows_keeps_its_layers():
    layers = [keras.layers.Dense(4), keras.layers.Dense(3)]
    flat = with_flat_rows(keras.Sequential([keras.Input((6,)), *layers]), n_features=6)
    assert flat.layers[1:] == layers
    assert (flat.input.shape, flat.output.shape) == ((None, 6), (None, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: of_images(keras.layers.Dense(3)),
        Own,
        lambda: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)]),
    ],
    ids=["functional", "subclassed", "sequential that is not built"],
)
def test_a_model_of_images_gets_the_columns_in_its_own_shape(make):
    model = make()
    flat = with_flat_rows(model, n_features=6, image_shape=IMAGE)
    assert flat.input_shape == (None, 6)
    rows = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    np.testing.assert_allclose(flat(rows), model(rows.reshape(4, *IMAGE)), rtol=1e-6)


def test_the_last_dense_layer_is_found_in_a_model_inside():
    head = keras.layers.Dense(3)
    flat = with_flat_rows(of_images(head), n_features=6, image_shape=IMAGE)
    assert last_dense(flat) is head
    check_output_bias(flat)
    assert last_layer(with_flat_rows(Own(), n_features=6)).name == "own"


REFUSED = {
    "no model": (lambda: "a text", "must name a callable that returns a `keras.Model`"),
    "other size": (
        lambda: keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)]),
        r"must have the 6 columns.*an input of shape \(5,\)",
    ),
    "two inputs": (
        lambda: keras.Model(two := [keras.Input((6,)), keras.Input((6,))], keras.layers.Add()(two)),
        "2 inputs",
    ),
    "two outputs": (TwoOutputs, "must return one tensor of logits"),
    "cannot be called": (
        lambda: keras.Sequential([keras.layers.Conv1D(2, 3)]),
        r"cannot be called with rows of shape \(6,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_take_the_rows_is_refused_in_one_sentence(case):
    make, pattern = REFUSED[case]
    with pytest.raises(UserError, match=pattern) as caught:
        with_flat_rows(make(), n_features=6)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [Own(4), Own(2)])
def test_another_number_of_outputs_is_refused(model):
    flat = with_flat_rows(model, n_features=6)
    with pytest.raises(UserError, match="one logit for each of the 3 classes"):
        check_logits(flat, np.zeros((2, 6), np.float32), n_classes=3)


@pytest.mark.parametrize("end", ["softmax", "sigmoid", None, "tanh", "relu"])
@pytest.mark.parametrize("zeros", [False, True])
def test_probabilities_are_refused_and_logits_are_not(end, zeros):
    flat = with_flat_rows(Own(end=end), n_features=6)
    if zeros:
        flat.set_weights([np.zeros_like(each) for each in flat.get_weights()])
    before = flat.get_weights()
    rows = np.random.default_rng(1).normal(size=(50, 6)).astype(np.float32)
    if end in ("softmax", "sigmoid"):
        with pytest.raises(UserError, match=f"ends in a {end}; leave out its last activation"):
            check_logits(flat, rows, n_classes=3)
    else:
        check_logits(flat, rows, n_classes=3)
    for value, own in zip(flat.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, own)


def test_a_builder_of_images_says_so_where_the_data_are_none():
    given = {"takes": True, "needs": True}
    assert image_argument(Own, image_shape=IMAGE, **given) == {"input_shape": IMAGE}
    assert image_argument(Own, image_shape=None, takes=True, needs=False) == {}
    assert image_argument(Own, image_shape=IMAGE, takes=False, needs=False) == {}
    with pytest.raises(UserError, match="`Own` takes images"):
        image_argument(Own, image_shape=None, **given)


def test_a_model_that_keras_cannot_write_is_told_from_one_that_it_can():
    assert unsaveable(of_images(keras.layers.Dense(3))) is None

    class Unsaveable(Own):
        def get_config(self):
            raise NotImplementedError("no config here.\nmore")

    assert unsaveable(Unsaveable()) == "no config here (it needs a `get_config`)"


def test_the_sentence_of_an_error_is_what_was_wrong():
    text = "Exception encountered when calling Own.call().\n\n\x1b[1mToo few axes.\x1b[0m\n\nMore"
    assert first_sentence(ValueError(text)) == "Too few axes"
    assert first_sentence(ValueError()) == "ValueError"


def test_an_output_bias_needs_a_dense_layer_with_one():
    with pytest.raises(UserError, match=r"`model\.output_bias` must be zero"):
        check_output_bias(with_flat_rows(Own(), n_features=6))


def test_a_code_without_a_place_is_refused_in_one_sentence():
    inside = [keras.layers.Embedding(5, 2), keras.layers.Flatten(), keras.layers.Dense(3)]
    flat = with_flat_rows(keras.Sequential([keras.Input((6,)), *inside]), n_features=6)
    rows = np.full((2, 6), 7, np.float32)
    with pytest.raises(
        UserError, match=r"from 7 to 7\. Received: .* = 7 is not in \[0, 5\); codes"
    ):
        check_logits(flat, rows, n_classes=3)
