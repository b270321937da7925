"""Models that read codes, told from those that read numbers."""

from __future__ import annotations

import keras
import pytest

from focalsweep.models.codes import embeds_its_input, reads_whole_numbers, takes_integers
from focalsweep.models.flat_rows import with_flat_rows

layers = keras.layers


class Own(keras.Model):
    def __init__(self, first):
        super().__init__()
        self.first, self.flat, self.logits = first, layers.Flatten(), layers.Dense(3)

    def call(self, inputs):
        return self.logits(self.flat(self.first(inputs)))


class WithPositions(layers.Layer):
    """Adds what it learned of each place."""

    def __init__(self):
        super().__init__()
        self.places = layers.Embedding(6, 1)

    def call(self, inputs):
        return inputs + keras.ops.squeeze(self.places(keras.ops.arange(6)), -1)


def sequence(*inside, dtype=None):
    return keras.Sequential([keras.Input((6,), dtype=dtype), *inside, layers.Dense(3)])


def embedding():
    return [layers.Embedding(9, 2), layers.Flatten()]


CASES = {
    "floats": (lambda: sequence(), False, False),
    "integers": (lambda: sequence(layers.Rescaling(0.1), dtype="uint8"), True, False),
    "integers embedded": (lambda: sequence(*embedding(), dtype="int32"), True, True),
    "floats embedded": (lambda: sequence(*embedding()), False, True),
    "embedded inside": (lambda: sequence(keras.Sequential(embedding())), False, True),
    "without input": (
        lambda: keras.Sequential([*embedding(), layers.Dense(3)]),
        False,
        True,
    ),
    "subclassed": (lambda: Own(layers.Embedding(9, 2)), False, True),
    "subclassed, of numbers": (lambda: Own(layers.Dense(2)), False, False),
    "positions": (lambda: sequence(WithPositions()), False, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_model_that_reads_codes_is_told_from_others(case):
    make, integers, embeds = CASES[case]
    model = with_flat_rows(make(), n_features=6)
    assert takes_integers(model) is integers
    assert embeds_its_input(model) is embeds


class WithWords(layers.Layer):
    """Adds words and places, as many text models do in one layer."""

    def __init__(self):
        super().__init__()
        self.words, self.places = layers.Embedding(9, 2), layers.Embedding(6, 2)

    def call(self, inputs):
        return self.words(inputs) + self.places(keras.ops.arange(6))


def one_hot(rows):
    return keras.ops.one_hot(keras.ops.cast(rows, "int32"), 9)


def of_operations():
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(one_hot(inputs))))


WHOLE = {
    "words in a layer": (lambda: sequence(WithWords(), layers.Flatten()), True),
    "operations": (of_operations, True),
    "lambda": (lambda: sequence(layers.Lambda(one_hot), layers.Flatten()), True),
    "counted": (lambda: sequence(layers.CategoryEncoding(9, "multi_hot")), True),
    "embedded": (lambda: sequence(*embedding()), True),
    "positions": (lambda: sequence(WithPositions()), False),
    "numbers": (lambda: sequence(layers.Dense(8, "relu"), layers.LayerNormalization()), False),
    "recurrent": (lambda: sequence(layers.Reshape((3, 2)), layers.LSTM(2)), False),
    "constant": (lambda: sequence(layers.Dense(4, kernel_initializer="zeros")), False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_model_that_sees_only_whole_numbers_is_told_by_what_it_gives(case):
    make, whole = WHOLE[case]
    assert reads_whole_numbers(with_flat_rows(make(), n_features=6)) is whole
