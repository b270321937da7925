"""Make a dataset of arrays: numbers, text, images or a sparse matrix, with labels of any kind.

`dataset_of_arrays` is the common end of everything that comes as X and y: array files, image sets,
and what a user's own function returns. It takes the shapes that libraries use and says in one
sentence what does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from focalsweep.data.answers import answers_of
from focalsweep.data.class_names import class_name_warnings
from focalsweep.data.column_names import refuse_repeated_names
from focalsweep.data.columns import plain_columns
from focalsweep.data.dataset import Dataset
from focalsweep.data.kinds.wide import wide_notes
from focalsweep.data.leaks import leak_warnings
from focalsweep.data.row_roles import read_roles
from focalsweep.data.sequences import Layout, are_sequences, sequence_columns
from focalsweep.data.target_labels import labels_of
from focalsweep.data.written import Written, without_marks
from focalsweep.errors import UserError

# Channels of an image: grey, grey and alpha, colours, colours and alpha.
_MOST_CHANNELS = 4


def dataset_of_arrays(
    X: Any,
    y: Any,
    *,
    name: str = "arrays",
    origin: str = "arrays",
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    groups: ArrayLike | None = None,
    split: Any = None,
    time: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    multi_label: bool | None = None,
    layout: Layout | None = None,
    written: Written | None = None,
    notes: Sequence[str] = (),
) -> Dataset:
    """Make a dataset of features and labels.

    Parameters
    ----------
    X : array, DataFrame or SciPy sparse matrix
        Of shape (rows, columns); or images of shape (rows, height, width) or (rows, height, width,
        channels); or sequences of shape (rows, times, channels).
    y : array, Series, DataFrame or SciPy sparse matrix
        Of shape (rows,): one class a row, of any kind. Of shape (rows, labels): binary, one column
        a label; a single label where every row holds exactly one 1, see `multi_label`.
    name : str, default "arrays"
        Short name of the dataset: letters, digits, ``_``, ``-`` and ``.``.
    origin : str, default "arrays"
        Where the rows come from.
    class_names : sequence of str, optional
        Name of class code 0, 1, ..., or of each label column.
    feature_names : sequence of str, optional
        Name of each column of `X`; by default ``x0``, ``x1``, ...
    groups, time, weights : array of shape (rows,), optional
        See `focalsweep.data.row_roles.read_roles`.
    split : array of shape (rows,), or tuple of two int arrays, optional
        ``train`` or ``test`` for each row; or the training and the test row numbers.
    multi_label : bool, optional
        See `focalsweep.data.target_labels.labels_of`.
    layout : {"images", "sequences"}, optional
        What an `X` of three axes holds, where its values do not tell.
    written : Written, optional
        See `focalsweep.data.table.dataset_of_frame`.
    notes : sequence of str
        What was done to the rows before, in sentences.

    Raises
    ------
    UserError
        When shapes, types or values cannot be used.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.arange(6 * 2 * 2).reshape(6, 2, 2)
    >>> dataset = dataset_of_arrays(images, [0, 1, 0, 1, 0, 1], class_names=["cat", "dog"])
    >>> dataset.image_shape, dataset.class_names, list(dataset.features)[:2]
    ((2, 2, 1), ('cat', 'dog'), ['pixel_0_0_0', 'pixel_0_1_0'])
    """
    values: Any = X if isinstance(X, pd.DataFrame) else _array(X, key="X")
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    rows = values.shape[0]
    if not rows or not np.prod(values.shape[1:]):
        raise UserError(
            f"`X` must hold rows and columns. Received: an array of shape {tuple(values.shape)} "
            f"in `{origin}`; give one row an example."
        )
    target = _target(y, class_names=class_names)
    if len(target) != rows:
        raise UserError(
            f"`X` and `y` must have one entry a row each. Received: {rows:,} rows in `X` and "
            f"{len(target):,} in `y`; check which of them is cut or transposed."
        )
    if written is not None:
        target = target.apply(without_marks, missing=written.missing)
    labels, names, label_notes = labels_of(target, multi_label=multi_label)
    answers = answers_of(target, labels, names)
    if class_names is not None and target.shape[1] == 1:
        names = _named(names, class_names)
        answers = dict(zip(names, answers.values(), strict=True))
    parts = _row_numbers(split, rows=rows)
    roles = read_roles(
        rows=rows, groups=groups, split=parts, time=time, weights=weights, written=written
    )
    shape: tuple[int, ...] | None = None
    wide: sparse.csr_array | None = None
    wide_names: tuple[str, ...] = ()
    value_notes: tuple[str, ...] = ()
    warnings = class_name_warnings(names, labels, column=str(target.columns[0]))
    found: dict[str, Written] = {}
    if sparse.issparse(values):
        wide = _finite_sparse(values)
        wide_names = tuple(_feature_names(feature_names, columns=wide.shape[1], given=True))
        features = pd.DataFrame(index=pd.RangeIndex(rows))
        value_notes = wide_notes(wide)
    elif values.ndim == 3 and are_sequences(values, layout=layout):
        features, shape, note = sequence_columns(values)
        value_notes = (note,)
    elif values.ndim in (3, 4):
        features, shape = _pixels(values)
    else:
        plain = plain_columns(_frame(values, feature_names), given=written)
        features, value_notes, found = plain.frame, plain.notes, plain.written
        warnings += (*plain.warnings, *leak_warnings(features, labels))
    return Dataset(
        name=name,
        features=features,
        labels=labels,
        class_names=names,
        origin=origin,
        notes=(*notes, *label_notes, *roles.notes, *value_notes),
        warnings=(*roles.warnings, *warnings),
        groups=roles.groups,
        split=roles.split,
        time=roles.time,
        weights=roles.weights,
        image_shape=shape,
        sparse=wide,
        sparse_names=wide_names,
        answers=answers,
        written=found,
    )


def features_frame(X: Any, *, names: Sequence[str]) -> pd.DataFrame:
    """Return raw rows as a table with the given column names; a DataFrame keeps its own.

    Parameters
    ----------
    X : array, DataFrame or SciPy sparse matrix
        As `dataset_of_arrays` takes it.
    names : sequence of str
        Of the raw columns, or of the pixels of images.

    Raises
    ------
    UserError
        When shapes or types cannot be used.
    """
    if isinstance(X, pd.DataFrame):
        return X
    values = _array(X, key="X")
    dense = values.toarray() if sparse.issparse(values) else values
    flat = dense.reshape(len(dense), -1)
    return _frame(flat, _feature_names(names, columns=flat.shape[1]))


def _array(values: Any, *, key: str) -> Any:
    if sparse.issparse(values):
        return values
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise UserError(
            f"`{key}` must be an array in which all rows have the same shape. Received: values of "
            f"type `{type(values).__name__}` that are not."
        ) from error
    # Labels of text come as objects too; whether they can be classes is seen when they are encoded.
    labels_of_text = key == "y" and array.ndim == 1 and array.dtype == object
    if array.dtype.kind not in "biufUSmM" and not labels_of_text:
        raise UserError(
            f"`{key}` must be an array of numbers, booleans, text or dates. Received: an array of "
            f"type `{array.dtype}`; a pandas DataFrame takes columns of different types."
        )
    if array.ndim == 0 or array.ndim > 4:
        raise UserError(
            f"`{key}` must have one row an example. Received: an array of shape {array.shape}; "
            "reshape it to (rows, columns), or to (rows, height, width, channels) for images."
        )
    return np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array


def _target(y: Any, *, class_names: Sequence[str] | None) -> pd.DataFrame:
    """Return the labels as one column, or as one named column a label."""
    if isinstance(y, pd.DataFrame):
        return y.set_axis([str(name) for name in y.columns], axis=1).reset_index(drop=True)
    if isinstance(y, pd.Series):
        return y.rename("y" if y.name is None else str(y.name)).reset_index(drop=True).to_frame()
    array = _array(y.toarray() if sparse.issparse(y) else y, key="y")
    if array.ndim > 2 or (array.ndim == 2 and not array.shape[1]):
        raise UserError(
            "`y` must be of shape (rows,), or (rows, labels) with 0 and 1. Received: an array of "
            f"shape {array.shape}; reshape it."
        )
    if array.ndim == 1 or array.shape[1] == 1:
        return pd.DataFrame({"y": array.reshape(-1)})
    if class_names is not None and len(class_names) != array.shape[1]:
        raise UserError(
            f"`dataset.class_names` must name each of the {array.shape[1]} columns of `y`. "
            f"Received: {len(class_names)} names; give one a column."
        )
    names = class_names if class_names is not None else range(array.shape[1])
    return pd.DataFrame(array, columns=[str(name) for name in names])


def _named(codes: Sequence[str], class_names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the class codes that occur."""
    wrong = [code for code in codes if not code.isdecimal() or int(code) >= len(class_names)]
    if wrong:
        raise UserError(
            "`dataset.class_names` must name every class code, from 0 on. Received: "
            f"{len(class_names)} names and the label `{wrong[0]}`; add names."
        )
    names = [str(class_names[int(code)]) for code in codes]
    refuse_repeated_names(names, file="class_names")
    return tuple(names)


