"""Turn one or several target columns into labels, and say which task they make.

One column is a single-label problem. Several binary columns are a multi-label problem, unless
every row holds exactly one 1: that is how single labels are written for softmax outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.labels import encode_label_matrix, encode_labels
from focalsweep.errors import UserError

_Labels = NDArray[np.int32] | NDArray[np.int8]


def labels_of(
    target: pd.DataFrame, *, multi_label: bool | None = None
) -> tuple[_Labels, tuple[str, ...], tuple[str, ...]]:
    """Return labels, class names and notes.

    Parameters
    ----------
    target : DataFrame of shape (rows, target columns)
        One column of classes, or several binary columns.
    multi_label : bool, optional
        None: several columns are multi-label unless every row holds exactly one 1. True: always
        multi-label. False: never, so that other rows are refused.

    Returns
    -------
    labels : int32 array of shape (rows,) or int8 array of shape (rows, labels)
    class_names : tuple of str
    notes : tuple of str

    Raises
    ------
    UserError
        When the columns hold no labels, or not those of the task asked for.
    """
    if target.shape[1] == 1:
        if multi_label:
            raise UserError(
                "`dataset.multi_label=true` needs several binary target columns. Received: the one "
                f"column `{target.columns[0]}`; name them all in `dataset.target=[A,B,...]`."
            )
        column: pd.Series[Any] = target.iloc[:, 0]
        codes, names = encode_labels(column)
        return codes, names, ()
    matrix, names = encode_label_matrix(target)
    per_row = matrix.sum(axis=1, dtype=np.int64)
    if multi_label:
        return matrix, names, ()
    if (per_row == 1).all():
        return _one_hot(matrix, names=names)
    if multi_label is False:
        other = int((per_row != 1).sum())
        raise UserError(
            "`dataset.multi_label=false` needs exactly one 1 in every row of the target columns. "
            f"Received: {other:,} of {len(matrix):,} rows with none or several; set "
            "`dataset.multi_label=null`."
        )
    return matrix, names, ()


def _one_hot(
    matrix: NDArray[np.int8], *, names: tuple[str, ...]
) -> tuple[NDArray[np.int32], tuple[str, ...], tuple[str, ...]]:
    held = np.flatnonzero(matrix.any(axis=0))
    if len(held) < 2:
        raise UserError(
            "The target columns must hold at least two classes. Received: "
            f"`{names[int(held[0])]}` in all {len(matrix):,} rows; choose other columns with "
            "`dataset.target`."
        )
    notes = [
        f"Read the {len(names)} target columns as one label a row, because every row holds exactly "
        "one 1; `dataset.multi_label=true` reads them as independent labels."
    ]
    if len(held) < len(names):
        notes.append(f"Left out {len(names) - len(held)} target columns that no row has.")
    labels = matrix[:, held].argmax(axis=1).astype(np.int32)
    return labels, tuple(names[int(code)] for code in held), tuple(notes)
