"""The part of a result that says what was compared on: the data, the evaluation, the budget."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from focalsweep.config.scale import Scale


class Fact(BaseModel):
    """Refuse unknown fields and changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _or(missing: float) -> BeforeValidator:
    """Read null as this number: JSON has no infinity, and writes null for it."""
    return BeforeValidator(lambda value: missing if value is None else value)


_END = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})


class Interval(Fact):
    """95% interval; an end that nothing is known of is infinite, and null in JSON."""

    low: Annotated[float, _or(-math.inf), _END]
    high: Annotated[float, _or(math.inf), _END]


class ClassFacts(Fact):
    """One class of the data."""

    name: str
    count: int
    share: float


class Overlap(Fact):
    """How mixed one class is with the others, before any training."""

    name: str
    effective_number: float
    """(1 - b^n) / (1 - b) rows with b = 1 - 1 / all rows (arXiv:1901.05555)."""
    neighbours: float
    """Share of a row's five nearest neighbours that are of other classes, mean over rows."""
    expected: float
    """The same share if classes were strewn at random: rows of other classes over all other
    rows."""


class Diagnosis(Fact):
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


class MultiLabelFacts(Fact):
    """How many labels rows have, and how rare they are."""

    cardinality: float
    """Labels a row has, mean over rows."""
    density: float
    """The same as a share of all labels."""
    mean_imbalance_ratio: float
    """Rows with the commonest label over rows with a label, mean over labels (MeanIR of Charte,
    Rivera, del Jesus, Herrera 2015)."""
    rows_without_label: int


class DatasetFacts(Fact):
    """The data that the sweep saw."""

    name: str
    origin: str
    rows: int
    columns: int
    classes: tuple[ClassFacts, ...]
    """Of multi-label data the labels: rows that have each, and their share of all rows."""
    multi_label: MultiLabelFacts | None
    """None where every row has one class."""
    imbalance_ratio: float
    """Largest class over smallest class; of multi-label data the commonest label over the rarest.
    """
    smallest_training_class: int
    """Rows of the smallest class in the smallest training fold."""
    profile: Literal["none", "exp", "step"]
    factor: float
    """Largest over smallest class that the profile makes in training folds; 1 without one."""
    label_noise: float
    """Share of training rows whose label was flipped on purpose."""
    diagnosis: Diagnosis | None
    sha256: str
    notes: tuple[str, ...]


class EvaluationFacts(Fact):
    """How scores were made."""

    kind: Literal["nested", "holdout"]
    outer_folds: int
    """Outer folds times repeats that were carried out; 1 for a holdout."""
    inner_folds: int
    refit_seeds: int
    test_rows: int
    """Test rows an outer fold (mean)."""
    reasons: tuple[str, ...] = ()
    """Why rows were split otherwise than asked, such as fewer folds, one sentence each."""


class Saving(Fact):
    """How many trials were stopped early, and what that saved: of one arm, or of all."""

    trials: int
    """Of all searches, that on all rows included."""
    pruned_trials: int
    member_epochs: int
    """Epochs trained by the search, over trials and inner folds."""
    all_member_epochs: int
    """What the same trials would have taken if all had trained to their last epoch."""

    @property
    def saved(self) -> int:
        """Member-epochs that were not trained."""
        return self.all_member_epochs - self.member_epochs

    @property
    def saved_share(self) -> float:
        """The same as a share of all, in [0, 1)."""
        return self.saved / self.all_member_epochs


class PruningFacts(Fact):
    """The rule that stopped losing trials early, the same for every arm, and what it saved."""

    pruner: str
    """Optuna's name of it."""
    rungs: tuple[int, ...]
    """Epochs after which it looked; a trial was compared with trials of its own search only."""
    total: Saving
    arms: dict[str, Saving]
    """By the arm's name."""


class BudgetFacts(Fact):
    """What every arm was given, the same for all."""

    trials: int
    """Told in every search."""
    trials_asked: int | None = None
    """More than `trials` where time was up before; None in results of earlier versions."""
    epochs: int
    batch_size: int
    members: int
    """Models trained in the whole sweep."""
    given_up: str | None = None
    """What was given up for time, in words; None where nothing was."""
    again: tuple[str, ...] = ()
    """Overrides that carry out the same without any limit; empty where nothing was given up."""
    minutes: float | None = None
    """The limit that the command had."""
    carried_out: Scale | None = None
    """None in results of earlier versions."""
    pruning: PruningFacts | None
    """None where every trial trained to its last epoch."""


class Suspect(Fact):
    """A row whose label the out-of-fold predictions of cross-entropy contradict."""

    row: int
    """Position in the data as read, from 0."""
    given: str
    suggested: str
    given_probability: float
    suggested_probability: float


class Suspects(Fact):
    """Labels worth a second look: confident learning (arXiv:1911.00068)."""

    count: int
    share: float
    rows: tuple[Suspect, ...]
    """The worst first, 50 at most."""
    by_class: tuple[int, ...]
    text: str


class PriorScenario(Fact):
    """Class shares that the user expects where the model will be used."""

    name: str
    priors: tuple[float, ...]
