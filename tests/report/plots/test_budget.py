from __future__ import annotations

import numpy as np
import pandas as pd

from focalsweep.report.plots.budget import best_so_far, mean_best_so_far


def trials(*folds: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "fold": str(fold),
            "trial": trial,
            "state": "failed" if value is None else "complete",
            "value": np.nan if value is None else value,
        }
        for fold, values in enumerate(folds)
        for trial, value in enumerate(values)
    )


def test_best_so_far_averages_running_maxima_over_folds():
    table = trials([0.1, 0.3, 0.2], [0.5, 0.4, 0.6])
    np.testing.assert_allclose(mean_best_so_far(table), [0.3, 0.4, 0.45])
    shuffled = table.sample(frac=1, random_state=0)
    np.testing.assert_allclose(mean_best_so_far(shuffled), [0.3, 0.4, 0.45])


def test_a_failed_trial_leaves_the_best_where_it_was():
    np.testing.assert_allclose(mean_best_so_far(trials([0.2, None, 0.4])), [0.2, 0.2, 0.4])
    np.testing.assert_allclose(mean_best_so_far(trials([None, 0.4])), [np.nan, 0.4])


def test_best_so_far_goes_as_far_as_every_fold_went():
    assert len(mean_best_so_far(trials([0.1, 0.2, 0.3], [0.1, 0.2]))) == 2
    assert len(mean_best_so_far(trials([0.1])[:0])) == 0


def test_progress_leaves_out_the_final_search(usual):
    plot = best_so_far(usual.result, usual.trials)
    assert all(len(trace.x) == 16 for trace in plot.figure.data)
    assert best_so_far(usual.result, usual.trials[usual.trials["fold"] == "all"]) is None


def test_a_result_with_searches_shows_their_lines_and_bands(full):
    plot = best_so_far(full.result, full.trials)
    arm = full.result.arms[0]
    band, line = (trace for trace in plot.figure.data if trace.legendgroup == arm.name)
    np.testing.assert_array_equal(line.y, arm.search.best_so_far)
    np.testing.assert_array_equal(band.y[:16], arm.search.best_so_far_high)


def test_of_many_arms_all_but_the_leading_are_grey(crowded):
    plot = best_so_far(crowded.result, crowded.trials)
    grey = [trace for trace in plot.figure.data if trace.legendgroup == "others"]
    assert len(grey) + len(plot.legend) - 1 == len(crowded.result.arms)
    assert plot.legend[-1].label == "other arms"
