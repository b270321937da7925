from __future__ import annotations

import numpy as np

from focalsweep.report.frames import find_arm, leading_arms
from focalsweep.report.plots.classes import (
    alpha_by_frequency,
    class_heatmap,
    confusion_matrices,
    frequency_order,
    recall_by_arm,
)


def test_classes_stand_from_frequent_to_rare(usual):
    counts = [usual.result.dataset.classes[code].count for code in frequency_order(usual.result)]
    assert counts == sorted(counts, reverse=True)


def test_alpha_of_a_prior_power_is_a_straight_line_in_logarithms(usual):
    plot = alpha_by_frequency(usual.result)
    for trace in plot.figure.data:
        slopes = np.diff(np.log(trace.y)) / np.diff(np.log(trace.x))
        np.testing.assert_allclose(slopes, slopes[0])
        assert slopes[0] < 0


def test_without_class_weights_there_is_no_alpha_plot(make_result):
    made = make_result(arms=("cross_entropy", "focal_gamma"), chosen="focal_gamma")
    assert alpha_by_frequency(made.result) is None


def test_recall_cells_are_shares_of_each_class(usual):
    heat = recall_by_arm(usual.result).figure.data[0]
    order = frequency_order(usual.result)
    for column, arm in enumerate(usual.result.arms):
        confusion = np.array(arm.confusion)
        expected = (np.diag(confusion) / confusion.sum(axis=1))[order]
        np.testing.assert_allclose(np.array(heat.z)[:, column], expected)


def test_confusions_show_the_leading_arms_and_argmax_only_where_the_verdict_looks(usual):
    plots = confusion_matrices(usual.result)
    assert [plot.key for plot in plots] == [
        "confusion-cross_entropy",
        "confusion-cross_entropy-weighted",
        "confusion-focal_gamma_tau",
        "confusion-focal_gamma_tau-weighted",
        "confusion-class_weighted_tuned-weighted",
    ]
    for plot in plots:
        np.testing.assert_allclose(np.array(plot.figure.data[0].z).sum(axis=1), 1.0)


def test_a_kept_cross_entropy_is_shown_once(make_result):
    made = make_result(
        arms=("cross_entropy",), chosen="cross_entropy", decision="keep_cross_entropy"
    )
    keys = [plot.key for plot in confusion_matrices(made.result)]
    assert keys == ["confusion-cross_entropy", "confusion-cross_entropy-weighted"]


def test_log_loss_has_no_confusions_with_decision_weights(make_result):
    made = make_result(objective="log_loss")
    assert not any(plot.key.endswith("weighted") for plot in confusion_matrices(made.result))


def test_many_classes_are_folded_into_one_without_losing_rows(make_result):
    made = make_result(classes=50)
    plot = confusion_matrices(made.result)[0]
    heat = plot.figure.data[0]
    assert np.shape(heat.z) == (41, 41)
    assert plot.figure.layout.xaxis.ticktext[0] == "10 others"
    np.testing.assert_allclose(np.array(heat.z).sum(axis=1), 1.0)
    order = frequency_order(made.result)
    counts = np.array(find_arm(made.result, "cross_entropy").decision_confusion)[
        np.ix_(order, order)
    ]
    np.testing.assert_allclose(heat.z[0][0], counts[:10, :10].sum() / counts[:10].sum())
    assert np.shape(recall_by_arm(made.result).figure.data[0].z) == (40, 3)


def test_a_class_without_test_rows_is_left_blank(usual):
    arm = usual.result.arms[0]
    blank = (tuple(0.0 for _ in arm.confusion), *arm.confusion[1:])
    changed = arm.model_copy(update={"confusion": blank})
    result = usual.result.model_copy(update={"arms": (changed, *usual.result.arms[1:])})
    heat, numbers = recall_by_arm(result).figure.data
    row = frequency_order(result).index(0)
    assert np.isnan(heat.z[row][0])
    assert (0, row) not in set(zip(numbers.x, numbers.y, strict=True))


def test_many_arms_leave_the_leading_ones_in_plots_of_classes(crowded):
    names = [arm.name for arm in leading_arms(crowded.result)]
    assert list(recall_by_arm(crowded.result).figure.layout.xaxis.ticktext) == names
    assert len(alpha_by_frequency(crowded.result).legend) <= 6
    assert len(confusion_matrices(crowded.result)) == len(names)


def test_numbers_on_cells_are_black_on_bright_and_white_on_dark():
    figure = class_heatmap(values=np.array([[0.1, 0.9]]), columns=["a", "b"], rows=["r"])
    heat, numbers = figure.data
    assert list(numbers.text) == ["10", "90"]
    assert list(numbers.textfont.color) == ["#ffffff", "#000000"]
    assert heat.zmax == 1
