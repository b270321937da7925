import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp
from focalsweep.models.residual_mlp import residual_mlp
from focalsweep.training.dropout_mask import dropout_mask
from focalsweep.training.stacked_call import Pass, stacked_call
from focalsweep.training.stacking import (
    StackedModel,
    unpaddable_layers,
    unstackable_layers,
)

pytestmark = pytest.mark.usefixtures("float64")

MEMBERS, ROWS, COLUMNS = 3, 7, 5

LAYERS = {
    "dense": lambda: keras.layers.Dense(4),
    "dense without bias": lambda: keras.layers.Dense(4, use_bias=False),
    "dense with activation": lambda: keras.layers.Dense(4, activation="gelu"),
    "activation": lambda: keras.layers.Activation("relu"),
    "layer norm": lambda: keras.layers.LayerNormalization(epsilon=0.01),
    "layer norm, no scale": lambda: keras.layers.LayerNormalization(scale=False),
    "layer norm, no centre": lambda: keras.layers.LayerNormalization(center=False),
    "batch norm": lambda: keras.layers.BatchNormalization(momentum=0.7),
    "batch norm, no scale": lambda: keras.layers.BatchNormalization(scale=False),
    "batch norm, no centre": lambda: keras.layers.BatchNormalization(center=False),
    "dropout, rate 0": lambda: keras.layers.Dropout(0.0),
}


def a_pass(mask, *, training=True):
    seed = tf.zeros((MEMBERS,), tf.int32)
    return Pass(training=training, mask=tf.constant(mask), dropout_seed=seed)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_stacked_layer_equals_the_keras_layer_of_each_member(name, training):
    rng = np.random.default_rng(0)
    # Each member has another number of real rows; what stands in the padding must not matter.
    real = [ROWS, 4, 1]
    mask = np.array([[float(row < n) for row in range(ROWS)] for n in real])
    inputs = rng.normal(size=(MEMBERS, ROWS, COLUMNS))
    layers = [LAYERS[name]() for _ in range(MEMBERS)]
    for layer in layers:
        layer.build((None, COLUMNS))
        layer.set_weights([rng.uniform(0.5, 2.0, size=w.shape) for w in layer.weights])
    stacked = [
        tf.constant(np.stack(values))
        for values in zip(*(layer.get_weights() for layer in layers), strict=True)
    ]
    output, after = stacked_call(
        layers[0], stacked, tf.constant(inputs), a_pass(mask, training=training)
    )
    for i, (layer, n) in enumerate(zip(layers, real, strict=True)):
        expected = layer(inputs[i, :n], **({"training": training} if "norm" in name else {}))
        np.testing.assert_allclose(output[i, :n], expected, rtol=1e-12, atol=1e-12)
        for value, own in zip(after, layer.get_weights(), strict=True):
            np.testing.assert_allclose(value[i], own, rtol=1e-12)


def test_a_batch_of_padding_leaves_the_moving_statistics_bit_for_bit():
    layer = keras.layers.BatchNormalization(momentum=0.5)
    layer.build((None, COLUMNS))
    rng = np.random.default_rng(1)
    weights = [tf.constant(rng.random((MEMBERS, COLUMNS))) for _ in range(4)]
    inputs = tf.constant(rng.normal(size=(MEMBERS, ROWS, COLUMNS)))
    _, after = stacked_call(layer, weights, inputs, a_pass(np.zeros((MEMBERS, ROWS))))
    for before, value in zip(weights, after, strict=True):
        np.testing.assert_array_equal(before, value)


@pytest.mark.parametrize("build", [linear, mlp, residual_mlp])
def test_a_stacked_model_calls_its_layers_in_the_models_wiring(build):
    model = build(n_features=COLUMNS, n_classes=3)
    rng = np.random.default_rng(2)
    weights = [rng.normal(size=(MEMBERS, *w.shape)) for w in model.weights]
    inputs = rng.normal(size=(MEMBERS, ROWS, COLUMNS))
    run = a_pass(np.ones((MEMBERS, ROWS)), training=False)
    logits, _ = StackedModel(model)([tf.constant(w) for w in weights], tf.constant(inputs), run)
    for i in range(MEMBERS):
        model.set_weights([w[i] for w in weights])
        np.testing.assert_allclose(logits[i], model(inputs[i]), rtol=1e-10, atol=1e-10)


class Doubled(keras.layers.Dense):
    """Inherits from a layer with a rule, and does something else."""

    def call(self, inputs):
        return 2.0 * super().call(inputs)


def with_layer(layer):
    def build():
        inputs = keras.Input((COLUMNS,))
        return keras.Model(inputs, keras.layers.Dense(3, name="logits")(layer()(inputs)))

    return build


