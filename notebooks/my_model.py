"""A model as a user would write it: a function that returns a Keras model, logits at its end."""

import keras


def wide_and_deep(*, n_features: int, n_classes: int, units: int = 32) -> keras.Model:
    """Add what a linear layer says to what two hidden layers say."""
    inputs = keras.Input((n_features,))
    deep = keras.layers.Dense(units, activation="relu")(inputs)
    deep = keras.layers.Dense(units, activation="relu")(deep)
    wide = keras.layers.Dense(n_classes)(inputs)
    return keras.Model(inputs, keras.layers.Add()([wide, keras.layers.Dense(n_classes)(deep)]))
