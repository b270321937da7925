"""The part of a result that describes one arm: its scores, its search, its chosen point."""

from __future__ import annotations

from typing import Literal

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.confusion_table import ConfusionTable
from focalsweep.evidence.facts import Fact, Interval


class FoldScore(Fact):
    """One arm in one outer fold: the point its search chose and what that scored on test rows."""

    fold: int
    inner_score: float
    inner_decision_score: float | None = None
    """With decision weights, every inner row decided by weights that were fitted on other inner
    folds: what decides which arm stands for its side. None in results of earlier versions."""
    argmax_score: float
    decision_score: float
    """With decision weights fitted on inner out-of-fold predictions."""
    trial: int
    epochs: int
    parameters: dict[str, float]


class Calibration(Fact):
    """How good probabilities are on test rows, mean over outer folds and seeds."""

    log_loss: float
    brier_score: float
    calibration_error: float
    """Expected calibration error of the predicted class, 15 bins of equal rows. Of the test rows of
    all outer folds together, because it is biased upwards on few rows; mean over seeds."""


class ReliabilityBin(Fact):
    """Test rows whose predicted class has a probability within one bin."""

    confidence: float
    accuracy: float
    share: float


class Probabilities(Fact):
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


class PrecisionRecall(Fact):
    """One class against the rest on test rows, by the arm's corrected probabilities.

    Probabilities are means over refit seeds, rows those of all outer folds together. Of more than
    twelve classes the rarest twelve are kept.
    """

    name: str
    average_precision: float
    recall: tuple[float, ...]
    precision: tuple[float, ...]


class GradientShares(Fact):
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


class Search(Fact):
    """How the arm's search went."""

    best_so_far: tuple[float, ...]
    """Best inner score after each trial, mean over the outer folds' searches. A failed
    or pruned trial counts as one, with the worst score of its search."""
    best_so_far_low: tuple[float, ...]
    """25th percentile of the same over folds."""
    best_so_far_high: tuple[float, ...]
    """75th percentile."""
    estimator: Literal["order", "tang2020"]
    """Averaged as the trials came, or the unbiased estimator for random search
    (arXiv:2004.13705)."""
    failed_share: float
    equal_share: float = 0.0
    """Share of a search's other trials that are worth exactly as much as its best one, mean over
    searches; 0 where fewer than three trials have a value."""
    at_edge: tuple[str, ...]
    """Ends of ranges, such as ``gamma.high``, at which most searches chose (within 2% of the
    range); not where the number ends by itself, see `focalsweep.evidence.search_facts.edges`."""
    optimism: float
    """Inner minus outer score by argmax, mean over folds: how much validation was overfitted."""
    worse_than_control: bool
    """Whether the arm scores below cross-entropy on test rows by more than the regrettable
    difference, decision weights on both sides, with the whole interval of that difference: its
    search cost more than it found."""

    @property
    def is_plateau(self) -> bool:
        """Whether the objective could not tell most trials apart."""
        return self.equal_share > 0.5


class LabelCounts(Fact):
    """Test rows of one label by truth and decision, mean over refit seeds, summed over folds."""

    tp: float
    """Rows that have the label and are said to."""
    fp: float
    """Rows that do not have the label and are said to."""
    fn: float
    """Rows that have the label and are said not to."""
    tn: float


class LabelScores(Fact):
    """One label of multi-label data on test rows."""

    name: str
    argmax: LabelCounts
    """Decided at probability 1/2."""
    decision: LabelCounts
    """Decided at the threshold that was fitted on inner rows."""
    average_precision: float
    """Of the mean over refit seeds of corrected probabilities, test rows of all folds together;
    0 for a label that no test row has."""


class KerasLoss(Fact):
    """A loss outside the family: its class and its constructor's arguments."""

    path: str
    arguments: dict[str, float | bool | str | tuple[float, ...] | None]


class BestPoint(Fact):
    """The point of the search on all rows: what is pasted."""

    trial: int
    inner_score: float
    epochs: int
    parameters: dict[str, float]
    learning_rate: float
    weight_decay: float
    alpha: tuple[float, ...]
    """Of multi-label data that of rows with each label."""
    gamma: tuple[float, ...]
    """Of multi-label data that of rows with each label."""
    alpha_negative: tuple[float, ...]
    """The same of rows without each label; empty of single-label data."""
    gamma_negative: tuple[float, ...]
    clip: float
    """What is taken off the probability of a label before a row without it pulls at the model
    (asymmetric loss, arXiv:2009.14119); 0 takes nothing."""
    offset: tuple[float, ...]
    scale: tuple[float, ...]
    margin: tuple[float, ...]
    smoothing: float
    power: float
    sampling: float
    """Strength of class-balanced sampling in the last stage."""
    switch_epoch: int | None
    """First epoch (from 0) of the last stage, where there is more than one and training reaches
    it."""
    head: Literal["linear", "cosine"]
    head_only: bool
    """Whether the last stage draws the last layer anew and trains it alone."""
    keras_loss: KerasLoss | None = None
    """Where the arm's loss is none of the family: alpha, gamma and all others are then those of
    cross-entropy."""
    rows: str | None
    """Dotted path of what is done to training rows, where something is."""
    decision_weights: tuple[float, ...] | None
    """Factors on the class probabilities before argmax; None where the objective needs none."""
    thresholds: tuple[float, ...]
    """Probability above which a row is said to have each label, of the arm's own probabilities;
    empty of single-label data and where the objective needs no decision."""
    expected_cost_temperature: float | None
    """Where there are costs and the smallest expected cost decides instead of the weights: what
    corrected log-probabilities are divided by first. None where the weights decide."""
    posterior_weight: tuple[float, ...] | None
    """What probabilities are divided by when they are corrected, a class: alpha, times how often
    the last stage draws the class, and over the shift to the natural priors; None where there is no
    correction, and of multi-label data."""
    curve: tuple[float, ...]
    """Pooled validation objective after each epoch of the chosen trial."""


class Difference(Fact):
    """A paired difference of two procedures over the outer folds (or test rows)."""

    against: str
    mean: float
    interval: Interval
    p_value: float
    p_holm: float


class ArmResult(Fact):
    """One arm: scores on test rows, the chosen point, how it errs."""

    name: str
    label: str
    family: Family
    inner_score: float
    inner_decision_score: float | None = None
    """See `FoldScore`; mean over outer folds."""
    argmax_score: float
    argmax_interval: Interval
    decision_score: float
    decision_interval: Interval
    difference: Difference | None
    """Against cross-entropy, with decision weights on both sides; None for cross-entropy."""
    folds: tuple[FoldScore, ...]
    best: BestPoint
    confusion: ConfusionTable
    """Test rows by true class (down) and argmax (across), mean over refit seeds; empty of
    multi-label data."""
    decision_confusion: ConfusionTable
    labels: tuple[LabelScores, ...]
    """Of multi-label data in the order of labels; empty otherwise."""
    metrics: dict[str, float]
    """Further test scores of argmax, by metric name, and log-loss raw and corrected."""
    correction: str
    """How probabilities were corrected to the posterior, or why they could not be."""
    probabilities: Probabilities | None
    precision_recall: tuple[PrecisionRecall, ...]
    gradient: GradientShares | None
    search: Search | None
    prior_scores: dict[str, float]
    """Score by the decision layer under other priors, by the scenario's name; the first is the data
    as they are, and equals `decision_score`."""
    failed_trials: int
