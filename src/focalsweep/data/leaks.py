"""Warn of columns that may give the answer away: identifiers, row counters, copies of the target.

Nothing is removed and nothing is decided here. These functions read all rows and all labels, test
rows among them, so what they find is only ever printed: `Dataset.warnings` holds it, and no model,
search or score reads that.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import gammaln

from focalsweep.and_more import and_more

_NAMED_AS_IDENTIFIER = re.compile(
    r"(^|[_\W])(id|ids|uid|uuid|guid|key|index|idx|no|nr|rownum|row|serial)($|[_\W\d])"
    r"|[a-z](ID|Id|Key|Idx)$",
)
_FEWEST_ROWS = 20
_UNLIKELY = 1e-6
"""Probability that a column does as much by chance, below which it is suspicious."""
_ROWS_A_VALUE = 5
"""Mean rows a value from which on it says something that each value has one class."""
_SOME_ROWS = 200
_SHOWN = 8


def leak_warnings(features: pd.DataFrame, labels: NDArray[np.integer]) -> tuple[str, ...]:
    """Return sentences on suspicious columns, each with the reason and what to do.

    Parameters
    ----------
    features : DataFrame of shape (rows, columns)
        Plain columns, see `focalsweep.data.columns`.
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label.
    """
    if len(features) < _FEWEST_ROWS:
        return ()
    counters, identifiers, answers, gaps = [], [], [], []
    some = _some_rows(labels)
    for name in features.columns:
        column = features[name]
        values = _whole_numbers(column)
        if values is not None and _counts(values):
            counters.append(str(name))
        elif _names_rows(column, values, name=str(name)):
            identifiers.append(str(name))
        elif _tells(column.isna(), labels, some=some):
            gaps.append(str(name))
        elif _tells(column, labels, some=some):
            answers.append(str(name))
    leave = "leave it out of the data"
    told = "the class" if labels.ndim == 1 else "a label"
    found = []
    if counters:
        found.append(
            f"{_listed(counters)} numbers the rows, each value once: where rows are in an order "
            f"that has to do with the class it leaks it, and otherwise it is noise; {leave}."
        )
    if identifiers:
        found.append(
            f"{_listed(identifiers)} has a different value in each row, as a name of the row does: "
            f"what a model learns from it does not carry over to new rows; {leave}."
        )
    if answers:
        found.append(
            f"{_listed(answers)} alone tells {told} of every row: if it was made from the target, "
            f"or is known only after it, {leave}."
        )
    if gaps:
        found.append(
            f"Whether {_listed(gaps)} is missing tells {told} of every row: if it is filled in "
            f"only once the target is known, {leave}."
        )
    return tuple(found)


def _whole_numbers(column: pd.Series[Any]) -> NDArray[np.int64] | None:
    """Return a column of whole numbers without gaps; None for other columns."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return None
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any():
        return None
    values = column.to_numpy()
    if values.dtype.kind == "f":
        if np.abs(values).max() > 2**53 or (values != np.floor(values)).any():
            return None
    elif values.max() > np.iinfo(np.int64).max:
        return None
    return values.astype(np.int64)


def _counts(values: NDArray[np.int64]) -> bool:
    """Tell whether the values are a, a + 1, ..., a + rows - 1, in any order."""
    if int(values.max()) - int(values.min()) != len(values) - 1:
        return False
    return len(np.unique(values)) == len(values)


def _names_rows(column: pd.Series[Any], values: NDArray[np.int64] | None, *, name: str) -> bool:
    """Tell whether each row has a value of its own where measured values would repeat."""
    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(column.dtype):
        return False
    if not kinds.is_numeric_dtype(column.dtype):
        # Free text differs from row to row by nature.
        is_level = isinstance(column.dtype, pd.CategoricalDtype)
        return is_level and not column.isna().any() and column.nunique() == len(column)
    if values is None or len(np.unique(values)) < len(values):
        return False
    if _NAMED_AS_IDENTIFIER.search(name) or _NAMED_AS_IDENTIFIER.search(name.lower()):
        return True
    rows, span = len(values), float(values.max()) - float(values.min()) + 1
    # Numbers dealt over the span would all differ with probability exp(-rows^2 / (2 span)).
    return bool(rows * (rows - 1) / (2 * span) > -np.log(_UNLIKELY))


def _some_rows(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return some rows of the smallest and the largest class; none where chance may tell classes.

    What does not decide between these cannot decide all, and is ruled out at little cost.
    """
    none = np.empty(0, np.intp)
    if labels.ndim == 2:
        return none
    counts = np.bincount(labels)
    classes = np.flatnonzero(counts)
    # Labels dealt at random stand in one run a class with this probability.
    log_chance = gammaln(len(classes) + 1) - gammaln(len(labels) + 1) + gammaln(counts + 1).sum()
    if len(classes) < 2 or log_chance > np.log(_UNLIKELY):
        return none
    pair = classes[np.argsort(counts[classes], kind="stable")][[0, -1]]
    return np.concatenate([np.flatnonzero(labels == code)[:_SOME_ROWS] for code in pair])


def _tells(column: pd.Series[Any], labels: NDArray[np.integer], *, some: NDArray[np.intp]) -> bool:
    """Tell whether the value decides every row's class, and chance would hardly make it so."""
    if labels.ndim == 2:
        codes, uniques = pd.factorize(column, use_na_sentinel=False)
        few = len(uniques) * _ROWS_A_VALUE <= len(codes)
        return len(uniques) > 1 and few and _tells_labels(codes, labels)
    if not len(some):
        return False
    first, own = column.iloc[some], labels[some]
    if not _pure(first, own):
        return False
    if column.nunique(dropna=False) * _ROWS_A_VALUE <= len(column):
        return _pure(column, labels)
    return _apart(first, own) and _apart(column, labels)


def _pure(column: pd.Series[Any], labels: NDArray[np.integer]) -> bool:
    """Tell whether all rows with the same value have the same class."""
    codes, uniques = pd.factorize(column, use_na_sentinel=False)
    low = np.full(len(uniques), np.iinfo(np.int64).max)
    high = np.full(len(uniques), -1)
    np.minimum.at(low, codes, labels)
    np.maximum.at(high, codes, labels)
    return bool((low == high).all())


def _apart(column: pd.Series[Any], labels: NDArray[np.integer]) -> bool:
    """Tell whether the classes stand in one interval of numbers each."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any():
        return False
    values = column.to_numpy()
    order = np.argsort(values, kind="stable")
    changes = np.diff(labels[order]) != 0
    tied = np.diff(values[order].astype(np.float64)) == 0
    return int(changes.sum()) == len(np.unique(labels)) - 1 and not bool((changes & tied).any())


def _tells_labels(codes: NDArray[np.intp], labels: NDArray[np.integer]) -> bool:
    """Tell whether some label is all 0 or all 1 within each value, and is not hard to guess."""
    rows = len(codes)
    groups = csr_array((np.ones(rows), (codes, np.arange(rows))), shape=(codes.max() + 1, rows))
    positives = groups @ labels.astype(np.float64)
    sizes = np.bincount(codes)[:, None]
    pure = ((positives == 0) | (positives == sizes)).all(axis=0)
    share = labels.mean(axis=0)
    enough = np.minimum(share, 1 - share) * rows >= _ROWS_A_VALUE
    return bool((pure & enough).any())


def _listed(names: list[str]) -> str:
    return and_more([f"`{name}`" for name in names], most=_SHOWN)
