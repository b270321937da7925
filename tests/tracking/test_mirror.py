from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from focalsweep.errors import UserError
from focalsweep.evidence.result import SweepResult
from focalsweep.search.tracker import MirrorSummary, NoTracking, TrackingError
from focalsweep.tracking.mirror import MlflowTracker, mirror

ARMS, TRIALS, OUTER_FOLDS = 5, 4, 2  # as in conftest.py


def runs_of(uri: str) -> list[Run]:
    """Active runs of all experiments, in the order of MLflow's page."""
    client = MlflowClient(uri)
    ids = [e.experiment_id for e in client.search_experiments()]
    return list(client.search_runs(ids, order_by=["start_time DESC"], max_results=5000))


def kinds(uri: str) -> Counter[str]:
    return Counter(run.data.tags["kind"] for run in runs_of(uri))


def by_name(uri: str) -> dict[str, Run]:
    return {r.info.run_name: r for r in runs_of(uri) if r.data.tags["kind"] != "trial"}


def files_of(uri: str, run: Run, folder: str | None = None) -> set[str]:
    return {f.path for f in MlflowClient(uri).list_artifacts(run.info.run_id, folder)}


@pytest.mark.parametrize(
    ("trials", "nested"),
    [
        ("final", ARMS * TRIALS),
        ("all", ARMS * TRIALS * (OUTER_FOLDS + 1)),
        ("none", 0),
    ],
)
def test_a_sweep_becomes_one_run_for_itself_each_arm_reference_and_chosen_trial(
    run_dir: Path, uri: str, trials: str, nested: int
) -> None:
    summary = mirror(run_dir, uri=uri, trials=trials)

    assert kinds(uri) == Counter(sweep=1, arm=ARMS, reference=1, trial=nested)
    assert summary.runs == 2 + ARMS + nested
    assert summary.experiment == "quickstart/yeast"


def test_the_page_reads_verdict_then_arms_from_best_to_worst_then_references_then_trials(
    mirrored: MirrorSummary, result: SweepResult
) -> None:
    names = [run.info.run_name for run in runs_of(mirrored.uri)]
    best_first = sorted(result.arms, key=lambda arm: -arm.decision_score)
    assert names[: 2 + ARMS] == [
        "verdict: use_focal",
        *(arm.name for arm in best_first),
        "reference: logistic_balanced",
    ]


def test_metrics_of_arms_and_references_are_the_numbers_of_the_result(
    mirrored: MirrorSummary, result: SweepResult
) -> None:
    runs = by_name(mirrored.uri)
    for arm in result.arms:
        metrics = runs[arm.name].data.metrics
        assert metrics["score"] == arm.decision_score
        assert metrics["score_low"] == arm.decision_interval.low
        assert metrics["score_high"] == arm.decision_interval.high
        assert metrics["argmax_score"] == arm.argmax_score
        assert metrics["inner_score"] == arm.inner_score
        assert metrics["difference"] == (arm.difference.mean if arm.difference else 0.0)
        for name, value in arm.metrics.items():
            assert metrics[name] == value
    assert runs["reference: logistic_balanced"].data.metrics["score"] == 0.49


def test_arms_share_their_metric_names_so_that_one_table_compares_them(
    mirrored: MirrorSummary,
) -> None:
    names = [set(r.data.metrics) for r in runs_of(mirrored.uri) if r.data.tags["kind"] == "arm"]
    shared, union = set.intersection(*names), set.union(*names)
    # One arm has no closed form for its probabilities.
    assert {name for name in union - shared if not name.endswith("_corrected")} == set()
    assert {"score", "score_low", "score_high", "difference_p", "best_so_far"} <= shared


def test_tuned_numbers_are_params_and_the_recommended_arm_is_tagged(
    mirrored: MirrorSummary,
) -> None:
    runs = by_name(mirrored.uri)
    params = runs["focal_gamma_tau"].data.params
    expected = {
        "best.gamma": "2.5",
        "best.tau": "0.61",
        "class.alpha.NUC_MIT": "1.1",
        "class.decision_weight.vac": "1.9",
        "best.epochs": "5",
        "best.learning_rate": "0.00312346",
        "best.weight_decay": "1e-05",
    }
    assert {name: params[name] for name in expected} == expected
    recommended = {n for n, r in runs.items() if r.data.tags.get("recommended") == "yes"}
    assert recommended == {"focal_gamma_tau"}
    tags = runs["focal_gamma_tau"].data.tags
    assert (tags["family"], tags["seed"], tags["dataset"]) == ("focal", "7", "yeast")
    assert tags["version.keras"] == "3.15.1"


