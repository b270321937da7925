"""Turn a column of class labels into codes 0 .. classes - 1, or columns of labels into 0 and 1.

Labels may be text, booleans, whole numbers with gaps or floats with whole values; what cannot be
a class (missing values, a quantity to predict) is refused here, before anything is trained.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from focalsweep.errors import UserError

# Fractions are rare as class labels (0.5, 1.5, ...) and usual in quantities.
_MOST_FRACTIONAL_CLASSES = 50

MOST_CLASSES = 1_000
"""Each epoch of each model keeps a table of true against decided classes."""

_YES = frozenset({"1", "yes", "y", "true", "t"})
_NO = frozenset({"0", "no", "n", "false", "f"})


def encode_labels(column: pd.Series[Any]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return class codes and class names.

    Codes follow the natural order of the names: numbers by value, text with its digits read as
    numbers (``c2`` before ``c10``), ``False`` before ``True``. White space around text is dropped.

    Parameters
    ----------
    column : Series of shape (rows,)
        One label a row; its name is used in messages.

    Returns
    -------
    codes : int32 array of shape (rows,)
    class_names : tuple of str
        ``3.0`` and ``3`` are both called ``"3"``.

    Raises
    ------
    UserError
        When labels are missing, when there is a single class, or when there are so many different
        values that the column is a number to predict or an identifier.

    Examples
    --------
    >>> codes, names = encode_labels(pd.Series([10.0, 3.0, 3.0, 10.0], name="grade"))
    >>> codes.tolist(), names
    ([1, 0, 0, 1], ('3', '10'))
    """
    try:
        codes, uniques = pd.factorize(column)
    except TypeError as error:  # lists and other values without equality
        raise UserError(
            f"`dataset.target` must name a column of text, numbers or booleans. Received: "
            f"`{column.name}` ({error}); choose another column with `dataset.target`."
        ) from error
    values = [_plain(value) for value in uniques]
    named = pd.Series(pd.array([_class_name(value) for value in values], dtype="str"))
    # Several raw values may share a name ("yes" and "yes "), or be no label at all (" ", inf).
    names = sorted((name for name in named.unique() if name), key=_sort_key(named))
    lookup = {name: code for code, name in enumerate(names)}
    recode = np.array([lookup.get(name, -1) for name in named] + [-1], dtype=np.int32)
    labels = recode[codes]
    _refuse_missing(int((labels < 0).sum()), column=column)
    _refuse_no_classes(values, names=names, column=column)
    return labels, tuple(names)


def encode_label_matrix(
    labels: pd.DataFrame | ArrayLike, *, names: Sequence[str] | None = None
) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    """Return 0 or 1 for each row and label, and the names of the labels.

    A label that no row has, or every row, stays: nothing is lost on reading. What happens to such
    labels, of which there is nothing to learn, is decided with the other rare ones
    (`focalsweep.data.rare_classes`).

    Parameters
    ----------
    labels : DataFrame or array of shape (rows, labels)
        One column a label: 0 and 1, booleans, or text (yes/no, true/false, y/n, t/f, in any case).
        A SciPy sparse matrix is fine too.
    names : sequence of str, optional
        Of an array's labels; ``label_0``, ``label_1``, ... without it. A DataFrame names its own.

    Returns
    -------
    matrix : int8 array of shape (rows, labels)
    names : tuple of str

    Raises
    ------
    UserError
        When a value is missing or neither yes nor no, when there are fewer than two labels, or when
        the names are not one a label.

    Examples
    --------
    >>> table = pd.DataFrame({"rain": [True, False], "wind": ["yes", "No"]})
    >>> matrix, names = encode_label_matrix(table)
    >>> matrix.tolist(), names
    ([[1, 1], [0, 0]], ('rain', 'wind'))
    """
    frame = labels if isinstance(labels, pd.DataFrame) else _label_frame(labels, names=names)
    label_names = tuple(str(name).strip() for name in frame.columns)
    if len(label_names) < 2:
        raise UserError(
            "`dataset.target` must name at least two columns of 0 and 1 for rows with any number "
            f"of labels. Received: {len(label_names)}; a single yes or no is two classes: give the "
            "column's name alone as `dataset.target`."
        )
    if repeated := [name for name in label_names if label_names.count(name) > 1]:
        raise UserError(
            f"`dataset.target` must name labels of different names. Received: `{repeated[0]}` more "
            "than once; rename one of the columns."
        )
    columns = [
        _yes_or_no(frame.iloc[:, position], name=name) for position, name in enumerate(label_names)
    ]
    return np.stack(columns, axis=1), label_names