def with_transposed_convolution():
    inputs = keras.Input((COLUMNS,))
    tensor = keras.layers.Reshape((COLUMNS, 1), name="columns")(inputs)
    tensor = keras.layers.Conv1DTranspose(2, 3, name="window")(tensor)
    tensor = keras.layers.Flatten(name="flat")(tensor)
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(tensor))


def with_an_operation():
    inputs = keras.Input((COLUMNS,))
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(inputs * 2.0))


def with_a_layer_called_twice():
    inputs = keras.Input((COLUMNS,))
    shared = keras.layers.Dense(COLUMNS, name="shared")
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(shared(shared(inputs))))


def with_its_last_layer_called_twice():
    inputs = keras.Input((3,))
    shared = keras.layers.Dense(3, name="shared")
    return keras.Model(inputs, shared(shared(inputs)))


def with_two_inputs():
    first, second = keras.Input((COLUMNS,)), keras.Input((COLUMNS,))
    both = keras.layers.Add(name="both")([first, second])
    return keras.Model([first, second], keras.layers.Dense(3)(both), name="several")


def with_frozen_batch_norm():
    layer = keras.layers.BatchNormalization(name="layer")
    layer.trainable = False
    return with_layer(lambda: layer)()


def with_a_mask():
    inputs = keras.Input((COLUMNS,))
    tensor = keras.layers.Softmax(name="layer")(inputs, mask=inputs > 0)
    return keras.Model(inputs, keras.layers.Dense(3)(tensor))


def with_rows_of_any_length():
    inputs = keras.Input((None, 1))
    tensor = keras.layers.Conv1D(4, 3, name="window")(inputs)
    tensor = keras.layers.GlobalMaxPooling1D(name="longest")(tensor)
    return keras.Model(inputs, keras.layers.Dense(3)(tensor))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.dense = keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(inputs)


UNSTACKABLE = {
    "transposed convolution": (with_transposed_convolution, ["window"]),
    "subclass of a layer with a rule": (with_layer(lambda: Doubled(4, name="layer")), ["layer"]),
    "operation": (with_an_operation, ["multiply"]),
    "layer called twice": (with_a_layer_called_twice, ["shared (Dense, called twice)"]),
    "last layer called twice": (with_its_last_layer_called_twice, ["shared"]),
    "two inputs": (with_two_inputs, ["several (several inputs"]),
    "subclassed model": (Subclassed, ["subclassed"]),
    "sequential without an input": (
        lambda: keras.Sequential([keras.layers.Dense(3)], name="unbuilt"),
        ["unbuilt"],
    ),
    "nested model": (
        with_layer(lambda: with_layer(lambda: Doubled(4, name="layer"))()),
        ["layer"],
    ),
    "regularised": (
        with_layer(lambda: keras.layers.Dense(4, kernel_regularizer="l2", name="layer")),
        ["layer"],
    ),
    "constrained": (
        with_layer(lambda: keras.layers.Dense(4, bias_constraint="non_neg", name="layer")),
        ["layer"],
    ),
    "half precision": (
        with_layer(lambda: keras.layers.Dense(4, dtype="mixed_bfloat16", name="layer")),
        ["layer"],
    ),
    "renormalisation": (
        with_layer(lambda: keras.layers.BatchNormalization(renorm=True, name="layer")),
        ["layer"],
    ),
    "shared noise": (
        with_layer(lambda: keras.layers.Dropout(0.5, noise_shape=(1, COLUMNS), name="layer")),
        ["layer"],
    ),
    "frozen batch norm": (with_frozen_batch_norm, ["layer"]),
    "mask": (with_a_mask, ["greater", "layer"]),
    "rows of any length": (with_rows_of_any_length, ["window", "longest"]),
}


@pytest.mark.parametrize("case", UNSTACKABLE)
def test_what_cannot_be_stacked_is_named(case):
    build, named = UNSTACKABLE[case]
    found = unstackable_layers(build())
    assert len(found) == len(named)
    for sentence, name in zip(found, named, strict=True):
        assert sentence.startswith(name)


def test_a_normalisation_that_keras_has_deprecated_is_named():
    with pytest.warns(UserWarning, match="rms_scaling"):
        layer = keras.layers.LayerNormalization(rms_scaling=True, name="layer")
    assert unstackable_layers(with_layer(lambda: layer)()) == ["layer (LayerNormalization)"]


