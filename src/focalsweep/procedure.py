"""What every arm goes through: search inside each scope, then the chosen points trained again.

A sweep judges the outcome; the audit of verdicts runs the same procedure on planted data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from focalsweep.data.column_names import listed
from focalsweep.data.raw_columns import whole_columns, with_raw
from focalsweep.errors import UserError
from focalsweep.evidence.refit import Chosen, refit
from focalsweep.models.build import build_model
from focalsweep.models.codes import embeds_its_input, reads_whole_numbers, takes_integers
from focalsweep.models.frozen_features import parts
from focalsweep.models.last_dense import check_last_dense, check_output_bias
from focalsweep.models.logits_check import check_logits
from focalsweep.models.refusal import unsaveable
from focalsweep.prepare import Plan
from focalsweep.progress import NoProgress, Progress
from focalsweep.run_folder import CHUNKS_FOLDER, JOURNAL_FILE
from focalsweep.search.arm import outside_family
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Folds, with_treatments, with_variant
from focalsweep.search.folds_of_config import folds_of_config
from focalsweep.search.rounds import OpenStudy, Search
from focalsweep.search.studies import StudyStore
from focalsweep.search.suspects import find_suspects
from focalsweep.stopwatch import Stopwatch
from focalsweep.training.choice import make_trainer
from focalsweep.training.loss_variables import check_keras_point
from focalsweep.training.member import Trainer
from focalsweep.training.optimizer import Optimizer

_LOOKED_AT = 64
"""Rows on which a model is tried."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Say how much a plan trains.

    Parameters
    ----------
    search_members, refit_members : int
        Models in each part.
    chunk_size : int
        Members trained side by side.
    """

    search_members: int
    refit_members: int
    chunk_size: int

    @property
    def members(self) -> int:
        """Models in all."""
        return self.search_members + self.refit_members


def trainer_of(plan: Plan, *, like: Trainer | None = None) -> tuple[Trainer, str]:
    """Make the plan's trainer, and a sentence for the log: which path models take, and why.

    Parameters
    ----------
    plan : Plan
        From `focalsweep.prepare`.
    like : Trainer, optional
        An earlier one; its compiled programs are used again where the architecture is the same.
    """
    build, folds = _trained_part(plan)
    trainer, message = make_trainer(
        build_model=build,
        views=folds.views,
        optimizer=_optimizer(plan),
        batch_size=plan.batch_size,
        counts_pairs=plan.objective.costs is not None,
        exact_log_loss=not plan.objective.uses_decisions,
        softened=any(arm.softens(plan.counts) for arm in plan.arms),
        cosine_head=any(arm.has_cosine_head(plan.counts) for arm in plan.arms),
        head_only=any(arm.trains_head_only(plan.counts) for arm in plan.arms),
        best_constant=plan.config.model.output_bias == "best_constant",
        outside=outside_family(plan.arms, plan.counts),
        like=like,
    )
    return trainer, " ".join([message, *_notes(plan)])


def _notes(plan: Plan) -> list[str]:
    """Say what of a model of the user's own is not used, or cannot be kept."""
    model = model_builder(plan)(plan.folds.views[0].features.shape[1])
    notes = [
        f"The `train_step` of `{layer.name}` is not used: batches, loss and steps are the sweep's."
        for layer in (model, *model.layers)
        if isinstance(layer, keras.Model) and type(layer).train_step is not keras.Model.train_step
    ]
    reason = None if plan.folds.whole is None else unsaveable(model)
    if reason is not None:
        notes.append(f"Models are not kept, because Keras cannot write this one: {reason}.")
    return notes


