"""The objective: the one number that a sweep makes large, looked up by name.

Scores go up already. Log-loss goes down, so it enters as its negative; what is compared
everywhere is therefore called a utility, and only texts for people turn log-loss back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.errors import UserError
from focalsweep.metrics import confusion as scores
from focalsweep.metrics.confusion import Counts


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
        From confusion counts to scores; None for log-loss, which needs probabilities instead.
    """

    name: str
    label: str
    score: Callable[[Counts], NDArray[np.float64]] | None

    @property
    def uses_decisions(self) -> bool:
        """Whether predicted classes, and so decision weights, matter to it; not for log-loss."""
        return self.score is not None

    @property
    def lower_is_better(self) -> bool:
        """Whether the number that people know goes down; its utility still goes up."""
        return self.score is None

    def utility(
        self, *, confusion: Counts | None = None, log_loss: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Return the number to make large, one for each leading index.

        Parameters
        ----------
        confusion : array of shape (..., classes, classes), or its margins, optional
            True class down, predicted class across. Needed unless the objective is log-loss.
        log_loss : array of shape (...), optional
            Mean log-loss. Needed when the objective is log-loss.

        Returns
        -------
        array of shape (...)
            A score, or the negative log-loss.

        Raises
        ------
        ValueError
            When the one that the objective needs is missing.
        """
        if self.score is None:
            if log_loss is None:
                raise ValueError(f"`log_loss` is needed for the objective {self.name}.")
            return -np.asarray(log_loss, dtype=np.float64)
        if confusion is None:
            raise ValueError(f"`confusion` is needed for the objective {self.name}.")
        return self.score(confusion)


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
            Objective(name="mcc", label="MCC", score=scores.mcc),
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


def objective(name: str) -> Objective:
    """Look an objective up by its name in the config.

    Raises
    ------
    UserError
        When there is no such objective; the sentence names the nearest one.

    Examples
    --------
    >>> objective("macro_f1").label
    'macro-F1'
    """
    if name in OBJECTIVES:
        return OBJECTIVES[name]
    near = get_close_matches(name, OBJECTIVES, n=1, cutoff=0.5)
    hint = f"; the nearest is `{near[0]}`" if near else ""
    raise UserError(
        f"`objective` must be one of {', '.join(OBJECTIVES)}. Received: objective={name}{hint}."
    )
