"""A prediction is in the type of the target, so that it can be compared with it."""

import doctest

import numpy as np
import pandas as pd
import pytest

from focalsweep.data import answers as module
from focalsweep.data.answers import answered, answers_of, in_order
from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.rare_classes import treat_rare_classes
from focalsweep.data.table import dataset_of_frame
from focalsweep.evidence.model_facts import ModelFacts

X = np.random.default_rng(0).normal(size=(12, 3))
CODES = np.array([1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 1, 2])


def told(y, **options):
    """Decide every row as it is, by what an exported file holds."""
    dataset = dataset_of_arrays(X, y, **options)
    kept = in_order(dataset.answers, dataset.class_names, labels=dataset.multi_label)
    facts = ModelFacts(
        arm="a", classes=dataset.class_names, answers=kept, columns=(), rows=12, epochs=1, seed=0,
        logit_scale=(), loss=None, refusal=None, log_weights=(), costs=None, temperature=1.0,
    )  # fmt: skip
    read = ModelFacts.model_validate_json(facts.model_dump_json())
    return answered(dataset.labels, read.answers)


TARGETS = {
    "ints": CODES * 3 - 1,
    "small ints": CODES.astype(np.int8),
    "ints near 2^63": CODES.astype(np.uint64) + np.uint64(2**63),
    "floats": CODES + 0.5,
    "whole floats": CODES.astype(np.float32),
    "single precision": (CODES / 10).astype(np.float32),
    "bools": CODES > 0,
    "strings": np.array(["a", "b", "c"])[CODES],
    "digits as strings": CODES.astype(str),
    "strings with blanks": np.array(["a ", " b", "c"])[CODES],
    "objects of ints": CODES.astype(object),
    "objects of two types": np.array([1, "b", 2.5], dtype=object)[CODES],
    "list": CODES.tolist(),
    "series with another index": pd.Series(CODES, index=range(50, 62)),
    "categories of strings": pd.Series(np.array(["a", "b", "c"])[CODES], dtype="category"),
    "categories of ints": pd.Series(CODES, dtype="category"),
    "ordered categories": pd.Series(
        pd.Categorical(np.array(["low", "mid", "high"])[CODES], ["low", "mid", "high"], True)
    ),
    "Int64": pd.Series(CODES, dtype="Int64"),
    "boolean": pd.Series(CODES > 0, dtype="boolean"),
    "Float64": pd.Series(CODES / 4, dtype="Float64"),
    "string": pd.Series(np.array(["a", "b", "c"])[CODES], dtype="string"),
    "arrow ints": pd.Series(CODES, dtype="int64[pyarrow]"),
    "arrow strings": pd.Series(np.array(["a", "b", "c"])[CODES], dtype="string[pyarrow]"),
    "one column": pd.DataFrame({"y": CODES}),
    "one-hot": np.eye(3, dtype=int)[CODES],
    "one-hot booleans": pd.DataFrame(np.eye(3, dtype=bool)[CODES], columns=list("abc")),
    "one-hot with a column that no row has": np.eye(4)[CODES],
    "labels": np.eye(3, dtype=int)[CODES] | (CODES == 1)[:, None],
    "labels of booleans": np.eye(3, dtype=bool)[CODES] | (CODES == 1)[:, None],
    "labels of words": pd.DataFrame(np.where(np.tri(12, 3, dtype=bool), "yes", "no")),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_answers_equal_the_target(kind):
    y = TARGETS[kind]
    found = told(y)
    given = np.asarray(y).reshape(found.shape)
    assert (found == given).all()
    if isinstance(y, pd.Series):
        assert (found == y).mean() == 1.0
    if given.dtype.kind in "bifU":
        assert found.dtype.kind == given.dtype.kind


def test_names_of_classes_are_for_people_and_answers_are_codes():
    assert told(CODES, class_names=["red", "green", "blue"]).tolist() == CODES.tolist()


def test_what_json_cannot_hold_is_answered_by_its_name():
    dates = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]))[CODES]
    assert told(dates)[0].startswith("2024-01-02")
    assert told(pd.cut(pd.Series(CODES), [-1, 0, 1, 2]))[0] == "(0, 1]"


def test_dropped_and_joined_classes_leave_the_others_their_answers():
    y = np.repeat([1, 2, 3, 4], [10, 10, 2, 4])
    dataset = dataset_of_arrays(np.arange(26.0), y)
    dropped = treat_rare_classes(dataset, policy="drop")
    assert in_order(dropped.answers, dropped.class_names, labels=False) == (1, 2)
    joined = treat_rare_classes(dataset, policy="merge")
    kept = in_order(joined.answers, joined.class_names, labels=False)
    assert kept == (1, 2, "other (3, 4)")
    assert answered(np.array([0, 2]), kept).tolist() == [1, "other (3, 4)"]


def test_a_column_of_a_table_is_answered_in_its_type():
    frame = pd.DataFrame({"x": X[:, 0], "sick": CODES > 0})
    assert dict(dataset_of_frame(frame, target="sick").answers) == {"False": False, "True": True}


def test_without_a_target_answers_are_names_or_0_and_1():
    assert in_order({}, ["a", "b"], labels=False) == ("a", "b")
    assert in_order({}, ["a", "b"], labels=True) == ((0, 1), (0, 1))


def test_a_label_that_every_row_has_keeps_the_type_of_its_values():
    target = pd.DataFrame({"a": [True, True], "b": [True, False]})
    found = answers_of(target, np.array([[1, 1], [1, 0]]), ["a", "b"])
    assert found == {"a": (False, True), "b": (False, True)}


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(module).failed == 0