def _label_frame(labels: Any, *, names: Sequence[str] | None) -> pd.DataFrame:
    table = labels.toarray() if sparse.issparse(labels) else np.asarray(labels)
    if table.ndim != 2:
        raise UserError(
            "Multi-label targets must have the shape (rows, labels). Received: shape "
            f"{table.shape}; one class a row is a single-label target."
        )
    columns = [f"label_{i}" for i in range(table.shape[1])] if names is None else list(names)
    if len(columns) != table.shape[1]:
        raise UserError(
            f"`names` must be one name a label ({table.shape[1]}). Received: {len(columns)} names."
        )
    return pd.DataFrame(table, columns=columns)


def _yes_or_no(column: pd.Series[Any], *, name: str) -> NDArray[np.int8]:
    codes, uniques = pd.factorize(column)
    values = [_yes_no_value(value) for value in uniques]
    missing = int((codes < 0).sum()) + sum(
        int((codes == code).sum()) for code, value in enumerate(uniques) if _class_name(value) == ""
    )
    if missing:
        raise UserError(
            "`dataset.target` must name label columns that say 0 or 1 in every row. Received: "
            f"`{name}` with {missing:,} of {len(column):,} rows without a value; fill them with 0 "
            "if that means no, or remove these rows."
        )
    odd = [value for value, meaning in zip(uniques, values, strict=True) if meaning is None]
    if odd:
        raise UserError(
            "`dataset.target` must name label columns that hold only 0 and 1, yes and no, or true "
            f"and false. Received: `{name}` with {_plain(odd[0])!r}; leave it out, or name it "
            "alone if it holds classes."
        )
    return np.array(values, dtype=np.int8)[codes]


def _yes_no_value(value: Any) -> int | None:
    name = _class_name(_plain(value)).casefold()
    return 1 if name in _YES else 0 if name in _NO else None


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _class_name(value: Any) -> str:
    if isinstance(value, float):
        if not np.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value).strip()


def _sort_key(names: pd.Series[str]) -> Any:
    kept = names[names != ""]
    numbers = pd.to_numeric(kept, errors="coerce")
    if numbers.notna().all():
        value = dict(zip(kept, numbers, strict=True))
        return lambda name: (value[name], name)
    return _natural


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    # Odd parts of the split are the digits.
    parts = re.split(r"(\d+)", name)
    return [
        (0, int(part), "") if position % 2 else (1, 0, part)
        for position, part in enumerate(parts)
        if part
    ], name


def _refuse_missing(missing: int, *, column: pd.Series[Any]) -> None:
    if missing:
        raise UserError(
            "`dataset.target` must name a column with a class in every row. Received: "
            f"`{column.name}` with {missing:,} of {len(column):,} rows without one (empty, or a "
            "word of `dataset.missing`); remove these rows or label them."
        )


def _refuse_no_classes(values: list[Any], *, names: list[str], column: pd.Series[Any]) -> None:
    rows, classes = len(column), len(names)
    if classes == 1:
        raise UserError(
            "`dataset.target` must name a column with at least two classes. Received: "
            f"`{column.name}` with `{names[0]}` in all {rows:,} rows; choose another column with "
            "`dataset.target`."
        )
    fractional = any(isinstance(value, float) and not value.is_integer() for value in values)
    if 2 * classes > rows or (fractional and classes > _MOST_FRACTIONAL_CLASSES):
        raise UserError(
            "`dataset.target` must name a column of classes that repeat. Received: "
            f"`{column.name}` with {classes:,} different values in {rows:,} rows, as in a number "
            "to predict or an identifier; choose another column with `dataset.target` or cut the "
            "number into classes."
        )
    if classes > MOST_CLASSES:
        raise UserError(
            f"`dataset.target` must name a column of at most {MOST_CLASSES:,} classes. Received: "
            f"`{column.name}` with {classes:,}; choose another column, or join classes."
        )
