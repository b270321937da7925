"""From a checked config to a plan: read the data, lay out the folds, make the arms.

Everything that can be wrong with the user's input shows here, within seconds: nothing in this
module imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import isclass
from typing import TYPE_CHECKING

from focalsweep.config.arm_schema import ArmConfig, RangeConfig
from focalsweep.config.schema import Selection, SweepConfig
from focalsweep.config.target import factory, load
from focalsweep.data.class_numbers import class_shares, cost_matrix
from focalsweep.data.dataset import Dataset
from focalsweep.data.rare_classes import treat_rare_classes
from focalsweep.data.raw_columns import with_raw
from focalsweep.data.read_dataset import read_dataset
from focalsweep.errors import UserError
from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.dataset_facts import dataset_facts, smallest
from focalsweep.evidence.facts import DatasetFacts, PriorScenario
from focalsweep.evidence.prior_detectable import prior_sentence
from focalsweep.evidence.result import LeftOut
from focalsweep.evidence.shortfall import BudgetRule
from focalsweep.losses.class_weights import priors_equal
from focalsweep.losses.keras_point import check_keras_loss, keras_point
from focalsweep.metrics.objective import COST, Objective
from focalsweep.search.arm import Arm, Counts, Nuisance, Range
from focalsweep.search.evaluation_for import evaluation_for
from focalsweep.search.fewer_folds import fewer_folds
from focalsweep.search.folds import (
    Evaluation,
    Folds,
    Treatment,
    needs_suspects,
    with_treatments,
)
from focalsweep.search.folds_of_config import folds_of_config, profile_of
from focalsweep.search.pruners import make_pruning
from focalsweep.search.rounds import Budget
from focalsweep.search.row_weights import with_weight_note
from focalsweep.search.split_notes import split_notes
from focalsweep.search.studies import MakeSampler
from focalsweep.search.task import check_task, objective_for, task_of, with_arms_for
from focalsweep.training.batch_size import automatic_batch_size
from focalsweep.training.class_counts import class_counts

if TYPE_CHECKING:
    from focalsweep.config.compose import ComposedSweep


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Hold a sweep that is ready to train."""

    config: SweepConfig
    dataset: Dataset
    facts: DatasetFacts
    asked: Evaluation
    """How rows were to be split."""
    evaluation: Evaluation
    """How they are split: in as many folds as they allow."""
    folds: Folds
    arms: tuple[Arm, ...]
    left_out: tuple[LeftOut, ...]
    nuisance: Nuisance
    objective: Objective
    budget: Budget
    make_sampler: MakeSampler
    batch_size: int
    selection: Selection
    """Which trial a study stands for."""
    costs: tuple[tuple[float, ...], ...] | None
    """What deciding column for a row of class row costs; the objective is then ``cost``."""
    prior_scenarios: tuple[PriorScenario, ...]
    """Class shares under which every arm is scored again."""
    evaluation_reasons: tuple[str, ...]
    """Why rows are split otherwise than the config asks, one sentence each."""
    messages: tuple[str, ...]
    """Choices that were made for the user, one sentence each."""

    @property
    def counts(self) -> Counts:
        """Training rows a class of the last search: that on all rows, where there is one."""
        return self.folds.scopes[-1].counts

    @property
    def rule(self) -> VerdictRule:
        """The verdict's thresholds; with costs or log-loss as shares of what there is to save."""
        verdict = self.config.verdict
        return VerdictRule(
            smallest_difference=verdict.smallest_difference,
            regrettable_difference=verdict.regrettable_difference,
            confidence=verdict.confidence,
        )

    @property
    def budget_rule(self) -> BudgetRule:
        """What a budget must have bought before any verdict is given."""
        verdict = self.config.verdict
        return BudgetRule(
            fewest_share=verdict.fewest_share,
            fewest_tried=verdict.fewest_tried,
            fewest_folds=verdict.fewest_folds,
        )

    @property
    def pending_treatments(self) -> tuple[Treatment, ...]:
        """Treatments that wait for suspects: `with_variant` adds them when those are found."""
        treatments = dict.fromkeys(arm.rows for arm in self.arms if arm.rows is not None)
        return tuple(each for each in treatments if each not in self.folds.variants)

    @property
    def prior_sentence(self) -> str:
        """The smallest difference that the sweep could see, guessed from class counts."""
        return prior_sentence(
            self.dataset.class_counts,
            class_names=self.dataset.class_names,
            objective=self.objective,
            evaluation=self.evaluation,
            rule=self.rule,
        )

    @property
    def smallest_per_fold(self) -> list[int]:
        """Training rows of the smallest class, or with the rarest label, in each outer refit."""
        return [smallest(scope.counts) for scope in self.folds.outer]


def prepare_composed(
    composed: ComposedSweep, *, dataset: Dataset | None = None
) -> tuple[ComposedSweep, Plan]:
    """Call `prepare` with arms for the kind of the data, where the user chose none."""
    read = read_dataset(composed.config.dataset) if dataset is None else dataset
    composed, message = with_arms_for(composed, task_of(read))
    plan = prepare(composed.config, dataset=read)
    return composed, plan if message is None else replace(plan, messages=(message, *plan.messages))


