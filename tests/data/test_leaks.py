import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.leaks import leak_warnings

ROWS = 200
RNG = np.random.default_rng(0)
LABELS = (RNG.random(ROWS) < 0.2).astype(np.int32)


def warned(column: object, *, name: str = "x", labels: np.ndarray = LABELS) -> str:
    frame = pd.DataFrame({"harmless": RNG.normal(size=len(labels)), name: column})
    found = leak_warnings(frame, labels)
    assert len(found) <= 1
    assert not found or found[0].count("`") == 2
    return found[0] if found else ""


@pytest.mark.parametrize(
    "column",
    [np.arange(7, 7 + ROWS), RNG.permutation(ROWS), np.arange(float(ROWS)), np.arange(ROWS)[::-1]],
)
def test_counters_are_found_in_any_order(column: np.ndarray) -> None:
    assert "`x` numbers the rows" in warned(column)


@pytest.mark.parametrize("name", ["id", "ID", "user_id", "PassengerId", "customer key", "row no"])
def test_unique_numbers_with_the_name_of_an_identifier_are_found(name: str) -> None:
    column = np.unique(RNG.integers(0, 10**9, ROWS + 50))[:ROWS]
    assert f"`{name}` has a different value in each row" in warned(column, name=name)
    column[0] = column[1]
    assert warned(column, name=name) == ""


@pytest.mark.parametrize("name", ["income", "width", "idea", "valid", "note"])
def test_unique_numbers_over_a_wide_range_are_measured(name: str) -> None:
    assert warned(np.unique(RNG.integers(0, 10**9, ROWS + 50))[:ROWS], name=name) == ""


def test_numbers_that_would_repeat_if_measured_are_found() -> None:
    # 200 of 400 places, none twice: 200 * 199 / 800 = 50 pairs are expected.
    assert "a different value in each row" in warned(RNG.permutation(400)[:ROWS])


def test_names_in_each_row_are_found_and_free_text_and_decimals_are_not() -> None:
    names = [f"name {i}" for i in range(ROWS)]
    assert "a different value in each row" in warned(pd.Categorical(names))
    assert warned(pd.Series(names, dtype="str")) == ""
    assert warned(RNG.normal(size=ROWS)) == ""
    assert warned(pd.Timestamp(0) + pd.to_timedelta(np.arange(ROWS), "D")) == ""


@pytest.mark.parametrize(
    "column",
    [
        LABELS * 3.5,
        LABELS == 1,
        pd.Categorical(np.where(LABELS, "ill", RNG.choice(["well", "fine"], ROWS))),
        np.where(LABELS, 9, RNG.choice([np.nan, 1, 2], ROWS)),
        LABELS + RNG.random(ROWS) * 0.9,
    ],
    ids=["recoded", "boolean", "finer", "gaps", "threshold"],
)
def test_a_column_that_alone_tells_the_class_is_found(column: object) -> None:
    assert "`x` alone tells the class of every row" in warned(column)


def test_one_row_against_it_is_enough_to_say_nothing() -> None:
    column = LABELS.astype(float)
    column[0] = 1 - column[0]
    assert warned(column) == ""


def test_where_only_missingness_tells_the_class_it_is_said() -> None:
    column = np.where(LABELS == 1, RNG.normal(size=ROWS), np.nan)
    assert "Whether `x` is missing tells the class of every row" in warned(column)


def test_a_class_of_a_row_or_two_is_told_by_chance_and_not_warned_of() -> None:
    labels = np.zeros(ROWS, np.int32)
    labels[:2] = 1
    assert warned(np.where(labels == 1, 9.0, RNG.random(ROWS)), labels=labels) == ""


def test_columns_without_relation_to_the_class_are_never_warned_of() -> None:
    frame = pd.DataFrame(
        {
            **{f"n{i}": RNG.normal(size=ROWS) for i in range(200)},
            **{f"c{i}": pd.Categorical(RNG.choice(list("abcdef"), ROWS)) for i in range(200)},
            **{f"w{i}": RNG.integers(0, 50, ROWS) for i in range(200)},
        }
    )
    for labels in (LABELS, np.eye(3, dtype=np.int8)[RNG.integers(0, 3, ROWS)]):
        assert leak_warnings(frame, labels) == ()


def test_of_several_labels_one_that_is_told_is_enough() -> None:
    labels = np.column_stack([LABELS, RNG.random(ROWS) < 0.5]).astype(np.int8)
    assert "`x` alone tells a label of every row" in warned(LABELS, labels=labels)
    assert warned(RNG.integers(0, 3, ROWS), labels=labels) == ""


def test_few_rows_say_nothing() -> None:
    assert leak_warnings(pd.DataFrame({"id": np.arange(19)}), np.arange(19) % 2) == ()


def test_warnings_change_nothing_that_a_result_depends_on() -> None:
    plain = Dataset(
        name="toy",
        features=pd.DataFrame({"x": np.arange(ROWS)}),
        labels=LABELS,
        class_names=("no", "yes"),
        origin="test",
    )
    warnings = leak_warnings(plain.features, plain.labels)
    assert warnings
    assert Dataset(**{**vars(plain), "warnings": warnings}).sha256() == plain.sha256()
