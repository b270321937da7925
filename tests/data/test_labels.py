import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focalsweep.data.labels import encode_labels
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
    with pytest.raises(UserError, match=r"Target column `y` .* Received: 2 of 6 rows without one"):
        encode_labels(pd.Series(["a", "b", missing, "a", "b", missing], name="y"))


def test_infinite_labels_count_as_missing() -> None:
    with pytest.raises(UserError, match="1 of 5 rows without one"):
        encode_labels(pd.Series([1.0, 2.0, np.inf, 1.0, 2.0], name="y"))


def test_a_single_class_is_refused() -> None:
    with pytest.raises(UserError, match=r"at least two classes\. Received: `a` in all 4 rows"):
        encode_labels(pd.Series(["a"] * 4, name="y"))


def test_as_many_classes_as_rows_are_refused() -> None:
    with pytest.raises(UserError, match="100 different values in 100 rows"):
        encode_labels(pd.Series(np.arange(100), name="y"))


def test_a_quantity_with_many_fractional_values_is_refused() -> None:
    prices = np.round(np.random.default_rng(0).random(1000), 2)
    with pytest.raises(UserError, match="a number to predict"):
        encode_labels(pd.Series(prices, name="y"))
