"""What a model answers: each class, or each side of a label, as the target had it.

Classes have names for people to read, and `3` is the name of 3, of 3.0 and of "3". A prediction is
compared with what it was trained on, so it is given back in that type, as scikit-learn does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

Value = StrictBool | StrictInt | StrictFloat | StrictStr
Answer = Value | tuple[Value, ...]
"""Of a class its value, or its row of one-hot columns; of a label its values [absent, there]."""

SIDES: Answer = (0, 1)
"""What a label is answered by where nothing else is known."""


def answers_of(
    target: pd.DataFrame, labels: NDArray[np.integer], names: Sequence[str]
) -> dict[str, Answer]:
    """Return the answer for each class or label, by its name.

    Parameters
    ----------
    target : DataFrame of shape (rows, target columns)
        As it was given.
    labels : int array of shape (rows,), or (rows, labels)
        What was read from it.
    names : sequence of str
        Of the classes, or of the labels. What is neither a number, a truth value nor text (a date,
        an interval) is answered by its name.

    Examples
    --------
    >>> target = pd.DataFrame({"y": [1.5, 0.0, 1.5]})
    >>> answers_of(target, np.array([1, 0, 1]), ["0", "1.5"])
    {'0': 0.0, '1.5': 1.5}
    """
    if labels.ndim == 2:
        return {
            name: _sides(target.iloc[:, column], labels[:, column])
            for column, name in enumerate(names)
        }
    _, first = np.unique(labels, return_index=True)
    if target.shape[1] > 1:  # one-hot
        rows = target.take(first).to_numpy(dtype=object)
        return {
            name: tuple(_value(each, str(each)) for each in row)
            for name, row in zip(names, rows, strict=True)
        }
    column = target.iloc[:, 0]
    return {name: _value(column.iloc[row], name) for name, row in zip(names, first, strict=True)}


def answered(codes: NDArray[np.integer], answers: Sequence[Answer]) -> NDArray[Any]:
    """Return decisions in the type of the target.

    Parameters
    ----------
    codes : int array of shape (rows,), or (rows, labels)
        Class codes, or 0 and 1.
    answers : sequence of length classes, or labels

    Returns
    -------
    array of shape (rows,), (rows, labels), or (rows, target columns) of one-hot targets
    """
    flat = [
        value
        for answer in answers
        for value in (answer if isinstance(answer, tuple) else (answer,))
    ]
    # NumPy would make text of numbers beside text, and numbers of truth values beside numbers.
    alike = len({type(value) for value in flat}) == 1
    table: NDArray[Any] = np.array(answers, dtype=None if alike else object)
    found: NDArray[Any] = table[codes] if codes.ndim == 1 else table[np.arange(len(table)), codes]
    return found


def in_order(
    answers: Mapping[str, Answer], names: Sequence[str], *, labels: bool
) -> tuple[Answer, ...]:
    """Return the answers of some names; those that nothing is known of are the name, or 0 and 1."""
    return tuple(answers.get(name, SIDES if labels else name) for name in names)


def _sides(column: pd.Series[Any], there: NDArray[np.integer]) -> Answer:
    found = {
        side: _value(column.iloc[int(np.argmax(there == side))], side)
        for side in (0, 1)
        if (there == side).any()
    }
    truth = any(isinstance(value, bool) for value in found.values())
    return tuple(found.get(side, bool(side) if truth else side) for side in (0, 1))


def _value(raw: Any, otherwise: Value) -> Value:
    plain = raw.item() if isinstance(raw, np.generic) else raw
    return plain if isinstance(plain, bool | int | float | str) else otherwise
