import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from focalsweep.data.labels import MOST_CLASSES, encode_label_matrix, encode_labels
from focalsweep.errors import UserError


def names(values: list[object], **kwargs: object) -> tuple[str, ...]:
    return encode_labels(pd.Series(values * 3, name="y", **kwargs))[1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10, 2, 7], ("2", "7", "10")),
        ([3.0, 11.0], ("3", "11")),
        ([0.5, 1.5], ("0.5", "1.5")),
        ([-1, 1], ("-1", "1")),
        ([True, False], ("False", "True")),
        (["c10", "c2", "b"], ("b", "c2", "c10")),
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["yes ", "yes", "no"], ("no", "yes")),
        (["x²", "x1"], ("x1", "x²")),
    ],
)
def test_names_are_text_in_natural_order(values: list[object], expected: tuple[str, ...]) -> None:
    assert names(values) == expected


def test_a_category_type_gives_only_the_classes_that_occur() -> None:
    assert names(["b", "a"], dtype=pd.CategoricalDtype(["z", "b", "a"])) == ("a", "b")


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1))
def test_codes_name_the_value_of_each_row(values: list[int]) -> None:
    column = pd.Series(values * 2, name="y")
    codes, class_names = encode_labels(column)
    assert [int(class_names[code]) for code in codes] == column.tolist()
    assert list(map(int, class_names)) == sorted(set(values))
    assert codes.dtype == np.int32


@pytest.mark.parametrize("missing", [None, np.nan, "", "  "])
def test_missing_labels_are_refused_with_their_count(missing: object) -> None:
    with pytest.raises(UserError, match=r"`dataset\.target` .* `y` with 2 of 6 rows without one"):
        encode_labels(pd.Series(["a", "b", missing, "a", "b", missing], name="y"))


def test_infinite_labels_count_as_missing() -> None:
    with pytest.raises(UserError, match="1 of 5 rows without one"):
        encode_labels(pd.Series([1.0, 2.0, np.inf, 1.0, 2.0], name="y"))


def test_a_single_class_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"at least two classes\. Received: `y` with `a` in all 4 rows"
    ):
        encode_labels(pd.Series(["a"] * 4, name="y"))


def test_as_many_classes_as_rows_are_refused() -> None:
    with pytest.raises(UserError, match="100 different values in 100 rows"):
        encode_labels(pd.Series(np.arange(100), name="y"))


def test_more_classes_than_any_table_of_decisions_holds_are_refused() -> None:
    identifiers = pd.Series(np.repeat(np.arange(MOST_CLASSES + 1), 5), name="y")
    with pytest.raises(UserError, match=r"at most 1,000 classes\. Received: `y` with 1,001"):
        encode_labels(identifiers)
    assert len(encode_labels(identifiers[5:])[1]) == MOST_CLASSES


def test_a_quantity_with_many_fractional_values_is_refused() -> None:
    prices = np.round(np.random.default_rng(0).random(1000), 2)
    with pytest.raises(UserError, match="a number to predict"):
        encode_labels(pd.Series(prices, name="y"))


class TestLabelMatrix:
    def test_numbers_booleans_and_words_mean_the_same(self):
        frame = pd.DataFrame(
            {
                "number": [0, 1, 1.0],
                "boolean": [False, True, True],
                "word": ["no", " Yes", "y"],
                "truth": ["FALSE", "true", "T"],
                "digit": ["0", "1", "1"],
            }
        )
        matrix, names = encode_label_matrix(frame)
        assert matrix.dtype == np.int8
        assert matrix.T.tolist() == [[0, 1, 1]] * 5
        assert names == ("number", "boolean", "word", "truth", "digit")

    def test_an_array_gets_names_or_brings_them(self):
        table = np.array([[0, 1], [1, 1]])
        assert encode_label_matrix(table)[1] == ("label_0", "label_1")
        assert encode_label_matrix(table, names=["a", "b"])[1] == ("a", "b")

    def test_a_sparse_matrix_is_read_too(self):
        table = sparse.csr_array(np.array([[0, 1], [1, 0], [0, 0]]))
        assert encode_label_matrix(table)[0].tolist() == [[0, 1], [1, 0], [0, 0]]

    def test_labels_that_never_or_always_occur_stay(self):
        matrix, names = encode_label_matrix(np.array([[0, 1, 0], [0, 1, 1]]))
        assert matrix.sum(axis=0).tolist() == [0, 2, 1]
        assert len(names) == 3

    @pytest.mark.parametrize("hole", [None, np.nan, "", " "])
    def test_a_missing_value_is_refused(self, hole):
        frame = pd.DataFrame({"a": [1, 0, 1], "b": ["1", hole, "0"]})
        with pytest.raises(UserError, match=r"say 0 or 1 in every row.*`b` with 1 of 3 rows"):
            encode_label_matrix(frame)

    @pytest.mark.parametrize("odd", [2, "maybe", 0.5, -1])
    def test_a_third_value_is_refused_with_its_name(self, odd):
        frame = pd.DataFrame({"a": [1, 0, 1], "b": pd.Series([1, 0, odd], dtype=object)})
        with pytest.raises(UserError, match=r"hold only 0 and 1.*Received: `b` with"):
            encode_label_matrix(frame)

    def test_a_single_label_is_two_classes(self):
        with pytest.raises(UserError, match="at least two columns"):
            encode_label_matrix(np.array([[0], [1]]))

    def test_one_class_a_row_is_no_label_matrix(self):
        with pytest.raises(UserError, match="shape"):
            encode_label_matrix(np.array([0, 1, 2]))

    def test_two_labels_of_one_name_are_refused(self):
        with pytest.raises(UserError, match="labels of different names"):
            encode_label_matrix(np.array([[0, 1], [1, 0]]), names=["a", "a"])

    def test_names_must_be_as_many_as_labels(self):
        with pytest.raises(UserError, match="one name a label"):
            encode_label_matrix(np.array([[0, 1], [1, 0]]), names=["a"])
