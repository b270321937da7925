import numpy as np
import pandas as pd
import pytest

from focalsweep.data.labels import encode_labels
from focalsweep.data.target_labels import labels_of
from focalsweep.errors import UserError

ONE_HOT = pd.DataFrame({"a": [1, 0, 0, 0], "b": [0, 1, 0, 1], "c": [0, 0, 1, 0]})


def test_one_column_is_encoded_as_always() -> None:
    column = pd.Series(["u", "v", "u", "u"], name="y")
    codes, names, notes = labels_of(column.to_frame())
    expected_codes, expected_names = encode_labels(column)
    np.testing.assert_array_equal(codes, expected_codes)
    assert (names, notes) == (expected_names, ())


def test_rows_with_exactly_one_label_are_single_label_with_a_note() -> None:
    codes, names, notes = labels_of(ONE_HOT)
    assert codes.dtype == np.int32
    assert codes.tolist() == [0, 1, 2, 1]
    assert names == ("a", "b", "c")
    assert "`dataset.multi_label=true`" in notes[0]


def test_one_hot_rows_are_labels_of_their_own_where_asked() -> None:
    matrix, names, notes = labels_of(ONE_HOT, multi_label=True)
    np.testing.assert_array_equal(matrix, ONE_HOT.to_numpy())
    assert matrix.dtype == np.int8
    assert (names, notes) == (("a", "b", "c"), ())


@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0]])
def test_one_row_with_none_or_several_makes_it_multi_label(row: list[int]) -> None:
    table = pd.concat([ONE_HOT, pd.DataFrame([row], columns=["a", "b", "c"])])
    matrix, _, notes = labels_of(table)
    assert matrix.ndim == 2
    assert notes == ()
    with pytest.raises(UserError, match="1 of 5 rows with none or several"):
        labels_of(table, multi_label=False)


def test_a_one_hot_column_without_rows_is_no_class() -> None:
    codes, names, notes = labels_of(ONE_HOT.assign(b2=0)[["b2", "a", "b", "c"]])
    assert codes.tolist() == [0, 1, 2, 1]
    assert names == ("a", "b", "c")
    assert "Left out 1 target columns" in notes[1]


def test_one_hot_rows_of_one_class_are_refused() -> None:
    with pytest.raises(UserError, match=r"at least two classes.*`a` in all 4 rows"):
        labels_of(pd.DataFrame({"a": [1] * 4, "b": [0] * 4}))