def without_suspects(plan: Plan, folder: Path, *, progress: Progress | None = None) -> Plan:
    """Add the variants of views that wait for suspect labels, which are found by training.

    Parameters
    ----------
    plan : Plan
        Returned as it is where no arm asks for suspects.
    folder : Path
        Holds what was trained.
    progress : Progress, optional
        Told what runs.
    """
    if not plan.pending_treatments:
        return plan
    progress = progress or NoProgress()
    progress.say("suspect labels")
    build, trained_on = _trained_part(plan)
    found = find_suspects(
        trained_on,
        build_model=build,
        optimizer=_optimizer(plan),
        rates=plan.nuisance.defaults,
        batch_size=plan.batch_size,
        epochs=plan.budget.epochs,
        folder=folder / CHUNKS_FOLDER,
        seed=plan.config.seed,
    )
    folds = plan.folds
    for treatment in plan.pending_treatments:
        folds = with_variant(folds, treatment, seed=plan.config.seed, suspects=found)
    return replace(plan, folds=folds)


def model_builder(plan: Plan) -> Callable[[int], keras.Model]:
    """Return what makes the plan's Keras model for a number of preprocessed columns."""
    return partial(
        build_model,
        plan.config.model,
        n_classes=plan.dataset.n_classes,
        image_shape=plan.dataset.image_shape,
    )


def work_of(plan: Plan, trainer: Trainer) -> Work:
    """Count the members of a plan."""
    search = _search(plan)
    evaluation = plan.evaluation
    return Work(
        search_members=search.members_per_round * plan.budget.rounds,
        refit_members=len(plan.arms)
        * sum(
            len(scope.inner) + (evaluation.refit_seeds if scope.refit is not None else 0)
            for scope in plan.folds.scopes
        )
        + (len(plan.arms) if plan.folds.whole is not None else 0),
        chunk_size=trainer.chunk_size(search.members_per_round),
    )


def search_and_refit(
    plan: Plan,
    trainer: Trainer,
    folder: Path,
    *,
    stopwatch: Stopwatch | None = None,
    progress: Progress | None = None,
    goes_on: Callable[[int], bool] = lambda trials: True,
) -> tuple[list[OpenStudy], list[Chosen]]:
    """Search every arm in every scope and train the chosen points again.

    Parameters
    ----------
    plan, trainer
        The trainer is that of `trainer_of`.
    folder : Path
        Holds the studies and chunks; what is there already is not trained again.
    stopwatch : Stopwatch, optional
        Gets the phases ``search`` and ``refit``.
    progress : Progress, optional
        Told what runs and how much is done.
    goes_on : callable
        Whether the search begins another round, see `focalsweep.search.rounds.Search.run`.
    """
    stopwatch, progress = stopwatch or Stopwatch(), progress or NoProgress()
    chunk_size = work_of(plan, trainer).chunk_size
    chunks = ChunkStore(folder / CHUNKS_FOLDER, trainer)
    with stopwatch.phase("search"):
        progress.say("search")
        studies = _search(plan).run(
            store=StudyStore(folder / JOURNAL_FILE),
            chunks=chunks,
            chunk_size=chunk_size,
            progress=progress.trained,
            goes_on=goes_on,
        )
    with stopwatch.phase("refit"):
        progress.say("refit")
        chosen = refit(
            studies,
            folds=plan.folds,
            nuisance=plan.nuisance,
            chunks=chunks,
            chunk_size=chunk_size,
            seed=plan.config.seed,
            n_seeds=plan.evaluation.refit_seeds,
            selection=plan.selection,
            progress=progress.trained,
        )
    return studies, chosen


