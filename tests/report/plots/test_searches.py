from __future__ import annotations

import numpy as np
import pytest

from focalsweep.report.plots.searches import (
    learning_curves,
    noise_band,
    response,
)


def test_the_band_of_values_without_noise_has_no_width():
    x = np.linspace(0, 5, 80)
    band = noise_band(x, np.full(80, 0.6))
    np.testing.assert_array_equal(band.low, band.high)
    np.testing.assert_array_equal(band.middle, 0.6)


def test_the_band_holds_about_half_of_the_trials():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 5, 400), rng.normal(size=400)
    band = noise_band(x, y)
    assert np.all(band.low <= band.middle)
    assert np.all(band.middle <= band.high)
    assert np.all(np.diff(band.x) > 0)
    inside = (y > np.interp(x, band.x, band.low)) & (y < np.interp(x, band.x, band.high))
    assert 0.4 < inside.mean() < 0.6


def test_the_band_does_not_depend_on_the_order_of_trials():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 5, 60), rng.normal(size=60)
    order = rng.permutation(60)
    for one, other in zip(noise_band(x, y), noise_band(x[order], y[order]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("x", [np.arange(10.0), np.repeat([0.0, 2.0], 20)])
def test_too_little_gives_no_band(x):
    assert noise_band(x, np.zeros(len(x))) is None


def test_the_response_shows_completed_trials_of_focal_arms_only(usual):
    plot = response(usual.result, usual.trials, number="gamma")
    own = usual.trials[(usual.trials["arm"] == "focal_gamma_tau")]
    drawn = [trace for trace in plot.figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in drawn) == (own["state"] == "complete").sum()
    assert [item.key for item in plot.legend] == ["focal_gamma_tau"]


def test_the_final_search_stands_out(usual):
    plot = response(usual.result, usual.trials, number="gamma")
    outer, final = (trace for trace in plot.figure.data if trace.mode == "markers")
    own = usual.trials[usual.trials["arm"] == "focal_gamma_tau"]
    done = own[(own["fold"] == "all") & (own["state"] == "complete")]
    np.testing.assert_array_equal(final.x, done["gamma"])
    assert final.marker.size > outer.marker.size


@pytest.mark.parametrize("number", ["gamma", "delta_0"])
def test_without_trials_of_a_number_there_is_no_response(make_result, number):
    made = make_result(
        arms=("cross_entropy", "class_weighted_tuned"), chosen="class_weighted_tuned"
    )
    assert response(made.result, made.trials, number=number) is None


def test_the_learning_curve_is_marked_at_the_chosen_epoch(usual):
    plot = learning_curves(usual.result)
    marks = [trace for trace in plot.figure.data if trace.mode == "markers"]
    assert len(marks) == len(usual.result.arms)
    for mark, arm in zip(marks, usual.result.arms, strict=True):
        assert mark.x[0] == arm.best.epochs
        assert mark.y[0] == arm.best.curve[arm.best.epochs - 1]
