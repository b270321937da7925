import dataclasses

import numpy as np
import pandas as pd

from focalsweep.data.dataset import Dataset

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
