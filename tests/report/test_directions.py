"""Where lower is better, every place that a person reads says so, and they all agree."""

import html
import math
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import SweepResult
from focalsweep.report.comparison_of_sweeps import (
    compare_sweeps,
    print_comparison,
    write_comparison,
)
from focalsweep.report.frames import arms_frame, folds_frame, trials_frame
from focalsweep.report.page import render_report
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.terminal import print_result
from focalsweep.report.variants import variants_frame
from focalsweep.report.write import write_outputs
from focalsweep.tracking.arm_columns import arm_numbers
from focalsweep.tracking.note import arm_note, sweep_note

UNKNOWN = Interval(low=-math.inf, high=math.inf)


def frauds(made) -> SweepResult:
    """Give cross-entropy a cost of 0.667, class weights one of 0.197: they save 0.47."""
    control, weighted, focal = made.result.arms
    saved = Interval(low=0.41, high=0.53)
    arms = (
        control.model_copy(
            update={
                "decision_score": -0.667,
                "argmax_score": -0.667,
                "decision_interval": UNKNOWN,
            }
        ),
        weighted.model_copy(
            update={
                "decision_score": -0.197,
                "decision_interval": Interval(low=-0.25, high=-0.15),
                "difference": weighted.difference.model_copy(
                    update={"mean": 0.47, "interval": saved}
                ),
            }
        ),
        focal.model_copy(
            update={
                "decision_score": -0.687,
                "difference": focal.difference.model_copy(
                    update={"mean": -0.02, "interval": Interval(low=-0.06, high=0.02)}
                ),
            }
        ),
    )
    first = made.result.comparisons[0].model_copy(update={"mean": 0.47, "interval": saved})
    return made.result.model_copy(
        update={"arms": arms, "comparisons": (first, *made.result.comparisons[1:])}
    )


@pytest.fixture(scope="module")
def made(make_result):
    return make_result(objective="cost")


@pytest.fixture(scope="module")
def costly(made) -> SweepResult:
    return frauds(made)


def printed(result: SweepResult) -> str:
    console = Console(file=StringIO(), width=80)
    print_result(console, result, Path("runs/one"))
    return console.file.getvalue()


def test_frames_hold_costs_and_differences_in_cost(costly):
    frame = arms_frame(costly).set_index("arm")
    weighted = frame.loc["class_weighted_tuned"]
    assert frame.loc["cross_entropy", "decision_score"] == 0.667
    assert (weighted["decision_low"], weighted["decision_high"]) == (0.15, 0.25)
    assert weighted["difference"] == -0.47
    assert (weighted["difference_low"], weighted["difference_high"]) == (-0.53, -0.41)
    assert weighted["difference_words"] == "saves 0.47"
    assert frame.loc["focal_gamma_tau", "difference_words"] == "costs 0.02 more"
    assert (folds_frame(costly)["argmax_score"] > 0).all()
    assert "difference_words" not in arms_frame(costly.model_copy(update={"objective": "mcc"}))


def test_no_frame_holds_infinity(costly):
    for frame in (arms_frame(costly), variants_frame({Path("a"): costly})):
        assert not np.isinf(frame.select_dtypes("number")).any(axis=None)
    assert math.isnan(arms_frame(costly).set_index("arm").loc["cross_entropy", "decision_low"])
    assert "Infinity" not in costly.model_dump_json()


def test_terminal_page_and_notes_say_the_same(costly, made):
    seen = printed(costly)
    assert "mean cost a row (lower is better)" in seen
    assert "negative" not in seen
    page = html.unescape(render_report(costly, made.trials, plots=[]))
    for text in (seen, page, sweep_note(costly)):
        assert "0.667" in text
        assert "-0.667" not in text.replace("\N{MINUS SIGN}", "-")
        assert "saves 0.47" in text
        assert "costs 0.02 more" in text
    assert "saves 0.41 to 0.53" in page
    assert "costs 0.06 more to saves 0.02" in page
    note = arm_note(costly.arms[1], costly)
    assert "cost 0.197 [0.15, 0.25]" in note
    assert "saves 0.47 [saves 0.41 to 0.53]" in note


def test_mlflow_gets_costs_and_nothing_infinite(costly):
    numbers = arm_numbers(costly.arms[1], costly)
    assert (numbers["score"], numbers["score_low"], numbers["score_high"]) == (0.197, 0.15, 0.25)
    assert (numbers["difference"], numbers["difference_high"]) == (-0.47, -0.41)
    assert arm_numbers(costly.arms[0], costly)["difference"] == 0.0
    assert not any(math.isinf(value) for value in arm_numbers(costly.arms[0], costly).values())


def test_compared_sweeps_rank_the_cheapest_first(costly, tmp_path):
    twice = {Path("a"): costly, Path("b"): costly}
    comparison = compare_sweeps(twice)
    assert list(comparison.arms.index) == [
        "class_weighted_tuned",
        "cross_entropy",
        "focal_gamma_tau",
    ]
    assert (comparison.scores["cross_entropy"] == 0.667).all()
    weighted = comparison.arms.loc["class_weighted_tuned"]
    assert (weighted["wins"], weighted["losses"], weighted["mean_rank"]) == (2, 0, 1.0)
    assert weighted["mean_difference"] == pytest.approx(-0.47)
    console = Console(file=StringIO(), width=100)
    print_comparison(console, comparison)
    page = write_comparison(comparison, tmp_path / "comparison.html")
    for text in (console.file.getvalue(), page.read_text()):
        assert "saves 0.47" in text
        assert "costs 0.02 more" in text
    table = pd.read_csv(page.with_suffix(".csv"), index_col="sweep")
    assert (table["class_weighted_tuned"] == 0.197).all()


@pytest.mark.parametrize("objective", ["cost", "log_loss"])
def test_plots_show_the_same_numbers_with_better_where_it_was(make_result, objective):
    drawn = {}
    for name in (objective, "macro_f1"):
        made = make_result(objective=objective)  # the same utilities, read as scores and as costs
        result = made.result.model_copy(update={"objective": name})
        trials = (
            made.trials.assign(value=-made.trials["value"]) if name == objective else made.trials
        )
        drawn[name] = {plot.key: plot.figure for plot in all_plots(result, trials)}
    axes = {"comparisons": "x", "differences": "x", "scores": "x", "learning": "y", "progress": "y"}
    axes |= {"response-gamma": "y"}
    assert set(axes) <= set(drawn[objective])
    for key, axis in axes.items():
        turned, plain = drawn[objective][key], drawn["macro_f1"][key]
        for one, other in zip(turned.data, plain.data, strict=True):
            np.testing.assert_array_equal(one[axis], -np.asarray(other[axis], dtype=float))
        shown = turned.layout[f"{axis}axis"]
        assert shown.autorange == "reversed" or shown.range[0] > shown.range[1]


def test_trials_are_written_in_the_objective_s_own_unit(made, tmp_path):
    write_outputs(made.result, made.trials, tmp_path)
    written = trials_frame(tmp_path / "trials.csv")
    done = made.trials["value"].notna()
    np.testing.assert_allclose(written["value"][done], -made.trials["value"][done])
    assert (written["value"][done] > 0).mean() > 0.9
