"""Who trains on what: every view of the data that a sweep needs, laid out before it starts.

A scope is one search: an outer fold's training rows, or all rows for the search that gives the
pasted point. It has one view an inner fold, and outer folds also one view for the refit, whose
evaluation rows are the outer test rows. Profiles thin, noise flips labels of, and preprocessing is
fitted on, the training rows of each view separately.

Arms that treat rows (see `focalsweep.data.resampling`) train on variants of these views: the same
fold, name and evaluation rows, other training rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # by scikit-learn

from focalsweep.data.dataset import Dataset
from focalsweep.data.label_noise import flip
from focalsweep.data.nested_splits import nested_splits
from focalsweep.data.preprocessing import Preprocessor, fit_preprocessor
from focalsweep.data.profile import thin
from focalsweep.data.resampling import Treated
from focalsweep.data.splits import Rows, Split
from focalsweep.errors import UserError
from focalsweep.search.row_weights import in_unit_of, of_treated, of_view, weighs_alike
from focalsweep.training.class_counts import ClassCounts, class_counts
from focalsweep.training.member import View

ALL_ROWS = "all"
"""Name of the scope whose search sees every row."""

Treatment = Callable[..., Treated]
"""``treatment(features, labels, *, seed) -> Treated``, and ``suspects`` where it asks for them."""


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
    counts : array of shape (classes,), or (labels, 2)
        Rows a class among the scope's rows, after the profile; rows without and with each label.
        Rows with weights count by them, of mean 1 before the profile.
    inner : tuple of int
        Index of each inner fold's view.
    refit : int or None
        Index of the view that trains on all of the scope's rows and is scored on the outer test
        rows; None for ``all``.
    """

    name: str
    counts: ClassCounts
    inner: tuple[int, ...]
    refit: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Folds:
    """Hold all views of a sweep and the scopes that use them.

    Parameters
    ----------
    views : tuple of View
        Those of the scopes first (`base`), then the variants.
    scopes : tuple of Scope
        They name views by index.
    rows : tuple of int arrays of shape (rows of the view,)
        For each base view the dataset's row numbers, training rows first.
    variants : mapping from treatment to tuple of int
        For each base view the index of the view with its rows treated: its own index where the
        treatment changes nothing there.
    whole : int, optional
        Index of the view that trains on all rows and is scored on none, for the models that are
        kept; None where none are.
    preprocessor : Preprocessor, optional
        What was fitted on the training rows of `whole`.
    groups : int array of shape (rows of the dataset,), optional
        The dataset's, for whoever resamples test rows.
    repeats : int, default 1
        Times that the outer folds were drawn.
    """

    views: tuple[View, ...]
    scopes: tuple[Scope, ...]
    rows: tuple[NDArray[np.int64], ...] = ()
    variants: Mapping[Treatment, tuple[int, ...]] = field(default_factory=dict)
    whole: int | None = None
    preprocessor: Preprocessor | None = None
    groups: NDArray[np.int64] | None = None
    repeats: int = 1

    @property
    def base(self) -> tuple[View, ...]:
        """The views of the scopes, with training rows as they are."""
        n_base = next((len(indices) for indices in self.variants.values()), len(self.views))
        return self.views[:n_base]

    @property
    def outer(self) -> tuple[Scope, ...]:
        """The outer folds' scopes."""
        return tuple(scope for scope in self.scopes if scope.refit is not None)

    @property
    def final(self) -> Scope:
        """The scope of all rows."""
        return next(scope for scope in self.scopes if scope.refit is None)

    def carried_out(self, asked: Evaluation) -> Evaluation:
        """Return an evaluation with the numbers of folds and repeats that there are."""
        folds = len(self.outer) // self.repeats
        inner_folds = len(self.scopes[-1].inner)
        return replace(asked, folds=folds, repeats=self.repeats, inner_folds=inner_folds)

    def test_groups(self, scope: Scope) -> NDArray[np.int64] | None:
        """Return the group of each outer test row of a scope, in their order; None without any."""
        if self.groups is None or scope.refit is None:
            return None
        return self.groups[self.rows[scope.refit][self.views[scope.refit].n_train :]]

    def variant(self, view: int, rows: Treatment | None) -> int:
        """Return the index of a base view with its training rows treated; None leaves them."""
        return view if rows is None else self.variants[rows][view]


