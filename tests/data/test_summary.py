from dataclasses import replace

import numpy as np
import pandas as pd

from focalsweep.data.dataset import Dataset
from focalsweep.data.summary import class_table, fold_table

TOY = Dataset(
    name="toy",
    features=pd.DataFrame({"x": np.arange(10)}),
    labels=np.array([0, 1, 1, 1, 1, 1, 2, 2, 2, 0], dtype=np.int32),
    class_names=("few", "many", "some"),
    origin="test",
)


def test_class_table_counts_every_row_once_with_the_largest_class_first() -> None:
    table = class_table(TOY)
    assert table["class"].tolist() == ["many", "some", "few"]
    assert table["rows"].tolist() == [5, 3, 2]
    assert table["share"].sum() == 1


def test_fold_table_names_the_smallest_class_of_the_training_rows() -> None:
    table = fold_table(TOY, [np.arange(10), np.arange(0, 9), np.arange(1, 9)])
    assert table["rows"].tolist() == [10, 9, 8]
    assert table["smallest_class"].tolist() == ["few", "few", "few"]
    assert table["smallest_rows"].tolist() == [2, 1, 0]
    assert table["imbalance_ratio"].tolist() == [2.5, 5.0, float("inf")]


def test_fold_table_without_folds_keeps_its_columns() -> None:
    assert fold_table(TOY, []).columns[0] == "fold"


def test_labels_are_counted_by_the_rows_that_have_them() -> None:
    labels = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 1], [1, 1, 1]], dtype=np.int8)
    dataset = replace(TOY, features=pd.DataFrame({"x": np.arange(4)}), labels=labels)
    table = class_table(dataset)
    assert table["class"].tolist() == ["few", "some", "many"]
    assert table["rows"].tolist() == [3, 3, 1]
    assert table["share"].tolist() == [0.75, 0.75, 0.25]
    folds = fold_table(dataset, [np.arange(4), np.arange(3)])
    assert folds["smallest_rows"].tolist() == [1, 0]
    assert folds["imbalance_ratio"].tolist() == [3.0, float("inf")]
