"""What a sweep found, as one versioned value: the content of `result.json`.

The models validate on reading, so `focalsweep track DIR` and the report rebuild everything from
the file alone, and their JSON schema is what the package ships as `result.schema.json`.
Scores and differences are in the objective's unit, turned so that up is better (log-loss enters
as its negative).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1

Family = Literal["cross_entropy", "class_weights", "logit_adjustment", "focal", "folklore"]
Decision = Literal[
    "use_focal",
    "use_class_weights",
    "use_logit_adjustment",
    "use_decision_weights",
    "keep_cross_entropy",
    "not_enough_data",
    "fix_labels",
]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Value):
    """95% interval."""

    low: float
    high: float


class ClassFacts(_Value):
    """One class of the data."""

    name: str
    count: int
    share: float


class DatasetFacts(_Value):
    """The data that the sweep saw."""

    name: str
    origin: str
    rows: int
    columns: int
    classes: tuple[ClassFacts, ...]
    imbalance_ratio: float
    smallest_training_class: int
    """Rows of the smallest class in the smallest training fold."""
    profile: Literal["none", "exp", "step"]
    factor: float
    """Largest over smallest class that the profile makes in training folds; 1 without one."""
    sha256: str
    notes: tuple[str, ...]


class EvaluationFacts(_Value):
    """How scores were made."""

    kind: Literal["nested", "holdout"]
    outer_folds: int
    """Outer folds times repeats; 1 for a holdout."""
    inner_folds: int
    refit_seeds: int
    test_rows: int
    """Test rows an outer fold (mean)."""


class BudgetFacts(_Value):
    """What every arm was given, the same for all."""

    trials: int
    epochs: int
    batch_size: int
    members: int
    """Models trained in the whole sweep."""


class FoldScore(_Value):
    """One arm in one outer fold: the point its search chose and what that scored on test rows."""

    fold: int
    inner_score: float
    argmax_score: float
    decision_score: float
    """With decision weights fitted on inner out-of-fold predictions."""
    trial: int
    epochs: int
    parameters: dict[str, float]


class BestPoint(_Value):
    """The point of the search on all rows: what is pasted."""

    trial: int
    inner_score: float
    epochs: int
    parameters: dict[str, float]
    learning_rate: float
    weight_decay: float
    alpha: tuple[float, ...]
    gamma: tuple[float, ...]
    offset: tuple[float, ...]
    decision_weights: tuple[float, ...] | None
    """Factors on the class probabilities before argmax; None where the objective needs none."""
    curve: tuple[float, ...]
    """Pooled validation objective after each epoch of the chosen trial."""


class Difference(_Value):
    """A paired difference of two procedures over the outer folds (or test rows)."""

    against: str
    mean: float
    interval: Interval
    p_value: float
    p_holm: float


class ArmResult(_Value):
    """One arm: scores on test rows, the chosen point, how it errs."""

    name: str
    label: str
    family: Family
    inner_score: float
    argmax_score: float
    argmax_interval: Interval
    decision_score: float
    decision_interval: Interval
    difference: Difference | None
    """Against cross-entropy, with decision weights on both sides; None for cross-entropy."""
    folds: tuple[FoldScore, ...]
    best: BestPoint
    confusion: tuple[tuple[float, ...], ...]
    """Test rows by true class (down) and argmax (across), mean over refit seeds."""
    decision_confusion: tuple[tuple[float, ...], ...]
    metrics: dict[str, float]
    """Further test scores of argmax, by metric name, and log-loss raw and corrected."""
    correction: str
    """How probabilities were corrected to the posterior, or why they could not be."""
    failed_trials: int


class ReferenceResult(_Value):
    """A scikit-learn model beside the arms: it shows when the network is the problem."""

    name: str
    label: str
    score: float
    interval: Interval


class Comparison(_Value):
    """One question of the verdict: is the left side better than the right side?"""

    question: str
    left: str
    right: str
    left_arms: tuple[str, ...]
    """Arm that represents the left side in each outer fold."""
    right_arms: tuple[str, ...]
    differences: tuple[float, ...]
    mean: float
    interval: Interval
    p_better: float
    """P(difference > smallest difference that counts)."""
    p_much_better: float
    """P(difference > difference that would be a pity to miss)."""
    outcome: Literal["better", "not_better", "undecided"]


class Verdict(_Value):
    """The answer, in one word and in plain words."""

    decision: Decision
    arm: str
    text: str
    confidence: float
    """Probability behind the decision's leading statement, in [0, 1]."""


class LeftOut(_Value):
    """An arm that was asked for and not run, with the reason."""

    arm: str
    reason: str


class SweepResult(_Value):
    """Everything that a sweep found and what is needed to find it again."""

    schema_version: int = SCHEMA_VERSION
    name: str
    question: str
    objective: str
    dataset: DatasetFacts
    evaluation: EvaluationFacts
    budget: BudgetFacts
    arms: tuple[ArmResult, ...]
    left_out: tuple[LeftOut, ...]
    references: tuple[ReferenceResult, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    snippet: str
    seconds: dict[str, float]
    """Wall time a phase: data, search, refit, references, evidence, report, tracking, kernel."""
    seed: int
    command: str
    versions: dict[str, str]
    commit: str | None
