"""Every trial of every study as one tidy table: the content of `trials.csv`."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from focalsweep.search.rounds import OpenStudy
from focalsweep.search.studies import Outcome

_FIRST = [
    "arm",
    "fold",
    "trial",
    "state",
    "value",
    "log_loss",
    "standard_error",
    "epochs",
    "trained_epochs",
    "failure",
    "pruned",
]


def trials_table(studies: Sequence[OpenStudy]) -> pd.DataFrame:
    """Return one row a trial, in the order of studies and numbers.

    Returns
    -------
    DataFrame
        ``arm``, ``fold`` (number of the outer fold, or "all"), ``trial``, ``state`` ("complete",
        "pruned" or "failed"), ``value``, ``log_loss`` and ``standard_error`` (NaN unless complete),
        ``epochs`` (of the best value), ``trained_epochs``, ``failure`` and ``pruned`` (the
        reasons), then one column a searched number.
    """
    rows = [
        {
            "arm": open_.arm.name,
            "fold": open_.scope.name,
            "trial": trial.number,
            "state": _state(trial.outcome),
            "value": trial.outcome.value,
            "log_loss": trial.outcome.log_loss,
            "standard_error": None if trial.outcome.value is None else trial.outcome.standard_error,
            "epochs": trial.outcome.epochs,
            "trained_epochs": trial.outcome.trained,
            "failure": trial.outcome.failure,
            "pruned": trial.outcome.pruned,
            **trial.parameters,
        }
        for open_ in studies
        for trial in open_.study.finished()
    ]
    table = pd.DataFrame(rows)
    nuisance = [name for name in ("learning_rate", "weight_decay") if name in table]
    rest = [name for name in table.columns if name not in (*_FIRST, *nuisance)]
    return table[[*_FIRST, *nuisance, *rest]]


def _state(outcome: Outcome) -> str:
    if outcome.pruned is not None:
        return "pruned"
    return "failed" if outcome.value is None else "complete"
