from __future__ import annotations

import numpy as np

from focalsweep.evidence.surface import smooth_surface
from focalsweep.report.frames import find_arm
from focalsweep.report.plots.searches import response
from focalsweep.report.plots.surface import surface_maps


def test_the_map_shows_the_smoothed_surface_its_trials_and_the_chosen_point(full):
    (plot,) = surface_maps(full.result, full.trials)
    heat, band, trials, star = plot.figure.data
    smooth = smooth_surface(full.trials, arm="focal_gamma_tau")
    np.testing.assert_array_equal(heat.z, smooth.score.T)
    np.testing.assert_allclose(band.contours.value, smooth.score.max() - smooth.noise)
    best = find_arm(full.result, "focal_gamma_tau").best.parameters
    assert (star.x[0], star.y[0]) == (best["gamma"], best["tau"])
    assert best["gamma"] in list(trials.x)


def test_without_surfaces_there_is_no_map(usual):
    assert surface_maps(usual.result, usual.trials) == []


def test_the_plateau_is_shaded_where_it_is_known(full, usual):
    (stripe,) = [
        shape
        for shape in response(full.result, full.trials, number="gamma").figure.layout.shapes
        if shape.type == "rect"
    ]
    assert (stripe.x0, stripe.x1) == (0.0, 2.3)
    shapes = response(usual.result, usual.trials, number="gamma").figure.layout.shapes
    assert [shape for shape in shapes if shape.type == "rect"] == []