def _row_numbers(split: Any, *, rows: int) -> Any:
    """Return the words of a split that is given as two arrays of row numbers."""
    if not (isinstance(split, tuple | list) and len(split) == 2) or isinstance(split[0], str):
        return split
    train, test = (np.asarray(part) for part in split)
    both = np.concatenate([train.ravel(), test.ravel()])
    if both.dtype.kind not in "iu" or len(both) != rows or (np.sort(both) != range(rows)).any():
        raise UserError(
            "`split` must be `train` or `test` for each row, or training and test row numbers that "
            f"name each of the {rows:,} rows once. Received: {train.size:,} and {test.size:,} "
            "values that do not; leave other rows out of `X` and `y`."
        )
    words = np.full(rows, "train", dtype="<U5")
    words[test.ravel()] = "test"
    return words


def _frame(values: Any, feature_names: Sequence[str] | None) -> pd.DataFrame:
    if isinstance(values, pd.DataFrame):
        names = [str(name) for name in values.columns]
        refuse_repeated_names(names, file="X")
        return values.set_axis(names, axis=1).reset_index(drop=True)
    names = _feature_names(feature_names, columns=values.shape[1])
    refuse_repeated_names(names, file="feature_names")
    # Pandas and its readers know no half precision.
    return pd.DataFrame(
        values.astype(np.float32) if values.dtype == np.float16 else values, columns=names
    )


