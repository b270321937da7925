"""What a sweep's config may contain: types, ranges and what every number means.

`conf/` holds the values and this module the types, so no value stands in two places. A default
here means "this option has no such setting" (a holdout has no folds), never a preference.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, LiteralString, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

Objective = Literal[
    "macro_f1",
    "balanced_accuracy",
    "mcc",
    "geometric_mean",
    "worst_class_recall",
    "log_loss",
    "cost",
]
Family = Literal[
    "cross_entropy",
    "class_weights",
    "logit_adjustment",
    "label_smoothing",
    "robust",
    "resampling",
    "two_stage",
    "cosine_head",
    "margin",
    "folklore",
    "focal",
    "labels",
]
Selection = Literal["best", "one_standard_error"]

# Names become folders and MLflow experiments.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
_DOTTED = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"
Target = Annotated[str, Field(alias="_target_", pattern=_DOTTED)]
DottedPath = Annotated[str, Field(pattern=_DOTTED)]
# YAML knows lists only; strictness inside still refuses `true` for a number.
Lax = Field(strict=False)
Numbers = Annotated[tuple[float, ...], Lax]


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class Component(_Value):
    """Name a function by its dotted path; the other keys are its parameters."""

    model_config = ConfigDict(extra="allow")
    group: ClassVar[str]

    target: Target
    """Dotted path of the function to call, for example ``focalsweep.models.mlp.mlp``."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments for the target, as written in the config."""
        return dict(self.model_extra or {})


class DatasetConfig(Component):
    """Say where the rows come from and what is done to them; other keys go to the source."""

    group = "dataset"

    name: Name
    """Short name: letters, digits, ``_``, ``-`` and ``.``."""
    rare_classes: Literal["error", "drop", "merge"]
    """What happens to classes of fewer than 5 rows: refused, dropped, or merged into one."""
    profile: Literal["none", "exp", "step"]
    """Imbalance made artificially in training folds; validation and test stay natural."""
    factor: float = Field(gt=0)
    """Largest over smallest class under the profile, or its inverse; 1 changes nothing."""
    label_noise: float = Field(default=0.0, ge=0, lt=0.5)
    """Share of training labels flipped to another class on purpose, in [0, 0.5)."""
    drop_suspects: bool = False
    """Whether the arm `cross_entropy_cleaned` takes part: suspect labels removed from training."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments for the source: `name`, and every key that is not declared here."""
        return {"name": self.name, **super().parameters}


class ModelConfig(Component):
    """Name the architecture; other keys go to its builder."""

    group = "model"


class SamplerConfig(Component):
    """Name the Optuna sampler; other keys go to its builder."""

    group = "sampler"


class RangeConfig(_Value):
    """Bound one searched number."""

    low: float
    """Smallest value, included; > 0 on a logarithmic scale."""
    high: float
    """Largest value, included; > `low`."""
    log: bool = False
    """Whether the number is searched on a logarithmic scale."""
    vector: bool = False
    """Whether this is a vector over classes (or class groups), each component in this range."""
    neutral: float | None = None
    """Value at which the number does least, for `selection`; null: the one nearest to 0."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"must have `low` < `high`; received low={self.low} high={self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"must have `low` > 0 where `log` is true; received low={self.low}")
        if self.neutral is not None and not self.holds(self.neutral):
            raise ValueError(
                f"must have `neutral` in [{self.low}, {self.high}]; received neutral={self.neutral}"
            )
        return self

    def holds(self, value: float) -> bool:
        """Tell whether `value` lies in the range."""
        return self.low <= value <= self.high


class ArmConfig(_Value):
    """Describe one arm: a loss family, what is fixed in it and what is searched."""

    target: Target
    """Dotted path of the function that makes a loss point from options and searched numbers."""
    label: str
    """How the arm is called in tables and plots."""
    family: Family
    """Which side of the verdict the arm is on."""
    options: dict[str, float]
    """Numbers that stay fixed."""
    search: dict[str, RangeConfig]
    """Ranges of the searched numbers, by parameter name of the target."""
    baselines: Annotated[tuple[dict[str, float], ...], Lax]
    """Points that are tried first, so that tuned and default lie on one surface."""
    rows: DottedPath | None = None
    """Dotted path of the function that treats each fold's training rows; null leaves them."""
    stream: int = Field(default=0, ge=0)
    """Arms of one stream share initial weights and batch order, which pairs their differences."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if both := self.options.keys() & self.search.keys():
            raise ValueError(f"has {_names(both)} both in `options` and in `search`; choose one")
        for position, point in enumerate(self.baselines):
            at = f"has a baseline (number {position})"
            if unknown := point.keys() - self.search.keys():
                expected = _names(self.search) if self.search else "nothing"
                raise ValueError(
                    f"{at} that sets {_names(unknown)}, but the arm searches {expected}"
                )
            for name, value in point.items():
                limits = self.search[name]
                if not limits.holds(value):
                    raise ValueError(
                        f"{at} outside the searched range: {name}={value} is not in "
                        f"[{limits.low}, {limits.high}]; widen the range or change `baselines`"
                    )
        return self


class OptimizerConfig(_Value):
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


class EvaluationConfig(_Value):
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

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "nested" and self.folds < 2:
            raise ValueError(f"must have `folds` >= 2 when nested; received folds={self.folds}")
        if self.kind == "holdout" and (self.folds, self.repeats) != (1, 1):
            raise ValueError("has `folds` or `repeats`, which a holdout ignores; use nested")
        return self


class TrackingConfig(_Value):
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


class VerdictConfig(_Value):
    """Set the thresholds of the verdict rule, in units of the objective."""

    smallest_difference: float = Field(ge=0)
    """A side is better when it is probably ahead by more than this."""
    regrettable_difference: float = Field(ge=0)
    """A side is set aside when it is improbable that it is ahead by more than this."""
    confidence: float = Field(gt=0.5, lt=1)
    """Probability that "probably" means; improbable is 1 minus this."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.regrettable_difference < self.smallest_difference:
            raise ValueError("must have `smallest_difference` <= `regrettable_difference`")
        return self


