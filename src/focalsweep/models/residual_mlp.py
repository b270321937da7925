"""Residual MLP for tabular rows (Gorishniy et al. 2021, arXiv:2106.11959, section 3.2)."""

from __future__ import annotations

import keras

from focalsweep.models.normalization import Normalization, normalized


def residual_mlp(
    *,
    n_features: int,
    n_classes: int,
    width: int = 64,
    blocks: int = 2,
    activation: str = "relu",
    dropout: float = 0.0,
    normalization: Normalization = "layer",
) -> keras.Model:
    """Build blocks of the form ``x + Dense(Dropout(activation(Dense(Norm(x)))))``.

    Parameters
    ----------
    n_features, n_classes : int
        Width of the input and number of logits.
    width : int
        Units of every layer.
    blocks : int
        Number of residual blocks.
    activation : str
        A Keras activation name.
    dropout : float
        Share of units dropped inside a block, in [0, 1).
    normalization : {"none", "batch", "layer"}
        Applied at the start of a block and before the logits.
    """
    # Batch normalisation removes any bias before it; Adam would only amplify its noise.
    use_bias = normalization != "batch"
    inputs = keras.Input((n_features,))
    tensor = keras.layers.Dense(width, use_bias=use_bias)(inputs)
    for _ in range(blocks):
        branch = keras.layers.Dense(width)(normalized(tensor, normalization))
        branch = keras.layers.Activation(activation)(branch)
        if dropout:
            branch = keras.layers.Dropout(dropout)(branch)
        branch = keras.layers.Dense(width, use_bias=use_bias)(branch)
        tensor = keras.layers.Add()([tensor, branch])
    tensor = keras.layers.Activation(activation)(normalized(tensor, normalization))
    return keras.Model(inputs, keras.layers.Dense(n_classes, name="logits")(tensor))
