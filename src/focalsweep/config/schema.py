"""What a sweep's config may contain: types, ranges and what every number means.

`conf/` holds the values and this module the types, so no value stands in two places. A default
here means "this option has no such setting" (a holdout has no folds), never a preference.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from focalsweep.config.arm_schema import ArmConfig, RangeConfig
from focalsweep.config.decision_schema import DecisionConfig
from focalsweep.config.values import Component, Lax, Name, Value, names_of

Objective = Literal[
    "macro_f1",
    "micro_f1",
    "balanced_accuracy",
    "mcc",
    "geometric_mean",
    "worst_class_recall",
    "log_loss",
    "cost",
]
Selection = Literal["best", "one_standard_error"]

# A column may be called 8 or 1.0; YAML reads that as a number.
Column = Annotated[
    Annotated[str, Field(min_length=1)],
    BeforeValidator(lambda name: str(name) if type(name) in (int, float) else name),
]

# A word that means "missing" may look like a number or, in YAML, like a boolean.
Words = Annotated[
    tuple[Annotated[str, BeforeValidator(str)], ...],
    Lax,
    BeforeValidator(lambda words: [words] if isinstance(words, str | int | float) else words),
]

COLUMNS = ("groups", "split", "time", "weights")
"""Keys of a dataset that name a column with another task than to be a feature."""


class DatasetConfig(Component):
    """Say where the rows come from and what is done to them; other keys go to the source."""

    group = "dataset"

    name: Name
    """Short name: letters, digits, ``_``, ``-`` and ``.``."""
    rare_classes: Literal["error", "drop", "merge", "keep"]
    """What happens to classes of fewer than 5 rows: refused, dropped, merged into one, or kept as
    they are; kept classes may be absent from training, where they get weight 0 and no offset."""
    profile: Literal["none", "exp", "step"]
    """Imbalance made artificially in training folds; validation and test stay natural."""
    factor: float = Field(gt=0)
    """Largest over smallest class under the profile, or its inverse; 1 changes nothing."""
    label_noise: float = Field(default=0.0, ge=0, lt=0.5)
    """Share of training labels flipped to another class on purpose, in [0, 0.5)."""
    drop_suspects: bool = False
    """Whether the arm `cross_entropy_cleaned` takes part: suspect labels removed from training."""
    groups: Column | None = None
    """Column of groups (patients, users): rows of one group never straddle a split; null: none."""
    split: Column | None = None
    """Column that says which rows are trained on and which tested; null: splits are drawn."""
    time: Column | None = None
    """Column of times: models train on the past and are tested on what follows; null: none."""
    weights: Column | None = None
    """Column of positive weights: a row of weight 2 counts as two rows, in training, class counts
    and every score (splits and preprocessing count each row once); null: all count alike."""

    raw: Annotated[tuple[Column, ...], Lax] | Literal["all"] | None = None
    """Columns that the model gets as they are, such as codes that it embeds: a list, or ``all``;
    null: the whole numbers where the model reads codes, and none otherwise."""
    decimal: Literal[".", ",", "point", "comma"] | None = None
    """Sign of decimals in text such as ``1.234,56``; null: found in each column."""
    day_first: bool | None = None
    """Whether 03/04/2024 is the third of April; null: found in each column."""
    missing: Words | None = None
    """Words and numbers that mean "no value", in every column, the target's too; null: the empty
    field, and in features the usual words (NA, NaN, null, None)."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments for the source: `name`, every key that is not declared here, and the
        columns with a task of their own and ways of writing where they are given."""
        given = {key: getattr(self, key) for key in (*COLUMNS, "decimal", "day_first", "missing")}
        named = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in given.items()
            if value is not None
        }
        return {"name": self.name, **super().parameters, **named}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.time is not None and self.split is not None:
            raise ValueError(
                "has both `split` and `time`, which each say what is tested; set one of them to "
                "null"
            )
        if self.time is not None and self.groups is not None:
            raise ValueError(
                "has both `groups` and `time`, and a group with rows before and after a moment "
                "cannot stay whole; set one of them to null"
            )
        task_of: dict[str, str] = {}
        for key in COLUMNS:
            column = getattr(self, key)
            if column in task_of:
                raise ValueError(
                    f"names the column `{column}` as `{task_of[column]}` and as `{key}`; a column "
                    "has one task"
                )
            if column is not None:
                task_of[column] = key
        return self


class ModelConfig(Component):
    """Name the architecture; other keys go to its builder."""

    group = "model"

    output_bias: Literal["zero", "best_constant"] = "zero"
    """Where the bias of the last layer starts: at 0, or at each arm's best constant logits, which
    takes the common initial weights away from the comparison."""


class SamplerConfig(Component):
    """Name the Optuna sampler; other keys go to its builder."""

    group = "sampler"


class PrunerConfig(Component):
    """Name the Optuna pruner and say when it looks; other keys go to it."""

    group = "pruner"

    rungs: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Lax]
    """Shares of the epochs, in (0, 1), after which trials are looked at; empty for ``none``, and
    the first one only for a pruner with a `reduction_factor`, which places the others."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError(f"must have ascending `rungs`; received rungs={list(self.rungs)}")
        return self


