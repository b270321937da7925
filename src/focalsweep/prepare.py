"""From a checked config to a plan: read the data, lay out the folds, make the arms.

Everything that can be wrong with the user's input shows here, within seconds: nothing in this
module imports TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from focalsweep.config.schema import ArmConfig, RangeConfig, SweepConfig
from focalsweep.config.target import build, factory, load
from focalsweep.data.dataset import Dataset
from focalsweep.data.profile import imbalance_factor
from focalsweep.data.rare_classes import treat_rare_classes
from focalsweep.evidence.result import ClassFacts, DatasetFacts, LeftOut
from focalsweep.metrics.objective import Objective, objective
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.rounds import Budget
from focalsweep.search.studies import MakeSampler
from focalsweep.training.batch_size import automatic_batch_size


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Hold a sweep that is ready to train."""

    config: SweepConfig
    dataset: Dataset
    facts: DatasetFacts
    evaluation: Evaluation
    folds: Folds
    arms: tuple[Arm, ...]
    left_out: tuple[LeftOut, ...]
    nuisance: Nuisance
    objective: Objective
    budget: Budget
    make_sampler: MakeSampler
    batch_size: int
    messages: tuple[str, ...]
    """Choices that were made for the user, one sentence each."""

    @property
    def smallest_per_fold(self) -> list[int]:
        """Training rows of the smallest class in each outer fold's refit."""
        return [int(scope.counts.min()) for scope in self.folds.outer]


def prepare(config: SweepConfig) -> Plan:
    """Read the data and lay everything out.

    Raises
    ------
    UserError
        When the data, or its combination with the config, cannot be used.
    """
    dataset = treat_rare_classes(build(config.dataset), policy=config.dataset.rare_classes)
    evaluation, message = _evaluation(config, dataset)
    profile = Profile(kind=config.dataset.profile, factor=config.dataset.factor)
    folds = lay_out(dataset, evaluation=evaluation, profile=profile, seed=config.seed)
    arms, left_out = _arms(config, folds)
    return Plan(
        config=config,
        dataset=dataset,
        facts=_facts(dataset, profile=profile, folds=folds),
        evaluation=evaluation,
        folds=folds,
        arms=arms,
        left_out=left_out,
        nuisance=_nuisance(config),
        objective=objective(config.objective),
        budget=Budget(
            trials=config.trials,
            epochs=config.epochs,
            trials_per_round=config.trials_per_round,
            seconds=None if config.minutes is None else 60 * config.minutes,
        ),
        make_sampler=factory(config.sampler),
        batch_size=_batch_size(config, folds),
        messages=(
            *message,
            *(f"The arm `{entry.arm}` is left out: {entry.reason}." for entry in left_out),
        ),
    )


def _evaluation(config: SweepConfig, dataset: Dataset) -> tuple[Evaluation, tuple[str, ...]]:
    asked = config.evaluation
    evaluation = Evaluation(
        kind=asked.kind,
        folds=asked.folds,
        repeats=asked.repeats,
        inner_folds=asked.inner_folds,
        refit_seeds=asked.refit_seeds,
        test_fraction=asked.test_fraction,
    )
    limit = asked.holdout_above
    if asked.kind == "holdout" or limit is None or dataset.n_rows <= limit:
        return evaluation, ()
    return replace(evaluation, kind="holdout", inner_folds=min(asked.inner_folds, 3)), (
        f"{dataset.n_rows:,} rows are more than evaluation.holdout_above={limit}: one test split "
        f"of {asked.test_fraction:.0%} instead of nested folds, and at most 3 inner folds.",
    )


def _arms(config: SweepConfig, folds: Folds) -> tuple[tuple[Arm, ...], tuple[LeftOut, ...]]:
    arms, left_out = [], []
    for name in config.arms:
        arm = _arm(name, config.loss[name])
        reason = arm.left_out(folds.final.counts)
        if reason is None:
            arms.append(arm)
        else:
            left_out.append(LeftOut(arm=name, reason=reason))
    return tuple(arms), tuple(left_out)


def _arm(name: str, config: ArmConfig) -> Arm:
    return Arm(
        name=name,
        label=config.label,
        family=config.family,
        make_loss=partial(load(config.target, at=f"loss.{name}"), **config.options),
        search={key: _range(limits) for key, limits in config.search.items()},
        baselines=config.baselines,
    )


def _range(limits: RangeConfig) -> Range:
    return Range(low=limits.low, high=limits.high, log=limits.log, vector=limits.vector)


def _nuisance(config: SweepConfig) -> Nuisance:
    optimizer = config.optimizer
    return Nuisance(
        defaults={
            "learning_rate": optimizer.learning_rate,
            "weight_decay": optimizer.weight_decay,
        },
        search={key: _range(limits) for key, limits in optimizer.search.items()},
    )


def _batch_size(config: SweepConfig, folds: Folds) -> int:
    if config.optimizer.batch_size != "auto":
        return config.optimizer.batch_size
    return automatic_batch_size(min(view.n_train for view in folds.views))


def _facts(dataset: Dataset, *, profile: Profile, folds: Folds) -> DatasetFacts:
    counts = dataset.class_counts
    return DatasetFacts(
        name=dataset.name,
        origin=dataset.origin,
        rows=dataset.n_rows,
        columns=dataset.features.shape[1],
        classes=tuple(
            ClassFacts(name=name, count=int(count), share=float(count / counts.sum()))
            for name, count in zip(dataset.class_names, counts, strict=True)
        ),
        imbalance_ratio=dataset.imbalance_ratio,
        smallest_training_class=min(int(view.train_counts.min()) for view in folds.views),
        profile=profile.kind,
        factor=1.0 if profile.kind == "none" else imbalance_factor(profile.factor),
        sha256=dataset.sha256(),
        notes=dataset.notes,
    )
