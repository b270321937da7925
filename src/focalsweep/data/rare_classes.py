"""Decide what happens to classes with too few rows to be trained and evaluated.

A class needs rows in training, validation and test of nested folds; below five, some folds have
none, and its scores say nothing. This is done once, before splitting, and is always stated.
"""

from __future__ import annotations

import dataclasses
import difflib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError

_SHOWN = 8


def treat_rare_classes(
    dataset: Dataset, *, policy: Literal["error", "drop", "merge"], minimum: int = 5
) -> Dataset:
    """Return the dataset without classes of fewer than `minimum` rows.

    Parameters
    ----------
    dataset : Dataset
        Returned as it is when it has no rare class.
    policy : {"error", "drop", "merge"}
        ``error`` refuses the dataset, ``drop`` removes the rows of rare classes, ``merge`` joins
        all rare classes into one, which becomes the last.
    minimum : int, default 5
        Smallest number of rows that a class may have.

    Raises
    ------
    UserError
        When a rare class is there and `policy` is ``error``; when the merged class is still rare;
        when fewer than two classes would be left.
    """
    policies = ("error", "drop", "merge")
    if policy not in policies:
        near = difflib.get_close_matches(str(policy), policies, n=1, cutoff=0.0)[0]
        raise UserError(
            "`dataset.rare_classes` must be `error`, `drop` or `merge`. "
            f"Received: `{policy}`. The nearest is `{near}`."
        )
    counts = dataset.class_counts
    rare = np.flatnonzero(counts < minimum)
    if not len(rare):
        return dataset
    if policy == "error":
        raise UserError(
            f"Every class must have at least {minimum} rows. Received: {_listed(dataset, rare)}; "
            "set `dataset.rare_classes=drop` to leave such classes out or "
            "`dataset.rare_classes=merge` to join them."
        )
    return _drop(dataset, rare) if policy == "drop" else _merge(dataset, rare, minimum=minimum)


def _drop(dataset: Dataset, rare: NDArray[np.intp]) -> Dataset:
    kept = np.setdiff1d(np.arange(dataset.n_classes), rare)
    if len(kept) < 2:
        raise UserError(
            "`dataset.rare_classes=drop` must leave at least two classes. Received: "
            f"{_listed(dataset, rare)} to drop, {len(kept)} left; collect more rows or set "
            "`dataset.rare_classes=merge`."
        )
    rows = np.flatnonzero(np.isin(dataset.labels, kept))
    posterior = None
    if dataset.true_posterior is not None:
        # P(class | features, class is kept).
        posterior = dataset.true_posterior[np.ix_(rows, kept)]
        posterior = posterior / posterior.sum(axis=1, keepdims=True)
    note = (
        f"Dropped {_listed(dataset, rare)}: {dataset.n_rows - len(rows)} of {dataset.n_rows:,} "
        "rows removed; scores are about the other classes."
    )
    return dataclasses.replace(
        dataset,
        features=dataset.features.iloc[rows].reset_index(drop=True),
        labels=np.searchsorted(kept, dataset.labels[rows]).astype(np.int32),
        class_names=tuple(dataset.class_names[code] for code in kept),
        notes=(*dataset.notes, note),
        true_posterior=posterior,
        read_rows=rows if dataset.read_rows is None else dataset.read_rows[rows],
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
    counts = dataset.class_counts
    shown = [
        f"`{dataset.class_names[code]}` ({counts[code]} row{'s' if counts[code] != 1 else ''})"
        for code in codes[:_SHOWN]
    ]
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return f"class{'es' if len(codes) > 1 else ''} {', '.join(shown)}{more}"
