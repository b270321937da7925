from __future__ import annotations

import numpy as np
import pytest

from focalsweep.report import tables
from focalsweep.report.frames import find_arm, leading_arms
from focalsweep.report.plots.classes import frequency_order


def test_loss_and_decision_weights_add_up_to_the_whole_gain(full):
    origin = find_arm(full.result, "cross_entropy")
    for row in tables.gains(full.result):
        whole = row.arm.decision_score - origin.argmax_score
        np.testing.assert_allclose(row.loss + row.weights, whole)
        free = origin.decision_score - origin.argmax_score
        np.testing.assert_allclose(row.beyond + free, whole)


def test_log_loss_has_no_decision_rule_to_tell_apart(make_result):
    assert tables.gains(make_result(objective="log_loss").result) == []


def test_the_leading_arms_are_picked_on_inner_rows(crowded):
    names = [arm.name for arm in leading_arms(crowded.result)]
    assert names[0] == "cross_entropy"
    assert crowded.result.verdict.arm in names
    focal = [arm for arm in crowded.result.arms if arm.family == "focal"]
    assert max(focal, key=lambda arm: arm.inner_score).name in names
    assert len(names) <= 4


def test_the_copied_point_and_cleaned_labels_never_lead(make_result):
    arms = ("cross_entropy", "focal_folklore", "cross_entropy_cleaned")
    made = make_result(arms=arms, chosen="cross_entropy")
    assert [arm.name for arm in leading_arms(made.result)] == ["cross_entropy"]


def test_the_best_of_a_column_passes_over_classes_without_rows(full):
    arms = full.result.arms[:2]
    table = tables.ArmTable(
        columns=("a", "b"), rows=((arms[0], (np.nan, 1.0)), (arms[1], (0.5, np.nan)))
    )
    assert table.best == (0.5, 1.0)


def test_a_scenario_that_an_arm_lacks_gives_no_half_table(full):
    arms = tuple(arm.model_copy(update={"prior_scores": {}}) for arm in full.result.arms)
    assert tables.prior_table(full.result.model_copy(update={"arms": arms})) is None
    assert tables.prior_table(full.result).columns == ("as in the data", "balanced", "screening")


@pytest.mark.parametrize(("trials", "expected"), [(16, [3, 7, 15]), (1, [0, 0, 0])])
def test_the_budget_row_reads_a_quarter_a_half_and_all(full, trials, expected):
    arm = full.result.arms[0]
    line = arm.search.best_so_far[:trials]
    changed = arm.model_copy(update={"search": arm.search.model_copy(update={"best_so_far": line})})
    assert tables.budget_row(changed)["after"] == [line[i] for i in expected]


def test_without_a_search_there_is_no_budget_row(usual):
    assert tables.budget_row(usual.result.arms[0]) is None


def test_average_precision_stands_under_the_rarest_classes_where_others_have_none(crowded):
    table = tables.precision_table(crowded.result)
    order = frequency_order(crowded.result)[-12:]
    assert table.columns == tuple(crowded.result.dataset.classes[code].name for code in order)
    arm, numbers = table.rows[0]
    expected = {curve.name: curve.average_precision for curve in arm.precision_recall}
    assert dict(zip(table.columns, numbers, strict=True)) == expected
