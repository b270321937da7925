"""What `focalsweep inspect` found: the data, each column's treatment, what a sweep would cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from focalsweep.data.column_facts import ColumnFacts
from focalsweep.evidence.facts import DatasetFacts
from focalsweep.training.peak_memory import PeakMemory


@dataclass(frozen=True, kw_only=True)
class PlannedEvaluation:
    """Hold how scores would be made.

    Parameters
    ----------
    kind : {"nested", "holdout"}
        After the rule for large data.
    folds, repeats, inner_folds, refit_seeds : int
        As in ``conf/evaluation/``; a holdout has one fold and one repeat.
    training_rows, test_rows : tuple of int
        One number an outer fold, after the imbalance profile.
    smallest_rows : tuple of int
        Training rows of the smallest class, one number an outer fold.
    """

    kind: Literal["nested", "holdout"]
    folds: int
    repeats: int
    inner_folds: int
    refit_seeds: int
    training_rows: tuple[int, ...]
    test_rows: tuple[int, ...]
    smallest_rows: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Hold what a sweep of these settings would cost on this machine.

    Parameters
    ----------
    arms, trials, epochs, batch_size : int
        The budget: trials an arm and search, epochs at most.
    models : int
        Trained in all.
    chunk_size : int
        Models trained side by side.
    seconds : float or None
        Of all that follows the plan, from steps that were timed here; None where nothing was timed.
    one_by_one : bool
        Whether models cannot be stacked, so that they train one after another.
    alone : tuple of str
        Arms whose models alone train one after another, because their losses are none of the
        family.
    compiled_anew : tuple of str
        Of these the arms whose loss is compiled for every trial, which `seconds` does not hold.
    memory : PeakMemory
        The terms of the peak.
    """

    arms: int
    trials: int
    epochs: int
    batch_size: int
    models: int
    chunk_size: int
    seconds: float | None
    one_by_one: bool
    memory: PeakMemory
    alone: tuple[str, ...] = ()
    compiled_anew: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Hold everything that is said about a sweep before it is started.

    Parameters
    ----------
    sweep, question, objective : str
        The sweep's file, its question, what it maximises.
    data : DatasetFacts
        Rows, classes, diagnosis, notes.
    warnings : tuple of str
        What to know before trusting a result.
    columns : tuple of ColumnFacts
        In the order of the data.
    model_columns : int
        Columns that the model gets, the most of any fold.
    evaluation : PlannedEvaluation
        How scores would be made.
    messages : tuple of str
        Choices that were made for the user.
    cost : Cost
        Models, time, memory.
    detectable : str
        The smallest difference that the sweep could see, in one sentence.
    command : str
        What starts the sweep.
    """

    sweep: str
    question: str
    objective: str
    data: DatasetFacts
    warnings: tuple[str, ...]
    columns: tuple[ColumnFacts, ...]
    model_columns: int
    evaluation: PlannedEvaluation
    messages: tuple[str, ...]
    cost: Cost
    detectable: str
    command: str

    @property
    def kinds(self) -> dict[str, int]:
        """Columns of each kind, the most frequent first."""
        return dict(Counter(column.kind for column in self.columns).most_common())
