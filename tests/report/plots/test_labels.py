from __future__ import annotations

import numpy as np

from focalsweep.report.plots.classes import frequency_order
from focalsweep.report.plots.labels import (
    gamma_by_frequency,
    label_count_plots,
    label_heatmaps,
    positive_weights_by_frequency,
)


def heat(plot):
    return plot.figure.data[0]


def numbers(plot):
    return plot.figure.data[1].text


def test_a_positive_weight_is_one_side_over_the_other(few_labels):
    plot = positive_weights_by_frequency(few_labels.result)
    drawn = {trace.legendgroup: trace for trace in plot.figure.data}
    arm = next(arm for arm in few_labels.result.arms if arm.name == "pos_weighted_tuned")
    ratio = np.array(arm.best.alpha) / np.array(arm.best.alpha_negative)
    order = frequency_order(few_labels.result)
    np.testing.assert_allclose(drawn["pos_weighted_tuned"].y, ratio[order])
    assert "binary_cross_entropy" not in drawn


def test_without_weights_and_gamma_there_is_nothing_to_draw(make_result):
    arms = ("binary_cross_entropy", "binary_logit_adjusted")
    result = make_result(arms=arms, chosen=arms[0], labelled=True).result
    assert positive_weights_by_frequency(result) is None
    assert gamma_by_frequency(result) is None


def test_gamma_without_a_label_is_hollow_where_it_differs(many_labels):
    plot = gamma_by_frequency(many_labels.result)
    hollow = [t.legendgroup for t in plot.figure.data if t.marker.symbol.endswith("-open")]
    assert hollow == ["asymmetric"]
    groups = [trace.legendgroup for trace in plot.figure.data]
    assert groups.count("asymmetric") == 2
    assert groups.count("binary_focal_vector") == 1


def test_recall_is_plain_and_f1_by_fitted_thresholds(few_labels):
    recall, f1 = label_heatmaps(few_labels.result)
    order = frequency_order(few_labels.result)
    for column, arm in enumerate(few_labels.result.arms):
        for row, code in enumerate(order):
            plain, decided = arm.labels[code].argmax, arm.labels[code].decision
            assert heat(recall).z[row][column] == plain.tp / (plain.tp + plain.fn)
            np.testing.assert_allclose(
                heat(f1).z[row][column],
                2 * decided.tp / (2 * decided.tp + decided.fp + decided.fn),
            )


def test_without_thresholds_f1_is_said_to_be_plain(make_result):
    made = make_result(
        arms=("binary_cross_entropy",),
        chosen="binary_cross_entropy",
        objective="log_loss",
        labelled=True,
    )
    titles = [plot.title for plot in label_heatmaps(made.result)]
    assert titles[1] == "F1 of each label at threshold 0.5, by arm"
    assert "at threshold 0.5" in label_count_plots(made.result)[0].title


def test_counts_of_a_label_are_shares_of_the_rows_with_it_and_of_those_without(few_labels):
    plots = label_count_plots(few_labels.result)
    assert [plot.key for plot in plots] == [
        "counts-binary_cross_entropy",
        "counts-binary_focal_tau",
    ]
    shares = np.array(heat(plots[0]).z)
    np.testing.assert_allclose(shares[:, :2].sum(axis=1), 1.0)
    np.testing.assert_allclose(shares[:, 2:].sum(axis=1), 1.0)


def test_the_rarest_forty_labels_are_shown(make_result):
    arms = ("binary_cross_entropy", "binary_focal")
    result = make_result(classes=55, arms=arms, chosen=arms[1], labelled=True).result
    recall, _ = label_heatmaps(result)
    assert len(heat(recall).z) == 40
    assert "the 15 most frequent are not shown" in recall.reading


def test_a_label_that_no_test_row_has_leaves_an_empty_cell(few_labels):
    def without_rows(arm):
        empty = arm.labels[0].model_copy(
            update={"argmax": arm.labels[0].argmax.model_copy(update={"tp": 0.0, "fn": 0.0})}
        )
        return arm.model_copy(update={"labels": (empty, *arm.labels[1:])})

    result = few_labels.result
    arms = tuple(without_rows(arm) for arm in result.arms)
    recall, _ = label_heatmaps(result.model_copy(update={"arms": arms}))
    row = frequency_order(result).index(0)
    assert np.isnan(heat(recall).z[row]).all()
    assert len(numbers(recall)) == 2 * len(arms)


def test_a_label_that_every_training_row_has_does_not_break_the_axis(few_labels):
    def without_negatives(arm):
        changed = {"alpha_negative": (0.0, *arm.best.alpha_negative[1:])}
        return arm.model_copy(update={"best": arm.best.model_copy(update=changed)})

    arms = tuple(without_negatives(arm) for arm in few_labels.result.arms)
    plot = positive_weights_by_frequency(few_labels.result.model_copy(update={"arms": arms}))
    assert np.isnan(plot.figure.data[0].y).sum() == 1
