"""Say how imbalanced a dataset is, as tables that the terminal and the report print."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset


def class_table(dataset: Dataset) -> pd.DataFrame:
    """Return one row a class or label, largest first.

    Returns
    -------
    DataFrame with columns ``class``, ``rows`` and ``share`` (of all rows, in [0, 1]; shares of
    labels need not sum to 1).
    """
    counts = dataset.class_counts
    table = pd.DataFrame(
        {"class": list(dataset.class_names), "rows": counts, "share": counts / dataset.n_rows}
    )
    return table.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def fold_table(dataset: Dataset, training_rows: Sequence[NDArray[np.integer]]) -> pd.DataFrame:
    """Return one row a fold: how much there is to learn from, and from which class least.

    Parameters
    ----------
    dataset : Dataset
        The whole dataset.
    training_rows : sequence of int arrays
        Training rows of each fold, after the imbalance profile where there is one.

    Returns
    -------
    DataFrame with columns ``fold``, ``rows`` (in training), ``smallest_class``, ``smallest_rows``
    and ``imbalance_ratio`` (infinite when a class has no training row). Of several labels a row
    they are about the rows that have each label.
    """
    entries = []
    for fold, rows in enumerate(training_rows):
        if dataset.multi_label:
            counts = dataset.labels[rows].sum(axis=0, dtype=np.int64)
        else:
            counts = np.bincount(dataset.labels[rows], minlength=dataset.n_classes)
        smallest = int(counts.argmin())
        fewest, most = int(counts[smallest]), int(counts.max())
        entries.append(
            {
                "fold": fold,
                "rows": len(rows),
                "smallest_class": dataset.class_names[smallest],
                "smallest_rows": fewest,
                "imbalance_ratio": most / fewest if fewest else float("inf"),
            }
        )
    columns = ["fold", "rows", "smallest_class", "smallest_rows", "imbalance_ratio"]
    return pd.DataFrame(entries, columns=columns)
