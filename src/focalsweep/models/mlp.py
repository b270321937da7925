"""Multi-layer perceptron for tabular rows."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from focalsweep.models.normalization import Normalization, normalized


def mlp(
    *,
    n_features: int,
    n_classes: int,
    hidden: Sequence[int] = (64, 64),
    activation: str = "relu",
    dropout: float = 0.0,
    normalization: Normalization = "none",
) -> keras.Model:
    """Build dense layers, each followed by normalisation, activation and dropout.

    Parameters
    ----------
    n_features, n_classes : int
        Width of the input and number of logits.
    hidden : sequence of int
        Units of each hidden layer.
    activation : str
        A Keras activation name.
    dropout : float
        Share of units dropped after each hidden layer, in [0, 1).
    normalization : {"none", "batch", "layer"}
        Applied before the activation.
    """
    inputs = keras.Input((n_features,))
    tensor = inputs
    for units in hidden:
        # Batch normalisation removes any bias before it; Adam would only amplify its noise.
        dense = keras.layers.Dense(units, use_bias=normalization != "batch")
        tensor = normalized(dense(tensor), normalization)
        tensor = keras.layers.Activation(activation)(tensor)
        if dropout:
            tensor = keras.layers.Dropout(dropout)(tensor)
    return keras.Model(inputs, keras.layers.Dense(n_classes, name="logits")(tensor))
