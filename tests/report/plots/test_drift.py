from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from focalsweep.report.drift import drift_frame
from focalsweep.report.plots.drift import drift_plot, scores_plot


@pytest.fixture(scope="module")
def results(make_result) -> dict[Path, object]:
    return {Path(f"ratio={k}"): make_result(classes=k).result for k in (2, 5, 3)}


def test_bars_hold_the_middle_half_of_what_outer_folds_chose(results):
    plot = drift_plot(results, drift_frame(results), number="gamma")
    dots, line = plot.figure.data
    for position, result in enumerate(results.values()):
        values = [fold.parameters["gamma"] for fold in result.arms[-1].folds]
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        assert line.y[position] == pytest.approx(middle)
        assert line.y[position] + line.error_y.array[position] == pytest.approx(high)
        assert line.y[position] - line.error_y.arrayminus[position] == pytest.approx(low)
        assert sorted(dots.y[np.round(dots.x) == position]) == sorted(values)


def test_arms_of_one_variant_stand_beside_each_other_and_nearer_than_the_next_variant(results):
    plot = drift_plot(results, drift_frame(results), number="tau")
    first, second = plot.figure.data[1], plot.figure.data[3]
    assert (np.asarray(first.x) < np.asarray(second.x)).all()
    assert np.abs(np.concatenate([first.x, second.x]) - [0, 1, 2, 0, 1, 2]).max() < 0.35
    assert plot.figure.layout.xaxis.title.text == "ratio"
    assert list(plot.figure.layout.xaxis.ticktext) == ["2", "5", "3"]
    assert [item.key for item in plot.legend] == ["class_weighted_tuned", "focal_gamma_tau"]


def test_a_number_that_no_arm_searches_is_not_drawn(results):
    assert drift_plot(results, drift_frame(results), number="power") is None


def test_every_arm_has_a_score_with_its_interval_at_every_variant(results):
    plot = scores_plot(results)
    assert len(plot.figure.data) == 3
    line = plot.figure.data[0]
    for position, result in enumerate(results.values()):
        arm = result.arms[0]
        assert line.y[position] == arm.decision_score
        top = line.y[position] + line.error_y.array[position]
        assert top == pytest.approx(arm.decision_interval.high)


def test_variants_of_several_settings_keep_their_whole_names(make_result):
    mixed = {Path("ratio=2"): make_result().result, Path("noise=0.1"): make_result().result}
    layout = scores_plot(mixed).figure.layout
    assert list(layout.xaxis.ticktext) == ["ratio=2", "noise=0.1"]
    assert layout.xaxis.title.text == "variant"