def needs_suspects(treatment: Treatment) -> bool:
    """Tell whether a treatment asks for suspect labels: a parameter `suspects` without default."""
    wanted = inspect.signature(treatment).parameters.get("suspects")
    return wanted is not None and wanted.default is wanted.empty


def lay_out(
    dataset: Dataset,
    *,
    evaluation: Evaluation,
    profile: Profile,
    seed: int,
    label_noise: float = 0.0,
    with_whole: bool = False,
    outer: Sequence[Split] | None = None,
    keep_rare: bool = False,
) -> Folds:
    """Split the dataset and preprocess every view.

    Parameters
    ----------
    dataset, evaluation, profile, seed
        What is split, how, and from which seed everything is drawn.
    label_noise : float, default 0
        Share of training labels to flip, in [0, 0.5), see `focalsweep.data.label_noise`.
    with_whole : bool, default False
        Whether there is a view of all rows without evaluation rows, see `Folds.whole`.
    outer : sequence of Split, optional
        Outer splits that are given instead of drawn. There is no search on all rows then: test
        rows that are set apart stay out of every search.
    keep_rare : bool, default False
        Whether classes may be absent from training rows, see `focalsweep.data.splits`.

    Notes
    -----
    The dataset's groups stay whole, its time is respected, and its own split is the one outer fold
    of a holdout. Rows in neither part of that split are not used anywhere. There may be fewer folds
    or repeats than asked for, see `focalsweep.data.nested_splits` and `Folds.carried_out`.

    Splits, profiles and label noise are drawn by rows, whatever rows weigh; counts are by weights.
    Weights that are all equal say nothing and are left out.

    Raises
    ------
    UserError
        When the rows cannot be split like this, see `focalsweep.data.splits`.
    """
    if dataset.multi_label and (profile.kind != "none" or label_noise):
        key = "label_noise" if label_noise else "profile"
        raise UserError(
            f"`dataset.{key}` is for rows of one class each, and these rows have several labels; "
            f"set `dataset.{key}={0.0 if label_noise else 'none'}`."
        )
    weights = None if weighs_alike(dataset) else dataset.weights
    splits = nested_splits(
        dataset,
        folds=evaluation.folds if evaluation.kind == "nested" else 1,
        repeats=evaluation.repeats,
        inner_folds=evaluation.inner_folds,
        test_fraction=evaluation.test_fraction,
        seed=seed,
        keep_rare=keep_rare,
        outer=outer,
    )
    views: list[View] = []
    view_rows: list[NDArray[np.int64]] = []

    def labels_of(rows: NDArray[np.int64]) -> NDArray[np.integer]:
        """Return labels as training sees them."""
        if dataset.multi_label:
            return dataset.labels[rows]
        return flip(
            rows,
            labels=dataset.labels,
            n_classes=dataset.n_classes,
            share=label_noise,
            seed=seed,
        )

    def counts_of(rows: NDArray[np.int64], *, among: NDArray[np.integer]) -> ClassCounts:
        own = in_unit_of(weights, rows, among=among)
        return class_counts(labels_of(rows), n_classes=dataset.n_classes, weights=own)

    def thinned(rows: NDArray[np.integer]) -> NDArray[np.int64]:
        if dataset.multi_label:
            return np.asarray(rows, dtype=np.int64)
        return thin(
            rows, labels=dataset.labels, kind=profile.kind, factor=profile.factor, seed=seed
        )

    def add_view(name: str, split: Split) -> tuple[int, Preprocessor]:
        train = thinned(split.train)
        rows = np.concatenate([train, split.test])
        # Only what the dataset has is passed on, so that a preprocessor of columns is one too.
        fitted: dict[str, Any] = {}
        wide: dict[str, Any] = {}
        if dataset.image_shape is not None:
            fitted["image_shape"] = dataset.image_shape
        if dataset.raw:
            fitted["raw"] = dataset.raw
        if dataset.sparse is not None:
            fitted["sparse"], wide["sparse"] = dataset.sparse[train], dataset.sparse[rows]
        preprocessor = fit_preprocessor(dataset.features.iloc[train], **fitted)
        view = View(
            name=name,
            features=preprocessor.transform(dataset.features.iloc[rows], **wide),
            labels=np.concatenate([labels_of(train), dataset.labels[split.test]]),
            n_train=len(train),
            natural_counts=counts_of(split.train, among=split.train),
            weights=of_view(weights, train, split),
        )
        views.append(view)
        view_rows.append(rows)
        return len(views) - 1, preprocessor

    def scope(name: str, rows: Rows, inner: Sequence[Split], refit: Split | None) -> Scope:
        return Scope(
            name=name,
            counts=counts_of(thinned(rows), among=rows),
            inner=tuple(add_view(f"{name}/inner-{i}", split)[0] for i, split in enumerate(inner)),
            refit=None if refit is None else add_view(f"{name}/refit", refit)[0],
        )

    scopes = [
        scope(str(i), split.train, inner, split)
        for i, (split, inner) in enumerate(zip(splits.outer, splits.inner, strict=True))
    ]
    if splits.inner_of_all:
        scopes.append(scope(ALL_ROWS, splits.rows, splits.inner_of_all, None))
    whole, preprocessor = None, None
    if with_whole:
        nothing = np.empty(0, splits.rows.dtype)
        split = Split(train=splits.rows, test=nothing)
        whole, preprocessor = add_view(f"{ALL_ROWS}/refit", split)
    return Folds(
        views=tuple(views),
        scopes=tuple(scopes),
        rows=tuple(view_rows),
        whole=whole,
        preprocessor=preprocessor,
        groups=dataset.groups,
        repeats=splits.repeats,
    )


