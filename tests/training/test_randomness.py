import keras
import numpy as np
import pytest
from scipy import stats

from focalsweep.models.mlp import mlp
from focalsweep.training.randomness import batch_order, dropout_key, initial_weights, keras_seed

ORDER = {"seed": 3, "view": "outer-1", "epoch": 2, "n_train": 40}


@pytest.mark.parametrize("n_train", [1, 2, 40, 1001])
def test_an_epoch_sees_every_row_once(n_train):
    order = batch_order(**{**ORDER, "n_train": n_train})
    np.testing.assert_array_equal(np.sort(order), np.arange(n_train))


def test_an_order_is_the_same_every_time():
    np.testing.assert_array_equal(batch_order(**ORDER), batch_order(**ORDER))


@pytest.mark.parametrize("change", [{"seed": 4}, {"view": "outer-2"}, {"epoch": 3}])
def test_an_order_depends_on_seed_view_and_epoch(change):
    assert not np.array_equal(batch_order(**ORDER), batch_order(**{**ORDER, **change}))


def test_every_row_is_as_likely_first_as_any_other():
    first = [batch_order(seed=0, view="v", epoch=e, n_train=5)[0] for e in range(1000)]
    # One of 1,000 fair draws would be less even than this bound.
    assert stats.chisquare(np.bincount(first, minlength=5)).pvalue > 1e-3


def test_keys_are_32_bits_and_differ_by_seed_view_and_purpose():
    keys = {
        draw(seed=seed, view=view)
        for draw in (dropout_key, keras_seed)
        for seed in range(10)
        for view in ("outer-0", "outer-1")
    }
    assert len(keys) == 40
    assert all(0 <= key < 2**32 for key in keys)


def build(units=80):
    return mlp(n_features=100, n_classes=4, hidden=(units, units), normalization="batch")


def test_initial_weights_belong_to_seed_and_view_and_to_no_model():
    drawn = initial_weights(build(), seed=1, view="a")
    for one, same in zip(drawn, initial_weights(build(), seed=1, view="a"), strict=True):
        np.testing.assert_array_equal(one, same)
    for other in ({"seed": 2, "view": "a"}, {"seed": 1, "view": "b"}):
        assert not np.array_equal(drawn[0], initial_weights(build(), **other)[0])


def test_initial_weights_have_the_shapes_and_the_order_of_the_model():
    model = build()
    model.set_weights(initial_weights(model, seed=0, view="a"))


def test_kernels_are_glorot_uniform_and_the_rest_is_constant():
    model = build()
    drawn = initial_weights(model, seed=0, view="a")
    kernels = 0
    for variable, value in zip(model.weights, drawn, strict=True):
        if variable.name == "kernel":
            kernels += 1
            bound = np.sqrt(6.0 / sum(value.shape))
            # One of 1,000 true samples would fail.
            fit = stats.kstest(value.ravel(), "uniform", args=(-bound, 2 * bound))
            assert fit.pvalue > 1e-3
            assert np.abs(value).max() <= bound
        else:
            constant = 1.0 if variable.name in ("gamma", "moving_variance") else 0.0
            np.testing.assert_array_equal(value, constant)
    assert kernels == 3


def test_layers_of_one_shape_draw_different_weights():
    model = mlp(n_features=6, n_classes=3, hidden=(6, 6, 6))
    first, second, third = initial_weights(model, seed=0, view="a")[:6:2]
    assert np.abs(first - second).min() > 0
    assert np.abs(second - third).min() > 0


def test_a_layers_own_initialiser_is_respected_and_its_own_seed_is_not():
    def drawn(seed):
        normal = keras.initializers.RandomNormal(mean=2.0, stddev=0.1, seed=7)
        inputs = keras.Input((50,))
        layer = keras.layers.Dense(40, kernel_initializer=normal, bias_initializer="ones")
        return initial_weights(keras.Model(inputs, layer(inputs)), seed=seed, view="a")

    kernel, bias = drawn(0)
    assert stats.kstest(kernel.ravel(), "norm", args=(2.0, 0.1)).pvalue > 1e-3
    np.testing.assert_array_equal(bias, 1.0)
    assert not np.array_equal(kernel, drawn(1)[0])


def test_a_weight_without_a_named_initialiser_keeps_its_value():
    class Scaled(keras.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(
                name="factor", shape=(input_shape[-1],), initializer="random_normal"
            )

        def call(self, inputs):
            return inputs * self.factor

    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Dense(3)(Scaled()(inputs)))
    np.testing.assert_array_equal(
        initial_weights(model, seed=0, view="a")[0], model.layers[1].factor.numpy()
    )
