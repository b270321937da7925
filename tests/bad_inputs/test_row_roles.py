"""Groups, splits, times and weights that do not fit the rows, and options that contradict."""

import numpy as np
import pandas as pd
import pytest

from tests.bad_inputs.bad import CSV, ROWS, Bad, table

DAYS = pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d")


def role(key: str, values: object, *more: str, way_out: str, named: str | None = None) -> Bad:
    """Return a table with one more column `role`, used as `key`."""
    return Bad(
        given=(*CSV, f"dataset.{key}=role", *more),
        files={"my.csv": table(role=values)},
        key=named or f"dataset.{key}",
        way_out=way_out,
    )


BAD = {
    "groups in no column": Bad(
        given=(*CSV, "dataset.groups=patients"),
        files={"my.csv": table(patient=np.arange(ROWS) // 2)},
        key="dataset.groups",
        way_out="The nearest is `patient`",
    ),
    "groups that are the target": Bad(
        given=(*CSV, "dataset.groups=label"),
        files={"my.csv": table()},
        key="dataset.groups",
        way_out="remove one of them",
        sweep=True,
    ),
    "one group": role("groups", "a", way_out="choose another column"),
    "rows without a group": role("groups", ["a", "b", None, "c"] * 10, way_out="fill them"),
    "fewer groups than are needed to test, train and choose": role(
        "groups",
        np.arange(ROWS) % 2,
        way_out="collect rows of it in more groups",
    ),
    "a class in one group": role("groups", ["m", "n"] * 20, way_out="or leave it out"),
    "a class in three groups and two folds": role(
        "groups",
        np.where(np.arange(ROWS) % 2, np.arange(ROWS), np.arange(ROWS) // 15),
        "evaluation.folds=2",
        way_out="use more folds (`evaluation.folds`)",
    ),
    "groups with time": Bad(
        given=(*CSV, "dataset.groups=patient", "dataset.time=day"),
        files={"my.csv": table(patient=np.arange(ROWS) // 2, day=DAYS)},
        key="dataset",
        way_out="set one of them to null",
        sweep=True,
    ),
    "split with time": Bad(
        given=(*CSV, "dataset.split=part", "dataset.time=day"),
        files={"my.csv": table(part=["train", "test"] * 20, day=DAYS)},
        key="dataset",
        way_out="set one of them to null",
    ),
    "one column for two tasks": Bad(
        given=(*CSV, "dataset.groups=role", "dataset.weights=role"),
        files={"my.csv": table(role=np.arange(ROWS) + 1)},
        key="dataset",
        way_out="a column has one task",
    ),
    "a split of unknown words": role(
        "split", ["train", "tset"] * 20, way_out="rename these values", named="dataset.split"
    ),
    "a split without test rows": role("split", "train", way_out="mark some"),
    "a split without training rows": role("split", "test", way_out="mark some"),
    "a split with gaps": role("split", ["train", "test", "", "train"] * 10, way_out="fill them"),
    "a class in test only": role(
        "split", np.where(np.arange(ROWS) % 2, "test", "train"), way_out="change it"
    ),
    "a class in training only": role(
        "split",
        np.where((np.arange(ROWS) % 2 == 0) & (np.arange(ROWS) > 20), "test", "train"),
        way_out="change it",
    ),
    "a time that is no date": role(
        "time", [f"t{i % 9}" for i in range(ROWS)], way_out="write dates"
    ),
    "one time": role("time", "2024-01-01", way_out="choose another column"),
    "rows without a time": role("time", [*DAYS[:-1], None], way_out="fill them"),
    "an infinite time": role("time", [*range(ROWS - 1), np.inf], way_out="remove these rows"),
    "fewer times than folds": role(
        "time", np.arange(ROWS) % 2, "evaluation.folds=5", way_out="use fewer folds"
    ),
    "a class that comes late": Bad(
        given=("dataset=csv", "dataset.path=my.csv", "dataset.target=label", "dataset.time=day"),
        files={"my.csv": table(label=["a"] * 34 + ["b"] * 6, day=DAYS)},
        key="dataset.time",
        way_out="set `dataset.time=null`",
    ),
    "a negative weight": role("weights", [1.0, -1.0] * 20, way_out="mend their weights"),
    "a weight of zero": role("weights", [1, 0] * 20, way_out="mend their weights"),
    "a missing weight": role("weights", [1, np.nan] * 20, way_out="fill them"),
    "an infinite weight": role("weights", [1, np.inf] * 20, way_out="mend their weights"),
    "weights of text": role("weights", ["1", "heavy"] * 20, way_out="choose another column"),
    "weights that are true or false": role(
        "weights", [True, False] * 20, way_out="choose another column"
    ),
    "weights beyond 32 bits": role("weights", [1e-300, 1e300] * 20, way_out="choose another"),
    "weights with rows that are made": role(
        "weights", [1, 2] * 20, "arms=[cross_entropy,smote]", way_out="remove these arms"
    ),
    "groups of a set that has none": Bad(
        given=("dataset=yeast", "dataset.groups=patient"),
        key="dataset.groups",
        way_out="remove it",
        sweep=True,
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_inspect_says_in_one_sentence_what_is_wrong(what, refused):
    refused(BAD[what], "inspect")


@pytest.mark.parametrize("what", [what for what, bad in BAD.items() if bad.sweep])
def test_sweep_says_the_same_before_anything_is_written(what, refused):
    refused(BAD[what], "sweep")
