"""Small convolutional network for images."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from focalsweep.models.normalization import Normalization, normalized


def cnn(
    *,
    n_features: int,
    n_classes: int,
    input_shape: tuple[int, int, int],
    filters: Sequence[int] = (16, 32),
    kernel: int = 3,
    hidden: Sequence[int] = (),
    activation: str = "relu",
    dropout: float = 0.0,
    normalization: Normalization = "none",
) -> keras.Model:
    """Build blocks of convolution, activation and pooling, then take the mean over places.

    Parameters
    ----------
    n_features, n_classes : int
        Pixels of an image and number of logits.
    input_shape : tuple of (height, width, channels)
        What the pixels are, row by row; given by the sweep where the data are images.
    filters : sequence of int
        Filters of each block; a block halves height and width where both are at least 2.
    kernel : int
        Side of each filter, in pixels.
    hidden : sequence of int
        Units of dense layers behind the mean.
    activation : str
        A Keras activation name.
    dropout : float
        Share of features dropped before the logits, in [0, 1).
    normalization : {"none", "batch", "layer"}
        Applied before each activation.
    """
    inputs = keras.Input((n_features,))
    tensor = keras.layers.Reshape(input_shape)(inputs)
    # Batch normalisation removes any bias before it; Adam would only amplify its noise.
    use_bias = normalization != "batch"
    for width in filters:
        tensor = keras.layers.Conv2D(width, kernel, padding="same", use_bias=use_bias)(tensor)
        tensor = keras.layers.Activation(activation)(normalized(tensor, normalization))
        if min(tensor.shape[1:3]) >= 2:
            tensor = keras.layers.MaxPooling2D()(tensor)
    tensor = keras.layers.GlobalAveragePooling2D()(tensor)
    for units in hidden:
        tensor = keras.layers.Dense(units, activation=activation)(tensor)
    if dropout:
        tensor = keras.layers.Dropout(dropout)(tensor)
    return keras.Model(inputs, keras.layers.Dense(n_classes, name="logits")(tensor))
