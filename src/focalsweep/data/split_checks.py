"""Refuse splits that no model can be trained or scored on, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.class_units import class_units
from focalsweep.errors import UserError

Groups = NDArray[np.integer]
Labels = NDArray[np.integer]
Rows = NDArray[np.integer]

FEWER_FOLDS = "use fewer folds (`evaluation.folds`, `evaluation.inner_folds`)"
MORE_GROUPS = "collect rows of it in more groups, or leave it out"


class Unsplittable(UserError):
    """Refuse a split that fewer folds may mend."""


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


def refuse_few_groups(
    labels: Labels, groups: Groups, *, least: int, class_names: Sequence[str], way_out: str
) -> None:
    """Refuse classes that sit in too few groups to be trained on, chosen by and tested.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Of the rows to split.
    groups : int array of shape (rows,)
        Any codes.
    least : int
        3 of all rows: one group is tested, and of the others one validates what another trained.
        2 of the rows of one outer fold.
    class_names : sequence of str
        For messages.
    way_out : str
        For messages.
    """
    units = class_units(labels, groups=groups)
    few = np.argwhere((units > 0) & (units < least))
    if len(few):
        at = tuple(few[0].tolist())
        where = "" if least > 2 else " among the training rows of each outer fold"
        raise UserError(
            f"Every {'label' if labels.ndim == 2 else 'class'} must have rows in at least {least} "
            f"groups of `dataset.groups`{where}, because rows of one group are either trained on, "
            "chosen by or tested, and otherwise nothing can be judged. Received: "
            f"{_described(at, class_names)} with {class_units(labels)[at]} rows in {units[at]} of "
            f"{len(np.unique(groups)):,} groups; {way_out}."
        )


def check_parts(
    labels: Labels,
    train: Rows,
    test: Rows,
    *,
    class_names: Sequence[str],
    keep_rare: bool,
    way_out: str,
    tested: bool = True,
    of: str = "",
) -> None:
    """Refuse a split in which a class is without training rows, or without test rows.

    A test part without a class says nothing of it, and scores of the other classes alone are near
    1 whatever was learnt.

    Parameters
    ----------
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, or 0 and 1 for each label; a label then needs rows with it and rows without.
    train, test : int arrays
        Positions in `labels`.
    class_names : sequence of str
        For messages.
    keep_rare : bool
        Whether classes may be absent, as long as two are left in each part.
    way_out : str
        For messages.
    tested : bool, default True
        Whether the test part is looked at; those of inner folds are scored together.
    of : str, optional
        What the parts are of, for messages.
    """
    used = np.concatenate([train, test])
    rows = _counts(labels, used, like=labels)
    parts = [("training", train), *([("test", test)] if tested else [])]
    for part, own in parts:
        found = _counts(labels, own, like=labels)
        if keep_rare:
            _check_something_is_left(found, part=part, way_out=way_out)
            continue
        absent = np.argwhere((rows > 0) & (found == 0))
        if not len(absent):
            continue
        at = tuple(absent[0].tolist())
        keep = ", or set `dataset.rare_classes=keep`" if len(rows) > 2 else ""
        few = ", `merge` or `drop`" if keep and rows[at] < 5 and labels.ndim == 1 else ""
        raise Unsplittable(
            f"Every {'label' if labels.ndim == 2 else 'class'} must have a {part} row. Received: "
            f"{_described(at, class_names)} with {rows[at]} rows, none of them in the {part} "
            f"part{of}; {way_out}{keep}{few}."
        )


def _check_something_is_left(found: NDArray[np.integer], *, part: str, way_out: str) -> None:
    multi_label = found.ndim == 2
    enough = (found > 0).all(axis=1).any() if multi_label else (found > 0).sum() >= 2
    if not enough:
        what, lacking = (
            ("At least one label", f"a {part} part in which no label has rows with and without it")
            if multi_label
            else ("At least two classes", f"a {part} part with rows of one class only")
        )
        raise Unsplittable(
            f"{what} must be in every {part} part, or there is nothing to tell apart. Received: "
            f"{lacking}; {way_out}."
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
