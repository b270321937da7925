"""Weights of rows: whether they say anything, what unit they are in, and what the user is told.

A row of weight 2 counts as two rows: its loss is multiplied by 2, class counts and priors count it
twice, and so do confusion counts, log-loss and every score made of them. As many rows as before are
drawn an epoch, and uncertainty is still that of rows: the bootstrap draws a heavy row as one row,
because two equal rows are less evidence than two different ones.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset
from focalsweep.data.resampling import Treated
from focalsweep.data.splits import Split
from focalsweep.errors import UserError
from focalsweep.training.member import View

Weights = NDArray[np.float32]

SNIPPET_COMMENT = (
    "# Rows have weights (`dataset.weights`), which this code leaves out: give `fit` a\n"
    "# `sample_weight`, the weights of your training rows over their mean, and where there is a\n"
    "# `class_weight`, multiply it in: `fit` takes only one of the two.\n"
)
"""What stands above the code to paste where rows have weights."""


def weighs_alike(dataset: Dataset) -> bool:
    """Tell whether all rows count the same: there are no weights, or all are equal."""
    weights = dataset.weights
    return weights is None or bool((weights == weights[0]).all())


def effective_rows(weights: NDArray[np.floating]) -> float:
    """Return Kish's effective number of rows, ``(sum w)^2 / sum w^2``, in [1, rows].

    The mean of so many equally weighted rows has the variance of the weighted mean.
    """
    exact = weights.astype(np.float64)
    return float(exact.sum() ** 2 / (exact @ exact))


def in_unit_of(
    weights: Weights | None, rows: NDArray[np.integer], *, among: NDArray[np.integer]
) -> Weights | None:
    """Return the weights of rows, over the mean weight of others; None where there are none.

    What those others weigh is then their number. Training rows are measured among themselves,
    because what test rows weigh must not reach them.
    """
    if weights is None:
        return None
    mean = weights[among].astype(np.float64).mean()
    return np.asarray(weights[rows].astype(np.float64) / mean, dtype=np.float32)


def of_view(weights: Weights | None, train: NDArray[np.integer], split: Split) -> Weights | None:
    """Return the weights of a view's rows: of training rows in their own unit, then of test rows.

    Parameters
    ----------
    weights : float32 array of shape (rows of the dataset,), or None
    train : int array
        The training rows of the split that a profile left.
    split : Split
        Its test rows keep the dataset's unit, so that those of several views can be pooled.
    """
    own = in_unit_of(weights, train, among=split.train)
    if weights is None or own is None:
        return None
    return np.concatenate([own, weights[split.test]])


def of_treated(view: View, made: Treated) -> Weights | None:
    """Return the weights of a view whose training rows were treated.

    Raises
    ------
    UserError
        When the treatment made rows: nobody knows what those weigh.
    """
    if view.weights is None:
        return None
    if len(made.labels):
        raise UserError(
            "Training rows that are made have no weight. Received: `dataset.weights` and an arm "
            "whose `rows` makes some; set `dataset.weights=null`, or remove the arm."
        )
    return np.concatenate([view.weights[made.kept], view.weights[view.n_train :]])


def with_weight_note(dataset: Dataset, *, column: str | None) -> Dataset:
    """Add to the dataset's notes that rows are weighted, and what is left of their number.

    Parameters
    ----------
    dataset : Dataset
        What is swept.
    column : str or None
        Name of the weights, where they are a column of the table.
    """
    if dataset.weights is None:
        return dataset
    by = f"by the column `{column}`" if column is not None else "by `dataset.weights`"
    note = f"Rows are weighted {by}, all alike: nothing changes."
    if not weighs_alike(dataset):
        note = (
            f"Rows are weighted {by}, in training and in every score: effective rows "
            f"(sum w)^2 / sum w^2 = {effective_rows(dataset.weights):,.0f} of {dataset.n_rows:,}; "
            "splits, preprocessing and the numbers of rows shown count each row once."
        )
    return replace(dataset, notes=(*dataset.notes, note))
