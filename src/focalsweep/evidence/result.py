"""What a sweep found, as one versioned value: the content of `result.json`.

The models validate on reading, so `focalsweep track DIR` and the report rebuild everything from
the file alone, and their JSON schema is what the package ships as `result.schema.json`.
Scores and differences are in the objective's unit, turned so that up is better (log-loss enters
as its negative).
"""

from __future__ import annotations

from typing import Literal

from focalsweep.config.arm_schema import Task
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.facts import (
    BudgetFacts,
    DatasetFacts,
    EvaluationFacts,
    Fact,
    Interval,
    PriorScenario,
    Suspects,
)
from focalsweep.evidence.paired import ROUNDING

SCHEMA_VERSION = 4

Decision = Literal[
    "use_focal",
    "use_class_weights",
    "use_logit_adjustment",
    "use_label_smoothing",
    "use_robust_loss",
    "use_resampling",
    "use_two_stage",
    "use_cosine_head",
    "use_margin_loss",
    "use_decision_weights",
    "keep_cross_entropy",
    "not_enough_data",
    "budget_too_small",
    "fix_labels",
]


class ReferenceResult(Fact):
    """A scikit-learn model beside the arms: it shows when the network is the problem."""

    name: str
    label: str
    score: float
    interval: Interval


class Comparison(Fact):
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

    @property
    def is_ahead(self) -> bool:
        """Whether the whole interval of left minus right lies above zero, rounding aside."""
        return self.interval.low > ROUNDING


class Verdict(Fact):
    """The answer, in one word and in plain words."""

    decision: Decision
    arm: str
    text: str
    confidence: float | None
    """Probability behind the decision's leading statement, in [0, 1]; None where nothing was
    decided."""

    def __str__(self) -> str:
        return self.text


class Surface(Fact):
    """What gamma and tau do to one focal arm's inner score, from the search on all rows."""

    arm: str
    noise: float
    """Depth of the band below the best within which scores are not told apart: twice the standard
    error of the best trial's score over inner folds."""
    gamma_low: float
    gamma_high: float
    """Range of gamma around the best whose smoothed score lies within the band, tau at its best
    for each gamma; no wider than what the search tried."""
    text: str


class FolkloreCost(Fact):
    """What the copied point (gamma 2, alpha 0.25) costs against the arm that would be used."""

    arm: str
    mean: float
    """Score of `arm` minus score of the copied point; positive: copying costs."""
    interval: Interval
    text: str


class Detectable(Fact):
    """The smallest difference that these rows can show, and how many would decide."""

    difference: float
    """True difference that the rule calls better with 80% power, from the spread of paired
    differences."""
    smallest_class: int
    rows_needed: int | None
    """Rows of the smallest class at which the regrettable difference would be seen; None where the
    rows at hand suffice, or where no number of rows would."""
    text: str


class LeftOut(Fact):
    """An arm that was asked for and not run, with the reason."""

    arm: str
    reason: str


class SweepResult(Fact):
    """Everything that a sweep found and what is needed to find it again."""

    schema_version: int = SCHEMA_VERSION
    name: str
    question: str
    objective: str
    task: Task
    """Whether rows have one class each, or any number of labels."""
    dataset: DatasetFacts
    evaluation: EvaluationFacts
    budget: BudgetFacts
    arms: tuple[ArmResult, ...]
    left_out: tuple[LeftOut, ...]
    references: tuple[ReferenceResult, ...]
    surfaces: tuple[Surface, ...]
    folklore_cost: FolkloreCost | None
    detectable: Detectable | None
    suspects: Suspects | None
    prior_scenarios: tuple[PriorScenario, ...]
    costs: tuple[tuple[float, ...], ...] | None
    """What deciding column for true row costs, where the user said so."""
    warnings: tuple[str, ...]
    """What makes the result less trustworthy, one sentence each."""
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    snippet: str
    seconds: dict[str, float]
    """Wall time a phase: data, search, refit, references, evidence, report, tracking, kernel."""
    seed: int
    command: str
    versions: dict[str, str]
    commit: str | None
