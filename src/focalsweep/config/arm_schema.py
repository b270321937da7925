"""What an arm's file in `conf/loss/` may contain."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from focalsweep.config.values import DottedPath, Lax, Numbers, Target, Value, names_of

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
Task = Literal["single_label", "multi_label"]


class RangeConfig(Value):
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


class ArmConfig(Value):
    """Describe one arm: a loss family, what is fixed in it and what is searched."""

    target: Target
    """Dotted path of the function that makes a loss point from options and searched numbers, or of
    a `keras.losses.Loss`."""
    label: str
    """How the arm is called in tables and plots."""
    family: Family
    """Which side of the verdict the arm is on."""
    task: Task = "single_label"
    """Whether rows have one class of several, or any number of labels."""
    options: dict[str, float | bool | str | Numbers | None]
    """Numbers that stay fixed; for a Keras loss also text, truth values and lists."""
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
            raise ValueError(f"has {names_of(both)} both in `options` and in `search`; choose one")
        for position, point in enumerate(self.baselines):
            at = f"has a baseline (number {position})"
            if unknown := point.keys() - self.search.keys():
                expected = names_of(self.search) if self.search else "nothing"
                raise ValueError(
                    f"{at} that sets {names_of(unknown)}, but the arm searches {expected}"
                )
            for name, value in point.items():
                limits = self.search[name]
                if not limits.holds(value):
                    raise ValueError(
                        f"{at} outside the searched range: {name}={value} is not in "
                        f"[{limits.low}, {limits.high}]; widen the range or change `baselines`"
                    )
        return self