def test_the_learning_curve_has_one_step_an_epoch(
    mirrored: MirrorSummary, result: SweepResult
) -> None:
    arm = result.arms[-1]
    run = by_name(mirrored.uri)[arm.name]
    history = MlflowClient(mirrored.uri).get_metric_history(run.info.run_id, "validation_score")
    assert [(m.step, m.value) for m in history] == list(enumerate(arm.best.curve, start=1))
    assert run.data.metrics["validation_score"] == arm.best.curve[-1]


def test_trials_are_nested_in_their_arm_and_a_diverged_one_has_failed_with_its_reason(
    mirrored: MirrorSummary,
) -> None:
    arms = {
        r.info.run_id: r.data.tags["arm"]
        for r in by_name(mirrored.uri).values()
        if "arm" in r.data.tags
    }
    trials = [run for run in runs_of(mirrored.uri) if run.data.tags["kind"] == "trial"]
    assert {arms[t.data.tags["mlflow.parentRunId"]] for t in trials} == set(arms.values())
    assert all(arms[t.data.tags["mlflow.parentRunId"]] == t.data.tags["arm"] for t in trials)
    (failed,) = (t for t in trials if t.info.status == "FAILED")
    assert failed.data.tags["failure"] == "loss became NaN in epoch 3"
    assert failed.data.metrics == {}
    (second,) = (
        t for t in trials if t.data.tags["arm"] == "focal_gamma" and t.data.tags["trial"] == "1"
    )
    assert second.data.metrics == {"value": 0.625, "epochs": 4.0}
    assert second.data.params == {
        "learning_rate": "0.002",
        "weight_decay": "1e-05",
        "gamma": "1.25",
    }


def test_the_sweep_run_carries_verdict_report_and_config(
    mirrored: MirrorSummary, result: SweepResult
) -> None:
    client = MlflowClient(mirrored.uri)
    run = client.get_run(mirrored.sweep_run_id)
    assert run.data.tags["mlflow.note.content"].startswith(f"**{result.verdict.text}**")
    assert result.snippet in run.data.tags["mlflow.note.content"]
    assert run.data.metrics["sweep/confidence"] == result.verdict.confidence
    expected = {"report.html", "config.yaml", "result.json", "trials.csv", "arms.csv", "plots"}
    assert files_of(mirrored.uri, run) == expected
    copied = Path(client.download_artifacts(run.info.run_id, "result.json"))
    assert SweepResult.model_validate_json(copied.read_text()) == result
    experiment = client.get_experiment(mirrored.experiment_id)
    assert result.verdict.text in experiment.tags["mlflow.note.content"]


def test_an_arm_keeps_its_tables_and_only_the_plots_about_it(mirrored: MirrorSummary) -> None:
    runs = by_name(mirrored.uri)
    assert files_of(mirrored.uri, runs["focal_gamma_tau"]) == {
        "confusion_argmax.csv",
        "confusion_argmax.html",
        "confusion_decision.csv",
        "confusion_decision.html",
        "per_class.csv",
        "outer_folds.csv",
        "trials.csv",
        "learning_curve.csv",
        "plots",
    }
    plots = {
        arm: files_of(mirrored.uri, runs[arm], "plots")
        for arm in ("focal_gamma_tau", "focal_gamma")
    }
    assert plots["focal_gamma_tau"] == {"plots/surface_focal_gamma_tau.html"}
    assert plots["focal_gamma"] == {"plots/response_focal_gamma.html"}


def test_artifacts_lie_beside_the_database(mirrored: MirrorSummary) -> None:
    run = MlflowClient(mirrored.uri).get_run(mirrored.sweep_run_id)
    beside = Path(mirrored.uri.removeprefix("sqlite:///")).parent / "mlartifacts"
    assert run.info.artifact_uri.startswith(beside.as_uri())


def test_mirroring_twice_leaves_one_set_of_runs(run_dir: Path, uri: str) -> None:
    mirror(run_dir, uri=uri, trials="all")
    summary = mirror(run_dir, uri=uri)

    assert kinds(uri) == Counter(sweep=1, arm=ARMS, reference=1, trial=ARMS * TRIALS)
    assert by_name(uri)["verdict: use_focal"].info.run_id == summary.sweep_run_id


def test_a_folder_that_moved_or_took_another_time_is_the_same_sweep(
    run_dir: Path, uri: str, result: SweepResult
) -> None:
    mirror(run_dir, uri=uri)
    moved = shutil.move(run_dir, run_dir.with_name("moved"))
    slower = result.model_copy(update={"seconds": {"search": 999.0}})
    (moved / "result.json").write_text(slower.model_dump_json(), encoding="utf-8")
    mirror(moved, uri=uri)

    assert kinds(uri)["sweep"] == 1