def test_a_sequential_model_with_an_input_can_be_stacked():
    layers = [keras.Input((COLUMNS,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(3)]
    assert unstackable_layers(keras.Sequential(layers)) == []


def two_widths(middle):
    def build(n_features):
        inputs = keras.Input((n_features,))
        return keras.Model(inputs, keras.layers.Dense(3, name="logits")(middle(inputs, n_features)))

    return build(4), build(6)


def test_padding_with_zero_columns_passes_dropout_batch_norm_and_dense_layers():
    def middle(tensor, n_features):
        tensor = keras.layers.BatchNormalization()(keras.layers.Dropout(0.5)(tensor))
        return keras.layers.LayerNormalization()(keras.layers.Dense(8)(tensor))

    assert unpaddable_layers(*two_widths(middle)) == []


@pytest.mark.parametrize(
    "middle",
    [
        lambda tensor, n_features: keras.layers.LayerNormalization(name="named")(tensor),
        lambda tensor, n_features: keras.layers.Activation("sigmoid", name="named")(tensor),
        lambda tensor, n_features: keras.layers.Dense(2 * n_features, name="named")(tensor),
    ],
    ids=["layer norm", "activation", "units that follow the columns"],
)
def test_layers_that_would_see_padded_columns_are_named(middle):
    (found,) = unpaddable_layers(*two_widths(middle))
    assert found.startswith("named (")


def test_one_width_needs_no_padding():
    model = with_layer(keras.layers.LayerNormalization)()
    assert unpaddable_layers(model, model) == []


def murmur(bits):
    """The 32-bit finaliser of MurmurHash3, in NumPy."""
    bits = np.asarray(bits, np.uint32)
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    bits = (bits ^ (bits >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return bits ^ (bits >> np.uint32(16))


def masks(seeds, *, layer=0, shape=(64, 50), rate=0.3):
    seeds = tf.constant(np.asarray(seeds, np.uint32).view(np.int32))
    return dropout_mask(seeds, layer=layer, shape=shape, rate=rate).numpy()


@pytest.mark.parametrize("layer", [0, 1, 9])
def test_a_mask_is_the_hash_of_seed_layer_and_position(layer):
    seeds = np.array([0, 5, 2**32 - 1], np.uint32)
    position = np.arange(12, dtype=np.uint32) + np.uint32(layer * 0x3C6EF372 % 2**32)
    bits = murmur(murmur(position)[None, :] ^ murmur(seeds)[:, None])
    expected = (bits >> np.uint32(8)) * 2.0**-24 >= 0.3
    found = masks(seeds, layer=layer, shape=(4, 3))
    np.testing.assert_array_equal(found, expected.reshape(3, 4, 3))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_kept_is_one_minus_the_rate(rate):
    kept = masks(np.arange(50), rate=rate)
    # One of 1,000 fair masks would lie outside.
    low, high = stats.binom.interval(0.999, kept.size, 1 - rate)
    assert low <= kept.sum() <= high


@pytest.mark.parametrize("axis", [1, 2])
def test_rows_and_units_are_kept_equally_often(axis):
    kept = masks(np.arange(50))
    totals = kept.sum(axis=(0, axis))
    n = kept.size / len(totals)
    spread = ((totals - 0.7 * n) ** 2 / (0.7 * 0.3 * n)).sum()
    low, high = stats.chi2.interval(0.999, len(totals))
    assert low <= spread <= high


def agreement_is_by_chance(first, second):
    """Whether two sets of masks agree as often as independent ones do, at the 99.9th percentile."""
    low, high = stats.binom.interval(0.999, first.size, 0.7**2 + 0.3**2)
    return low <= (first == second).sum() <= high


def test_masks_of_neighbouring_seeds_layers_rows_and_units_are_independent():
    kept = masks(np.arange(20))
    assert agreement_is_by_chance(kept[:-1], kept[1:])
    assert agreement_is_by_chance(kept, masks(np.arange(20), layer=1))
    assert agreement_is_by_chance(kept[:, :-1], kept[:, 1:])
    assert agreement_is_by_chance(kept[:, :, :-1], kept[:, :, 1:])


def test_masks_of_consecutive_steps_are_independent():
    golden = np.uint32(0x9E3779B1)
    steps = np.arange(1, 42, dtype=np.uint32) * golden
    kept = masks(np.uint32(123456789) ^ steps)
    for lag in (1, 2, 16):
        assert agreement_is_by_chance(kept[:-lag], kept[lag:])


def test_dropout_keeps_the_mean_and_does_nothing_at_prediction():
    layer = keras.layers.Dropout(0.25)
    inputs = tf.ones((MEMBERS, 200, 50), tf.float64)
    mask = np.ones((MEMBERS, 200))
    dropped, _ = stacked_call(layer, [], inputs, a_pass(mask))
    assert set(np.unique(dropped)) == {0.0, 1.0 / 0.75}
    assert abs(np.mean(dropped) - 1.0) < 0.02
    untouched, _ = stacked_call(layer, [], inputs, a_pass(mask, training=False))
    np.testing.assert_array_equal(untouched, inputs)


def test_two_dropout_layers_of_one_pass_drop_different_units():
    layer = keras.layers.Dropout(0.5)
    inputs = tf.ones((MEMBERS, 20, 20), tf.float64)
    run = a_pass(np.ones((MEMBERS, 20)))
    first, _ = stacked_call(layer, [], inputs, run)
    second, _ = stacked_call(layer, [], inputs, run)
    assert not np.array_equal(first, second)
