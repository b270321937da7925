from __future__ import annotations

import numpy as np

from focalsweep.report.plots.scores import comparisons_strip, difference_forest, scores_by_arm


def marks(plot):
    return [trace for trace in plot.figure.data if trace.error_x.array is not None]


def test_the_forest_shows_every_difference_with_its_interval_best_on_top(usual):
    drawn = marks(difference_forest(usual.result))
    known = {arm.difference.mean: arm.difference for arm in usual.result.arms if arm.difference}
    assert [mark.x[0] for mark in drawn] == sorted(known)
    for mark in drawn:
        span = known[mark.x[0]].interval
        np.testing.assert_allclose(mark.x[0] + mark.error_x.array[0], span.high)
        np.testing.assert_allclose(mark.x[0] - mark.error_x.arrayminus[0], span.low)


def test_without_rivals_there_is_no_forest(make_result):
    made = make_result(arms=("cross_entropy",), chosen="cross_entropy")
    assert difference_forest(made.result) is None


def test_argmax_is_hollow_and_decision_weights_are_filled(usual):
    drawn = marks(scores_by_arm(usual.result))
    hollow = {mark.x[0] for mark in drawn if mark.marker.symbol.endswith("-open")}
    filled = {mark.x[0] for mark in drawn} - hollow
    assert {arm.argmax_score for arm in usual.result.arms} <= hollow
    assert filled == {arm.decision_score for arm in usual.result.arms}
    assert {reference.score for reference in usual.result.references} <= hollow


def test_log_loss_shows_one_mark_an_arm(make_result):
    made = make_result(objective="log_loss", references=False)
    assert len(marks(scores_by_arm(made.result))) == len(made.result.arms)


def test_the_strip_shows_every_fold_of_every_comparison(usual):
    plot = comparisons_strip(usual.result)
    dots = [x for trace in plot.figure.data if trace.error_x.array is None for x in trace.x]
    assert sorted(dots) == sorted(d for c in usual.result.comparisons for d in c.differences)


def test_without_comparisons_there_is_no_strip(usual):
    assert comparisons_strip(usual.result.model_copy(update={"comparisons": ()})) is None
