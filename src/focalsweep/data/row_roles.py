"""Read what is known of a row beside its features: group, part of a split, time, weight.

Each function takes one column and returns plain numbers, or says in one sentence why it cannot.
A gap is refused everywhere: a row without a group or a time could end up on either side of a split.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from focalsweep.data.column_names import listed
from focalsweep.data.columns import sentences
from focalsweep.data.kinds.dates import days_of
from focalsweep.data.plain_column import plain_column
from focalsweep.data.splits import Split
from focalsweep.data.written import Record, Written
from focalsweep.errors import UserError

_TRAIN = frozenset({"train", "training"})
_VALIDATION = frozenset({"validation", "valid", "val", "dev", "tune"})
_TEST = frozenset({"test", "testing", "holdout"})


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RowRoles:
    """Hold what is known of each row, under the names that `Dataset` uses; None: not given."""

    groups: NDArray[np.int64] | None = None
    split: Split | None = None
    time: NDArray[np.float64] | None = None
    weights: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_roles(
    *,
    rows: int,
    groups: ArrayLike | None = None,
    split: ArrayLike | None = None,
    time: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    written: Written | None = None,
) -> RowRoles:
    """Return the roles of all rows, checked.

    Parameters
    ----------
    rows : int
        Rows of the dataset, which each of the others must have.
    groups : array of shape (rows,), optional
        Any values: rows with equal ones form a group.
    split : array of shape (rows,), optional
        ``train`` or ``test``; see `split_of`.
    time : array of shape (rows,), optional
        Numbers or dates.
    weights : array of shape (rows,), optional
        Numbers > 0.
    written : Written, optional
        What the user says of how times and weights are written.

    Raises
    ------
    UserError
        When one of them has another length, or values that cannot be used.
    """
    values_of = {"groups": groups, "split": split, "time": time, "weights": weights}
    columns = {
        key: _column(values, key=key, rows=rows)
        for key, values in values_of.items()
        if values is not None
    }
    parts, notes = split_of(columns["split"]) if "split" in columns else (None, ())
    record, given = Record(), written or Written()
    return RowRoles(
        groups=group_codes(columns["groups"]) if "groups" in columns else None,
        split=parts,
        time=times_of(columns["time"], record=record, given=given) if "time" in columns else None,
        weights=weights_of(columns["weights"], record=record, given=given)
        if "weights" in columns
        else None,
        notes=notes,
        warnings=sentences(record.warnings),
    )


def group_codes(column: pd.Series[Any]) -> NDArray[np.int64]:
    """Return one code a group, in the order in which groups first occur.

    Raises
    ------
    UserError
        When a group is missing, or when all rows are one group.
    """
    _refuse_missing(column, key="groups", holds="a group")
    try:
        codes, groups = pd.factorize(column)
    except TypeError as error:
        raise UserError(
            f"`dataset.groups` must name a column of text or numbers. Received: `{column.name}`, "
            f"which holds other values ({error}); choose another column."
        ) from error
    if len(groups) < 2:
        raise UserError(
            f"`dataset.groups` must name a column with at least two groups. Received: "
            f"`{column.name}` with `{groups[0]}` in all rows; choose another column or remove the "
            "key."
        )
    return codes.astype(np.int64)


def split_of(column: pd.Series[Any]) -> tuple[Split, tuple[str, ...]]:
    """Return the training and test rows that the words of the column say, and notes.

    ``train`` and ``training`` are training rows, ``test``, ``testing`` and ``holdout`` test rows.
    ``validation`` (also ``valid``, ``val``, ``dev``) joins the training rows, in which the search
    makes its own validation folds; where there is no test row, it is the test part.

    Raises
    ------
    UserError
        When there are other words or gaps, or when a part would be empty.
    """
    _refuse_missing(column, key="split", holds="`train` or `test`")
    words = column.astype(str).str.strip().str.lower()
    known = _TRAIN | _VALIDATION | _TEST
    unknown = sorted(set(words.unique()) - known)
    if unknown:
        raise UserError(
            "`dataset.split` must name a column that holds `train` or `test` in every row (also "
            f"`training`, `validation`). Received: {listed(unknown[:3])} in `{column.name}`; "
            "rename these values or choose another column."
        )
    train, validation, test = (words.isin(part).to_numpy() for part in (_TRAIN, _VALIDATION, _TEST))
    notes: tuple[str, ...] = ()
    if validation.any() and test.any():
        notes = (
            f"`{column.name}` marks {validation.sum():,} validation rows: they are training rows "
            "here, because the search makes its own validation folds.",
        )
        train = train | validation
    elif validation.any():
        notes = (
            f"`{column.name}` marks {validation.sum():,} validation rows and no test row: they are "
            "the test part.",
        )
        test = validation
    if not train.any() or not test.any():
        missing = "test" if train.any() else "training"
        raise UserError(
            "`dataset.split` must name a column with training and test rows. Received: "
            f"`{column.name}` without a {missing} row; mark some or remove the key."
        )
    parts = Split(train=np.flatnonzero(train), test=np.flatnonzero(test))
    return parts, notes


def times_of(
    column: pd.Series[Any], *, record: Record | None = None, given: Written | None = None
) -> NDArray[np.float64]:
    """Return when each row was seen: numbers as they are, dates as days since 1970-01-01.

    Raises
    ------
    UserError
        When a time is missing or infinite, when values are no numbers and no dates, or all equal.
    """
    _refuse_missing(column, key="time", holds="a time")
    if column.astype("object").map(str).nunique() < 2:
        raise UserError(
            "`dataset.time` must name a column with at least two different times. Received: "
            f"`{column.name}` with `{column.iloc[0]}` in all rows; choose another column or remove "
            "the key."
        )
    plain = _plain(column, record=record, given=given)
    if pd.api.types.is_datetime64_any_dtype(plain.dtype):
        plain = pd.Series(days_of(plain))
    if isinstance(plain.dtype, pd.CategoricalDtype) or not (
        pd.api.types.is_numeric_dtype(plain.dtype) and not pd.api.types.is_bool_dtype(plain.dtype)
    ):
        raise UserError(
            f"`dataset.time` must name a column of numbers or dates. Received: `{column.name}` "
            f"with values such as `{column.iloc[0]}`; write dates as year-month-day."
        )
    times = plain.to_numpy(dtype=np.float64)
    if not np.isfinite(times).all():
        raise UserError(
            f"`dataset.time` must name a column of finite times. Received: `{column.name}` with "
            f"{(~np.isfinite(times)).sum():,} infinite or unreadable values; remove these rows."
        )
    return times


def weights_of(
    column: pd.Series[Any], *, record: Record | None = None, given: Written | None = None
) -> NDArray[np.float32]:
    """Return the weight of each row, divided by the mean.

    Raises
    ------
    UserError
        When a weight is no number, missing, infinite, zero or negative.
    """
    _refuse_missing(column, key="weights", holds="a weight")
    kinds = pd.api.types
    numbers = (
        column
        if kinds.is_numeric_dtype(column.dtype)
        else _plain(column, record=record, given=given)
    )
    if kinds.is_bool_dtype(numbers.dtype) or not kinds.is_numeric_dtype(numbers.dtype):
        numeric = pd.to_numeric(column.astype("object").map(str), errors="coerce").notna()
        found = column.iloc[0] if numeric.all() else column[~numeric].iloc[0]
        raise UserError(
            f"`dataset.weights` must name a column of numbers > 0. Received: `{column.name}` with "
            f"`{str(found)[:40]}`; choose another column."
        )
    weights = numbers.to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        raise UserError(
            f"`dataset.weights` must name a column of finite numbers > 0. Received: "
            f"{wrong.sum():,} other values in `{column.name}`, the first of them "
            f"{weights[wrong][0]:g}; remove these rows or mend their weights."
        )
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    if not (scaled > 0).all() or not np.isfinite(scaled).all():
        raise UserError(
            f"`dataset.weights` must hold numbers of similar size. Received: `{column.name}` from "
            f"{weights.min():g} to {weights.max():g}, beyond what 32-bit numbers hold; "
            "mend them or choose another column."
        )
    return scaled


def _plain(
    column: pd.Series[Any], *, record: Record | None, given: Written | None
) -> pd.Series[Any]:
    """Return the column as a feature would be read: the same text is the same date in both."""
    text = column.astype("object").map(str)
    if text.str.fullmatch(r"[0-9]+").all():  # codes such as 0905 are times here
        return pd.to_numeric(text)
    return plain_column(
        pd.Series(column.to_numpy()),
        name=str(column.name),
        record=record or Record(),
        given=given or Written(),
    )


def _column(values: ArrayLike, *, key: str, rows: int) -> pd.Series[Any]:
    if not isinstance(values, pd.Series):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise UserError(
                f"`dataset.{key}` must be one column. Received: an array of shape {array.shape}; "
                "choose another."
            )
        values = pd.Series(array, name=key)
    if len(values) != rows:
        raise UserError(
            f"`dataset.{key}` must have one value for each of the {rows:,} rows. Received: "
            f"{len(values):,} values; give one a row."
        )
    return values.reset_index(drop=True)


def _refuse_missing(column: pd.Series[Any], *, key: str, holds: str) -> None:
    missing = column.isna()
    if not missing.any() and column.dtype in ("object", "str", "string", "category"):
        missing = column.astype(str).str.strip() == ""
    if missing.any():
        raise UserError(
            f"`dataset.{key}` must name a column with {holds} in every row. Received: "
            f"`{column.name}` with {missing.sum():,} of {len(column):,} rows empty; fill them or "
            "remove these rows."
        )
