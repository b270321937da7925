"""What a sweep takes after its models are trained, measured beforehand on a sample of its own rows.

Reference models, decision weights, probabilities, resampled test rows and the report: of ten
classes seconds, of 600 classes minutes. One of each is timed on at most `SAMPLE` rows, and its time
multiplied by how often it is done and by the rows that the sample leaves out; all of them take time
in proportion to rows and to classes. What is timed are made-up scores: nothing is learned here.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # by scikit-learn

from focalsweep.evidence.bootstrap import bootstrap_scores
from focalsweep.evidence.decision_rule import fit_decision_rule
from focalsweep.evidence.references import BOOSTING_ROUNDS, reference_models
from focalsweep.losses.posterior import corrected_log_proba
from focalsweep.metrics.objective import Objective
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View

SAMPLE = 1500
"""Rows that are timed."""

MOST_TIMED, LONG_ENOUGH = 3, 1.0
"""Something is timed so many times at most, and not again after so many seconds."""

PASSES = 15
"""Times that probabilities of an arm's rows are gone through: corrected, scaled, scored, plotted;
counted in corrections, the dearest of them."""

REPLICATES = 2000
ROUNDS_TIMED = 3
COMPARISONS = 8
"""Intervals of a holdout besides two an arm: the verdict's questions and each arm's difference."""

REPORT_SECONDS = 4.0
CLASS_SECONDS = 0.01
"""Page and files: of every sweep, and a class more, on the slowest machine that was tried."""


@dataclass(frozen=True, kw_only=True)
class TimeAfter:
    """Hold seconds on one core.

    Parameters
    ----------
    references, evidence, report : float
    """

    references: float
    evidence: float
    report: float

    @property
    def total(self) -> float:
        """Seconds in all."""
        return self.references + self.evidence + self.report


def time_after_training(
    outer: Sequence[View],
    *,
    n_arms: int,
    evaluation: Evaluation,
    objective: Objective,
    references: bool,
) -> TimeAfter:
    """Measure, and say what references, evidence and report will take; about a second or two.

    Parameters
    ----------
    outer : sequence of View
        The outer folds.
    n_arms : int
        Arms in the sweep.
    evaluation, objective
        The sweep's.
    references : bool
        Whether scikit-learn models are fitted beside the arms.
    """
    view = outer[0]
    rows = np.random.default_rng(0).permutation(view.n_train)[:SAMPLE]
    longer = max(view.n_train / len(rows), 1.0)
    return TimeAfter(
        references=len(outer) * longer * _references(view, rows) if references else 0.0,
        evidence=n_arms * longer * _arm_seconds(view, rows, outer, evaluation, objective)
        + _intervals(view, n_arms, evaluation, objective),
        report=REPORT_SECONDS + CLASS_SECONDS * len(view.natural_counts),
    )


def _references(view: View, rows: NDArray[np.int64]) -> float:
    """Time one fit of each reference model on some training rows, boosting for few rounds."""
    n_outputs = len(view.natural_counts)
    features, labels = np.asarray(view.features[rows], np.float64), view.labels[rows]
    repeated = 1
    if labels.ndim == 2:  # one model a label
        repeated, labels = n_outputs, (np.arange(len(rows)) % 2).astype(np.int64)
    if len(np.unique(labels)) < 2:
        return 0.0
    seconds = 0.0
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in reference_models(n_outputs).values():
            estimator = model.make_estimator(0)
            fit = partial(estimator.fit, features, labels)
            if "max_leaf_nodes" not in estimator.get_params():
                seconds += repeated * _seconds(fit)
                continue
            # A fit has its own cost besides that of its rounds.
            estimator.set_params(max_iter=1)
            one = _seconds(fit)
            estimator.set_params(max_iter=1 + ROUNDS_TIMED)
            a_round = max(_seconds(fit) - one, 0.0) / ROUNDS_TIMED
            seconds += repeated * (one + (BOOSTING_ROUNDS - 1) * a_round)
    return seconds


def _arm_seconds(
    view: View,
    rows: NDArray[np.int64],
    outer: Sequence[View],
    evaluation: Evaluation,
    objective: Objective,
) -> float:
    """Time what is done to the rows of one arm, for as many rows as were drawn."""
    n_outputs, labels = len(view.natural_counts), view.labels[rows]
    logits = np.random.default_rng(1).normal(size=(len(rows), n_outputs))
    table = np.asarray(log_softmax(logits, axis=1))
    if labels.ndim == 2:
        table = np.stack([-np.logaddexp(0, logits), -np.logaddexp(0, -logits)], axis=-1)
    layer = 0.0
    if objective.uses_decisions:
        layer = _seconds(
            lambda: fit_decision_rule(table, labels, objective=objective, log_posterior=table)
        )
    ones = np.ones(table.shape[1:])
    corrected_log_proba(table[:2], weight=ones, gamma=ones)  # the first one loads what it needs
    correction = _seconds(lambda: corrected_log_proba(table, weight=ones, gamma=ones))
    # One for each outer fold and for each of its inner folds; the final one is fitted twice.
    layers = len(outer) * (1 + evaluation.inner_folds) + 2
    tested = sum(len(each.eval_labels) for each in outer) * evaluation.refit_seeds / view.n_train
    return layers * layer + PASSES * correction * (tested + 1.0)


def _intervals(view: View, n_arms: int, evaluation: Evaluation, objective: Objective) -> float:
    """Time the bootstrap of a holdout's test rows; a nested evaluation has none."""
    if evaluation.kind == "nested":
        return 0.0
    truth, few = view.eval_labels, 50
    drawn = np.random.default_rng(2).random((1, evaluation.refit_seeds, *truth.shape))
    output: NDArray[np.generic] = drawn
    if objective.multi_label and objective.uses_decisions:
        output = (drawn < 0.5).astype(np.int8)
    elif objective.uses_decisions:
        output = (drawn * len(view.natural_counts)).astype(np.int64)
    elif objective.multi_label:
        output = drawn.mean(axis=-1)
    seconds = _seconds(
        lambda: bootstrap_scores(
            output,
            labels=truth,
            n_classes=len(view.natural_counts),
            objective=objective,
            replicates=few,
        )
    )
    return (2 * n_arms + 2 * COMPARISONS) * seconds * REPLICATES / few


def _seconds(work: Callable[[], object]) -> float:
    """Time it; again where that was short, because the first time something is loaded or waits."""
    spent: list[float] = []
    while not spent or (len(spent) < MOST_TIMED and sum(spent) < LONG_ENOUGH):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return min(spent)
