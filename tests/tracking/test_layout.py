from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focalsweep.errors import UserError
from focalsweep.evidence.facts import ClassFacts
from focalsweep.evidence.result import SCHEMA_VERSION, SweepResult
from focalsweep.tracking.layout import plan_runs
from focalsweep.tracking.naming import class_keys
from focalsweep.tracking.note import arm_note, experiment_note, sweep_note
from focalsweep.tracking.run_folder import read_run_folder
from focalsweep.tracking.run_record import RunRecord


def planned(run_dir: Path, result: SweepResult) -> dict[str, RunRecord]:
    (run_dir / "result.json").write_text(result.model_dump_json(), encoding="utf-8")
    records = plan_runs(read_run_folder(run_dir), trials="all")
    return {record.key: record for record in records}


def with_best(result: SweepResult, **changes: Any) -> SweepResult:
    arms = tuple(
        arm.model_copy(update={"best": arm.best.model_copy(update=changes)}) for arm in result.arms
    )
    return result.model_copy(update={"arms": arms})


@given(st.lists(st.text(min_size=1), unique=True, max_size=12))
def test_class_keys_are_different_and_allowed_in_mlflow_names(names: list[str]) -> None:
    keys = class_keys(names)
    assert len(set(keys)) == len(names)
    assert all(re.fullmatch(r"[\w\-. ]+", key) for key in keys)


def test_class_keys_say_what_tells_classes_apart() -> None:
    assert class_keys(["<30", ">30", "30"]) == ["under 30", "over 30", "30"]
    assert class_keys(["<=50K", ">50K"]) == ["at most 50K", "over 50K"]
    assert class_keys(["A", "A+", "A-"]) == ["A", "A plus", "A-"]
    assert class_keys(["a/b", "a:b", "a_b.0"]) == ["a_b.0.0", "a_b.1", "a_b.0.2"]


def test_no_arm_is_recommended_where_too_little_was_tried(
    run_dir: Path, result: SweepResult
) -> None:
    nothing = {"decision": "budget_too_small", "confidence": None}
    verdict = result.verdict.model_copy(update=nothing)
    runs = planned(run_dir, result.model_copy(update={"verdict": verdict}))
    assert {run.tags["recommended"] for run in runs.values() if "recommended" in run.tags} == {"no"}


@pytest.mark.parametrize(("confidence", "said"), [(0.997, "99%"), (0.95, "95%"), (1.0, "100%")])
def test_the_note_never_rounds_up_to_certainty(
    result: SweepResult, confidence: float, said: str
) -> None:
    verdict = result.verdict.model_copy(update={"confidence": confidence})
    assert f"How sure: {said}." in sweep_note(result.model_copy(update={"verdict": verdict}))


def test_keys_are_unique_and_parents_stand_before_children(
    run_dir: Path, result: SweepResult
) -> None:
    records = plan_runs(read_run_folder(run_dir), trials="all")
    seen: set[str] = set()
    for record in records:
        assert record.parent is None or record.parent in seen
        assert record.key not in seen
        seen.add(record.key)


def test_starts_differ_so_that_the_order_of_rows_is_fixed(
    run_dir: Path, result: SweepResult
) -> None:
    starts = [record.started for record in planned(run_dir, result).values()]
    assert starts == sorted(starts, reverse=True)
    assert len(set(starts)) == len(starts)


def test_the_sweep_lasts_as_long_as_its_phases_took(run_dir: Path, result: SweepResult) -> None:
    sweep = planned(run_dir, result)["sweep"]
    assert sweep.ended - sweep.started == 81_900  # data, search, refit; the kernel is in search


def test_a_gamma_a_class_is_one_param_a_class(run_dir: Path, result: SweepResult) -> None:
    runs = planned(run_dir, with_best(result, gamma=(0.5, 1.0, 2.0)))
    params = runs["arm/focal_gamma"].params
    assert [params[f"class.gamma.{name}"] for name in ("CYT", "NUC_MIT", "vac")] == [
        "0.5",
        "1",
        "2",
    ]


def test_what_the_compare_page_opens_with_comes_first(run_dir: Path, result: SweepResult) -> None:
    """The page takes the first metric and the first three parameters by name that differ."""
    arms = [run for run in planned(run_dir, result).values() if run.kind == "arm"]
    assert {run.metrics[0].name for run in arms} == {"score"}
    assert {tuple(sorted(run.params)[:3]) for run in arms} == {("arm", "best.epochs", "best.gamma")}


def test_all_that_is_known_of_an_arm_is_a_metric(run_dir: Path, result: SweepResult) -> None:
    run = planned(run_dir, result)["arm/focal_gamma_tau"]
    numbers = {point.name: point.value for point in run.metrics}
    arm = result.arms[-1]
    assert numbers["probability/log_loss_raw"] == arm.probabilities.raw.log_loss
    assert numbers["probability/calibration_error_scaled"] == 0.07
    assert numbers["search/at_edge"] == 1
    assert numbers["priors/as_deployed"] == arm.prior_scores["as_deployed"]
    assert numbers["recall/vac"] == pytest.approx(20 / 30)
    assert numbers["gradient/CYT"] == 0.5
    assert numbers["gradient_share/suspects"] == 0.08
    budget = [point for point in run.metrics if point.name == "best_so_far"]
    assert [(p.step, p.value) for p in budget] == list(enumerate(arm.search.best_so_far, start=1))