def with_treatments(folds: Folds, treatments: Iterable[Treatment], *, seed: int) -> Folds:
    """Add the variants of several treatments, see `with_variant`; each once.

    Those that need suspects are passed over, because suspects come from training.
    """
    for treatment in dict.fromkeys(treatments):
        if not needs_suspects(treatment):
            folds = with_variant(folds, treatment, seed=seed)
    return folds


def with_variant(
    folds: Folds,
    treatment: Treatment,
    *,
    seed: int,
    suspects: Sequence[NDArray[np.bool_]] | None = None,
) -> Folds:
    """Return the folds with a treated variant of every view behind the views that are there.

    Parameters
    ----------
    folds : Folds
        Indices of its views stay as they are.
    treatment : callable
        Sees the training rows of one view at a time, and nothing else of it.
    seed : int
        >= 0; the same for every view.
    suspects : sequence of bool arrays of shape (training rows,), optional
        One mask a base view, for a treatment that asks for them.
    """
    views = list(folds.views)
    indices: list[int] = []
    # One fold's rows are few: threads that search them for neighbours mostly wait for each other.
    with threadpool_limits(limits=1):
        for index, view in enumerate(folds.base):
            extra = {}
            if needs_suspects(treatment):
                if suspects is None:
                    raise ValueError(f"{treatment} needs `suspects`, one mask a view.")
                extra["suspects"] = suspects[index]
            treated = _treated(view, treatment, seed=seed, **extra)
            if treated is not view:
                views.append(treated)
            indices.append(index if treated is view else len(views) - 1)
    return replace(
        folds, views=tuple(views), variants={**folds.variants, treatment: tuple(indices)}
    )


def _treated(view: View, treatment: Treatment, *, seed: int, **extra: NDArray[np.bool_]) -> View:
    train = slice(view.n_train)
    made = treatment(view.features[train], view.labels[train], seed=seed, **extra)
    if len(made.kept) == view.n_train and not len(made.labels):
        return view
    n_train = len(made.kept) + len(made.labels)
    return replace(
        view,
        features=np.concatenate(
            [view.features[made.kept], made.features, view.features[view.n_train :]]
        ),
        labels=np.concatenate([view.labels[made.kept], made.labels, view.eval_labels]),
        n_train=n_train,
        counts=view.train_counts,
        n_before=view.epoch_rows,
        weights=of_treated(view, made),
        n_synthetic=len(made.labels),
        correctable=made.correctable,
    )
