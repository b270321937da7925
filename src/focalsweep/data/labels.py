"""Turn a column of class labels into codes 0 .. classes - 1 and their names.

Labels may be text, booleans, whole numbers with gaps or floats with whole values; what cannot be
a class (missing values, a quantity to predict) is refused here, before anything is trained.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.errors import UserError

# Fractions are rare as class labels (0.5, 1.5, ...) and usual in quantities.
_MOST_FRACTIONAL_CLASSES = 50


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
            f"Target column `{column.name}` must hold text, numbers or booleans. Received: "
            f"{error}; choose another column with `dataset.target`."
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
            f"Target column `{column.name}` must hold a class in every row. Received: {missing:,} "
            f"of {len(column):,} rows without one (empty, NA, NaN, None and null count as "
            "missing); remove these rows or label them."
        )


def _refuse_no_classes(values: list[Any], *, names: list[str], column: pd.Series[Any]) -> None:
    rows, classes = len(column), len(names)
    if classes == 1:
        raise UserError(
            f"Target column `{column.name}` must hold at least two classes. Received: `{names[0]}` "
            f"in all {rows:,} rows; choose another column with `dataset.target`."
        )
    fractional = any(isinstance(value, float) and not value.is_integer() for value in values)
    if 2 * classes > rows or (fractional and classes > _MOST_FRACTIONAL_CLASSES):
        raise UserError(
            f"Target column `{column.name}` must hold classes that repeat. Received: {classes:,} "
            f"different values in {rows:,} rows, as in a number to predict or an identifier; "
            "choose another column with `dataset.target` or cut the number into classes."
        )
