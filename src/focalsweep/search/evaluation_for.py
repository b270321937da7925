"""How scores are made, as the data allow: nested folds, or a holdout where rows are many.

Many rows make every fold large and every epoch long, while one test split is precise by itself. The
rule reads numbers of the config only, and what it changes is said before anything is trained.
"""

from __future__ import annotations

from dataclasses import replace

from focalsweep.config.schema import SweepConfig
from focalsweep.data.dataset import Dataset
from focalsweep.search.folds import Evaluation

LARGE_DATA_INNER_FOLDS = 3
"""Inner folds at most where a nested evaluation becomes a holdout: each has rows enough."""

LARGE_DATA_FEWEST_EPOCHS = 3
"""Epochs that `evaluation.holdout_rows_seen` leaves: the best one is to be chosen among some."""


def evaluation_for(
    config: SweepConfig, dataset: Dataset
) -> tuple[Evaluation, int, tuple[str, ...]]:
    """Return how rows are split, the epochs, and a message where the data changed them.

    Parameters
    ----------
    config : SweepConfig
        Whose `evaluation` and `epochs` hold for data of any size.
    dataset : Dataset
        With `split` it has one test part; with `time` folds can be drawn in one way only.
    """
    asked = config.evaluation
    evaluation = Evaluation(
        kind=asked.kind,
        folds=asked.folds,
        repeats=asked.repeats,
        inner_folds=asked.inner_folds,
        refit_seeds=asked.refit_seeds,
        test_fraction=asked.test_fraction,
    )
    limit = asked.holdout_above
    large = asked.kind == "nested" and limit is not None and dataset.n_rows > limit
    messages: list[str] = []
    if dataset.split is not None and asked.kind == "nested" and not large:
        evaluation = replace(evaluation, kind="holdout", folds=1, repeats=1)
        messages.append("`dataset.split` gives one test part: a holdout instead of nested folds.")
    elif dataset.time is not None and evaluation.repeats > 1 and not large:
        messages.append(
            f"The past can be drawn in one way only (`dataset.time`): 1 repeat instead of "
            f"{evaluation.repeats}."
        )
        evaluation = replace(evaluation, repeats=1)
    if not large:
        return evaluation, config.epochs, tuple(messages)
    inner_folds = min(asked.inner_folds, LARGE_DATA_INNER_FOLDS)
    epochs = _holdout_epochs(config, n_rows=dataset.n_rows)
    part = "the test part of `dataset.split`"
    if dataset.split is None:
        part = f"one test split of {asked.test_fraction:.0%}"
    message = (
        f"{dataset.n_rows:,} rows are more than `evaluation.holdout_above`={limit}: "
        f"{part} instead of nested folds, {inner_folds} inner folds, "
        f"and {epochs} epochs."
    )
    return replace(evaluation, kind="holdout", inner_folds=inner_folds), epochs, (message,)


def _holdout_epochs(config: SweepConfig, *, n_rows: int) -> int:
    """Return the epochs where many rows make each of them long."""
    asked = config.evaluation
    most = min(config.epochs, asked.holdout_epochs or config.epochs)
    if asked.holdout_rows_seen is None:
        return most
    return min(most, max(LARGE_DATA_FEWEST_EPOCHS, asked.holdout_rows_seen // n_rows))
