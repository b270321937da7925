"""Time the training of a planned sweep by a few steps of models whose numbers are thrown away.

Labels are made up: what a step takes depends on the machine and on sizes, not on what is learned.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from focalsweep.prepare import Plan
from focalsweep.procedure import trainer_of, work_of
from focalsweep.search.arm import outside_family
from focalsweep.search.folds import Folds
from focalsweep.search.suspects import count_members
from focalsweep.training.calibration import seconds_per_member_epoch
from focalsweep.training.member import Trainer, View
from focalsweep.training.mixed import MixedTrainer

MOST_STEPS = 30
"""Steps of a timed epoch: more rows than these steps take are counted, not timed."""


def training_seconds(plan: Plan) -> float:
    """Time a few steps and return what training the whole plan would take, in seconds."""
    short, share = _shortened(plan.folds, batch_size=plan.batch_size)
    trainer, _ = trainer_of(replace(plan, folds=short))
    work = work_of(plan, trainer)
    suspects = count_members(plan.folds) if plan.pending_treatments else 0
    # Every arm trains as many models, and suspects are looked for by cross-entropy.
    alone = work.members * len(outside_family(plan.arms, plan.counts)) // len(plan.arms)
    short_epochs = _seconds_an_epoch(
        trainer,
        inside=work.members + suspects - alone,
        alone=alone,
        chunk_size=work.chunk_size,
    )
    return short_epochs / share * plan.budget.epochs


def _seconds_an_epoch(trainer: Trainer, *, inside: int, alone: int, chunk_size: int) -> float:
    """Time an epoch of all members, those of a mixed sweep each by the trainer that they have."""
    if not isinstance(trainer, MixedTrainer):
        return (inside + alone) * seconds_per_member_epoch(trainer, chunk_size=chunk_size)
    seconds = alone * seconds_per_member_epoch(trainer.one_by_one, chunk_size=1)
    if inside:
        seconds += inside * seconds_per_member_epoch(trainer.population, chunk_size=chunk_size)
    return seconds


def _shortened(folds: Folds, *, batch_size: int) -> tuple[Folds, float]:
    """Cut every view to `MOST_STEPS` steps an epoch; return the share of rows that is left.

    Labels are made up so that every class occurs in what is left of a view.
    """
    most = MOST_STEPS * batch_size
    if max(view.n_train for view in folds.views) <= most:
        return folds, 1.0
    share = most / max(view.n_train for view in folds.views)
    views = tuple(_cut(view, share=share) for view in folds.views)
    rows = sum(len(view.labels) for view in views) / sum(len(view.labels) for view in folds.views)
    return replace(folds, views=views), rows


def _cut(view: View, *, share: float) -> View:
    n_outputs = len(view.natural_counts)
    n_train = max(int(share * view.n_train), n_outputs)
    n_eval = int(share * len(view.eval_labels))
    labels = _made_up(n_train + n_eval, n_outputs=n_outputs, like=view.labels)
    cut = replace(
        view,
        features=np.concatenate(
            [view.features[:n_train], view.features[view.n_train : view.n_train + n_eval]]
        ),
        labels=labels,
        n_train=n_train,
        counts=None,
        n_synthetic=0,
        n_before=None,
        weights=None
        if view.weights is None
        else np.concatenate(
            [view.weights[:n_train], view.weights[view.n_train : view.n_train + n_eval]]
        ),
    )
    return replace(cut, natural_counts=cut.train_counts)


def _made_up(rows: int, *, n_outputs: int, like: NDArray[np.integer]) -> NDArray[np.integer]:
    if like.ndim == 2:
        return ((np.arange(rows)[:, None] + np.arange(n_outputs)) % 2).astype(like.dtype)
    return (np.arange(rows) % n_outputs).astype(like.dtype)
