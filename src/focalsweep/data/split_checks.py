"""Refuse splits that no model can be trained or scored on, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from focalsweep.errors import UserError

Labels = NDArray[np.integer]
Rows = NDArray[np.integer]


def check_folds(rows: int, *, folds: int, setting: str) -> None:
    """Refuse a number of folds that so many rows do not have."""
    if not 2 <= folds <= rows:
        raise UserError(
            f"`{setting}` must be >= 2 and at most the number of rows ({rows}). Received: {folds}; "
            "choose another number."
        )


def refuse_single_rows(labels: Labels, *, class_names: Sequence[str]) -> None:
    """Refuse classes of one row, which cannot be trained on and tested.

    Parameters
    ----------
    labels : int array of shape (rows,)
        Class codes.
    class_names : sequence of str
        For messages; codes are named where it is empty.
    """
    single = np.flatnonzero(np.bincount(labels) == 1)
    if len(single):
        raise UserError(
            "Every class must have at least two rows to be split, so that it has a training row "
            f"in each fold. Received: {_named(int(single[0]), class_names)} with one row; set "
            "`dataset.rare_classes=drop`, `dataset.rare_classes=merge` or "
            "`dataset.rare_classes=keep`."
        )


def check_parts(
    labels: Labels,
    train: Rows,
    test: Rows,
    *,
    class_names: Sequence[str],
    keep_rare: bool,
    holdout: str | None = None,
) -> None:
    """Refuse a split in which a class is without training rows, or a holdout without test rows.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label; a label then needs rows with it and rows without.
    train, test : int arrays
        Positions in `labels`.
    class_names : sequence of str
        For messages.
    keep_rare : bool
        Whether classes may be absent, as long as two are left in training.
    holdout : str, optional
        What a holdout follows, for messages; None is a fold, whose test part need not have every
        class.
    """
    used = np.concatenate([train, test])
    rows, trained, tested = (_counts(labels, part, like=labels) for part in (used, train, test))
    if keep_rare:
        _check_something_is_left(trained, multi_label=labels.ndim == 2)
        return
    wanted = [("training", trained)]
    if holdout is not None:
        wanted.append(("test", tested))
    for part, found in wanted:
        absent = np.argwhere((rows > 0) & (found == 0))
        if not len(absent):
            continue
        at = tuple(absent[0].tolist())
        raise UserError(
            f"Every {'label' if labels.ndim == 2 else 'class'} must have a {part} row. Received: "
            f"{_described(at, class_names)} with {rows[at]} rows, none of them in the {part} "
            f"part"
            + (
                "; use fewer folds (`evaluation.folds`, `evaluation.inner_folds`)"
                if holdout is None
                else f" of {holdout}; change it"
            )
            + ", or set `dataset.rare_classes=keep`"
            + (", `merge` or `drop`." if rows[at] < 5 and labels.ndim == 1 else ".")
        )


def _check_something_is_left(trained: NDArray[np.integer], *, multi_label: bool) -> None:
    enough = (trained > 0).all(axis=1).any() if multi_label else (trained > 0).sum() >= 2
    if not enough:
        raise UserError(
            "At least two classes must have training rows in every fold, or there is nothing to "
            "tell apart. Received: a training part with rows of one class only; use fewer folds "
            "(`evaluation.folds`, `evaluation.inner_folds`), or another split."
            if not multi_label
            else "At least one label must have training rows with it and without it in every fold. "
            "Received: a training part in which no label has both; use fewer folds "
            "(`evaluation.folds`, `evaluation.inner_folds`), or another split."
        )


def _counts(labels: Labels, rows: Rows, *, like: Labels) -> NDArray[np.integer]:
    """Count rows by class, or by label without and with it."""
    if labels.ndim == 1:
        return np.bincount(labels[rows], minlength=int(like.max()) + 1)
    having = labels[rows].sum(axis=0, dtype=np.int64)
    return np.stack([len(rows) - having, having], axis=1)


def _described(at: tuple[int, ...], class_names: Sequence[str]) -> str:
    if len(at) == 1:
        return _named(at[0], class_names)
    label = f"label `{class_names[at[0]]}`" if class_names else f"label {at[0]}"
    return label if at[1] else f"the absence of {label}"


def _named(code: int, class_names: Sequence[str]) -> str:
    return f"class `{class_names[code]}`" if class_names else f"class code {code}"
