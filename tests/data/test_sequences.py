"""Sequences of several channels: told from grey images, and scaled a channel."""

from __future__ import annotations

import numpy as np
import pytest

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.portable_preprocessor import preprocessor_bytes, read_preprocessor
from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.errors import UserError

RNG = np.random.default_rng(0)
SPREAD = np.array([0.01, 500.0, 0.0])
SEQUENCES = RNG.normal(size=(40, 12, 3)) * SPREAD + np.array([0.0, 1e4, 7.0])
Y = np.arange(40) % 2


def test_a_channel_of_little_spread_counts_as_much_as_one_of_much():
    dataset = dataset_of_arrays(SEQUENCES, Y, layout="sequences")
    assert dataset.image_shape == (12, 3)
    assert "12 times and 3 channels" in dataset.notes[0]
    fitted = fit_preprocessor(dataset.features.iloc[:30], image_shape=(12, 3))
    made = fitted.transform(dataset.features)
    train = SEQUENCES[:30]
    for channel in (0, 1):
        mean, deviation = train[..., channel].mean(), train[..., channel].std()
        expected = (SEQUENCES[..., channel] - mean) / deviation
        np.testing.assert_allclose(made.reshape(40, 12, 3)[..., channel], expected, atol=1e-5)
    assert (made.reshape(40, 12, 3)[..., 2] == 0).all()
    again = read_preprocessor(preprocessor_bytes(fitted))
    np.testing.assert_array_equal(again.transform(dataset.features), made)


UINT8 = RNG.integers(0, 256, size=(40, 12, 9), dtype=np.uint8)
TOLD = {
    "8 bits": UINT8,
    "8 bits as floats": UINT8.astype(float),
    "from 0 to 1": UINT8 / 255,
    "small and square": UINT8[:, :2, :2],
}
ASKED = {
    "negative": RNG.normal(size=(40, 12, 9)),
    "large": SEQUENCES,
    "large whole numbers": RNG.integers(0, 4000, size=(40, 12, 9)),
    "bytes of three channels": UINT8[..., :3],
    "channels first": RNG.random((40, 3, 100)),
}


@pytest.mark.parametrize("case", TOLD)
def test_grey_images_are_told_by_their_pixels(case):
    found = dataset_of_arrays(TOLD[case], Y).image_shape
    assert found == (*TOLD[case].shape[1:], 1)


@pytest.mark.parametrize("case", ASKED)
def test_where_it_cannot_be_told_it_is_asked(case):
    with pytest.raises(UserError, match="say `images` or `sequences` by `dataset"):
        dataset_of_arrays(ASKED[case], Y)
    shape = ASKED[case].shape[1:]
    assert dataset_of_arrays(ASKED[case], Y, layout="sequences").image_shape == shape
    assert dataset_of_arrays(ASKED[case], Y, layout="images").image_shape == (*shape, 1)


def test_sequences_with_gaps_are_refused():
    gaps = np.where(SEQUENCES > 1e4, np.nan, SEQUENCES)
    with pytest.raises(UserError, match="Sequences must hold finite numbers"):
        dataset_of_arrays(gaps, Y, layout="sequences")
