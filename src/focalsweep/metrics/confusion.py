"""Scores from confusion counts, vectorised over leading axes.

Counts have shape (..., classes, classes): true class down, predicted class across. None of the
scores needs more than three vectors of that table, its `Margins`, so every score takes either;
whoever scores thousands of tables (the bootstrap, the decision weights) keeps margins only. Costs
are the exception: they need every cell, so their total is carried beside the margins.

Counts may be fractions: rows that stand for more or less than one row weigh what they stand for.

One rule holds for all of them: **a class without true rows in the counts is left out of averages
over classes** (predictions of it are still errors of the classes whose rows they are). A class
with true rows that is never predicted has recall 0 and F1 0. Counts without any row score NaN.
This is `sklearn.metrics.f1_score(..., average="macro", labels=np.unique(y_true))` and
scikit-learn's own rule in `balanced_accuracy_score`. MCC and accuracy average over rows, so the
rule does not touch them.

So a class that is absent from the test rows of everything does not count, a class of one row counts
as much as any other in the one fold that tests it, and macro scores of pooled counts (a trial's
value, pooled over inner folds) average over the classes that occur in the pooled truth, whatever
single folds lack. Where a class is absent from training but not from the scored rows, its rows are
misses: recall 0, F1 0, and a finite log-loss from the small probability that its logit is left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = NDArray[np.float64]


class Margins(NamedTuple):
    """Hold what the scores need of confusion counts, each of shape (..., classes)."""

    hits: Scores
    """Rows of the class that were predicted as the class: the diagonal."""
    predicted: Scores
    """Rows predicted as the class: column sums."""
    true: Scores
    """Rows of the class: row sums."""
    cost: Scores | None = None
    """Total cost of all rows, of shape (...); None where no cost matrix was given."""


CostMatrix = tuple[tuple[float, ...], ...]
"""What deciding column for a row of class row costs; plain numbers, so it compares by value."""

MARGINS = 3
"""Vectors of the margins: hits, predicted, true."""

Counts = NDArray[np.integer | np.floating] | Margins


def confusion_counts(
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    n_classes: int,
    weights: NDArray[np.floating] | None = None,
) -> NDArray[np.integer | np.floating]:
    """Count rows by true and predicted class.

    Parameters
    ----------
    labels : int array of shape (rows,)
        True class codes in [0, n_classes).
    predictions : int array of shape (..., rows)
        Predicted class codes; leading axes (seeds, for example) share the labels.
    n_classes : int
        Number of classes.
    weights : array of shape (rows,), optional
        What each row counts for; None counts whole rows.

    Returns
    -------
    array of shape (..., n_classes, n_classes)
        True class down, predicted class across; integers without weights.

    Raises
    ------
    ValueError
        When a code is outside [0, n_classes): it would be counted in another cell.
    """
    y = np.asarray(labels, dtype=np.int64)
    predicted = np.asarray(predictions, dtype=np.int64)
    for name, codes in (("labels", y), ("predictions", predicted)):
        if codes.size and (codes.min() < 0 or codes.max() >= n_classes):
            raise ValueError(
                f"`{name}` must be class codes in [0, {n_classes}). "
                f"Received codes from {codes.min()} to {codes.max()}."
            )
    leading = predicted.shape[:-1]
    tables = int(np.prod(leading, dtype=np.int64))
    cells = n_classes * n_classes
    cell = (y * n_classes + predicted).reshape(tables, -1)
    cell += cells * np.arange(tables)[:, None]
    mass = None if weights is None else np.tile(weights, tables)
    counts = np.bincount(cell.ravel(), weights=mass, minlength=tables * cells)
    return counts.reshape(*leading, n_classes, n_classes)


def margins(counts: Counts, *, costs: CostMatrix | None = None) -> Margins:
    """Reduce confusion counts to diagonal, column sums and row sums; margins pass through."""
    if isinstance(counts, Margins):
        return counts
    table = np.asarray(counts, dtype=np.float64)
    return Margins(
        hits=np.diagonal(table, axis1=-2, axis2=-1),
        predicted=table.sum(axis=-2),
        true=table.sum(axis=-1),
        cost=None if costs is None else np.asarray((table * costs).sum(axis=(-2, -1))),
    )


def counts_of(table: NDArray[np.integer | np.floating]) -> Counts:
    """Return what was counted while training: by pairs of classes, or only the margins.

    Parameters
    ----------
    table : array of shape (..., classes, classes), or (..., 3, classes)
        Or of multi-label data (..., labels, 2, 2), which is returned as it is. The three are hits,
        predicted and true, of more than three classes: margins are kept where classes are many.
    """
    if table.shape[-2] != MARGINS or table.shape[-1] <= MARGINS:
        return table
    hits, predicted, true = (np.asarray(table[..., i, :], np.float64) for i in range(MARGINS))
    return Margins(hits=hits, predicted=predicted, true=true)


def mean_cost(counts: Counts, *, costs: CostMatrix) -> Scores:
    """Compute the mean cost of a row, in the unit of `costs`; lower is better.

    Parameters
    ----------
    counts : array of shape (..., classes, classes), or its margins
        Margins must have been made with the same costs.
    costs : tuple of tuples
        Square: cost of deciding column for a row of class row.

    Raises
    ------
    ValueError
        When margins carry no cost: it cannot be found from them.
    """
    table = margins(counts, costs=costs)
    if table.cost is None:
        raise ValueError("`counts` are margins without `cost`: costs need every cell of the table.")
    return _ratio(table.cost, table.true.sum(axis=-1), otherwise=np.nan)


def accuracy(counts: Counts) -> Scores:
    """Compute the share of rows that are predicted as what they are, in [0, 1]."""
    hits, _, true, _ = margins(counts)
    return _ratio(hits.sum(axis=-1), true.sum(axis=-1), otherwise=np.nan)


def macro_f1(counts: Counts) -> Scores:
    """Compute the mean F1 over the classes that have true rows, in [0, 1].

    F1 of a class is ``2 hits / (true + predicted)``, the harmonic mean of precision and recall.
    """
    hits, predicted, true, _ = margins(counts)
    return _class_mean(_ratio(2.0 * hits, true + predicted, otherwise=0.0), true)


def balanced_accuracy(counts: Counts) -> Scores:
    """Compute the mean recall over the classes that have true rows, in [0, 1]."""
    hits, _, true, _ = margins(counts)
    return _class_mean(_ratio(hits, true, otherwise=0.0), true)


def geometric_mean(counts: Counts) -> Scores:
    """Compute the geometric mean of the recalls of classes with true rows, in [0, 1].

    One class that is never found makes it 0.
    """
    hits, _, true, _ = margins(counts)
    recall = _ratio(hits, true, otherwise=1.0)
    with np.errstate(divide="ignore"):  # log 0 = -inf comes back from exp as the 0 it stands for
        logarithm = np.log(recall)
    return np.exp(_class_mean(logarithm, true))


def worst_class_recall(counts: Counts) -> Scores:
    """Compute the smallest recall among the classes that have true rows, in [0, 1]."""
    hits, _, true, _ = margins(counts)
    worst = _ratio(hits, true, otherwise=np.inf).min(axis=-1)
    return np.where(np.isinf(worst), np.nan, worst)


def mcc(counts: Counts) -> Scores:
    """Compute Matthews' correlation of true and predicted class, in [-1, 1].

    With c hits among s rows, t_k true and p_k predicted rows of class k, it is
    ``(c s - sum p t) / sqrt((s^2 - sum p^2)(s^2 - sum t^2))``, and 0 when all rows have one class
    or one prediction, as in scikit-learn.

    References
    ----------
    .. [1] Gorodkin, "Comparing two K-category assignments by a K-category correlation
       coefficient", Computational Biology and Chemistry 28 (2004).
    """
    hits, predicted, true, _ = margins(counts)
    rows = true.sum(axis=-1)
    covariance = hits.sum(axis=-1) * rows - (predicted * true).sum(axis=-1)
    spread_predicted = rows**2 - (predicted**2).sum(axis=-1)
    spread_true = rows**2 - (true**2).sum(axis=-1)
    # Counts averaged over seeds are fractions: what rounding leaves of a zero spread is no spread.
    spread = np.minimum(spread_predicted, spread_true)
    product = np.where(spread > 1e-12 * rows**2, spread_predicted * spread_true, 0.0)
    score = _ratio(covariance, np.sqrt(product), otherwise=0.0)
    return np.where(rows > 0, score, np.nan)


def _ratio(numerator: Scores, denominator: Scores, *, otherwise: float) -> Scores:
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def _class_mean(values: Scores, true: Scores) -> Scores:
    """Average over the last axis, leaving classes without true rows out."""
    present = true > 0
    total = np.where(present, values, 0.0).sum(axis=-1)
    return _ratio(total, present.sum(axis=-1).astype(np.float64), otherwise=np.nan)
