"""What multi-label data add to an arm's part of the result: counts a label and further scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from focalsweep.evidence.arm_facts import LabelCounts, LabelScores
from focalsweep.evidence.precision_recall import mean_proba, pooled_weights
from focalsweep.evidence.predictions import Predictions
from focalsweep.metrics.label_scores import hamming_loss, subset_accuracy
from focalsweep.metrics.objective import LABEL_OBJECTIVES
from focalsweep.metrics.probability import log_loss
from focalsweep.metrics.row_mean import row_mean

Array = NDArray[np.float64]


def label_scores(
    predictions: Sequence[Predictions], *, class_names: Sequence[str]
) -> tuple[LabelScores, ...]:
    """Count the test rows of each label by both ways to decide.

    Parameters
    ----------
    predictions : sequence of Predictions
        One an outer fold, of multi-label data.
    class_names : sequence of str
        Of the labels, in their order.
    """
    plain, decided = (
        np.sum([p.confusions(decision=decision).mean(axis=0) for p in predictions], axis=0)
        for decision in (False, True)
    )
    truth = np.concatenate([p.labels for p in predictions])
    precision = _average_precision(truth, mean_proba(predictions), pooled_weights(predictions))
    return tuple(
        LabelScores(
            name=name,
            argmax=_label_counts(plain[k]),
            decision=_label_counts(decided[k]),
            average_precision=float(precision[k]),
        )
        for k, name in enumerate(class_names)
    )


def label_metrics(predictions: Sequence[Predictions]) -> dict[str, float]:
    """Average every score over outer folds and seeds; decisions are those at probability 1/2.

    Returns
    -------
    dict
        Every objective that decides, Hamming loss, subset accuracy, mean average precision (over
        the labels that some test row has), and log-loss and Brier score a label.
    """

    def over_folds(values: Sequence[float]) -> float:
        return float(np.mean(values))

    scored = {
        name: over_folds([p.score(choice, decision=False) for p in predictions])
        for name, choice in LABEL_OBJECTIVES.items()
        if choice.uses_decisions
    }
    return {
        **scored,
        "hamming_loss": over_folds(
            [hamming_loss(p.confusions(decision=False)).mean() for p in predictions]
        ),
        "subset_accuracy": over_folds(
            [subset_accuracy(p.labels, p.argmax, weights=p.weights).mean() for p in predictions]
        ),
        "mean_average_precision": over_folds([_mean_average_precision(p) for p in predictions]),
        "log_loss_raw": over_folds(
            [log_loss(p.log_proba, p.labels, weights=p.weights).mean() for p in predictions]
        ),
        "log_loss_corrected": over_folds(
            [log_loss(p.log_posterior, p.labels, weights=p.weights).mean() for p in predictions]
        ),
        "brier_score_corrected": over_folds([_brier_score(p) for p in predictions]),
    }


def _mean_average_precision(predictions: Predictions) -> float:
    seeds = np.exp(predictions.log_posterior[..., 1])
    there = predictions.labels.any(axis=0)
    per_seed = [
        _average_precision(predictions.labels, proba, predictions.weights)[there].mean()
        for proba in seeds
    ]
    return float(np.mean(per_seed))


def _average_precision(truth: NDArray[np.integer], proba: Array, weights: Array | None) -> Array:
    """Return the average precision of each label by scikit-learn; 0 for one that no row has."""
    return np.array(
        [
            average_precision_score(truth[:, k], proba[:, k], sample_weight=weights)
            if truth[:, k].any()
            else 0.0
            for k in range(truth.shape[1])
        ]
    )


def _brier_score(predictions: Predictions) -> float:
    """Average the squared error of both sides of each label, in [0, 2] as for two classes."""
    proba = np.exp(predictions.log_posterior[..., 1])
    squared = (proba - predictions.labels) ** 2
    if predictions.weights is None:
        return float(2.0 * squared.mean())
    return float(2.0 * row_mean(squared.mean(axis=-1), predictions.weights).mean())


def _label_counts(table: Array) -> LabelCounts:
    (absent, wrongly), (missed, found) = table.tolist()
    return LabelCounts(tp=found, fp=wrongly, fn=missed, tn=absent)
