"""Decide what happens to classes with too few rows to be trained and evaluated.

A class needs rows in training, validation and test of nested folds; below five, some folds have
none, and its scores say nothing. This is done once, before splitting, and is always stated.

Several labels a row: a label is rare where fewer rows than that have it, or are without it. A rare
label is dropped by leaving out its column, never rows; joining labels would make another question.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from focalsweep.and_more import and_more
from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError

_SHOWN = 8


def treat_rare_classes(
    dataset: Dataset, *, policy: Literal["error", "drop", "merge", "keep"], minimum: int = 5
) -> Dataset:
    """Return the dataset without classes of fewer than `minimum` rows, or with a note of them.

    Parameters
    ----------
    dataset : Dataset
        Returned as it is when it has no rare class.
    policy : {"error", "drop", "merge", "keep"}
        ``error`` refuses the dataset, ``drop`` removes the rows of rare classes, ``merge`` joins
        all rare classes into one, which becomes the last. ``keep`` leaves the rows alone: where
        splitting leaves a class without training rows it gets weight 0 and no offset.
    minimum : int, default 5
        Smallest number of rows that a class may have.

    Raises
    ------
    UserError
        When a rare class is there and `policy` is ``error``; when the merged class is still rare;
        when fewer than two classes, or no label, would be left; when labels are to be merged.
    """
    policies = ("error", "drop", "merge", "keep")
    if policy not in policies:
        near = difflib.get_close_matches(str(policy), policies, n=1, cutoff=0.0)[0]
        raise UserError(
            "`dataset.rare_classes` must be `error`, `drop`, `merge` or `keep`. "
            f"Received: `{policy}`. The nearest is `{near}`."
        )
    counts = _smaller_sides(dataset)
    rare = np.flatnonzero(counts < minimum)
    if not len(rare):
        return dataset
    if policy == "keep":
        return dataclasses.replace(dataset, notes=(*dataset.notes, _kept(dataset, rare)))
    if dataset.multi_label:
        return _without_labels(dataset, rare, policy=policy, minimum=minimum)
    if policy == "error":
        raise UserError(
            f"Every class must have at least {minimum} rows. Received: {_listed(dataset, rare)}; "
            "set `dataset.rare_classes=drop` to leave such classes out, "
            "`dataset.rare_classes=merge` to join them, or `dataset.rare_classes=keep`."
        )
    return _drop(dataset, rare) if policy == "drop" else _merge(dataset, rare, minimum=minimum)


def _smaller_sides(dataset: Dataset) -> NDArray[np.int64]:
    """Return rows a class, or for a label the rows with it or without it, whichever are fewer."""
    counts = dataset.class_counts
    return np.minimum(counts, dataset.n_rows - counts) if dataset.multi_label else counts


def _kept(dataset: Dataset, rare: NDArray[np.intp]) -> str:
    if dataset.multi_label:
        return (
            f"Kept {_listed(dataset, rare)}, too few to be sure of: some training or test parts "
            "have none of these rows."
        )
    return (
        f"Kept {_listed(dataset, rare)}: a class gets weight 0 and no offset where no row of it is "
        "left for training, and averages over classes leave it out where no row of it is scored."
    )


def _without_labels(
    dataset: Dataset, rare: NDArray[np.intp], *, policy: str, minimum: int
) -> Dataset:
    kept = np.setdiff1d(np.arange(dataset.n_classes), rare)
    if policy == "drop" and len(kept):
        note = (
            f"Dropped {_listed(dataset, rare)}; all {dataset.n_rows:,} rows stay, and scores are "
            "about the other labels."
        )
        return dataclasses.replace(
            dataset,
            labels=np.ascontiguousarray(dataset.labels[:, kept]),
            class_names=tuple(dataset.class_names[code] for code in kept),
            notes=(*dataset.notes, note),
            true_posterior=None
            if dataset.true_posterior is None
            else dataset.true_posterior[:, kept],
        )
    way_out = "set `dataset.rare_classes=drop` to leave such labels out, or `keep`"
    if policy == "drop":
        way_out = "`dataset.rare_classes=drop` would leave no label: collect more rows"
    elif policy == "merge":
        way_out = "labels cannot be joined, so set `dataset.rare_classes=drop` or `keep`"
    raise UserError(
        f"Every label must have at least {minimum} rows with it and {minimum} without it. "
        f"Received: {_listed(dataset, rare)}; {way_out}."
    )


def _drop(dataset: Dataset, rare: NDArray[np.intp]) -> Dataset:
    kept = np.setdiff1d(np.arange(dataset.n_classes), rare)
    if len(kept) < 2:
        raise UserError(
            "`dataset.rare_classes=drop` must leave at least two classes. Received: "
            f"{_listed(dataset, rare)} to drop, {len(kept)} left; collect more rows or set "
            "`dataset.rare_classes=merge`."
        )
    rows = np.flatnonzero(np.isin(dataset.labels, kept))
    left = dataset.take(rows)
    posterior = None
    if left.true_posterior is not None:
        # P(class | features, class is kept).
        posterior = left.true_posterior[:, kept]
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
    note = (
        f"Dropped {_listed(dataset, rare)}: {dataset.n_rows - len(rows)} of {dataset.n_rows:,} "
        "rows removed; scores are about the other classes."
    )
    return dataclasses.replace(
        left,
        labels=np.searchsorted(kept, left.labels).astype(np.int32),
        class_names=tuple(dataset.class_names[code] for code in kept),
        notes=(*dataset.notes, note),
        true_posterior=posterior,
    )


def _merge(dataset: Dataset, rare: NDArray[np.intp], *, minimum: int) -> Dataset:
    rows = int(dataset.class_counts[rare].sum())
    kept = np.setdiff1d(np.arange(dataset.n_classes), rare)
    if rows < minimum or not len(kept):
        reason = (
            f"{rows} rows together, fewer than {minimum}" if len(kept) else "no class beside them"
        )
        raise UserError(
            f"`dataset.rare_classes=merge` must give one class of at least {minimum} rows beside "
            f"others. Received: {_listed(dataset, rare)}: {reason}; "
            + ("set `dataset.rare_classes=drop`." if len(kept) > 1 else "collect more rows.")
        )
    recode = np.full(dataset.n_classes, len(kept), dtype=np.int32)
    recode[kept] = np.arange(len(kept), dtype=np.int32)
    merged = f"other ({', '.join(dataset.class_names[code] for code in rare)})"
    posterior = None
    if dataset.true_posterior is not None:
        posterior = np.column_stack(
            [dataset.true_posterior[:, kept], dataset.true_posterior[:, rare].sum(axis=1)]
        )
    note = f"Merged {_listed(dataset, rare)} into one class of {rows} rows, `{merged}`."
    return dataclasses.replace(
        dataset,
        labels=recode[dataset.labels],
        class_names=(*(dataset.class_names[code] for code in kept), merged),
        notes=(*dataset.notes, note),
        true_posterior=posterior,
    )


def _listed(dataset: Dataset, codes: NDArray[np.intp]) -> str:
    counts, smaller = dataset.class_counts, _smaller_sides(dataset)

    def described(code: np.intp) -> str:
        rows = f"{smaller[code]} row{'s' if smaller[code] != 1 else ''}"
        side = "" if counts[code] == smaller[code] else " without it"
        return f"`{dataset.class_names[code]}` ({rows}{side})"

    shown = and_more([described(code) for code in codes], most=_SHOWN)
    if dataset.multi_label:
        return f"label{'s' if len(codes) > 1 else ''} {shown}"
    return f"class{'es' if len(codes) > 1 else ''} {shown}"
