"""A preprocessor that is read back does the same, bit for bit, and its file runs nothing."""

import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.portable_preprocessor import preprocessor_bytes, read_preprocessor
from focalsweep.data.preprocessing import fit_preprocessor
from tests.data.test_preprocessing import every_kind, sparse_rows


@pytest.mark.parametrize("wide_columns", [20, 300])
def test_every_kind_of_column_is_treated_the_same(wide_columns):
    frame, sparse = every_kind(200), sparse_rows(200, wide_columns)
    fitted = fit_preprocessor(frame, sparse=sparse)
    again = read_preprocessor(preprocessor_bytes(fitted))
    np.testing.assert_array_equal(again.transform(frame, sparse), fitted.transform(frame, sparse))
    assert again.describe() == fitted.describe()


def test_rows_that_were_not_fitted_are_treated_the_same():
    fitted = fit_preprocessor(every_kind(200))
    again = read_preprocessor(preprocessor_bytes(fitted))
    other = every_kind(90).iloc[::-1].reset_index(drop=True)
    other.loc[:5, "colour"] = None
    np.testing.assert_array_equal(again.transform(other), fitted.transform(other))


def test_pixels_and_hashed_levels_are_treated_the_same(tmp_path):
    images = pd.DataFrame(np.random.default_rng(0).integers(0, 255, (40, 12)))
    images.columns = [f"p{i}" for i in range(12)]
    pixels = fit_preprocessor(images, image_shape=(2, 2, 3))
    towns = pd.DataFrame({"town": pd.Categorical([f"town {i}" for i in range(40)] * 6 + [None])})
    hashed = fit_preprocessor(towns)
    for fitted, rows in ((pixels, images), (hashed, towns)):
        file = tmp_path / "preprocessor.npz"
        file.write_bytes(preprocessor_bytes(fitted))
        again = read_preprocessor(file)
        np.testing.assert_array_equal(again.transform(rows), fitted.transform(rows))


def archive(structure, **arrays):
    file = io.BytesIO()
    np.savez(file, structure=np.array(structure), **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        pickle.dumps({"a": 1}),
        archive("not JSON"),
        archive(json.dumps({"value": "Preprocessor", "fields": {}})),
        archive(json.dumps({"value": "Popen", "fields": {"args": "ls"}})),
        archive(json.dumps({"tuple": [1]})),
        archive(json.dumps({"array": "absent"})),
        archive(np.array([{"an": "object"}], dtype=object)),
    ],
)
def test_other_content_is_refused(content):
    with pytest.raises(ValueError):  # noqa: PT011  (NumPy's and JSON's sentences are their own)
        read_preprocessor(content)
