"""Collect every plot that a result has something to show for, in the order of the page."""

from __future__ import annotations

import pandas as pd

from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import turned_trials
from focalsweep.report.plots.budget import best_so_far
from focalsweep.report.plots.classes import alpha_by_frequency, confusion_matrices, recall_by_arm
from focalsweep.report.plots.diagnosis import gradient_by_class, gradient_by_difficulty, overlap
from focalsweep.report.plots.labels import (
    gamma_by_frequency,
    label_count_plots,
    label_heatmaps,
    positive_weights_by_frequency,
)
from focalsweep.report.plots.probabilities import precision_recall_plots, reliability_plots
from focalsweep.report.plots.scores import comparisons_strip, difference_forest, scores_by_arm
from focalsweep.report.plots.searches import learning_curves, response
from focalsweep.report.plots.style import Plot
from focalsweep.report.plots.surface import surface_maps


def all_plots(result: SweepResult, trials: pd.DataFrame) -> tuple[Plot, ...]:
    """Draw everything; a plot that would be empty is left out.

    Parameters
    ----------
    result : SweepResult
        What the sweep found.
    trials : DataFrame
        The trials table, as `frames.trials_frame` reads it.
    """
    trials = turned_trials(trials, result.objective)
    labelled = result.task == "multi_label"
    candidates = (
        comparisons_strip(result),
        difference_forest(result),
        scores_by_arm(result),
        *surface_maps(result, trials),
        response(result, trials, number="gamma"),
        response(result, trials, number="tau"),
        response(result, trials, number="gamma_gap"),
        response(result, trials, number="clip"),
        *(_of_labels(result) if labelled else _of_classes(result)),
        *precision_recall_plots(result),
        *reliability_plots(result),
        best_so_far(result, trials),
        learning_curves(result),
        overlap(result),
        gradient_by_class(result),
        gradient_by_difficulty(result),
    )
    return tuple(plot for plot in candidates if plot is not None)


def _of_classes(result: SweepResult) -> tuple[Plot | None, ...]:
    return (alpha_by_frequency(result), recall_by_arm(result), *confusion_matrices(result))


def _of_labels(result: SweepResult) -> tuple[Plot | None, ...]:
    return (
        positive_weights_by_frequency(result),
        gamma_by_frequency(result),
        *label_heatmaps(result),
        *label_count_plots(result),
    )
