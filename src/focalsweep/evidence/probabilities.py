"""How far an arm's probabilities can be believed: raw, corrected, temperature-scaled.

A loss that re-weights or focuses bends probabilities on purpose. What it bends in closed form is
bent back first (`focalsweep.losses.posterior`); whatever remains is the model's own lack or excess
of confidence, which one temperature fitted on inner out-of-fold rows takes away. Where no
correction exists the result says why, and the temperature works on the raw probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import Calibration, Probabilities, ReliabilityBin
from focalsweep.evidence.predictions import Predictions, inner_log_posterior, refusal
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.temperature import fit_temperature, scaled
from focalsweep.metrics.probability import (
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability,
)
from focalsweep.search.folds import Folds

Array = NDArray[np.float64]
Codes = NDArray[np.integer]
Tables = Sequence[Array]
Weights = Sequence[Array | None]


def probabilities(
    outer: Sequence[Chosen], predictions: Sequence[Predictions], *, folds: Folds
) -> Probabilities:
    """Judge one arm's probabilities on outer test rows.

    Log-loss and Brier score are means over outer folds and seeds. The calibration error is that of
    the test rows of all folds together, mean over seeds: on the forty rows of one fold of a small
    data set even perfect probabilities would show an error of 0.2.

    Each label of multi-label data is a choice of two, and each (row, label) cell counts as a row
    here; every label has a temperature of its own, of which the median is told.

    Parameters
    ----------
    outer : sequence of Chosen
        One an outer fold; their inner logits fit the temperatures.
    predictions : sequence of Predictions
        Of the same folds, in the same order.
    folds : Folds
        The sweep's.

    Returns
    -------
    Probabilities
        `corrected` is None as soon as one fold's point has no correction.
    """
    labels, weights = [f.labels for f in predictions], [f.weights for f in predictions]
    refused = next((why for entry in outer if (why := refusal(entry, folds)) is not None), None)
    temperatures = [
        _temperatures(
            inner_log_posterior(entry, folds=folds), entry.inner_labels, entry.inner_weights
        )
        for entry in outer
    ]
    raw = [fold.log_proba for fold in predictions]
    corrected = [fold.log_posterior for fold in predictions]
    tempered = [scaled(table, t) for table, t in zip(corrected, temperatures, strict=True)]
    return Probabilities(
        raw=_calibration(raw, labels, weights),
        corrected=None if refused else _calibration(corrected, labels, weights),
        scaled=_calibration(tempered, labels, weights),
        temperature=float(np.median(np.concatenate([t.ravel() for t in temperatures]))),
        refusal=refused,
        reliability_raw=_bins(raw, labels, weights),
        reliability_corrected=() if refused else _bins(corrected, labels, weights),
    )


def _temperatures(log_posterior: Array, labels: Codes, weights: Array | None) -> Array:
    """Fit what log-probabilities are divided by: one number, or one a label, (labels, 1)."""
    if labels.ndim == 1:
        return np.array(fit_temperature(log_posterior, labels, weights=weights))
    return np.array(
        [
            [fit_temperature(log_posterior[:, k], labels[:, k], weights=weights)]
            for k in range(labels.shape[1])
        ]
    )


class _Fold(NamedTuple):
    """Rows of one fold: log-probabilities (seeds, rows, classes), labels and weights (rows,)."""

    table: Array
    labels: Codes
    weights: Array | None


def _rows(tables: Tables, labels: Sequence[Codes], weights: Weights) -> list[_Fold]:
    """Count each (row, label) cell of multi-label data as a row of two classes."""
    folds = [_Fold(*parts) for parts in zip(tables, labels, weights, strict=True)]
    if labels[0].ndim == 1:
        return folds
    return [
        _Fold(
            table.reshape(len(table), -1, 2),
            truth.ravel(),
            None if mass is None else np.repeat(mass, truth.shape[1]),
        )
        for table, truth, mass in folds
    ]


def _pooled(folds: Sequence[_Fold]) -> _Fold:
    masses = [fold.weights for fold in folds if fold.weights is not None]
    return _Fold(
        np.concatenate([fold.table for fold in folds], axis=1),
        np.concatenate([fold.labels for fold in folds]),
        np.concatenate(masses) if masses else None,
    )


def _calibration(tables: Tables, labels: Sequence[Codes], weights: Weights) -> Calibration:
    """Score tables of shape (seeds, rows, classes), or (seeds, rows, labels, 2), one a fold."""
    folds = _rows(tables, labels, weights)
    pooled, truth, mass = _pooled(folds)
    errors = [expected_calibration_error(table, truth, weights=mass) for table in pooled]
    return Calibration(
        log_loss=float(np.mean([log_loss(t, y, weights=w) for t, y, w in folds])),
        brier_score=float(np.mean([brier_score(t, y, weights=w) for t, y, w in folds])),
        calibration_error=float(np.mean(errors)),
    )


def _bins(tables: Tables, labels: Sequence[Codes], weights: Weights) -> tuple[ReliabilityBin, ...]:
    """Bin the test rows of all folds and seeds together."""
    pooled, truth, mass = _pooled(_rows(tables, labels, weights))
    n_seeds, _, n_classes = pooled.shape
    found = reliability(
        pooled.reshape(-1, n_classes),
        np.tile(truth, n_seeds),
        weights=None if mass is None else np.tile(mass, n_seeds),
    )
    return tuple(
        ReliabilityBin(confidence=confidence, accuracy=accuracy, share=share)
        for confidence, accuracy, share in zip(*(part.tolist() for part in found), strict=True)
    )