class OptimizerConfig(Value):
    """Choose the optimizer; its numbers are nuisance, re-tuned inside every arm."""

    kind: Literal["adamw", "adam", "sgd"]
    """The update rule, as in `keras.optimizers`."""
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"]
    """Rows a step; ``auto`` follows the number of training rows."""
    learning_rate: float = Field(gt=0)
    """Learning rate of the first trial of every arm, and of all trials where it is not searched."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay of the first trial, as in AdamW; 0 for ``adam``."""
    momentum: float = Field(default=0.0, ge=0, lt=1)
    """Momentum of ``sgd``."""
    search: dict[Literal["learning_rate", "weight_decay"], RangeConfig]
    """Ranges of the searched numbers."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind != "sgd" and self.momentum:
            raise ValueError(f"has `momentum`, which `{self.kind}` ignores; use optimizer=sgd")
        if self.kind == "adam" and (self.weight_decay or "weight_decay" in self.search):
            raise ValueError("has `weight_decay`, which `adam` ignores; use optimizer=adamw")
        for name, limits in self.search.items():
            value = self.learning_rate if name == "learning_rate" else self.weight_decay
            if limits.vector:
                raise ValueError(f"has a vector in `search.{name}`; it is one number")
            if not limits.holds(value):
                raise ValueError(
                    f"has {name}={value} outside the searched range [{limits.low}, {limits.high}]"
                )
        return self


class EvaluationConfig(Value):
    """Say how scores are made."""

    kind: Literal["nested", "holdout"]
    """``nested``: the whole search inside each outer fold; ``holdout``: one test split."""
    folds: int = Field(default=1, ge=1)
    """Outer folds, >= 2 for ``nested``; a holdout has one."""
    repeats: int = Field(default=1, ge=1)
    """Times that the outer folds are drawn anew; a holdout has one."""
    inner_folds: int = Field(ge=2)
    """Folds inside the training rows, on which trials are valued."""
    refit_seeds: int = Field(ge=1)
    """Seeds of the final fits, disjoint from the search's; 3 or more show the seed's noise."""
    test_fraction: float = Field(gt=0, lt=1)
    """Share of rows in the test split of a holdout (for ``nested``: above `holdout_above`)."""
    holdout_above: Annotated[int, Field(ge=1)] | None = None
    """Rows above which ``nested`` becomes a holdout, with a message; null: never."""
    holdout_epochs: Annotated[int, Field(ge=1)] | None = None
    """Most epochs in that holdout, where an epoch has many steps; null: `epochs` as it is."""
    holdout_rows_seen: Annotated[int, Field(ge=1)] | None = None
    """Rows that a model is shown in that holdout, counted in every epoch: larger data get fewer
    epochs than `holdout_epochs`, though at least 3; null: never fewer."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "nested" and self.folds < 2:
            raise ValueError(f"must have `folds` >= 2 when nested; received folds={self.folds}")
        if self.kind == "holdout" and (self.folds, self.repeats) != (1, 1):
            raise ValueError("has `folds` or `repeats`, which a holdout ignores; use nested")
        return self


