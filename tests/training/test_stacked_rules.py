"""Rules of layers that see more than a flat row, held against the Keras layers themselves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from focalsweep.training.stacked_call import Pass, stacked_call
from focalsweep.training.stacked_convolutions import LARGEST_PATCHES
from focalsweep.training.stacking import StackedModel, unstackable_layers

pytestmark = pytest.mark.usefixtures("float64")

MEMBERS, ROWS = 3, 5
layers = keras.layers

IMAGES = {
    "same": lambda: layers.Conv2D(4, 3, padding="same"),
    "valid, activation": lambda: layers.Conv2D(4, (2, 3), activation="tanh"),
    "strides": lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
    "strides of an even kernel": lambda: layers.Conv2D(4, 4, strides=(2, 3), padding="same"),
    "dilated, without bias": lambda: layers.Conv2D(4, 2, dilation_rate=2, use_bias=False),
    "one by one": lambda: layers.Conv2D(4, 1),
    "depthwise": lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "depthwise, strides": lambda: layers.DepthwiseConv2D(2, strides=2),
    "dense of places": lambda: layers.Dense(4),
    "layer norm": lambda: layers.LayerNormalization(),
    "batch norm": lambda: layers.BatchNormalization(momentum=0.7),
    "PReLU": lambda: layers.PReLU(shared_axes=[1, 2]),
    "PReLU of places": lambda: layers.PReLU(),
    "ReLU": lambda: layers.ReLU(negative_slope=0.1, max_value=1.0),
    "LeakyReLU": lambda: layers.LeakyReLU(0.2),
    "ELU": lambda: layers.ELU(),
    "softmax": lambda: layers.Softmax(),
    "rescaling": lambda: layers.Rescaling(2.0, offset=-1.0),
    "max pooling": lambda: layers.MaxPooling2D(),
    "max pooling that overlaps": lambda: layers.MaxPooling2D(3, strides=1, padding="same"),
    "max pooling with a rest": lambda: layers.MaxPooling2D(4),
    "average pooling": lambda: layers.AveragePooling2D(2, padding="same"),
    "global average": lambda: layers.GlobalAveragePooling2D(),
    "global maximum": lambda: layers.GlobalMaxPooling2D(),
    "flatten": lambda: layers.Flatten(),
    "reshape": lambda: layers.Reshape((12, 6)),
    "permute": lambda: layers.Permute((3, 1, 2)),
    "zero padding": lambda: layers.ZeroPadding2D(1),
    "cropping": lambda: layers.Cropping2D(1),
    "upsampling": lambda: layers.UpSampling2D(2),
}
SEQUENCES = {
    "conv": lambda: layers.Conv1D(4, 3, strides=2, padding="same"),
    "conv, dilated": lambda: layers.Conv1D(4, 3, dilation_rate=2),
    "max pooling": lambda: layers.MaxPooling1D(2),
    "average pooling": lambda: layers.AveragePooling1D(3),
    "global average": lambda: layers.GlobalAveragePooling1D(),
}


def a_pass(training):
    mask = tf.ones((MEMBERS, ROWS), tf.float64)
    return Pass(training=training, mask=mask, dropout_seed=tf.zeros((MEMBERS,), tf.int32))


def check(make, shape, *, training, integers=False):
    rng = np.random.default_rng(0)
    made = [make() for _ in range(MEMBERS)]
    inputs = rng.normal(size=(MEMBERS, ROWS, *shape))
    if integers:
        inputs = rng.integers(0, 7, size=(MEMBERS, ROWS, *shape)).astype(float)
    for layer in made:
        layer.build((None, *shape))
        layer.set_weights([rng.uniform(0.5, 2.0, size=w.shape) for w in layer.weights])
    stacked = [
        tf.constant(np.stack(values))
        for values in zip(*(layer.get_weights() for layer in made), strict=True)
    ]
    output, after = stacked_call(made[0], stacked, tf.constant(inputs), a_pass(training))
    for i, layer in enumerate(made):
        given = {"training": training} if isinstance(layer, layers.BatchNormalization) else {}
        np.testing.assert_allclose(output[i], layer(inputs[i], **given), rtol=1e-10, atol=1e-10)
        for value, own in zip(after, layer.get_weights(), strict=True):
            np.testing.assert_allclose(value[i], own, rtol=1e-10)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", IMAGES)
def test_a_stacked_layer_of_images_equals_the_keras_layer_of_each_member(name, training):
    check(IMAGES[name], (6, 4, 3), training=training)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_stacked_layer_of_sequences_equals_the_keras_layer_of_each_member(name):
    check(SEQUENCES[name], (9, 2), training=True)


def test_a_stacked_embedding_looks_up_each_members_own_vectors():
    check(lambda: layers.Embedding(7, 3), (4,), training=True, integers=True)


@pytest.mark.parametrize(
    "merge",
    ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate"],
)
def test_a_stacked_merge_equals_kerass(merge):
    layer = getattr(layers, merge)()
    layer.build([(None, 4), (None, 4)])
    rng = np.random.default_rng(1)
    both = [tf.constant(rng.normal(size=(MEMBERS, ROWS, 4))) for _ in range(2)]
    output, _ = stacked_call(layer, [], both, a_pass(True))
    for i in range(MEMBERS):
        np.testing.assert_allclose(output[i], layer([each[i] for each in both]), rtol=1e-12)


def test_a_model_inside_a_model_is_walked_with_its_own_weights():
    inner_input = keras.Input((4, 4, 1))
    inner_tensor = layers.Flatten()(layers.Conv2D(2, 3)(inner_input))
    inner = keras.Model(inner_input, layers.Dense(5)(inner_tensor))
    inputs = keras.Input((16,))
    tensor = inner(layers.Reshape((4, 4, 1))(layers.BatchNormalization()(inputs)))
    model = keras.Model(inputs, layers.Dense(3)(tensor))
    assert unstackable_layers(model) == []
    rng = np.random.default_rng(2)
    weights = [rng.uniform(0.5, 1.5, size=(MEMBERS, *w.shape)) for w in model.weights]
    rows = rng.normal(size=(MEMBERS, ROWS, 16))
    stacked = [tf.constant(w) for w in weights]
    logits, _ = StackedModel(model)(stacked, tf.constant(rows), a_pass(False))
    for i in range(MEMBERS):
        model.set_weights([w[i] for w in weights])
        np.testing.assert_allclose(logits[i], model(rows[i]), rtol=1e-9)


def test_a_convolution_whose_patches_are_too_large_to_pay_is_named():
    side = int(LARGEST_PATCHES**0.5)
    inputs = keras.Input((side, side, 1))
    tensor = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name="wide")(inputs))
    (found,) = unstackable_layers(keras.Model(inputs, layers.Dense(3)(tensor)))
    assert found == "wide (Conv2D, large patches)"