def test_findings_stand_in_the_sweeps_note_and_an_edge_in_the_arms(result: SweepResult) -> None:
    note = sweep_note(result)
    assert "- **Caution:** Most searches ended at the largest gamma." in note
    assert f"- {result.detectable.text}" in note
    assert f"- {result.folklore_cost.text}" in note
    assert "`gamma.high`" in arm_note(result.arms[-1], result)
    assert "end of a range" not in arm_note(result.arms[0], result)


def test_an_offset_shows_only_where_there_is_one(run_dir: Path, result: SweepResult) -> None:
    without = planned(run_dir, result)["arm/focal_gamma"].params
    runs = planned(run_dir, with_best(result, offset=(-0.5, -1.0, -3.2)))
    assert runs["arm/focal_gamma"].params["class.offset.vac"] == "-3.2"
    assert not any(name.startswith("class.offset") for name in without)


def test_many_classes_stay_out_of_the_columns(run_dir: Path, result: SweepResult) -> None:
    classes = tuple(ClassFacts(name=f"c{k}", count=10, share=0.01) for k in range(100))
    dataset = result.dataset.model_copy(update={"classes": classes})
    wide = with_best(
        result.model_copy(update={"dataset": dataset}),
        alpha=(1.0,) * 100,
        gamma=(2.0,) * 100,
        offset=(0.0,) * 100,
        decision_weights=None,
    )
    params = planned(run_dir, wide)["arm/focal_gamma"].params
    assert params["best.gamma"] == "2"
    assert not any(name.startswith("class.") for name in params)


def test_a_class_without_a_curve_has_no_average_precision(
    run_dir: Path, result: SweepResult
) -> None:
    arm = result.arms[-1]
    fewer = arm.model_copy(update={"precision_recall": arm.precision_recall[1:]})
    changed = result.model_copy(update={"arms": (*result.arms[:-1], fewer)})
    run = planned(run_dir, changed)[f"arm/{arm.name}"]
    found = {p.name: p.value for p in run.metrics if p.name.startswith("average_precision/")}
    names = [
        f"average_precision/{key}" for key in class_keys([c.name for c in arm.precision_recall])
    ]
    values = [curve.average_precision for curve in arm.precision_recall]
    assert found == dict(zip(names[1:], values[1:], strict=True))


def test_numbers_that_are_not_finite_leave_an_empty_cell(
    run_dir: Path, result: SweepResult
) -> None:
    arms = tuple(
        arm.model_copy(update={"metrics": {"log_loss": float("inf"), "mcc": float("nan")}})
        for arm in result.arms
    )
    folder = read_run_folder(run_dir)
    changed = type(folder)(
        path=folder.path,
        result=result.model_copy(update={"arms": arms}),
        trials=folder.trials,
        sweep_id=folder.sweep_id,
        finished=folder.finished,
    )
    (arm, *_) = (r for r in plan_runs(changed, trials="none") if r.kind == "arm")
    assert {"log_loss", "mcc"}.isdisjoint({point.name for point in arm.metrics})


def test_the_note_begins_with_the_verdict_and_names_every_arm(result: SweepResult) -> None:
    note = sweep_note(result)
    assert note.startswith(f"**{result.verdict.text}**")
    assert all(f"| {arm.name} " in note or f"**{arm.name}**" in note for arm in result.arms)
    assert "97%" in note
    assert "`focal_gamma_alpha`, two classes only" in note
    assert "Class ERL was dropped: 3 rows." in note


def test_a_note_that_would_be_too_long_leaves_out_whole_sections(result: SweepResult) -> None:
    long = result.model_copy(update={"snippet": "x = 1\n" * 2000})
    notes = [sweep_note(long), experiment_note(long), *(arm_note(a, long) for a in long.arms)]
    assert max(len(note) for note in notes) <= 8000
    assert notes[0].startswith(f"**{result.verdict.text}**")
    assert "x = 1" not in notes[0]
    assert "Left out" in notes[0]


@pytest.mark.parametrize("missing", ["result.json", "trials.csv"])
def test_a_folder_without_a_finished_sweep_is_a_user_error(run_dir: Path, missing: str) -> None:
    (run_dir / missing).unlink()
    with pytest.raises(UserError, match=rf"finished sweep, but it has no `{missing}`"):
        read_run_folder(run_dir)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 2}', "\x00"])
def test_a_result_that_cannot_be_read_is_a_user_error(run_dir: Path, content: str) -> None:
    (run_dir / "result.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"must be a result of schema version {SCHEMA_VERSION}"):
        read_run_folder(run_dir)


def test_tracking_is_imported_without_mlflow_and_tensorflow() -> None:
    code = (
        "import sys; import focalsweep.tracking.mirror, focalsweep.tracking.ui; "
        "print({'mlflow', 'tensorflow', 'sqlalchemy'} & set(sys.modules))"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "set()"
