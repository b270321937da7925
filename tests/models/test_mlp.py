import keras
import numpy as np
import pytest

from focalsweep.models.mlp import mlp


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def test_logits_come_out_of_a_plain_dense_layer():
    model = mlp(n_features=5, n_classes=4)
    assert model.output.shape == (None, 4)
    assert model.layers[-1].activation is keras.activations.linear
    assert model.layers[-1].use_bias


def test_each_hidden_layer_is_dense_normalisation_activation_dropout():
    model = mlp(n_features=5, n_classes=4, hidden=(8, 6), dropout=0.2, normalization="layer")
    block = ["Dense", "LayerNormalization", "Activation", "Dropout"]
    assert kinds(model) == [*block, *block, "Dense"]
    assert [layer.units for layer in model.layers[1::4]] == [8, 6, 4]


def test_what_is_switched_off_leaves_no_layer():
    assert kinds(mlp(n_features=5, n_classes=4, hidden=(8,))) == ["Dense", "Activation", "Dense"]


def test_without_hidden_layers_it_is_linear():
    assert kinds(mlp(n_features=5, n_classes=4, hidden=())) == ["Dense"]


@pytest.mark.parametrize(
    ("normalization", "has_bias"), [("none", True), ("layer", True), ("batch", False)]
)
def test_only_batch_normalisation_replaces_the_bias_before_it(normalization, has_bias):
    model = mlp(n_features=5, n_classes=4, normalization=normalization)
    assert [layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [
        has_bias,
        has_bias,
        True,
    ]


def test_the_activation_is_the_one_that_was_asked_for():
    model = mlp(n_features=1, n_classes=2, hidden=(1,), activation="tanh")
    one, zero = np.ones((1, 1)), np.zeros(1)
    model.set_weights([one, zero, np.ones((1, 2)), np.zeros(2)])
    np.testing.assert_allclose(model(np.array([[0.7]])), np.tanh([[0.7, 0.7]]), rtol=1e-6)