class TrackingConfig(Value):
    """Say where runs are mirrored; nothing here changes a number."""

    kind: Literal["mlflow", "none"]
    """Whether MLflow gets a copy; ``focalsweep track DIR`` makes one later."""
    uri: str | None = None
    """MLflow tracking URI; null: the SQLite file ``mlflow.db`` beside the run folder."""
    trials: Literal["final", "all", "none"] = "none"
    """Which trials become nested runs: those of the final search, all, or none."""
    models: bool = False
    """Whether one model an arm, trained on all rows, is kept in the run folder and logged."""
    register_as: Name | None = Field(default=None, alias="register")
    """Registered model that the verdict's arm becomes a version of, under the alias
    ``champion``; null: none."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.register_as is not None and not self.models:
            raise ValueError("has `register`, which needs a model; set `models` to true")
        return self


class VerdictConfig(Value):
    """Set the thresholds of the verdict rule, in units of the objective.

    Costs and log-loss have none: there they are shares of what there is to save.
    """

    smallest_difference: float = Field(ge=0)
    """A side is better when it is probably ahead by more than this."""
    regrettable_difference: float = Field(ge=0)
    """A side is set aside when it is improbable that it is ahead by more than this."""
    confidence: float = Field(gt=0.5, lt=1)
    """Probability that "probably" means; improbable is 1 minus this."""
    fewest_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the trials asked for that every arm must have had in every outer fold."""
    fewest_tried: int = Field(default=0, ge=0)
    """Trials, in every outer fold, at which an arm's own numbers were not its default; of an arm
    without any, its rates."""
    fewest_folds: int = Field(default=1, ge=1)
    """Outer folds of a nested evaluation, over all repeats, that a verdict rests on."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.regrettable_difference < self.smallest_difference:
            raise ValueError("must have `smallest_difference` <= `regrettable_difference`")
        return self


class SweepConfig(Value):
    """Hold one sweep: a question, a dataset, arms, a budget, an evaluation."""

    name: Name
    """Name of the sweep; by default the name of its file."""
    question: str
    """What the sweep is to answer, in one sentence."""
    arms: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    """Names of files in ``conf/loss/``, among them `cross_entropy` (or, where rows have any number
    of labels, `binary_cross_entropy`)."""
    trials: int = Field(ge=1)
    """Trials an arm and outer fold, the same for every arm."""
    epochs: int = Field(ge=1)
    """Passes over the training rows; the best one is chosen on the pooled validation curve."""
    objective: Objective
    """What is maximised (log_loss: minimised)."""
    seed: int = Field(ge=0)
    """Seed of folds, initial weights, batch order and samplers."""
    selection: Selection
    """A study's chosen trial: the best, or the simplest within one standard error of it."""
    minutes: Annotated[float, Field(gt=0)] | None
    """What the whole command may take, from its start to its exit; what is given up for it is
    said before training; null: no limit."""
    about_minutes: Annotated[float, Field(gt=0)] | None = None
    """Where the files of a sweep ask for more work than two cores do in about this time, less is
    done, by counting rows, columns, arms and models and never by the clock; what you typed yourself
    stays. Null, or with `minutes`: everything that is asked for."""
    stop_after: Annotated[int, Field(ge=1)] | None = None
    """Trials after which every search ends although `trials` are asked for, equally for all arms:
    what a limit came to, typed again; null: none."""
    references: bool
    """Whether scikit-learn models are scored beside the arms."""
    trials_per_round: int = Field(ge=1)
    """Trials asked of every open study at once; 1 or 2 keeps the sampler nearly sequential."""
    dataset: DatasetConfig
    """The rows."""
    loss: dict[str, ArmConfig]
    """The arms, by name."""
    model: ModelConfig
    """The architecture, the same for every arm."""
    optimizer: OptimizerConfig
    """How members are trained."""
    evaluation: EvaluationConfig
    """How scores are made."""
    sampler: SamplerConfig
    """How trials are proposed."""
    pruner: PrunerConfig
    """Which trials are stopped before their last epoch."""
    tracking: TrackingConfig
    """Where runs are mirrored."""
    verdict: VerdictConfig
    """When the verdict says what."""
    decision: DecisionConfig
    """What decisions cost, and under which class shares every arm is scored again."""
    vary: dict[str, Annotated[tuple[str | bool | int | float, ...], Lax]] | None
    """One dotted key and the values that the sweep is run with, one after another; null: none."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.vary is not None and [bool(values) for values in self.vary.values()] != [True]:
            raise ValueError(
                "`vary` must hold one key with a list of values, such as "
                "`vary={dataset.ratio: [1, 10, 100]}`, or be null; "
                f"received {names_of(self.vary) or 'nothing'}"
            )
        twice = {arm for arm in self.arms if self.arms.count(arm) > 1}
        if twice:
            raise ValueError(f"`arms` names {names_of(twice)} more than once; each arm runs once")
        # Which of the two it must be is known when the data is.
        if not {"cross_entropy", "binary_cross_entropy"} & set(self.arms):
            raise ValueError(
                "`arms` must include `cross_entropy` (for rows with any number of labels: "
                "`binary_cross_entropy`), which every arm is compared with; "
                f"received arms=[{','.join(self.arms)}]"
            )
        if self.objective == "cost" and self.decision.costs is None:
            raise ValueError(
                "`objective=cost` needs `decision.costs`; give one row of costs a class, such as "
                "`decision.costs=[[0,1],[5,0]]`"
            )
        if set(self.arms) != self.loss.keys():
            raise ValueError(
                f"`loss` must hold one entry for each of `arms`; received {names_of(self.loss)} "
                f"for {names_of(self.arms)}"
            )
        return self
