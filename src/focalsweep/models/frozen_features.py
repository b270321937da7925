"""A model in two parts: an embedding that is given and stays, and a head that is trained.

The sweep embeds the rows of every fold once and trains heads only, side by side in a population;
the model that is kept holds both parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import keras

from focalsweep.config.target import load
from focalsweep.errors import UserError
from focalsweep.models.flat_rows import with_flat_rows
from focalsweep.models.graph import last_call
from focalsweep.models.mlp import mlp
from focalsweep.models.normalization import Normalization
from focalsweep.models.refusal import first_sentence

HEAD = "frozen_features_head"


def frozen_features(
    *,
    n_features: int,
    n_classes: int,
    embedding: str,
    input_shape: tuple[int, int, int] | None = None,
    embedding_options: Mapping[str, Any] | None = None,
    hidden: Sequence[int] = (),
    activation: str = "relu",
    dropout: float = 0.0,
    normalization: Normalization = "none",
) -> keras.Model:
    """Put a multi-layer perceptron behind a Keras model that is not trained.

    Parameters
    ----------
    n_features, n_classes : int
        Preprocessed columns and number of logits.
    embedding : str
        Path of a ``.keras`` file, or dotted path of a callable that returns a Keras model. It gets
        rows as the sweep preprocesses them: numbers standardised, pixels with one mean and one
        standard deviation of the fold's training rows. What it returns for a row is flattened.
    input_shape : tuple of (height, width, channels), optional
        Given by the sweep where the data are images.
    embedding_options : mapping, optional
        Arguments of the callable.
    hidden, activation, dropout, normalization
        The head's, see `focalsweep.models.mlp.mlp`; without hidden units it is one dense layer.

    Raises
    ------
    UserError
        If there is no such file or callable, or if what it gives does not take these rows.
    """
    body = _embedding(embedding, tuple(sorted((embedding_options or {}).items())))
    body.trainable = False
    flat = with_flat_rows(body, n_features=n_features, image_shape=input_shape)
    inputs = keras.Input((n_features,))
    features = flat(inputs, training=False)
    if len(features.shape) > 2:
        features = keras.layers.Flatten()(features)
    head = mlp(
        n_features=features.shape[-1],
        n_classes=n_classes,
        hidden=hidden,
        activation=activation,
        dropout=dropout,
        normalization=normalization,
    )
    head.name = HEAD
    return keras.Model(inputs, head(features), name="frozen_features")


def parts(model: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Split a model of `frozen_features` into embedding and head; None for any other model."""
    last = last_call(model)
    if last is None or last.operation.name != HEAD:
        return None
    return keras.Model(model.input, last.inputs[0]), last.operation


@cache
def _embedding(path: str, options: tuple[tuple[str, Any], ...]) -> keras.Model:
    if not path.endswith(".keras"):
        return load(path, at="model", key="embedding")(**dict(options))
    if not Path(path).is_file():
        raise UserError(
            f"`model.embedding` must be a `.keras` file or the dotted path of a callable. "
            f"Received: {path}, and there is no such file."
        )
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        # Files of other programs fail in many ways.
        raise UserError(
            f"`model.embedding`={path} cannot be read: {first_sentence(error)}."
        ) from error