def test_another_seed_is_another_sweep_in_the_same_experiment(
    run_dir: Path, uri: str, result: SweepResult
) -> None:
    first = mirror(run_dir, uri=uri)
    other = result.model_copy(update={"seed": 8})
    (run_dir / "result.json").write_text(other.model_dump_json(), encoding="utf-8")
    second = mirror(run_dir, uri=uri)

    assert first.experiment_id == second.experiment_id
    assert kinds(uri)["sweep"] == 2


def test_a_mirror_that_failed_half_way_is_put_right_by_the_next_one(
    run_dir: Path, uri: str
) -> None:
    obstacle = Path(uri.removeprefix("sqlite:///")).parent / "mlartifacts"
    obstacle.write_text("a file where the folder of artifacts should be")
    with pytest.raises(TrackingError, match=r"focalsweep track .*quickstart-7"):
        mirror(run_dir, uri=uri)
    assert kinds(uri)["sweep"] == 1  # runs were written, artifacts were not

    obstacle.unlink()
    mirror(run_dir, uri=uri)

    assert kinds(uri) == Counter(sweep=1, arm=ARMS, reference=1, trial=ARMS * TRIALS)
    assert "report.html" in files_of(uri, by_name(uri)["verdict: use_focal"])


def test_a_deleted_experiment_comes_back(run_dir: Path, uri: str) -> None:
    client = MlflowClient(uri)
    client.delete_experiment(mirror(run_dir, uri=uri).experiment_id)

    mirror(run_dir, uri=uri)

    assert kinds(uri)["sweep"] == 1


def test_a_mirror_leaves_environment_log_levels_and_run_folder_as_they_were(
    run_dir: Path, uri: str
) -> None:
    def state() -> tuple[object, ...]:
        levels = [logging.getLogger(name).level for name in ("mlflow", "alembic", "")]
        files = {p: p.read_bytes() for p in run_dir.rglob("*") if p.is_file()}
        return dict(os.environ), levels, files

    before = state()
    mirror(run_dir, uri=uri)
    assert state() == before


def test_a_mirror_prints_nothing(
    run_dir: Path, uri: str, capfd: pytest.CaptureFixture[str]
) -> None:
    mirror(run_dir, uri=uri)
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_report_and_plots_is_mirrored(run_dir: Path, uri: str) -> None:
    shutil.rmtree(run_dir / "plots")
    (run_dir / "report.html").unlink()
    mirror(run_dir, uri=uri)

    assert files_of(uri, by_name(uri)["verdict: use_focal"]) == {
        "config.yaml",
        "result.json",
        "trials.csv",
        "arms.csv",
    }


@pytest.mark.slow
def test_the_tracker_makes_a_missing_store_beside_training_and_mirrors_into_it(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(__file__).parents[2] / "src"
    monkeypatch.setenv("PYTHONPATH", str(source))
    file = tmp_path / "new" / "mlflow.db"
    tracker = MlflowTracker(uri=f"sqlite:///{file}")

    tracker.prepare()
    (preparation,) = tracker._preparing
    preparation.wait()
    assert file.exists()
    summary = tracker.mirror(run_dir)

    assert summary.runs == 2 + ARMS * (1 + TRIALS)
    assert [p.name for p in file.parent.iterdir() if p.name.startswith(".")] == []


def test_preparing_a_store_that_exists_or_is_a_server_starts_nothing(uri: str) -> None:
    for address in (uri, "http://127.0.0.1:9"):
        tracker = MlflowTracker(uri=address)
        tracker.prepare()
        assert [p.process for p in tracker._preparing] == [None]


@pytest.mark.parametrize("uri", ["mlruns", "file:///tmp/x", "sqlit:///x.db", ""])
def test_an_address_of_no_known_kind_is_refused_before_training(uri: str) -> None:
    with pytest.raises(UserError, match=r"`tracking.uri` must start with one of `sqlite:`"):
        MlflowTracker(uri=uri)


def test_an_unknown_choice_of_trials_is_refused_before_training() -> None:
    with pytest.raises(UserError, match=r"`tracking\.trials` must be"):
        MlflowTracker(uri="sqlite:////x.db", trials="some")  # type: ignore[arg-type]


def test_no_tracking_mirrors_nothing(run_dir: Path) -> None:
    tracker = NoTracking()
    tracker.prepare()
    assert tracker.mirror(run_dir) is None


def test_two_stores_keep_apart(run_dir: Path, new_store: Callable[[str], str]) -> None:
    first, second = new_store("a.db"), new_store("b.db")
    mirror(run_dir, uri=first)
    assert kinds(second) == Counter()