def prepare(config: SweepConfig, *, dataset: Dataset | None = None) -> Plan:
    """Read the data where they are not given, and lay everything out.

    Parameters
    ----------
    config : SweepConfig
    dataset : Dataset, optional
        The rows where the caller holds them already, as `read_dataset` returns them; what the
        config says of reading them is then not used.

    Raises
    ------
    UserError
        When the data, or its combination with the config, cannot be used.
    """
    read = read_dataset(config.dataset) if dataset is None else dataset
    check_task(config, read)
    if config.dataset.raw:
        read = with_raw(read, config.dataset.raw)
    dataset = with_weight_note(
        treat_rare_classes(read, policy=config.dataset.rare_classes), column=config.dataset.weights
    )
    asked, epochs, message = evaluation_for(config, dataset)
    costs, scenarios = _costs(config, dataset), _prior_scenarios(config, dataset)
    made = [_arm(name, config.loss[name]) for name in config.arms]
    folds = folds_of_config(dataset, config=config, asked=asked)
    evaluation = folds.carried_out(asked)
    reasons = (*message, *fewer_folds(dataset, asked=asked, done=evaluation))
    nuisance = _nuisance(config)
    arms, left_out = _arms(made, folds, nuisance=nuisance)
    # Only now: making rows takes seconds, which arms that are left out do not need.
    used = [arm.rows for arm in arms if arm.rows is not None]
    folds = with_treatments(folds, used, seed=config.seed)
    make_sampler = factory(config.sampler)
    # What a sampler lacks, such as a package, shows when it is made.
    space = arms[0].space(folds.final.counts, nuisance)
    make_sampler(seed=0, study_seed=0, space=space, trials=config.trials)
    pruning = make_pruning(config.pruner, epochs=epochs, trials=config.trials)
    return Plan(
        config=config,
        dataset=dataset,
        facts=dataset_facts(
            dataset,
            profile=profile_of(config),
            label_noise=config.dataset.label_noise,
            folds=folds,
        ),
        asked=asked,
        evaluation=evaluation,
        folds=folds,
        arms=arms,
        left_out=left_out,
        nuisance=nuisance,
        objective=objective_for(config, dataset, costs=costs),
        budget=Budget(
            trials=config.trials,
            epochs=epochs,
            trials_per_round=config.trials_per_round,
            stop_after=config.stop_after,
            pruning=pruning,
        ),
        make_sampler=make_sampler,
        batch_size=_batch_size(config, folds),
        selection=config.selection,
        costs=costs,
        prior_scenarios=scenarios,
        evaluation_reasons=reasons,
        messages=(
            *reasons,
            *split_notes(dataset, folds, evaluation=evaluation),
            *_choices(config, arms),
            *pruning.notes,
            *(f"The arm `{entry.arm}` is left out: {entry.reason}." for entry in left_out),
        ),
    )


def _costs(config: SweepConfig, dataset: Dataset) -> tuple[tuple[float, ...], ...] | None:
    given = config.decision.costs
    return None if given is None else cost_matrix(given, class_names=dataset.class_names)


def _prior_scenarios(config: SweepConfig, dataset: Dataset) -> tuple[PriorScenario, ...]:
    return tuple(
        PriorScenario(
            name=name,
            priors=class_shares(
                given,
                class_names=dataset.class_names,
                counts=class_counts(
                    dataset.labels, n_classes=dataset.n_classes, weights=dataset.weights
                ),
                scenario=name,
            ),
        )
        for name, given in (config.decision.priors or {}).items()
    )


def _choices(config: SweepConfig, arms: Sequence[Arm]) -> tuple[str, ...]:
    """Say what follows from the config without being written in it."""
    messages = []
    if config.decision.costs is not None and config.objective != COST:
        messages.append(
            "The objective is `cost`, the mean cost of a row, because `decision.costs` is given."
        )
    if config.dataset.label_noise:
        messages.append(
            f"{config.dataset.label_noise:.0%} of training labels are flipped to other classes "
            "(`dataset.label_noise`); rows that are scored keep theirs."
        )
    if cleaned := [arm.name for arm in arms if arm.rows is not None and needs_suspects(arm.rows)]:
        messages.append(
            f"Suspect labels are looked for before the search and removed from the training rows "
            f"of {', '.join(f'`{name}`' for name in cleaned)}."
        )
    return tuple(messages)


def _arms(
    made: Sequence[Arm], folds: Folds, *, nuisance: Nuisance
) -> tuple[tuple[Arm, ...], tuple[LeftOut, ...]]:
    arms, left_out = [], []
    for arm in made:
        reason = arm.left_out(folds.final.counts)
        if reason is None:
            _check_ends(arm, folds.final.counts, nuisance=nuisance)
            arms.append(arm)
        else:
            left_out.append(LeftOut(arm=arm.name, reason=reason))
    return tuple(arms), tuple(left_out)


def _check_ends(arm: Arm, counts: Counts, *, nuisance: Nuisance) -> None:
    """Make the loss at both ends of its ranges, so that no trial can ask for what there is not."""
    space = arm.space(counts, nuisance)
    for end in ("low", "high"):
        point = {name: getattr(limits, end) for name, limits in space.items()}
        try:
            arm.recipe(counts, point, equal_priors=priors_equal(counts))
        except ValueError as error:
            raise UserError(f"`loss.{arm.name}` has no loss at its {end} end: {error}") from None


def _arm(name: str, config: ArmConfig) -> Arm:
    function = load(config.target, at=f"loss.{name}")
    make_loss = partial(function, **config.options)
    if isclass(function):
        vectors = [key for key, limits in config.search.items() if limits.vector]
        check_keras_loss(function, arm=name, vectors=vectors)
        make_loss = partial(keras_point, make_keras_loss=function, fixed=config.options)
    return Arm(
        name=name,
        label=config.label,
        family=config.family,
        make_loss=make_loss,
        search={key: _range(limits) for key, limits in config.search.items()},
        baselines=config.baselines,
        rows=None if config.rows is None else load(config.rows, at=f"loss.{name}", key="rows"),
        stream=config.stream,
    )


def _range(limits: RangeConfig) -> Range:
    return Range(
        low=limits.low,
        high=limits.high,
        log=limits.log,
        vector=limits.vector,
        neutral=limits.neutral,
    )


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
    return automatic_batch_size(min(view.n_train for view in folds.base))