def _feature_names(
    given_names: Sequence[str] | None, *, columns: int, given: bool = False
) -> list[str]:
    if given_names is None:
        # A wide matrix needs no invented names.
        return [] if given else [f"x{column}" for column in range(columns)]
    if len(given_names) != columns:
        raise UserError(
            f"`feature_names` must name each of the {columns:,} columns of `X`. Received: "
            f"{len(given_names):,} names; give one a column."
        )
    return [str(name) for name in given_names]


def _pixels(values: NDArray[Any]) -> tuple[pd.DataFrame, tuple[int, int, int]]:
    """Return one column a pixel and channel, row by row of the image."""
    rows, height, width = values.shape[:3]
    channels = values.shape[3] if values.ndim == 4 else 1
    if values.ndim == 4 and channels > _MOST_CHANNELS:
        first = height <= _MOST_CHANNELS
        way_out = "move the channels to the last axis" if first else "give (rows, columns) instead"
        raise UserError(
            "Images must be of shape (rows, height, width, channels) with at most "
            f"{_MOST_CHANNELS} channels. Received: an array of shape {values.shape}; {way_out}."
        )
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        raise UserError(
            "Images must hold finite numbers. Received: an array of type "
            f"`{values.dtype}`"
            + (" with NaN or inf" if values.dtype.kind in "fc" else "")
            + "; fill them or leave these images out."
        )
    if (values == values[:1]).all():
        raise UserError(
            f"Images must differ. Received: {rows:,} equal images of {height} x {width} pixels; "
            "give others."
        )
    columns = [
        f"pixel_{row}_{column}_{channel}"
        for row in range(height)
        for column in range(width)
        for channel in range(channels)
    ]
    flat = values.reshape(rows, -1)
    flat = flat.astype(np.float32) if flat.dtype == np.float16 else flat
    return pd.DataFrame(flat, columns=columns, copy=False), (height, width, channels)


def _finite_sparse(values: Any) -> sparse.csr_array:
    matrix = sparse.csr_array(values)
    if matrix.dtype.kind not in "biuf" or not np.isfinite(matrix.data).all():
        raise UserError(
            "A sparse `X` must hold finite real numbers. Received: a matrix of type "
            f"`{matrix.dtype}`"
            + (" with NaN or inf" if matrix.dtype.kind == "f" else "")
            + "; fill them or leave these rows out."
        )
    if not matrix.count_nonzero():
        raise UserError(
            "At least one feature column must vary. Received: a sparse `X` of shape "
            f"{matrix.shape} with zeros only; give another."
        )
    return matrix
