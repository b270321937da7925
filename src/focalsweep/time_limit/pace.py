"""What a sweep takes, and what a smaller one would.

Time is counted in visits: one row, seen by one model, once. Their number follows from the
evaluation, the arms and the budget alone, so scales are compared before anything is laid out for
them. What a visit takes comes either from counting operations, the same on every machine, or from
steps that are timed on this one.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import keras
import numpy as np

from focalsweep.config.scale import Scale
from focalsweep.evidence.references import MOST_BOOSTED
from focalsweep.models.frozen_features import parts
from focalsweep.models.graph import flat_calls
from focalsweep.prepare import Plan
from focalsweep.procedure import model_builder
from focalsweep.time_limit.timed_training import training_seconds
from focalsweep.training.stacking import unstackable_layers

SCORED = 1 / 3
"""A row that is only scored takes one pass of three: forward, and not backward to both sides."""

# Measured on two cores of a server: MLPs of 3,000 to 100,000 parameters, batches of 64 to 512.
ROW_SECONDS = 0.4e-6
"""What a visit takes besides the model's multiplications."""
OPERATIONS_A_SECOND = 60e9
STEP_SECONDS = 0.4e-3
"""What a step takes besides its rows where models train one by one."""
LINEAR_SECONDS = 0.1e-6
"""Of scikit-learn's linear models: a row, column and class."""
BOOSTING_SECONDS = 1.1e-6
TREES_SECONDS = 0.06
"""Of its boosted trees: a row, column and class, and a class more; plain and balanced together."""
DECISION_SECONDS = 0.45e-6
FIT_SECONDS = 0.02
"""Of decision weights and scores of an arm in one outer fold: a row and class, and once."""
SORTS = 5
SORT_SECONDS = 0.026
"""A sort of 500,000 numbers on an idle core."""
AROUND_SECONDS = 12.0
"""Compiling, the report, and ending: what every sweep takes besides its rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pace:
    """Say how long any scale of a plan would take.

    Parameters
    ----------
    plan : Plan
        Its rows, columns, classes and epochs are read; its own scale is not.
    row_seconds : float
        Of a visit.
    reference_seconds : float
        Of scikit-learn's models in one outer fold.
    evidence_seconds : float
        Of one arm in one outer fold: decision weights, scores, intervals.
    """

    plan: Plan
    row_seconds: float
    reference_seconds: float
    evidence_seconds: float

    def search_seconds(self, scale: Scale) -> float:
        """Return the seconds of a whole search."""
        return self.row_seconds * visits(self.plan, scale)[0]

    def seconds_after_search(self, scale: Scale) -> float:
        """Return the seconds of all that follows it: refit, references, evidence, report."""
        return self.row_seconds * visits(self.plan, scale)[1] + self.seconds_after_training(scale)

    def seconds_after_training(self, scale: Scale) -> float:
        """Return the seconds of references, evidence and report, and of the end of the process."""
        outer = scale.folds * scale.repeats
        references = outer * self.reference_seconds if scale.references else 0.0
        # One fit of decision weights an outer fold, and one for all rows.
        evidence = len(scale.arms) * (outer + 1) * self.evidence_seconds
        return references + evidence + AROUND_SECONDS

    def training_seconds(self, scale: Scale) -> float:
        """Return the seconds of search and refits."""
        return self.row_seconds * sum(visits(self.plan, scale))

    def seconds(self, scale: Scale) -> float:
        """Return the seconds from the beginning of the training to the end."""
        return self.search_seconds(scale) + self.seconds_after_search(scale)


def scale_of(plan: Plan) -> Scale:
    """Return the scale of a plan, as the data allow it: one fold where there is a holdout."""
    evaluation, nested = plan.evaluation, plan.evaluation.kind == "nested"
    return Scale(
        repeats=evaluation.repeats if nested else 1,
        refit_seeds=evaluation.refit_seeds,
        inner_folds=evaluation.inner_folds,
        folds=evaluation.folds if nested else 1,
        references=plan.config.references,
        arms=plan.config.arms,
        trials=plan.budget.last_trial,
    )


def visits(plan: Plan, scale: Scale) -> tuple[float, float]:
    """Count the visits of the search and of the refits that a scale makes on a plan's rows."""
    rows = float(plan.dataset.n_rows)
    outer = scale.folds * scale.repeats
    trained = rows * (1 - 1 / scale.folds)
    if plan.evaluation.kind == "holdout":
        views = [plan.folds.views[s.refit] for s in plan.folds.outer if s.refit is not None]
        trained = float(np.mean([view.n_train for view in views]))
    searches_all = len(plan.folds.scopes) > len(plan.folds.outer)
    searched = outer * trained + searches_all * rows
    inner = scale.inner_folds - 1
    each_epoch = len(scale.arms) * plan.budget.epochs
    kept = rows if plan.folds.whole is not None else 0.0
    return (
        each_epoch * scale.trials * (inner + SCORED) * searched,
        each_epoch * (inner * searched + scale.refit_seeds * outer * trained + kept),
    )


