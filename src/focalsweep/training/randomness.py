"""Common random numbers: what a member draws depends on (seed, view, step) and nothing else.

Arms and trials that share a fold and a seed therefore start from the same initial weights, see
the same batches in the same order and drop the same units, so that their differences are paired.
A member's place in a population never enters.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

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


def initial_weights(model: keras.Model, *, seed: int, view: str) -> list[NDArray[np.floating]]:
    """Draw every weight of `model` anew from its own layer's initialisers, seeded.

    A weight whose layer does not say how it is drawn, which only layers that cannot be stacked
    have, keeps the value that it was built with.

    Returns
    -------
    list of arrays
        Layer by layer, in the order of each layer's ``weights``.
    """
    return _drawn(model.layers, _entropy(seed=seed, view=view, purpose=_WEIGHTS))


def fresh_weights(layer: keras.Layer, *, seed: int, view: str) -> list[NDArray[np.floating]]:
    """Draw the weights of one layer for a second time: for a last layer that is trained anew.

    Returns
    -------
    list of arrays
        In the order of the layer's ``weights``.
    """
    return _drawn([layer], _entropy(seed=seed, view=view, purpose=_HEAD))


def _drawn(layers: Sequence[keras.Layer], entropy: list[int]) -> list[NDArray[np.floating]]:
    n_weights = sum(len(layer.weights) for layer in layers)
    seeds = iter(np.random.SeedSequence(entropy).generate_state(n_weights))
    drawn = []
    for layer in layers:
        for variable in layer.weights:
            initializer = getattr(layer, f"{variable.name}_initializer", None)
            if initializer is None:
                drawn.append(np.asarray(variable.numpy()))
                continue
            config = initializer.get_config()
            if "seed" in config:
                seeded = {**config, "seed": int(next(seeds) >> 1)}
                initializer = type(initializer).from_config(seeded)
            value = initializer(variable.shape, dtype=variable.dtype)
            drawn.append(np.asarray(keras.ops.convert_to_numpy(value)))
    return drawn
