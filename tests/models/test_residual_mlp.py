import keras
import numpy as np
import pytest

from focalsweep.models.residual_mlp import residual_mlp


def dense(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def test_logits_come_out_of_a_plain_dense_layer():
    model = residual_mlp(n_features=5, n_classes=4)
    assert model.output.shape == (None, 4)
    assert model.layers[-1].activation is keras.activations.linear


def test_a_block_whose_last_layer_is_zero_leaves_its_input_alone():
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    deep, flat = (residual_mlp(n_features=5, n_classes=4, width=7, blocks=b) for b in (3, 0))
    for layer in dense(deep)[2:-1:2]:  # the first reads the columns, then two a block
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    for own, same in zip((dense(flat)[0], dense(flat)[-1]), (0, -1), strict=True):
        own.set_weights(dense(deep)[same].get_weights())
    np.testing.assert_allclose(deep(rows), flat(rows), rtol=1e-5, atol=1e-6)


def test_blocks_width_and_dropout_are_the_ones_that_were_asked_for():
    model = residual_mlp(n_features=5, n_classes=4, width=7, blocks=3, dropout=0.25)
    assert [layer.units for layer in dense(model)] == [7] * 7 + [4]
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25] * 3
    assert sum(isinstance(layer, keras.layers.Add) for layer in model.layers) == 3


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_one_normalisation_starts_each_block_and_one_precedes_the_logits(normalization):
    model = residual_mlp(n_features=5, n_classes=4, normalization=normalization)
    kinds = [type(layer).__name__ for layer in model.layers]
    asked = {"batch": "BatchNormalization", "layer": "LayerNormalization"}.get(normalization)
    assert [kind for kind in kinds if "Normalization" in kind] == ([asked] * 3 if asked else [])


def test_no_bias_is_removed_again_by_batch_normalisation():
    model = residual_mlp(n_features=5, n_classes=4, blocks=1, normalization="batch")
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    before = model(rows, training=True).numpy()
    for layer in dense(model):
        if layer.use_bias:
            layer.bias.assign(np.linspace(-2.0, 2.0, layer.units))
            assert np.abs(model(rows, training=True).numpy() - before).max() > 0.01
            layer.bias.assign(np.zeros(layer.units))
    assert sum(layer.use_bias for layer in dense(model)) == 2
