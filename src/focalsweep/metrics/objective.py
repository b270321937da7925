"""The objective: the one number that a sweep makes large, looked up by name.

Scores go up already. Log-loss and costs go down, so they enter as their negatives; what is
compared everywhere is therefore called a utility, and only texts for people turn them back
(`Objective.lower_is_better`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.errors import UserError
from focalsweep.metrics import confusion as scores
from focalsweep.metrics import label_scores
from focalsweep.metrics.confusion import CostMatrix, Counts

COST = "cost"
"""Name of the objective that `cost_objective` makes."""

COST_LABEL = "mean cost a row"

MICRO_F1 = "micro_f1"
"""Name of the objective that only multi-label data have."""

MICRO_F1_LABEL = "micro-F1"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Name one way to score predictions.

    Parameters
    ----------
    name : str
        Name in the config, for example ``macro_f1``.
    label : str
        Name in texts and plots, for example "macro-F1".
    score : callable, optional
        From confusion counts to scores that go up; None for log-loss, which needs probabilities
        instead, and for costs.
    costs : tuple of tuples, optional
        Cost of deciding column for a row of class row, see `cost_objective`.
    multi_label : bool
        Whether counts are (..., labels, 2, 2) and scores those of multi-label decisions.
    lowest_score : float, default 0
        The lowest value that `score` can have; its highest is 1.
    """

    name: str
    label: str
    score: Callable[[Any], NDArray[np.float64]] | None
    costs: CostMatrix | None = None
    multi_label: bool = False
    lowest_score: float = 0.0

    @property
    def uses_decisions(self) -> bool:
        """Whether predicted classes, and so decision weights, matter to it; not for log-loss."""
        return self.score is not None or self.costs is not None

    @property
    def lower_is_better(self) -> bool:
        """Whether the number that people know goes down; its utility still goes up."""
        return self.score is None

    @property
    def decision_words(self) -> tuple[str, str]:
        """Names of the fitted decision layer and of the decision that needs no fitting."""
        return decision_words(self.name, multi_label=self.multi_label)

    @property
    def unit(self) -> float:
        """The size of its numbers, > 0: for costs the most that one decision costs beyond the best.

        What is far below it is rounding. What a difference has to be to count is another matter.
        """
        if self.costs is None:
            return 1.0
        return max(max(row) - min(row) for row in self.costs)

    @property
    def utility_range(self) -> tuple[float, float]:
        """The lowest and the highest utility that there can be."""
        if self.costs is not None:
            costs = [cost for row in self.costs for cost in row]
            return -max(costs), -min(costs)
        return (-math.inf, 0.0) if self.score is None else (self.lowest_score, 1.0)

    def utility(
        self, *, confusion: Counts | None = None, log_loss: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Return the number to make large, one for each leading index.

        Parameters
        ----------
        confusion : array of shape (..., classes, classes), or its margins, optional
            True class down, predicted class across; for `multi_label` of shape
            (..., labels, 2, 2). Needed unless the objective is log-loss.
        log_loss : array of shape (...), optional
            Mean log-loss. Needed when the objective is log-loss.

        Returns
        -------
        array of shape (...)
            A score, or the negative of log-loss or mean cost.

        Raises
        ------
        ValueError
            When the one that the objective needs is missing.
        """
        if self.score is not None and confusion is not None:
            return self.score(confusion)
        if self.costs is not None and confusion is not None:
            return -scores.mean_cost(confusion, costs=self.costs)
        if not self.uses_decisions and log_loss is not None:
            return -np.asarray(log_loss, dtype=np.float64)
        missing = "confusion" if self.uses_decisions else "log_loss"
        raise ValueError(f"`{missing}` is needed for the objective {self.name}.")


OBJECTIVES = MappingProxyType(
    {
        choice.name: choice
        for choice in (
            Objective(name="macro_f1", label="macro-F1", score=scores.macro_f1),
            Objective(
                name="balanced_accuracy",
                label="balanced accuracy",
                score=scores.balanced_accuracy,
            ),
            Objective(name="mcc", label="MCC", score=scores.mcc, lowest_score=-1.0),
            Objective(name="geometric_mean", label="geometric mean", score=scores.geometric_mean),
            Objective(
                name="worst_class_recall",
                label="worst-class recall",
                score=scores.worst_class_recall,
            ),
            Objective(name="log_loss", label="log-loss", score=None),
        )
    }
)


LABEL_OBJECTIVES = MappingProxyType(
    {
        choice.name: choice
        for choice in (
            Objective(
                name="macro_f1",
                label="macro-F1",
                score=label_scores.label_macro_f1,
                multi_label=True,
            ),
            Objective(
                name=MICRO_F1,
                label=MICRO_F1_LABEL,
                score=label_scores.label_micro_f1,
                multi_label=True,
            ),
            Objective(
                name="balanced_accuracy",
                label="balanced accuracy",
                score=label_scores.label_balanced_accuracy,
                multi_label=True,
            ),
            Objective(
                name="mcc",
                label="MCC",
                score=label_scores.label_mcc,
                multi_label=True,
                lowest_score=-1.0,
            ),
            Objective(name="log_loss", label="log-loss", score=None, multi_label=True),
        )
    }
)


def multi_label_objective(name: str) -> Objective:
    """Look an objective of multi-label data up by its name in the config.

    Raises
    ------
    UserError
        When there is none of this name for rows with any number of labels.

    Examples
    --------
    >>> counts = [[[5, 1], [1, 3]], [[9, 0], [1, 0]]]  # [label][has it][said to have it]
    >>> float(multi_label_objective("macro_f1").utility(confusion=counts))
    0.375
    """
    if name in LABEL_OBJECTIVES:
        return LABEL_OBJECTIVES[name]
    raise UserError(
        f"`objective` must be one of {', '.join(LABEL_OBJECTIVES)} where rows have any number of "
        f"labels. Received: objective={name}; set `objective=macro_f1`."
    )


def objective(name: str) -> Objective:
    """Look an objective up by its name in the config.

    Raises
    ------
    UserError
        When there is no such objective, the sentence then names the nearest one; for ``cost``,
        which is nothing without its costs; and for ``micro_f1``, which is for multi-label data.

    Examples
    --------
    >>> objective("macro_f1").label
    'macro-F1'
    """
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    if name == COST:
        raise UserError(
            f"`objective={COST}` needs `decision.costs`, a list with one row of costs for each "
            "true class; give them, or choose another `objective`."
        )
    if name == MICRO_F1:
        raise UserError(
            f"`objective={MICRO_F1}` is for rows with any number of labels: where every row has "
            "one class it is plain accuracy, which the largest classes decide; choose macro_f1."
        )
    near = get_close_matches(name, OBJECTIVES, n=1, cutoff=0.5)
    hint = f"; the nearest is `{near[0]}`" if near else ""
    raise UserError(
        f"`objective` must be one of {', '.join(OBJECTIVES)}, or {COST} with `decision.costs`. "
        f"Received: objective={name}{hint}."
    )


def cost_objective(costs: ArrayLike) -> Objective:
    """Make the objective that asks for a small mean cost a row.

    Parameters
    ----------
    costs : array of shape (classes, classes)
        Cost of deciding column for a row of class row, in any unit; the diagonal is usually 0.
        Negative numbers are gains. Adding the same number to a whole row changes no decision.

    Raises
    ------
    UserError
        When it is not a square table of finite numbers, or when all decisions cost the same for
        every class, so that nothing can be chosen.

    Examples
    --------
    >>> missed = cost_objective([[0, 1], [10, 0]])
    >>> float(missed.utility(confusion=[[8, 0], [1, 1]]))
    -1.0
    """
    try:
        table = np.asarray(costs, dtype=np.float64)
    except ValueError:  # rows of different lengths, or not numbers
        table = np.empty(0)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not np.isfinite(table).all():
        raise UserError(
            "`decision.costs` must be as many rows as columns of finite numbers, one row a true "
            f"class and one column a decided class. Received: {costs!r}."
        )
    if (table == table[:, :1]).all():
        raise UserError(
            "`decision.costs` must differ between the decisions of at least one true class, or "
            f"nothing can be chosen. Received: {table.tolist()}."
        )
    plain = tuple(tuple(row) for row in table.tolist())
    return Objective(name=COST, label=COST_LABEL, score=None, costs=plain)


def objective_label(name: str) -> str:
    """Return an objective's name in texts, also where its costs are not at hand."""
    if name == MICRO_F1:
        return MICRO_F1_LABEL
    return COST_LABEL if name == COST else objective(name).label


def decision_words(name: str, *, multi_label: bool = False) -> tuple[str, str]:
    """Name the fitted decision layer and the decision that needs no fitting.

    The layer is a threshold a label on multi-label data; under costs expected cost or weights,
    whichever was cheaper on inner rows; elsewhere weights.
    """
    if multi_label:
        return "fitted thresholds", "threshold 0.5"
    return ("the decision layer" if name == COST else "decision weights"), "argmax"


def lower_is_better(name: str) -> bool:
    """Say the same as `Objective.lower_is_better`, also where the costs are not at hand."""
    return name == COST or (name != MICRO_F1 and objective(name).lower_is_better)
