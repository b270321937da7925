"""Common random numbers: what a member draws depends on (seed, view, step) and nothing else.

Arms and trials that share a fold and a seed therefore start from the same initial weights, see
the same batches in the same order and drop the same units, so that their differences are paired.
A member's place in a population never enters.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

_ORDER, _WEIGHTS, _DROPOUT, _KERAS, _SAMPLING, _HEAD = range(6)


def _entropy(*, seed: int, view: str, purpose: int) -> list[int]:
    return [seed, zlib.crc32(view.encode()), purpose]


def batch_order(*, seed: int, view: str, epoch: int, n_train: int) -> NDArray[np.int32]:
    """Shuffle the training rows of one epoch: a permutation of 0 .. n_train - 1."""
    entropy = [*_entropy(seed=seed, view=view, purpose=_ORDER), epoch]
    return np.random.default_rng(entropy).permutation(n_train).astype(np.int32)


def sampling_generator(*, seed: int, view: str, epoch: int) -> np.random.Generator:
    """Make the generator of one epoch's class-balanced sample, see `row_order`."""
    return np.random.default_rng([*_entropy(seed=seed, view=view, purpose=_SAMPLING), epoch])


def dropout_key(*, seed: int, view: str) -> int:
    """Derive the 32-bit key of a member's dropout masks."""
    entropy = _entropy(seed=seed, view=view, purpose=_DROPOUT)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def keras_seed(*, seed: int, view: str) -> int:
    """Derive the 32-bit seed of Keras's own generators, where a model trains through Keras."""
    entropy = _entropy(seed=seed, view=view, purpose=_KERAS)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def initial_weights(
    model: keras.Model,
    *,
    seed: int,
    view: str,
    anew: Callable[[], keras.Model] | None = None,
) -> list[NDArray[np.floating]]:
    """Draw every weight of `model` anew from its own layer's initialisers, seeded.

    A weight whose layer does not say how it is drawn, which only layers that cannot be stacked
    have, is that of a model built with Keras's generators at the fold's seed.

    Parameters
    ----------
    model : keras.Model
    seed : int
    view : str
        The fold's name.
    anew : callable, optional
        Builds the same model again, where weights need that. None leaves such weights as they are.

    Returns
    -------
    list of arrays
        In the order of the model's ``weights``: layer by layer for a functional model.
    """
    drawn, unknown = _drawn(model, _entropy(seed=seed, view=view, purpose=_WEIGHTS))
    if unknown and anew is not None:
        keras.utils.set_random_seed(keras_seed(seed=seed, view=view))
        built = [variable.numpy() for variable in anew().weights]
        for index in unknown:
            drawn[index] = built[index]
    return drawn


def fresh_weights(layer: keras.Layer, *, seed: int, view: str) -> list[NDArray[np.floating]]:
    """Draw the weights of one layer for a second time: for a last layer that is trained anew.

    Returns
    -------
    list of arrays
        In the order of the layer's ``weights``.
    """
    return _drawn(layer, _entropy(seed=seed, view=view, purpose=_HEAD))[0]


def _drawn(whole: keras.Layer, entropy: list[int]) -> tuple[list[NDArray[np.floating]], list[int]]:
    """Draw the weights of a layer or model; return also the places of those that nobody draws."""
    seeds = iter(np.random.SeedSequence(entropy).generate_state(len(whole.weights)))
    owners = {
        id(variable): layer
        for layer in whole._flatten_layers()
        for variable in (*layer._trainable_variables, *layer._non_trainable_variables)
    }
    drawn, unknown = [], []
    for index, variable in enumerate(whole.weights):
        layer = owners[id(variable)]
        initializer = getattr(layer, f"{variable.name}_initializer", None)
        if not isinstance(initializer, keras.Initializer):
            drawn.append(np.asarray(variable.numpy()))
            unknown.append(index)
            continue
        config = initializer.get_config()
        if "seed" in config:
            seeded = {**config, "seed": int(next(seeds) >> 1)}
            initializer = type(initializer).from_config(seeded)
        value = initializer(variable.shape, dtype=variable.dtype)
        drawn.append(np.asarray(keras.ops.convert_to_numpy(value)))
    return drawn, unknown
