"""Columns that a model gets as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.portable_preprocessor import preprocessor_bytes, read_preprocessor
from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.data.raw_columns import whole_columns, with_raw
from focalsweep.errors import UserError

ROWS = pd.DataFrame(
    {
        "word": [3, 49, 7, 7] * 10,
        "size": np.linspace(-1, 500, 40),
        "tag": ["a", "b"] * 20,
        "whole": [1.0, 2.0, 3.0, 1000.0] * 10,
        "gap": [1.0, np.nan, 3.0, 4.0] * 10,
        "flag": [True, False] * 20,
        "large": [1, 2**40] * 20,
    }
)
LABELS = np.arange(40) % 2


@pytest.fixture(scope="module")
def dataset():
    return dataset_of_arrays(ROWS, LABELS)


def test_raw_columns_keep_their_values_and_place_and_others_are_scaled_as_ever(dataset):
    made = fit_preprocessor(dataset.features, raw=("word", "whole"))
    plain = fit_preprocessor(dataset.features).transform(dataset.features)
    values = made.transform(dataset.features)
    np.testing.assert_array_equal(values[:, 0], ROWS["word"])
    np.testing.assert_array_equal(values[:, 2], ROWS["whole"])
    rest = [i for i in range(plain.shape[1]) if i not in (0, 2)]
    np.testing.assert_array_equal(values[:, rest], plain[:, rest])
    assert np.abs(plain[:, 0]).max() < 3
    again = read_preprocessor(preprocessor_bytes(made))
    np.testing.assert_array_equal(again.transform(dataset.features), values)
    assert {each.name for each in made.describe() if each.treatment == "as it is"} == {
        "word",
        "whole",
    }


def test_a_raw_column_that_is_constant_in_training_keeps_its_place():
    made = fit_preprocessor(pd.DataFrame({"a": [5, 5, 5], "b": [1, 2, 3]}), raw=("a", "b"))
    new = pd.DataFrame({"a": [9, 5], "b": [0, 77]})
    np.testing.assert_array_equal(made.transform(new), new)


def test_raw_pixels_are_not_cut_off():
    images = np.random.default_rng(0).integers(0, 256, size=(10, 4, 4, 1), dtype=np.uint8)
    dataset = with_raw(dataset_of_arrays(images, np.arange(10) % 2), "all")
    made = fit_preprocessor(dataset.features, image_shape=(4, 4, 1), raw=dataset.raw)
    np.testing.assert_array_equal(made.transform(dataset.features), images.reshape(10, 16))


def test_whole_numbers_may_be_codes_and_nothing_else(dataset):
    assert whole_columns(dataset) == ["word", "whole", "large"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (["wrod"], "Received: `wrod`; there are `word`"),
        (["tag"], "columns of numbers without missing values. Received: `tag`"),
        (["gap"], "columns of numbers without missing values. Received: `gap`"),
        (["large"], "up to 16,777,216. Received: 1,099,511,627,776 in `large`"),
    ],
)
def test_columns_that_cannot_stay_as_they_are_are_refused(raw, sentence, dataset):
    with pytest.raises(UserError, match=sentence):
        with_raw(dataset, raw)
