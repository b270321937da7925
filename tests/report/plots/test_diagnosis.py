from __future__ import annotations

import numpy as np

from focalsweep.report.plots.classes import frequency_order
from focalsweep.report.plots.diagnosis import gradient_by_class, gradient_by_difficulty, overlap


def test_overlap_shows_every_class_and_what_chance_would_give(full):
    found, chance = overlap(full.result).figure.data
    order = frequency_order(full.result)[::-1]
    classes = [full.result.dataset.diagnosis.classes[code] for code in order]
    np.testing.assert_array_equal(found.x, [entry.neighbours for entry in classes])
    np.testing.assert_array_equal(chance.x, [entry.expected for entry in classes])


def test_gradients_stand_beside_the_share_of_rows(full):
    plot = gradient_by_class(full.result)
    heat = plot.figure.data[0]
    assert plot.figure.layout.xaxis.ticktext[0] == "share of rows"
    np.testing.assert_allclose(np.array(heat.z).sum(axis=0), 1.0)


def test_the_copied_point_is_among_the_gradients(full):
    for plot in (gradient_by_difficulty(full.result),):
        assert "focal_folklore" in [item.key for item in plot.legend]
    assert "focal_folklore" in gradient_by_class(full.result).figure.layout.xaxis.ticktext


def test_difficulty_bins_run_from_hard_to_easy(full):
    bars, *lines = gradient_by_difficulty(full.result).figure.data
    np.testing.assert_allclose(bars.x, np.arange(0.05, 1, 0.1))
    for line in lines:
        np.testing.assert_allclose(sum(line.y), 1.0)


def test_without_a_diagnosis_nothing_is_drawn(usual):
    assert overlap(usual.result) is None
    assert gradient_by_class(usual.result) is None
    assert gradient_by_difficulty(usual.result) is None
