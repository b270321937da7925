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
from focalsweep.errors import UserError
from focalsweep.evidence.result import ClassFacts, DatasetFacts, LeftOut
from focalsweep.losses.class_weights import priors_equal
from focalsweep.metrics.objective import Objective, objective
from focalsweep.search.arm import Arm, Counts, Nuisance, Range
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.rounds import Budget
from focalsweep.search.studies import MakeSampler
from focalsweep.training.batch_size import automatic_batch_size

LARGE_DATA_INNER_FOLDS = 3
"""Inner folds at most where a nested evaluation becomes a holdout: each has rows enough."""


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
    evaluation, epochs, message = _evaluation(config, dataset)
    profile = Profile(kind=config.dataset.profile, factor=config.dataset.factor)
    folds = lay_out(dataset, evaluation=evaluation, profile=profile, seed=config.seed)
    nuisance = _nuisance(config)
    arms, left_out = _arms(config, folds, nuisance=nuisance)
    make_sampler = factory(config.sampler)
    # What a sampler lacks, such as a package, shows when it is made.
    space = arms[0].space(folds.final.counts, nuisance)
    make_sampler(seed=0, study_seed=0, space=space, trials=config.trials)
    return Plan(
        config=config,
        dataset=dataset,
        facts=_facts(dataset, profile=profile, folds=folds),
        evaluation=evaluation,
        folds=folds,
        arms=arms,
        left_out=left_out,
        nuisance=nuisance,
        objective=objective(config.objective),
        budget=Budget(
            trials=config.trials,
            epochs=epochs,
            trials_per_round=config.trials_per_round,
            seconds=None if config.minutes is None else 60 * config.minutes,
        ),
        make_sampler=make_sampler,
        batch_size=_batch_size(config, folds),
        messages=(
            *message,
            *(f"The arm `{entry.arm}` is left out: {entry.reason}." for entry in left_out),
        ),
    )


def _evaluation(config: SweepConfig, dataset: Dataset) -> tuple[Evaluation, int, tuple[str, ...]]:
    """Return how rows are split, the epochs, and a message where large data changed them."""
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
        return evaluation, config.epochs, ()
    inner_folds = min(asked.inner_folds, LARGE_DATA_INNER_FOLDS)
    epochs = min(config.epochs, asked.holdout_epochs or config.epochs)
    message = (
        f"{dataset.n_rows:,} rows are more than `evaluation.holdout_above`={limit}: one test "
        f"split of {asked.test_fraction:.0%} instead of nested folds, {inner_folds} inner folds, "
        f"and {epochs} epochs."
    )
    return replace(evaluation, kind="holdout", inner_folds=inner_folds), epochs, (message,)


def _arms(
    config: SweepConfig, folds: Folds, *, nuisance: Nuisance
) -> tuple[tuple[Arm, ...], tuple[LeftOut, ...]]:
    arms, left_out = [], []
    for name in config.arms:
        arm = _arm(name, config.loss[name])
        reason = arm.left_out(folds.final.counts)
        if reason is None:
            _check_ends(arm, folds.final.counts, nuisance=nuisance)
            arms.append(arm)
        else:
            left_out.append(LeftOut(arm=name, reason=reason))
    return tuple(arms), tuple(left_out)


def _check_ends(arm: Arm, counts: Counts, *, nuisance: Nuisance) -> None:
    """Make the loss at both ends of its ranges, so that no trial can ask for what there is not."""
    space = arm.space(counts, nuisance)
    for end in ("low", "high"):
        point = {name: getattr(limits, end) for name, limits in space.items()}
        try:
            arm.loss(counts, point, equal_priors=priors_equal(counts))
        except ValueError as error:
            raise UserError(f"`loss.{arm.name}` has no loss at its {end} end: {error}") from None


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