def with_codes(plan: Plan) -> Plan:
    """Leave whole numbers as they are where the model reads codes, unless `dataset.raw` says more.

    Scaled, an id before an `Embedding` or an input of integers would be another's, without a word.

    Raises
    ------
    UserError
        If the model's input is of integers and a column holds something else.
    """
    if plan.config.dataset.raw is not None or plan.dataset.sparse is not None:
        return plan
    model = model_builder(plan)(plan.folds.views[0].features.shape[1])
    if not (takes_integers(model) or embeds_its_input(model) or reads_whole_numbers(model)):
        return plan
    whole = whole_columns(plan.dataset)
    others = [str(name) for name in plan.dataset.features if str(name) not in whole]
    if takes_integers(model) and others:
        raise UserError(
            f"`{model.name}` takes integers, so every column must hold whole numbers. Received: "
            f"`{others[0]}`, which does not; leave it out, or give the model an input of floats."
        )
    if not whole or (others and plan.dataset.image_shape is not None):
        return plan
    dataset = with_raw(plan.dataset, whole)
    folds = folds_of_config(dataset, config=plan.config, asked=plan.asked)
    used = [arm.rows for arm in plan.arms if arm.rows is not None]
    folds = with_treatments(folds, used, seed=plan.config.seed)
    note = (
        f"The model reads codes, so it gets these columns as they are: {listed(whole)}. "
        "`dataset.raw` names others; `dataset.raw=[]` scales all."
    )
    facts = plan.facts.model_copy(update={"notes": (*plan.facts.notes, note)})
    return replace(plan, dataset=dataset, folds=folds, facts=facts, messages=(*plan.messages, note))


def check_model(plan: Plan) -> None:
    """Build the model once, before anything is written.

    Raises
    ------
    UserError
        If a parameter of the model is unknown, missing, or refused by Keras; if the model takes
        other rows than these or gives anything but one logit a class; if an arm needs another last
        layer than the model's, or its own loss cannot be computed.
    """
    rows = plan.folds.views[0].features
    model = model_builder(plan)(rows.shape[1])
    # Codes that are beyond a vocabulary are among the largest of all rows. (Folds may differ in the
    # columns that they make of categories; codes are the same in all.)
    views = [view.features for view in plan.folds.views if view.features.shape[1] == rows.shape[1]]
    ends = [end(each, axis=0) for each in views for end in (np.min, np.max)]
    check_logits(model, np.stack([*ends, *rows[:_LOOKED_AT]]), n_classes=plan.dataset.n_classes)
    if plan.config.model.output_bias != "zero":
        check_output_bias(model)
    counts = plan.counts
    for name, point in outside_family(plan.arms, counts).items():
        check_keras_point(point, arm=name, multi_label=plan.dataset.multi_label, counts=counts)
    check_last_dense(
        model,
        arms=[
            arm.name
            for arm in plan.arms
            if arm.has_cosine_head(counts) or arm.trains_head_only(counts)
        ],
    )


def _trained_part(plan: Plan) -> tuple[Callable[[int], keras.Model], Folds]:
    """Return what the trainer builds and the folds that it sees.

    Of a model with frozen features that is the head, on rows that were embedded, each once.
    """
    build = model_builder(plan)
    first = parts(build(plan.folds.views[0].features.shape[1]))
    if first is None:
        return build, plan.folds
    embedded = []
    for view in plan.folds.views:
        split = parts(build(view.features.shape[1]))
        if split is None:
            raise TypeError("a model that is frozen for one fold is frozen for all")
        features = split[0].predict(view.features, batch_size=256, verbose=0)
        embedded.append(replace(view, features=np.asarray(features, np.float32)))

    def build_head(width: int) -> keras.Model:
        split = parts(build(plan.folds.views[0].features.shape[1]))
        if split is None or split[1].input.shape[-1] != width:
            raise TypeError(f"the head does not take {width} features")
        return split[1]

    return build_head, replace(plan.folds, views=tuple(embedded))


def _search(plan: Plan) -> Search:
    return Search(
        arms=plan.arms,
        folds=plan.folds,
        nuisance=plan.nuisance,
        objective=plan.objective,
        budget=plan.budget,
        make_sampler=plan.make_sampler,
        seed=plan.config.seed,
    )


def _optimizer(plan: Plan) -> Optimizer:
    config = plan.config.optimizer
    return Optimizer(kind=config.kind, momentum=config.momentum)
