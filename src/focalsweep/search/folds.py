"""Who trains on what: every view of the data that a sweep needs, laid out before it starts.

A scope is one search: an outer fold's training rows, or all rows for the search that gives the
pasted point. It has one view an inner fold, and outer folds also one view for the refit, whose
evaluation rows are the outer test rows. Profiles thin, and preprocessing is fitted on, the training
rows of each view separately.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset
from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.data.profile import thin
from focalsweep.data.splits import Split, holdout_split, inner_splits, outer_splits
from focalsweep.training.member import View

ALL_ROWS = "all"
"""Name of the scope whose search sees every row."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Say how rows are split.

    Parameters
    ----------
    kind : {"nested", "holdout"}
        `folds`, `repeats` belong to the first and `test_fraction` to the second.
    folds, repeats, inner_folds, refit_seeds : int
        See ``conf/evaluation/``.
    test_fraction : float
        In (0, 1).
    """

    kind: Literal["nested", "holdout"]
    folds: int
    repeats: int
    inner_folds: int
    refit_seeds: int
    test_fraction: float

    @property
    def n_outer(self) -> int:
        """Number of outer folds in all."""
        return self.folds * self.repeats if self.kind == "nested" else 1


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Hold the artificial imbalance of training rows, see `focalsweep.data.profile`."""

    kind: Literal["none", "exp", "step"] = "none"
    factor: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """Hold one search: the rows it may see and its views.

    Parameters
    ----------
    name : str
        The outer fold's number, or ``all``.
    counts : int array of shape (classes,)
        Rows a class among the scope's rows, after the profile.
    inner : tuple of int
        Index of each inner fold's view.
    refit : int or None
        Index of the view that trains on all of the scope's rows and is scored on the outer test
        rows; None for ``all``.
    """

    name: str
    counts: NDArray[np.int64]
    inner: tuple[int, ...]
    refit: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Folds:
    """Hold all views of a sweep and the scopes that use them."""

    views: tuple[View, ...]
    scopes: tuple[Scope, ...]

    @property
    def outer(self) -> tuple[Scope, ...]:
        """The outer folds' scopes."""
        return tuple(scope for scope in self.scopes if scope.refit is not None)

    @property
    def final(self) -> Scope:
        """The scope of all rows."""
        return next(scope for scope in self.scopes if scope.refit is None)


def lay_out(dataset: Dataset, *, evaluation: Evaluation, profile: Profile, seed: int) -> Folds:
    """Split the dataset and preprocess every view.

    Raises
    ------
    UserError
        When the rows cannot be split like this, see `focalsweep.data.splits`.
    """
    names = dataset.class_names
    everything = np.arange(dataset.n_rows)
    if evaluation.kind == "nested":
        outer: Sequence[Split] = outer_splits(
            dataset.labels,
            folds=evaluation.folds,
            repeats=evaluation.repeats,
            seed=seed,
            class_names=names,
        )
    else:
        outer = (
            holdout_split(
                dataset.labels,
                test_fraction=evaluation.test_fraction,
                seed=seed,
                class_names=names,
            ),
        )
    views: list[View] = []

    def add_view(name: str, split: Split) -> int:
        views.append(_view(dataset, split, name=name, profile=profile, seed=seed))
        return len(views) - 1

    def scope(name: str, rows: NDArray[np.integer], refit: Split | None) -> Scope:
        inner = inner_splits(
            dataset.labels,
            rows,
            folds=evaluation.inner_folds,
            seed=seed,
            class_names=names,
        )
        kept = thin(
            rows, labels=dataset.labels, kind=profile.kind, factor=profile.factor, seed=seed
        )
        return Scope(
            name=name,
            counts=np.bincount(dataset.labels[kept], minlength=dataset.n_classes),
            inner=tuple(add_view(f"{name}/inner-{i}", split) for i, split in enumerate(inner)),
            refit=None if refit is None else add_view(f"{name}/refit", refit),
        )

    scopes = [scope(str(i), split.train, split) for i, split in enumerate(outer)]
    scopes.append(scope(ALL_ROWS, everything, None))
    return Folds(views=tuple(views), scopes=tuple(scopes))


def _view(dataset: Dataset, split: Split, *, name: str, profile: Profile, seed: int) -> View:
    train = thin(
        split.train, labels=dataset.labels, kind=profile.kind, factor=profile.factor, seed=seed
    )
    preprocessor = fit_preprocessor(dataset.features.iloc[train])
    rows = np.concatenate([train, split.test])
    return View(
        name=name,
        features=preprocessor.transform(dataset.features.iloc[rows]),
        labels=dataset.labels[rows],
        n_train=len(train),
        natural_counts=np.bincount(dataset.labels[split.train], minlength=dataset.n_classes),
    )
