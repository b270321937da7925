from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.table import dataset_of_frame
from focalsweep.errors import UserError

ROWS = 12
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 3))
Y = np.array([0, 1, 2] * 4)
IMAGES = RNG.integers(0, 256, size=(ROWS, 4, 5, 3), dtype=np.uint8)


def test_arrays_are_the_same_dataset_as_their_frame() -> None:
    one = dataset_of_arrays(X, Y, feature_names=["a", "b", "c"])
    other = dataset_of_frame(pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=Y), target="y")
    assert one.sha256() == other.sha256()


@pytest.mark.parametrize(
    "y",
    [
        Y.tolist(),
        Y.astype(float),
        Y.reshape(-1, 1),
        pd.Series(Y, index=range(50, 50 + ROWS)),
        pd.DataFrame({"y": Y}),
        [str(code) for code in Y],
        np.array([str(code) for code in Y], dtype=object),
        Y.astype("S"),
        np.eye(3)[Y],
        np.eye(3, dtype=bool)[Y],
        sparse.csr_array(np.eye(3, dtype=np.int64)[Y]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_the_same_labels_are_read_from_every_form(y: Any) -> None:
    loaded = dataset_of_arrays(X, y)
    assert loaded.labels.dtype == np.int32
    assert loaded.labels.tolist() == Y.tolist()
    assert loaded.class_names == ("0", "1", "2")


def test_class_names_go_with_codes_also_where_a_code_is_absent() -> None:
    loaded = dataset_of_arrays(X, np.where(Y == 1, 3, Y), class_names=["n", "o", "p", "q"])
    assert loaded.class_names == ("n", "p", "q")
    np.testing.assert_array_equal(loaded.labels, [0, 2, 1] * 4)


def test_a_binary_matrix_is_multi_label_with_its_names() -> None:
    y = RNG.integers(0, 2, size=(ROWS, 2))
    y[0] = 0
    for given in (y, y.astype(bool), sparse.csr_matrix(y), pd.DataFrame(y)):
        loaded = dataset_of_arrays(X, given)
        assert loaded.multi_label
        np.testing.assert_array_equal(loaded.labels, y)
    assert dataset_of_arrays(X, y, class_names=["u", "v"]).class_names == ("u", "v")


def test_images_keep_their_shape_in_columns() -> None:
    loaded = dataset_of_arrays(IMAGES, Y)
    assert loaded.image_shape == (4, 5, 3)
    np.testing.assert_array_equal(loaded.features.to_numpy().reshape(IMAGES.shape), IMAGES)
    assert loaded.features.columns[5 * 3 + 2 * 3 + 1] == "pixel_1_2_1"
    grey = dataset_of_arrays(IMAGES[..., 0], Y)
    assert grey.image_shape == (4, 5, 1)
    assert grey.features.shape == (ROWS, 20)


def test_a_constant_pixel_stays_so_that_images_keep_their_shape() -> None:
    framed = IMAGES.copy()
    framed[:, 0] = 0
    assert dataset_of_arrays(framed, Y).features.shape == (ROWS, 60)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.coo_matrix, sparse.csc_matrix])
def test_a_sparse_matrix_stays_sparse(make: Any) -> None:
    dense = X * (X > 0.5)
    loaded = dataset_of_arrays(make(dense), Y, feature_names=["a", "b", "c"])
    assert loaded.sparse is not None
    assert loaded.features.shape == (ROWS, 0)
    np.testing.assert_array_equal(loaded.sparse.toarray(), dense)
    assert loaded.sparse_names == ("a", "b", "c")
    assert loaded.n_rows == ROWS


def test_columns_of_a_frame_keep_their_kinds() -> None:
    frame = pd.DataFrame({"n": X[:, 0], "t": ["u", "v"] * 6}, index=range(5, 5 + ROWS))
    loaded = dataset_of_arrays(frame, Y)
    assert list(loaded.features) == ["n", "t"]
    assert loaded.features.index.equals(pd.RangeIndex(ROWS))


def test_row_numbers_and_words_are_the_same_split() -> None:
    words = np.array(["train"] * 9 + ["test"] * 3)
    numbers = (np.arange(9)[::-1], np.arange(9, 12))
    one, other = (dataset_of_arrays(X, Y, split=split) for split in (words, numbers))
    assert one.sha256() == other.sha256() != dataset_of_arrays(X, Y).sha256()
    assert other.split is not None
    assert other.split.test.tolist() == [9, 10, 11]


def test_what_is_known_of_rows_comes_as_arrays() -> None:
    loaded = dataset_of_arrays(X, Y, groups=Y, time=np.arange(ROWS), weights=np.full(ROWS, 7))
    assert loaded.groups is not None
    assert loaded.time is not None
    assert loaded.weights is not None
    assert loaded.weights.tolist() == [1.0] * ROWS


def test_a_single_axis_is_one_column() -> None:
    assert dataset_of_arrays(X[:, 0], Y).features.shape == (ROWS, 1)


def test_half_precision_and_infinite_numbers_are_read_as_a_table_would() -> None:
    values = X.astype(np.float16)
    values[0, 0] = np.inf
    loaded = dataset_of_arrays(values, Y)
    assert loaded.features["x0"].isna().tolist() == [True] + [False] * (ROWS - 1)
    assert "Infinite" in loaded.notes[0]


BAD: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "objects": (np.array([[1, "a"]] * ROWS, dtype=object), Y, {}, "`X` .* of type `object`"),
    "complex numbers": (X + 1j, Y, {}, "of type `complex128`"),
    "ragged": ([[1], [1, 2]] * 6, Y, {}, "same shape"),
    "a number": (3.0, Y, {}, "one row an example"),
    "no rows": (X[:0], Y[:0], {}, "must hold rows and columns"),
    "no columns": (X[:, :0], Y, {}, "must hold rows and columns"),
    "five axes": (np.ones((ROWS, 2, 2, 2, 2)), Y, {}, "one row an example"),
    "other rows": (X, Y[:-1], {}, "12 rows in `X` and 11 in `y`"),
    "labels of three axes": (X, np.ones((ROWS, 2, 2)), {}, "`y` must be of shape"),
    "object labels": (X, np.array([{1}] * ROWS), {}, "a column of text, numbers or booleans"),
    "missing labels": (X, [None, "a", "b"] * 4, {}, "4 of 12 rows without one"),
    "one class": (X, np.zeros(ROWS), {}, "at least two classes"),
    "a quantity": (X, X[:, 0], {}, "12 different values in 12 rows"),
    "labels that are no 0 and 1": (X, np.array([[0, 2]] * ROWS), {}, "only 0 and 1"),
    "few class names": (X, Y, {"class_names": ["a", "b"]}, "2 names and the label `2`"),
    "names of text labels": (X, list("abc") * 4, {"class_names": ["a"]}, "the label `a`"),
    "equal class names": (X, Y, {"class_names": ["a", "b", "a"]}, "`a` more than once"),
    "few label names": (X, np.eye(3)[Y], {"class_names": ["a"]}, "each of the 3 columns of `y`"),
    "few feature names": (X, Y, {"feature_names": ["a"]}, "each of the 3 columns of `X`"),
    "equal feature names": (X, Y, {"feature_names": list("aba")}, "`a` more than once"),
    "channels first": (np.moveaxis(IMAGES, 3, 1)[..., :5], Y, {}, "to the last axis"),
    "many channels": (np.ones((ROWS, 8, 8, 9)), Y, {}, r"give \(rows, columns\) instead"),
    "image with gaps": (np.full((ROWS, 2, 2), np.nan), Y, {}, "with NaN or inf"),
    "equal images": (np.ones((ROWS, 2, 2)), Y, {}, "12 equal images of 2 x 2"),
    "sparse gaps": (sparse.csr_array(X * np.nan), Y, {}, "with NaN or inf"),
    "sparse zeros": (sparse.csr_array((ROWS, 4)), Y, {}, "zeros only"),
    "split that overlaps": (X, Y, {"split": ([0, 1], [1, 2])}, "each of the 12 rows once"),
    "split of booleans": (X, Y, {"split": ([True], [False] * 11)}, "each of the 12 rows once"),
}


@pytest.mark.parametrize("case", BAD)
def test_arrays_that_cannot_be_used_are_refused_in_one_sentence(case: str) -> None:
    values, labels, more, said = BAD[case]
    with pytest.raises(UserError, match=said) as raised:
        dataset_of_arrays(values, labels, **more)
    message = str(raised.value)
    assert "Received" in message
    assert "\n" not in message
