"""Look at a sweep without running it: what the data are, what is planned, what it would cost here.

Nothing is trained for a result and nothing is written. A few steps of models whose numbers are
thrown away are timed, on made-up labels, because what a step takes depends on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from focalsweep.config.schema import SweepConfig
from focalsweep.data.column_facts import column_facts
from focalsweep.models.graph import calls
from focalsweep.prepare import Plan
from focalsweep.procedure import (
    Work,
    check_model,
    model_builder,
    time_after,
    trainer_of,
    with_codes,
    work_of,
)
from focalsweep.report.inspection import Cost, Inspection, PlannedEvaluation
from focalsweep.search.arm import outside_family
from focalsweep.search.folds import Folds
from focalsweep.search.suspects import count_members
from focalsweep.training.calibration import seconds_per_member_epoch
from focalsweep.training.loss_variables import takes_tensors
from focalsweep.training.member import Trainer, View
from focalsweep.training.mixed import MixedTrainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.peak_memory import PeakMemory, peak_memory
from focalsweep.training.population import PopulationTrainer

MOST_STEPS = 30
"""Steps of a timed epoch: more rows than these steps take are counted, not timed."""


def inspect_plan(plan: Plan, *, command: str, timing: bool = True) -> Inspection:
    """Say what the data are, and what the sweep that was planned on them would be.

    Parameters
    ----------
    plan : Plan
        From `focalsweep.prepare`.
    command : str
        What starts this sweep.
    timing : bool, default True
        Whether steps are timed; takes seconds, most of them for compiling.

    Raises
    ------
    UserError
        When the model cannot be built as configured.
    """
    plan = with_codes(plan)
    check_model(plan)
    config = plan.config
    return Inspection(
        sweep=config.name,
        question=config.question,
        objective=plan.objective.name,
        data=plan.facts,
        warnings=plan.dataset.warnings,
        columns=column_facts(plan.dataset),
        model_columns=max(view.features.shape[1] for view in plan.folds.views),
        evaluation=_evaluation(plan),
        messages=(*plan.messages, *_variation(config)),
        cost=_cost(plan, timing=timing),
        detectable=plan.prior_sentence,
        command=command,
    )


def _variation(config: SweepConfig) -> tuple[str, ...]:
    """Say that a sweep that varies a setting is as many sweeps, of which this is one."""
    return tuple(
        f"The sweep varies `{key}` and runs once for each of its {len(values)} values; what is "
        "said here is about one run, at the value that the config has without `vary`."
        for key, values in (config.vary or {}).items()
    )


def _evaluation(plan: Plan) -> PlannedEvaluation:
    views, evaluation = plan.folds.views, plan.evaluation
    outer = [views[scope.refit] for scope in plan.folds.outer if scope.refit is not None]
    nested = evaluation.kind == "nested"
    return PlannedEvaluation(
        kind=evaluation.kind,
        folds=evaluation.folds if nested else 1,
        repeats=evaluation.repeats if nested else 1,
        inner_folds=evaluation.inner_folds,
        refit_seeds=evaluation.refit_seeds,
        training_rows=tuple(view.n_train for view in outer),
        test_rows=tuple(len(view.eval_labels) for view in outer),
        smallest_rows=tuple(plan.smallest_per_fold),
    )


def _cost(plan: Plan, *, timing: bool) -> Cost:
    short, share = _shortened(plan.folds, batch_size=plan.batch_size)
    trainer, _ = trainer_of(replace(plan, folds=short))
    work = work_of(plan, trainer)
    suspects = count_members(plan.folds) if plan.pending_treatments else 0
    outside = outside_family(plan.arms, plan.counts)
    # Every arm trains as many models, and suspects are looked for by cross-entropy.
    alone = work.members * len(outside) // len(plan.arms)
    seconds = None
    if timing:
        short_epochs = _seconds_an_epoch(
            trainer,
            inside=work.members + suspects - alone,
            alone=alone,
            chunk_size=work.chunk_size,
        )
        seconds = short_epochs / share * plan.budget.epochs + time_after(plan).total
    return Cost(
        arms=len(plan.arms),
        trials=plan.budget.trials,
        epochs=plan.budget.epochs,
        batch_size=plan.batch_size,
        models=work.members + suspects,
        chunk_size=work.chunk_size,
        seconds=seconds,
        minutes=plan.config.minutes,
        one_by_one=isinstance(trainer, OneByOneTrainer),
        alone=tuple(outside) if isinstance(trainer, MixedTrainer) else (),
        compiled_anew=tuple(name for name, point in outside.items() if not takes_tensors(point)),
        memory=_memory(plan, trainer, work=work),
    )


def _seconds_an_epoch(trainer: Trainer, *, inside: int, alone: int, chunk_size: int) -> float:
    """Time an epoch of all members, those of a mixed sweep each by the trainer that they have."""
    if not isinstance(trainer, MixedTrainer):
        return (inside + alone) * seconds_per_member_epoch(trainer, chunk_size=chunk_size)
    seconds = alone * seconds_per_member_epoch(trainer.one_by_one, chunk_size=1)
    if inside:
        seconds += inside * seconds_per_member_epoch(trainer.population, chunk_size=chunk_size)
    return seconds


def _threads(trainer: Trainer) -> int:
    population = trainer.population if isinstance(trainer, MixedTrainer) else trainer
    return population.threads if isinstance(population, PopulationTrainer) else 1


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


def _memory(plan: Plan, trainer: Trainer, *, work: Work) -> PeakMemory:
    folds, evaluation = plan.folds, plan.evaluation
    # Suspects are not known yet; removing them makes one more view of each fold.
    views = [*folds.views, *(folds.base if plan.pending_treatments else ())]
    logit_rows = len(plan.arms) * sum(
        sum(len(folds.views[view].eval_labels) for view in scope.inner)
        + (0 if scope.refit is None else evaluation.refit_seeds)
        * (0 if scope.refit is None else len(folds.views[scope.refit].eval_labels))
        for scope in folds.scopes
    )
    width = max(view.features.shape[1] for view in views)
    return peak_memory(
        views,
        table_bytes=_table_bytes(plan),
        chunk_size=work.chunk_size,
        threads=_threads(trainer),
        member_bytes=_member_bytes(model_builder(plan)(width), batch_size=plan.batch_size),
        round_members=work.search_members // plan.budget.rounds,
        epochs=plan.budget.epochs,
        logit_rows=logit_rows,
    )


def _table_bytes(plan: Plan) -> int:
    sparse = plan.dataset.sparse
    wide = 0 if sparse is None else sparse.data.nbytes + sparse.indices.nbytes
    return wide + int(plan.dataset.features.memory_usage(index=False, deep=True).sum())


def _member_bytes(model: keras.Model, *, batch_size: int) -> int:
    """Return weights, gradients and two optimiser slots, and activations there and back."""
    width = sum(_width(made.shape) for call in calls(model) for made in call.outputs)
    return 4 * (4 * int(model.count_params()) + 2 * batch_size * width)


def _width(shape: Sequence[int | None]) -> int:
    return int(np.prod([size for size in shape[1:] if size is not None]))
