"""What users write in files of their own: a layer, a subclassed model, a small ResNet, a loss."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="own")
class Scaled(keras.layers.Layer):
    """Multiply features by learned factors; its weight says nowhere how it is drawn."""

    def build(self, input_shape):
        self.factor = self.add_weight(
            name="factor", shape=(input_shape[-1],), initializer=keras.initializers.RandomNormal(1)
        )

    def call(self, inputs):
        return inputs * self.factor


def small_resnet(*, n_classes, input_shape, custom=False, first=1):
    """Build two residual blocks for images, with a layer of one's own where asked."""
    inputs = keras.Input(input_shape)
    tensor = keras.layers.Conv2D(8, 3, strides=first, padding="same", activation="relu")(inputs)
    for strides in (1, 2):
        branch = keras.layers.Conv2D(8, 3, strides=strides, padding="same", use_bias=False)(tensor)
        branch = keras.layers.BatchNormalization()(branch)
        branch = keras.layers.Conv2D(8, 3, padding="same")(keras.layers.ReLU()(branch))
        short = keras.layers.Conv2D(8, 1, strides=strides)(tensor)
        tensor = keras.layers.ReLU()(keras.layers.Add()([short, branch]))
    tensor = keras.layers.GlobalAveragePooling2D()(tensor)
    if custom:
        tensor = Scaled()(tensor)
    return keras.Model(inputs, keras.layers.Dense(n_classes)(tensor))


class OwnModel(keras.Model):
    """A subclassed model with dropout, built on its first call."""

    def __init__(self, n_classes):
        super().__init__()
        self.filters = keras.layers.Conv2D(8, 3, padding="same", activation="relu")
        self.mean = keras.layers.GlobalAveragePooling2D()
        self.drop = keras.layers.Dropout(0.1)
        self.logits = keras.layers.Dense(n_classes)

    def call(self, inputs, training=False):
        return self.logits(self.drop(self.mean(self.filters(inputs)), training=training))


class OwnLoss(keras.losses.Loss):
    """Squared distance of the probabilities, sharpened; its numbers may be tensors."""

    def __init__(self, strength=1.0, class_counts=None, **options):
        super().__init__(**options)
        self.strength = strength
        self.class_counts = class_counts

    def call(self, y_true, y_pred):
        distance = keras.ops.square(y_true - keras.ops.softmax(self.strength * y_pred))
        return keras.ops.sum(distance, axis=-1)


class StubbornLoss(OwnLoss):
    """Its constructor turns its number into Python's."""

    def __init__(self, strength=1.0, **options):
        super().__init__(float(strength), **options)
