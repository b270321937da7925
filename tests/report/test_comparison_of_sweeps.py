from __future__ import annotations

import math
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from scipy.stats import wilcoxon

from focalsweep.errors import UserError
from focalsweep.evidence.result import SweepResult
from focalsweep.report.comparison_of_sweeps import (
    compare_sweeps,
    print_comparison,
    write_comparison,
)

ARMS = ("cross_entropy", "class_weighted_tuned", "focal_gamma_tau")


def with_scores(result: SweepResult, dataset: str, scores: dict[str, float]) -> SweepResult:
    arms = tuple(
        arm.model_copy(update={"decision_score": scores[arm.name]})
        for arm in result.arms
        if arm.name in scores
    )
    data = result.dataset.model_copy(update={"name": dataset})
    return result.model_copy(update={"arms": arms, "dataset": data})


@pytest.fixture
def three(usual) -> dict[Path, SweepResult]:
    table = {
        "one": (0.5, 0.6, 0.4),
        "two": (0.7, 0.8, 0.9),
        "three": (0.2, 0.3, 0.1),
    }
    return {
        Path(f"run-{name}"): with_scores(usual.result, name, dict(zip(ARMS, row, strict=True)))
        for name, row in table.items()
    }


def test_ranks_are_means_over_sweeps_and_gains_are_paired(three) -> None:
    arms = compare_sweeps(three).arms
    assert list(arms.index) == ["class_weighted_tuned", "focal_gamma_tau", "cross_entropy"] or (
        arms["mean_rank"].is_monotonic_increasing
    )
    assert arms.loc["class_weighted_tuned", "mean_rank"] == pytest.approx(4 / 3)
    assert arms.loc["focal_gamma_tau", "mean_rank"] == pytest.approx(7 / 3)
    assert arms["mean_rank"].sum() == pytest.approx(6)
    assert arms.loc["class_weighted_tuned", "mean_difference"] == pytest.approx(0.1)
    assert tuple(arms.loc["focal_gamma_tau", ["wins", "losses"]]) == (1, 2)
    assert arms.loc["cross_entropy", "mean_difference"] == 0.0


def test_an_arm_that_some_sweep_lacks_has_no_rank_but_its_gain(three, usual) -> None:
    short = with_scores(usual.result, "four", {"cross_entropy": 0.5, "focal_gamma_tau": 0.8})
    arms = compare_sweeps({**three, Path("run-four"): short}).arms
    assert math.isnan(arms.loc["class_weighted_tuned", "mean_rank"])
    assert arms.loc["class_weighted_tuned", "sweeps"] == 3
    assert arms.loc["focal_gamma_tau", "sweeps"] == 4
    assert arms.loc[["cross_entropy", "focal_gamma_tau"], "mean_rank"].sum() == 3


def test_the_test_is_wilcoxon_s_and_made_from_six_sweeps_on(usual) -> None:
    gains = [0.01, 0.02, 0.03, -0.005, 0.04, 0.05, 0.06]
    results = {
        Path(f"run-{i}"): with_scores(
            usual.result, f"data-{i}", dict(zip(ARMS, (0.5, 0.5 + gain, 0.5), strict=True))
        )
        for i, gain in enumerate(gains)
    }
    arms = compare_sweeps(results).arms
    assert arms.loc["class_weighted_tuned", "p_value"] == pytest.approx(wilcoxon(gains).pvalue)
    assert math.isnan(arms.loc["focal_gamma_tau", "p_value"])  # no difference anywhere
    few = compare_sweeps(dict(list(results.items())[:5])).arms
    assert few["p_value"].isna().all()


def test_sweeps_of_one_dataset_are_told_apart_by_their_folders(usual) -> None:
    results = {Path("runs/a"): usual.result, Path("runs/b"): usual.result}
    assert list(compare_sweeps(results).scores.index) == ["yeast (a)", "yeast (b)"]


def test_one_sweep_is_no_comparison(usual) -> None:
    with pytest.raises(UserError, match="at least two run folders"):
        compare_sweeps({Path("run"): usual.result})


def test_objectives_do_not_mix(three, usual) -> None:
    other = usual.result.model_copy(update={"objective": "mcc"})
    with pytest.raises(UserError, match="`macro_f1`, `mcc`; leave out the others"):
        compare_sweeps({**three, Path("run-mcc"): other})


def test_the_page_and_the_table_name_every_sweep_and_arm(three, tmp_path) -> None:
    comparison = compare_sweeps(three)
    page = write_comparison(comparison, tmp_path / "new" / "compare.html")
    text = page.read_text()
    written = StringIO()
    print_comparison(Console(file=written, width=120), comparison)
    for name in ("one", "two", "three", *ARMS):
        assert name in text
        assert name in written.getvalue()
    assert "plotly" in text
    assert "cdn" not in text.split("<body>")[1]
    assert (tmp_path / "new" / "compare.csv").read_text().startswith("sweep,cross_entropy")


def test_sweeps_of_labels_are_compared_with_binary_cross_entropy(make_result) -> None:
    arms = ("binary_cross_entropy", "binary_focal")
    made = make_result(arms=arms, chosen="binary_focal", labelled=True).result
    table = {"one": (0.5, 0.6), "two": (0.4, 0.3)}
    results = {
        Path(name): with_scores(made, name, dict(zip(arms, row, strict=True)))
        for name, row in table.items()
    }
    found = compare_sweeps(results).arms
    assert found.loc["binary_cross_entropy", "mean_difference"] == 0.0
    assert tuple(found.loc["binary_focal", ["wins", "losses"]]) == (1, 1)


def test_classes_and_labels_cannot_be_compared(usual, few_labels) -> None:
    results = {Path("classes"): usual.result, Path("labels"): few_labels.result}
    with pytest.raises(UserError, match="single-label and multi-label sweeps"):
        compare_sweeps(results)