def rounds(plan: Plan, scale: Scale) -> int:
    """Return the rounds into which a search is divided."""
    return math.ceil(scale.trials / plan.budget.trials_per_round)


def counted_pace(plan: Plan) -> Pace:
    """Count operations: the pace is the same on every machine."""
    return _pace(plan, row_seconds=_counted_row(plan), slowness=1.0)


def timed_pace(plan: Plan, *, steps: bool = True) -> Pace:
    """Time this machine, as busy as it is.

    Parameters
    ----------
    plan : Plan
        Its models and rows are timed.
    steps : bool, default True
        Whether steps of training are timed, which takes seconds. Where there is no time for that,
        operations are counted, and only what an operation takes is timed.
    """
    slowness = _slowness()
    if steps:
        row = training_seconds(plan) / sum(visits(plan, scale_of(plan)))
    else:
        row = slowness * _counted_row(plan)
    return _pace(plan, row_seconds=row, slowness=slowness)


def _pace(plan: Plan, *, row_seconds: float, slowness: float) -> Pace:
    """Add what follows training, which is always counted.

    Parameters
    ----------
    plan : Plan
        Its rows, columns and classes are read.
    row_seconds : float
        Of a visit.
    slowness : float
        > 0: how much slower than the machine of the constants everything is.
    """
    rows, classes = plan.dataset.n_rows, plan.dataset.n_classes
    cells = rows * _columns(plan)
    reference = LINEAR_SECONDS * cells * classes
    if classes <= MOST_BOOSTED:
        reference += classes * (TREES_SECONDS + BOOSTING_SECONDS * cells)
    return Pace(
        plan=plan,
        row_seconds=row_seconds,
        reference_seconds=slowness * reference,
        evidence_seconds=slowness * (FIT_SECONDS + DECISION_SECONDS * rows * classes),
    )


def _counted_row(plan: Plan) -> float:
    """Return the seconds of a visit of what is trained: frozen layers see each row once only."""
    model = model_builder(plan)(_columns(plan))
    split = parts(model)
    trained = model if split is None else split[1]
    seconds = ROW_SECONDS + 6 * _multiplications(trained) / OPERATIONS_A_SECOND
    if unstackable_layers(trained):
        seconds += STEP_SECONDS / plan.batch_size
    return seconds


def _columns(plan: Plan) -> int:
    return max(int(view.features.shape[1]) for view in plan.folds.views)


def _slowness() -> float:
    """Time what one thread of NumPy does here and now, against an idle core; 1 at least."""
    numbers = np.random.default_rng(0).random(500_000)
    started = time.perf_counter()
    for _ in range(SORTS):
        np.sort(numbers)
    return max((time.perf_counter() - started) / SORTS / SORT_SECONDS, 1.0)


def _multiplications(model: keras.Model) -> int:
    """Count a row's multiplications: every weight, once a place where a convolution uses it."""
    total = 0
    for call in flat_calls(model):
        if isinstance(call.operation, keras.Layer):
            places = [size for size in call.outputs[0].shape[1:-1] if size is not None]
            total += call.operation.count_params() * math.prod(places)
    return total
