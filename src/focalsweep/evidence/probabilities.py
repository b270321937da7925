"""How far an arm's probabilities can be believed: raw, corrected, temperature-scaled.

A loss that re-weights or focuses bends probabilities on purpose. What it bends in closed form is
bent back first (`focalsweep.losses.posterior`); whatever remains is the model's own lack or excess
of confidence, which one temperature fitted on inner out-of-fold rows takes away. Where no
correction exists the result says why, and the temperature works on the raw probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence

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
Codes = NDArray[np.int32]


def probabilities(
    outer: Sequence[Chosen], predictions: Sequence[Predictions], *, folds: Folds
) -> Probabilities:
    """Judge one arm's probabilities on outer test rows.

    Log-loss and Brier score are means over outer folds and seeds. The calibration error is that of
    the test rows of all folds together, mean over seeds: on the forty rows of one fold of a small
    data set even perfect probabilities would show an error of 0.2.

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
    labels = [fold.labels for fold in predictions]
    refused = next((why for entry in outer if (why := refusal(entry, folds)) is not None), None)
    temperatures = [
        fit_temperature(inner_log_posterior(entry, folds=folds), entry.inner_labels)
        for entry in outer
    ]
    raw = [fold.log_proba for fold in predictions]
    corrected = [fold.log_posterior for fold in predictions]
    tempered = [scaled(table, t) for table, t in zip(corrected, temperatures, strict=True)]
    return Probabilities(
        raw=_calibration(raw, labels),
        corrected=None if refused else _calibration(corrected, labels),
        scaled=_calibration(tempered, labels),
        temperature=float(np.median(temperatures)),
        refusal=refused,
        reliability_raw=_bins(raw, labels),
        reliability_corrected=() if refused else _bins(corrected, labels),
    )


def _calibration(tables: Sequence[Array], labels: Sequence[Codes]) -> Calibration:
    """Score tables of shape (seeds, rows, classes), one a fold."""
    pooled, truth = np.concatenate(tables, axis=1), np.concatenate(labels)
    folds = list(zip(tables, labels, strict=True))
    return Calibration(
        log_loss=float(np.mean([log_loss(table, y) for table, y in folds])),
        brier_score=float(np.mean([brier_score(table, y) for table, y in folds])),
        calibration_error=float(np.mean([expected_calibration_error(t, truth) for t in pooled])),
    )


def _bins(tables: Sequence[Array], labels: Sequence[Codes]) -> tuple[ReliabilityBin, ...]:
    """Bin the test rows of all folds and seeds together."""
    pooled, truth = np.concatenate(tables, axis=1), np.concatenate(labels)
    n_seeds, _, n_classes = pooled.shape
    found = reliability(pooled.reshape(-1, n_classes), np.tile(truth, n_seeds))
    return tuple(
        ReliabilityBin(confidence=confidence, accuracy=accuracy, share=share)
        for confidence, accuracy, share in zip(*(part.tolist() for part in found), strict=True)
    )
