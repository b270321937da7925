"""Look at a sweep without running it: what the data are, what is planned, what it would cost here.

Nothing is trained for a result and nothing is written. A few steps of models whose numbers are
thrown away are timed, on made-up labels, because what a step takes depends on the machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from focalsweep.config.schema import SweepConfig
from focalsweep.data.column_facts import column_facts
from focalsweep.models.graph import calls
from focalsweep.prepare import Plan
from focalsweep.procedure import Work, check_model, model_builder, trainer_of, work_of
from focalsweep.report.inspection import Cost, Inspection, PlannedEvaluation
from focalsweep.search.arm import outside_family
from focalsweep.search.suspects import count_members
from focalsweep.time_limit.pace import timed_pace
from focalsweep.time_limit.schedule import Schedule
from focalsweep.training.loss_variables import takes_tensors
from focalsweep.training.member import Trainer
from focalsweep.training.mixed import MixedTrainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.peak_memory import PeakMemory, peak_memory
from focalsweep.training.population import PopulationTrainer


def inspect_plan(planned: Schedule, *, command: str, timing: bool = True) -> Inspection:
    """Say what the data are, and what the sweep that was planned on them would be.

    Parameters
    ----------
    planned : Schedule
        What would be carried out.
    command : str
        What starts this sweep.
    timing : bool, default True
        Whether steps are timed; takes seconds, most of them for compiling.

    Raises
    ------
    UserError
        When the model cannot be built as configured.
    """
    plan = planned.plan
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
        messages=(*planned.messages, *_variation(config)),
        cost=_cost(planned, timing=timing),
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


def _cost(planned: Schedule, *, timing: bool) -> Cost:
    plan = planned.plan
    trainer, _ = trainer_of(plan)
    work = work_of(plan, trainer)
    suspects = count_members(plan.folds) if plan.pending_treatments else 0
    outside = outside_family(plan.arms, plan.counts)
    pace = planned.pace or (timed_pace(plan) if timing else None)
    return Cost(
        arms=len(plan.arms),
        trials=plan.budget.last_trial,
        epochs=plan.budget.epochs,
        batch_size=plan.batch_size,
        models=work.members + suspects,
        chunk_size=work.chunk_size,
        seconds=None if pace is None else pace.seconds(planned.carried_out),
        one_by_one=isinstance(trainer, OneByOneTrainer),
        alone=tuple(outside) if isinstance(trainer, MixedTrainer) else (),
        compiled_anew=tuple(name for name, point in outside.items() if not takes_tensors(point)),
        memory=_memory(plan, trainer, work=work),
    )


def _threads(trainer: Trainer) -> int:
    population = trainer.population if isinstance(trainer, MixedTrainer) else trainer
    return population.threads if isinstance(population, PopulationTrainer) else 1


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
