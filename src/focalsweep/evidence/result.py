"""What a sweep found, as one versioned value: the content of `result.json`.

The models validate on reading, so `focalsweep track DIR` and the report rebuild everything from
the file alone, and their JSON schema is what the package ships as `result.schema.json`.
Scores and differences are in the objective's unit, turned so that up is better (log-loss enters
as its negative).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

# Families are arms' settings, named once; who reads results finds the type here too.
from focalsweep.config.schema import Family as Family

SCHEMA_VERSION = 2

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


class Overlap(_Value):
    """How mixed one class is with the others, before any training."""

    name: str
    effective_number: float
    """(1 - b^n) / (1 - b) rows with b = 1 - 1 / all rows (arXiv:1901.05555)."""
    neighbours: float
    """Share of a row's five nearest neighbours that are of other classes, mean over rows."""
    expected: float
    """The same share if classes were strewn at random: rows of other classes over all other
    rows."""


class Diagnosis(_Value):
    """What can be said of the data without training."""

    classes: tuple[Overlap, ...]
    duplicates: int
    """Rows that another row equals in every column."""
    conflicting: int
    """Rows that another row equals in every column but the label."""
    sampled_rows: int
    """Rows that the neighbour search looked at."""
    text: tuple[str, ...]
    """The same in sentences, the most important first."""


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
    label_noise: float = 0.0
    """Share of training rows whose label was flipped on purpose."""
    diagnosis: Diagnosis | None = None
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


class Calibration(_Value):
    """How good probabilities are on test rows, mean over outer folds and seeds."""

    log_loss: float
    brier_score: float
    calibration_error: float
    """Expected calibration error of the predicted class, 15 bins of equal rows. Of the test rows of
    all outer folds together, because it is biased upwards on few rows; mean over seeds."""


class ReliabilityBin(_Value):
    """Test rows whose predicted class has a probability within one bin."""

    confidence: float
    accuracy: float
    share: float


class Probabilities(_Value):
    """One arm's probabilities before and after correction."""

    raw: Calibration
    """The arm's own softmax."""
    corrected: Calibration | None
    """Moved to the data's posterior in closed form; None where there is no closed form."""
    scaled: Calibration
    """Corrected (raw where that is not possible), then temperature-scaled on inner rows."""
    temperature: float
    """Median over outer folds."""
    refusal: str | None
    """Why there is no correction."""
    reliability_raw: tuple[ReliabilityBin, ...]
    reliability_corrected: tuple[ReliabilityBin, ...]


class PrecisionRecall(_Value):
    """One class against the rest on test rows, by the arm's corrected probabilities.

    Probabilities are means over refit seeds, rows those of all outer folds together. Of more than
    twelve classes the rarest twelve are kept.
    """

    name: str
    average_precision: float
    recall: tuple[float, ...]
    precision: tuple[float, ...]


class GradientShares(_Value):
    """Who pulls at the model: shares of the loss gradient's length at the logits.

    Read at the chosen point on inner out-of-fold rows; every tuple sums to 1.
    """

    by_class: tuple[float, ...]
    by_difficulty: tuple[float, ...]
    """Ten bins of the true class's probability: [0, 0.1) first."""
    rows_by_difficulty: tuple[float, ...]
    """Share of rows in the same bins."""
    suspects: float | None
    """Share that suspect labels take; None where nothing was suspected."""


class Search(_Value):
    """How the arm's search went."""

    best_so_far: tuple[float, ...]
    """Best inner score after each trial, mean over the outer folds' searches. A failed trial counts
    as one, with the worst score of its search."""
    best_so_far_low: tuple[float, ...]
    """25th percentile of the same over folds."""
    best_so_far_high: tuple[float, ...]
    """75th percentile."""
    estimator: Literal["order", "tang2020"]
    """Averaged as the trials came, or the unbiased estimator for random search
    (arXiv:2004.13705)."""
    failed_share: float
    at_edge: tuple[str, ...]
    """Ends of ranges, such as ``gamma.high``, at which most searches chose (within 2% of the
    range); not where the number ends by itself, see `focalsweep.evidence.search_facts.edges`."""
    optimism: float
    """Inner minus outer score by argmax, mean over folds: how much validation was overfitted."""
    worse_than_control: bool
    """Whether the arm scores below cross-entropy on test rows by more than the regrettable
    difference, decision weights on both sides: its search cost more than it found."""


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
    scale: tuple[float, ...] = ()
    margin: tuple[float, ...] = ()
    smoothing: float = 0.0
    power: float = 0.0
    sampling: float = 0.0
    """Strength of class-balanced sampling in the last stage."""
    switch_epoch: int | None = None
    """First epoch (from 0) of the last stage, where there is more than one and training reaches
    it."""
    head: Literal["linear", "cosine"] = "linear"
    head_only: bool = False
    """Whether the last stage draws the last layer anew and trains it alone."""
    rows: str | None = None
    """Dotted path of what is done to training rows, where something is."""
    decision_weights: tuple[float, ...] | None
    """Factors on the class probabilities before argmax; None where the objective needs none."""
    expected_cost_temperature: float | None = None
    """Where there are costs and the smallest expected cost decides instead of the weights: what
    corrected log-probabilities are divided by first. None where the weights decide."""
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
    probabilities: Probabilities | None = None
    precision_recall: tuple[PrecisionRecall, ...] = ()
    gradient: GradientShares | None = None
    search: Search | None = None
    prior_scores: dict[str, float] = {}
    """Score by the decision layer under other priors, by the scenario's name; the first is the data
    as they are, and equals `decision_score`."""
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


class Surface(_Value):
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


class FolkloreCost(_Value):
    """What the copied point (gamma 2, alpha 0.25) costs against the arm that would be used."""

    arm: str
    mean: float
    """Score of `arm` minus score of the copied point; positive: copying costs."""
    interval: Interval
    text: str


class Detectable(_Value):
    """The smallest difference that these rows can show, and how many would decide."""

    difference: float
    """True difference that the rule calls better with 80% power, from the spread of paired
    differences."""
    smallest_class: int
    rows_needed: int | None
    """Rows of the smallest class at which the regrettable difference would be seen; None where the
    rows at hand suffice, or where no number of rows would."""
    text: str


class Suspect(_Value):
    """A row whose label the out-of-fold predictions of cross-entropy contradict."""

    row: int
    """Position in the data as read, from 0."""
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float


class Suspects(_Value):
    """Labels worth a second look: confident learning (arXiv:1911.00068)."""

    count: int
    share: float
    rows: tuple[Suspect, ...]
    """The worst first, 50 at most."""
    by_class: tuple[int, ...]
    text: str


class PriorScenario(_Value):
    """Class shares that the user expects where the model will be used."""

    name: str
    priors: tuple[float, ...]


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
    surfaces: tuple[Surface, ...] = ()
    folklore_cost: FolkloreCost | None = None
    detectable: Detectable | None = None
    suspects: Suspects | None = None
    prior_scenarios: tuple[PriorScenario, ...] = ()
    costs: tuple[tuple[float, ...], ...] | None = None
    """What deciding column for true row costs, where the user said so."""
    warnings: tuple[str, ...] = ()
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
