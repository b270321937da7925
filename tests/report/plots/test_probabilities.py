from __future__ import annotations

import numpy as np

from focalsweep.report.frames import find_arm
from focalsweep.report.plots.classes import frequency_order
from focalsweep.report.plots.probabilities import precision_recall_plots, reliability_plots


def test_reliability_is_drawn_before_and_after_correction(full):
    raw, corrected = reliability_plots(full.result)
    arm = find_arm(full.result, "cross_entropy")
    for plot, bins in (
        (raw, arm.probabilities.reliability_raw),
        (corrected, arm.probabilities.reliability_corrected),
    ):
        (line,) = [trace for trace in plot.figure.data if trace.legendgroup == arm.name]
        np.testing.assert_array_equal(line.x, [entry.confidence for entry in bins])
        np.testing.assert_array_equal(line.y, [entry.accuracy for entry in bins])


def test_an_arm_without_correction_is_drawn_raw_only(make_result):
    made = make_result(arms=("cross_entropy", "smote"), chosen="smote", everything=True)
    raw, corrected = reliability_plots(made.result)
    assert "smote" in [item.key for item in raw.legend]
    assert "smote" not in [item.key for item in corrected.legend]


def test_results_without_probabilities_have_no_such_plots(usual):
    assert reliability_plots(usual.result) == []
    assert precision_recall_plots(usual.result) == []


def test_precision_and_recall_are_drawn_for_the_six_rarest_classes(crowded):
    plots = precision_recall_plots(crowded.result)
    rarest = frequency_order(crowded.result)[::-1][:6]
    assert [plot.key for plot in plots] == [f"precision-recall-{code}" for code in rarest]
    for plot in plots:
        for trace in plot.figure.data:
            assert np.all(np.diff(trace.x) >= 0)
