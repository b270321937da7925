"""Softmax regression: one dense layer."""

from __future__ import annotations

import keras


def linear(*, n_features: int, n_classes: int) -> keras.Model:
    """Build a linear model.

    Parameters
    ----------
    n_features, n_classes : int
        Width of the input and number of logits.
    """
    inputs = keras.Input((n_features,))
    return keras.Model(inputs, keras.layers.Dense(n_classes, name="logits")(inputs))