class DecisionConfig(_Value):
    """Say what decisions cost and how frequent classes will be, where the user knows."""

    costs: Annotated[tuple[Numbers, ...], Lax] | dict[str, float | dict[str, float]] | None
    """What deciding the column's class costs for a row of the row's class; by class name also one
    number for every wrong decision; null: none."""
    priors: dict[Name, Numbers | dict[str, float]] | None
    """Class shares where the model will be used, by the name of a scenario; null: none."""

    @field_validator("costs", "priors", mode="wrap")
    @classmethod
    def _check(cls, value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return check(_with_text_names(value))
        except ValidationError:
            # Of several types pydantic would say what is wrong with each.
            expected = _DECISIONS[str(info.field_name)]
            raise PydanticCustomError("decision", expected) from None


_DECISIONS: dict[str, LiteralString] = {
    "costs": "one row of numbers a class such as [[0,1],[5,0]], a mapping by class name such as "
    "{rare:5,common:1}, or null",
    "priors": "a mapping from scenarios (letters, digits, `_`, `-`, `.`) to class shares such as "
    "{clinic:[0.99,0.01]} or {clinic:{rare:0.01}}, or null",
}


def _with_text_names(value: Any) -> Any:
    """Take a whole number for a name, as YAML reads a class called 3."""
    if not isinstance(value, dict):
        return value
    return {
        str(name) if type(name) is int else name: _with_text_names(inner)
        for name, inner in value.items()
    }


class SweepConfig(_Value):
    """Hold one sweep: a question, a dataset, arms, a budget, an evaluation."""

    name: Name
    """Name of the sweep; by default the name of its file."""
    question: str
    """What the sweep is to answer, in one sentence."""
    arms: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    """Names of files in ``conf/loss/``, `cross_entropy` among them."""
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
    """Time cap in minutes, at whole rounds and equally for all arms; null: none."""
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
                f"received {_names(self.vary) or 'nothing'}"
            )
        twice = {arm for arm in self.arms if self.arms.count(arm) > 1}
        if twice:
            raise ValueError(f"`arms` names {_names(twice)} more than once; each arm runs once")
        if "cross_entropy" not in self.arms:
            raise ValueError(
                "`arms` must include `cross_entropy`, which every arm is compared with; "
                f"received arms=[{','.join(self.arms)}]"
            )
        if self.objective == "cost" and self.decision.costs is None:
            raise ValueError(
                "`objective=cost` needs `decision.costs`; give one row of costs a class, such as "
                "`decision.costs=[[0,1],[5,0]]`"
            )
        if set(self.arms) != self.loss.keys():
            raise ValueError(
                f"`loss` must hold one entry for each of `arms`; received {_names(self.loss)} "
                f"for {_names(self.arms)}"
            )
        return self


def _names(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
