import dataclasses

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from focalsweep.data.dataset import Dataset
from focalsweep.data.splits import Split

TOY = Dataset(
    name="toy",
    features=pd.DataFrame(
        {"x": [1.0, 2.0, 3.0, np.nan], "c": pd.Categorical(["a", "b", "a", None])}
    ),
    labels=np.array([0, 1, 1, 1], dtype=np.int32),
    class_names=("no", "yes"),
    origin="test",
)


def test_counts_and_ratio_come_from_the_labels() -> None:
    assert (TOY.n_rows, TOY.n_classes, TOY.imbalance_ratio) == (4, 2, 3.0)
    assert TOY.class_counts.tolist() == [1, 3]


def test_the_fingerprint_is_about_rows_columns_and_labels_only() -> None:
    same = dataclasses.replace(TOY, name="other", origin="elsewhere", notes=("a note",))
    assert same.sha256() == TOY.sha256()
    changes = [
        {"features": TOY.features.assign(x=[1.0, 2.0, 3.0, 4.0])},
        {"features": TOY.features.rename(columns={"x": "y"})},
        {"features": TOY.features.iloc[::-1]},
        {"labels": TOY.labels[::-1].copy()},
        {"class_names": ("no", "maybe")},
    ]
    prints = {dataclasses.replace(TOY, **change).sha256() for change in changes}
    assert len(prints - {TOY.sha256()}) == len(changes)


ROWS = dataclasses.replace(
    TOY,
    groups=np.array([7, 7, 8, 9]),
    split=Split(train=np.array([0, 3]), test=np.array([1, 2])),
    time=np.array([4.0, 3.0, 2.0, 1.0]),
    weights=np.array([0.5, 0.5, 1.0, 2.0], np.float32),
    sparse=csr_array(np.array([[0, 1.0], [2, 0], [0, 0], [0, 3]])),
)


def test_the_fingerprint_of_a_plain_table_is_what_it_was_before_other_data_were_known() -> None:
    assert TOY.sha256() == "a7e57a95f02bca86cab338abcaabbf0421d9323ad043964cad755141d6122f74"


def test_the_fingerprint_covers_all_that_changes_a_result() -> None:
    sparse = csr_array(np.eye(4))
    changes = [
        {"labels": np.array([[0], [1], [1], [1]], np.int8), "class_names": ("no",)},
        {"groups": np.array([0, 0, 1, 1])},
        {"time": np.arange(4.0)},
        {"weights": np.ones(4, np.float32)},
        {"split": Split(train=np.array([0, 1]), test=np.array([2, 3]))},
        {"split": Split(train=np.array([0]), test=np.array([1, 2, 3]))},
        {"image_shape": (1, 2, 1)},
        {"image_shape": (2, 1, 1)},
        {"sparse": sparse},
        {"sparse": csr_array(sparse[[1, 0, 2, 3]])},
        {"features": TOY.features[[]], "sparse": sparse},
    ]
    prints = {dataclasses.replace(TOY, **change).sha256() for change in changes}
    assert len(prints - {TOY.sha256()}) == len(changes)
    assert dataclasses.replace(TOY, warnings=("a warning",)).sha256() == TOY.sha256()


def test_labels_of_two_dimensions_are_several_labels_a_row() -> None:
    labels = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.int8)
    several = dataclasses.replace(TOY, labels=labels)
    assert (several.multi_label, TOY.multi_label) == (True, False)
    assert (several.n_rows, several.class_counts.tolist()) == (4, [3, 1])
    assert several.imbalance_ratio == 3
    assert dataclasses.replace(TOY, labels=labels * [1, 0]).imbalance_ratio == np.inf


def test_taking_rows_takes_everything_that_belongs_to_them() -> None:
    taken = ROWS.take(np.array([3, 1, 0]))
    assert taken.features["x"].tolist()[1:] == [2.0, 1.0]
    assert taken.labels.tolist() == [1, 1, 0]
    assert taken.read_rows.tolist() == [3, 1, 0]
    assert taken.groups.tolist() == [9, 7, 7]
    assert taken.time.tolist() == [1, 3, 4]
    assert (taken.split.train.tolist(), taken.split.test.tolist()) == ([0, 2], [1])
    np.testing.assert_allclose(taken.weights, [2, 0.5, 0.5])
    np.testing.assert_array_equal(taken.sparse.toarray(), [[0, 3], [2, 0], [0, 1]])
    assert taken.take(np.array([2])).read_rows.tolist() == [0]
    assert taken.take(np.array([2])).weights.tolist() == [1]
