"""Find suspect labels among the training rows of every view, for the arm that trains without them.

In each view the training rows alone are split in three; cross-entropy is trained on two parts and
predicts the third, and confident learning marks the labels that these predictions contradict.
Training reads the rows' weights; whether a label is marked is asked of each row alike. No
evaluation row is trained on, scored or marked, so an arm without suspects is judged on the same
rows as all others, wrong labels among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedKFold

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.confident_learning import contradicted, judged_classes
from focalsweep.search.folds import Folds
from focalsweep.search.row_weights import in_unit_of
from focalsweep.training.choice import make_trainer
from focalsweep.training.class_counts import class_counts
from focalsweep.training.member import Member, MemberKey, MemberRecord, View
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import BuildModel

PARTS = 3
"""Parts of a view's training rows: models see two thirds of what the arms see."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Hold one part: where it belongs, its rows in the view, and the view that predicts them."""

    of: int
    number: int
    rows: NDArray[np.intp]
    view: View


def find_suspects(
    folds: Folds,
    *,
    build_model: BuildModel,
    optimizer: Optimizer,
    rates: Mapping[str, float],
    batch_size: int,
    epochs: int,
    folder: Path,
    seed: int,
    progress: Callable[[int], None] = lambda members: None,
) -> list[Mask]:
    """Mark suspect labels among the training rows of every base view.

    Deterministic. What was trained is kept in `folder` under the name ``suspects``, so a sweep
    that was stopped goes on.

    Parameters
    ----------
    folds : Folds
        Laid out; variants, whose rows are treated, are not looked at.
    build_model, optimizer, batch_size
        As for the sweep's own trainer.
    rates : mapping
        ``learning_rate`` and ``weight_decay``: the defaults, because nothing is tuned here.
    epochs : int
        Passes over the rows of each model: the sweep's; no epoch is chosen.
    folder : Path
        Where chunks are stored.
    seed : int
        Of the parts and of training.
    progress : callable
        Told of member-epochs trained, `members` times `epochs` in all.

    Returns
    -------
    list of bool arrays of shape (training rows,)
        One a base view, in their order, as `focalsweep.search.folds.with_variant` takes them. A
        view in which a model diverged suspects nothing.
    """
    views = folds.base
    parts = [part for index, view in enumerate(views) for part in _parts(index, view, seed=seed)]
    if not parts:
        return [np.zeros(view.n_train, dtype=bool) for view in views]
    trainer, _ = make_trainer(
        build_model=build_model,
        views=[part.view for part in parts],
        optimizer=optimizer,
        batch_size=batch_size,
        exact_log_loss=False,
    )
    loss = Recipe.plain(LossPoint.cross_entropy(len(views[0].natural_counts)))
    members = [
        Member(
            key=MemberKey("suspects", part.of, part.number, seed),
            view=index,
            recipe=loss,
            schedule=epochs,
            learning_rate=rates["learning_rate"],
            weight_decay=rates["weight_decay"],
            epochs=epochs,
            keep_logits=True,
        )
        for index, part in enumerate(parts)
    ]
    records = ChunkStore(folder, trainer).train(
        "suspects",
        members,
        size=trainer.chunk_size(len(members)),
        each_epoch=False,
        progress=progress,
    )
    return [
        _suspects(
            view,
            [(part, record) for part, record in zip(parts, records, strict=True) if part.of == of],
        )
        for of, view in enumerate(views)
    ]


def count_members(folds: Folds) -> int:
    """Return how many models `find_suspects` trains at most."""
    return PARTS * len(folds.base)


def _parts(of: int, view: View, *, seed: int) -> list[_Part]:
    """Split a view's training rows; rows of classes too small to be judged always train."""
    labels = view.labels[: view.n_train]
    n_classes = len(view.natural_counts)
    weights = None if view.weights is None else view.weights[: view.n_train]
    judged = judged_classes(labels, n_classes=n_classes)
    if judged.sum() < 2:
        return []
    rows, others = np.flatnonzero(judged[labels]), np.flatnonzero(~judged[labels])
    splitter = StratifiedKFold(n_splits=PARTS, shuffle=True, random_state=seed)
    parts = []
    for number, (train, held_out) in enumerate(splitter.split(rows, labels[rows])):
        trained = np.sort(np.concatenate([rows[train], others]))
        ordered = np.concatenate([trained, rows[held_out]])
        parts.append(
            _Part(
                of=of,
                number=number,
                rows=rows[held_out],
                view=View(
                    name=f"{view.name}/suspects-{number}",
                    features=view.features[ordered],
                    labels=view.labels[ordered],
                    n_train=len(trained),
                    natural_counts=class_counts(
                        labels[trained],
                        n_classes=n_classes,
                        weights=in_unit_of(weights, trained, among=trained),
                    ),
                    weights=in_unit_of(weights, ordered, among=trained),
                ),
            )
        )
    return parts


def _suspects(view: View, trained: Sequence[tuple[_Part, MemberRecord]]) -> Mask:
    log_proba = np.full((view.n_train, len(view.natural_counts)), np.nan)
    for part, record in trained:
        if record.logits is None or record.failure or not np.isfinite(record.logits).all():
            return np.zeros(view.n_train, dtype=bool)
        # Cross-entropy's softmax is the posterior of the rows it was trained on as it stands.
        log_proba[part.rows] = log_softmax(record.logits.astype(np.float64), axis=1)
    return contradicted(view.labels[: view.n_train], log_proba)
