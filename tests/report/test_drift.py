from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from focalsweep.report.drift import drift_frame, drift_table


@pytest.fixture(scope="module")
def results(make_result) -> dict[Path, object]:
    return {Path(f"ratio={k}"): make_result(classes=k).result for k in (2, 5, 3)}


def test_there_is_one_row_a_variant_arm_number_and_search(results):
    drift = drift_frame(results)
    assert not drift.duplicated(["variant", "arm", "number", "fold"]).any()
    folds = len(next(iter(results.values())).arms[0].folds)
    # One number in `class_weighted_tuned` and two in `focal_gamma_tau`.
    assert len(drift) == len(results) * 3 * (folds + 1)
    assert set(drift["number"]) == {"tau", "gamma"}
    arm = results[Path("ratio=5")].arms[-1]
    own = drift[(drift["variant"] == "ratio=5") & (drift["arm"] == arm.name)]
    gamma = own[own["number"] == "gamma"].set_index("fold")["value"]
    assert gamma["all"] == arm.best.parameters["gamma"]
    assert gamma["0"] == arm.folds[0].parameters["gamma"]


def test_the_table_gives_middle_and_range_over_outer_folds_in_the_order_of_the_variants(results):
    table = drift_table(drift_frame(results))
    assert list(table.columns) == ["arm", "label", "number", "ratio=2", "ratio=5", "ratio=3"]
    row = table[(table["arm"] == "focal_gamma_tau") & (table["number"] == "gamma")].iloc[0]
    arm = results[Path("ratio=3")].arms[-1]
    values = [fold.parameters["gamma"] for fold in arm.folds]
    assert row["ratio=3"] == f"{np.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def test_an_arm_that_a_variant_lacks_leaves_its_cell_empty(make_result, results):
    without = make_result(
        arms=("cross_entropy", "class_weighted_tuned"), chosen="class_weighted_tuned"
    ).result
    table = drift_table(drift_frame({**results, Path("ratio=4"): without}))
    assert table.set_index("number").loc["gamma", "ratio=4"] == ""


def test_a_single_outer_fold_has_no_range(make_result):
    table = drift_table(drift_frame({Path("x=1"): make_result(kind="holdout").result}))
    assert not table["x=1"].str.contains("(", regex=False).any()


def test_arms_without_numbers_give_an_empty_frame_with_its_columns(make_result):
    plain = make_result(arms=("cross_entropy",), chosen="cross_entropy").result
    drift = drift_frame({Path("x=1"): plain})
    assert drift.empty
    assert list(drift.columns) == ["variant", "arm", "label", "number", "fold", "value"]
