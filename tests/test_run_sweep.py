"""Whole sweeps, small ones: the same seed the same numbers, every sweep file, every evaluation."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from focalsweep.cli import main
from focalsweep.report.schema import SCHEMA_PATH
from focalsweep.time_limit.round_clock import RoundClock

SWEEPS = sorted(path.stem for path in (Path(__file__).parents[1] / "sweeps").glob("*.yaml"))
QUIET = ["tracking=none", "references=false"]
TINY = [
    *QUIET,
    "dataset=synthetic",
    "dataset.rows=150",
    "dataset.ratio=4",
    "model.hidden=[8]",
    "arms=[cross_entropy,focal_gamma_alpha]",
    "trials=4",
    "epochs=3",
]


def run(folder: Path, *overrides: str, sweep: str = "smoke") -> dict[str, Any]:
    assert main(["sweep", "--config-name", sweep, f"hydra.run.dir={folder}", *overrides]) == 0
    return json.loads((folder / "result.json").read_text())


def numbers(result: dict[str, Any]) -> dict[str, Any]:
    """Everything that must not depend on when and from where a sweep was started."""
    return {key: value for key, value in result.items() if key not in ("seconds", "command")}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    run(folder, *TINY)
    return folder


def result_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def test_a_run_folder_holds_everything_that_the_contract_names(tiny):
    names = {path.name for path in tiny.iterdir()}
    assert {
        "config.yaml", "studies.journal", "chunks", "result.json", "trials.csv", "report.html",
        "plots",
    } <= names  # fmt: skip


def test_a_result_fits_the_schema_in_the_package(tiny):
    jsonschema.validate(result_of(tiny), json.loads(SCHEMA_PATH.read_text()))


def test_the_table_of_trials_has_the_same_number_for_every_arm_and_fold(tiny):
    trials = pd.read_csv(tiny / "trials.csv", dtype={"fold": str})
    assert set(trials.groupby(["arm", "fold"]).size()) == {4}
    assert set(trials.fold) == {"0", "1", "all"}
    rates = ["learning_rate", "weight_decay"]
    assert list(trials)[11:] == [*rates, "gamma", "tau", "delta_0"]


def test_what_was_chosen_in_a_fold_is_its_best_trial(tiny):
    trials = pd.read_csv(tiny / "trials.csv", dtype={"fold": str})
    for arm in result_of(tiny)["arms"]:
        own = trials[trials.arm == arm["name"]]
        points = [(str(fold["fold"]), fold) for fold in arm["folds"]] + [("all", arm["best"])]
        for name, point in points:
            row = own[own.fold == name].set_index("trial").loc[point["trial"]]
            assert row.value == own[own.fold == name].value.max() == point["inner_score"]
            assert row.epochs == point["epochs"]
            for number, value in point["parameters"].items():
                assert row[number] == value


def test_budget_and_evaluation_say_what_was_done(tiny):
    result = result_of(tiny)
    # 2 arms; 3 scopes of 2 inner folds; 2 outer folds with 2 refit seeds, and the model to keep.
    assert result["budget"]["members"] == 2 * 3 * 2 * 4 + 2 * (3 * 2 + 2 * 2 + 1)
    assert (result["budget"]["trials"], result["budget"]["epochs"]) == (4, 3)
    assert result["evaluation"]["outer_folds"] == 2
    assert result["evaluation"]["test_rows"] == 75
    assert result["seed"] == 0


def test_the_same_seed_gives_every_number_again(tiny, tmp_path):
    assert numbers(run(tmp_path, *TINY)) == numbers(result_of(tiny))
    for name in ("trials.csv",):
        assert (tmp_path / name).read_bytes() == (tiny / name).read_bytes()


def test_another_seed_gives_other_numbers(tiny, tmp_path):
    other = run(tmp_path, *TINY, "seed=1")
    before = [arm["argmax_score"] for arm in result_of(tiny)["arms"]]
    assert [arm["argmax_score"] for arm in other["arms"]] != before


def test_the_sweep_files_were_found():
    assert {"smoke", "quickstart", "focal_gamma_alpha", "imbalance_ratio"} <= set(SWEEPS)


def test_the_smoke_sweep_runs_as_it_is(tmp_path):
    result = run(tmp_path, "tracking=none")
    jsonschema.validate(result, json.loads(SCHEMA_PATH.read_text()))
    assert [arm["name"] for arm in result["arms"]] == [
        "cross_entropy", "class_weighted", "focal_gamma",
    ]  # fmt: skip
    assert len(result["references"]) == 4


@pytest.mark.slow
@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_sweep_file_runs(sweep, tmp_path):
    few = ["trials=2", "epochs=2", "evaluation=quick", *QUIET]
    arguments = ["sweep", "--config-name", sweep, f"hydra.run.dir={tmp_path}", *few]
    assert main(arguments) == 0
    results = list(tmp_path.rglob("result.json"))
    assert results
    for result in results:
        schema = json.loads(SCHEMA_PATH.read_text())
        jsonschema.validate(json.loads(result.read_text()), schema)


def test_a_varied_sweep_runs_once_for_each_value(tmp_path):
    few = ["trials=1", "epochs=1", "evaluation=quick", "model=linear", *QUIET]
    vary = "vary={dataset.ratio: [2, 8]}"
    arguments = [*few, "dataset.rows=150", "arms=[cross_entropy,focal_gamma]", vary]
    folder = f"hydra.run.dir={tmp_path}"
    assert main(["sweep", "--config-name", "imbalance_ratio", folder, *arguments]) == 0
    ratios = {
        path.parent.name: json.loads(path.read_text())["dataset"]["imbalance_ratio"]
        for path in tmp_path.rglob("result.json")
    }
    assert ratios == {"ratio=2": pytest.approx(2, 0.1), "ratio=8": pytest.approx(8, 0.1)}


def test_a_holdout_of_two_classes_in_log_loss(tmp_path):
    result = run(
        tmp_path,
        *TINY,
        "dataset.classes=2",
        "objective=log_loss",
        "evaluation=holdout",
        "arms=[cross_entropy,class_weighted,focal_gamma,focal_gamma_alpha]",
        "optimizer=sgd",
    )
    jsonschema.validate(result, json.loads(SCHEMA_PATH.read_text()))
    assert [entry["arm"] for entry in result["left_out"]] == ["focal_gamma_alpha"]
    assert result["evaluation"]["outer_folds"] == 1
    for arm in result["arms"]:
        assert arm["argmax_score"] == arm["decision_score"] < 0
        assert arm["best"]["decision_weights"] is None
        assert arm["argmax_interval"]["low"] < arm["argmax_score"] < arm["argmax_interval"]["high"]


def test_a_score_of_zero_everywhere_is_a_result(tmp_path):
    """A network that has not learnt misses one of twelve classes: every worst recall is 0."""
    result = run(
        tmp_path,
        *TINY,
        "dataset.classes=12",
        "dataset.features=11",
        "dataset.rows=300",
        "objective=worst_class_recall",
        "arms=[cross_entropy,focal_gamma]",
        "trials=1",
        "epochs=1",
        "optimizer.learning_rate=1e-9",
        "~optimizer.search.learning_rate",
    )
    jsonschema.validate(result, json.loads(SCHEMA_PATH.read_text()))
    assert {arm["best"]["inner_score"] for arm in result["arms"]} == {0.0}


def test_a_limit_that_pays_for_nothing_is_refused_before_anything_is_written(tmp_path, capsys):
    folder = tmp_path / "run"
    limited = [*TINY, "minutes=0.0001", f"hydra.run.dir={folder}"]
    assert main(["sweep", "--config-name", "smoke", *limited]) == 2
    assert "`minutes=0.0001` is less than the least that pays" in capsys.readouterr().err
    assert not folder.exists()


def test_rounds_that_time_cut_are_the_same_for_all_and_typed_again_give_the_same_numbers(
    tmp_path, monkeypatch
):
    """The machine becomes slow after three of twelve rounds; more time then goes on from there."""
    trials = [*TINY, "trials=12", "evaluation.folds=5"]
    with monkeypatch.context() as slow:
        slow.setattr(RoundClock, "has_time", lambda self: next(answers))
        answers = iter([True, True, False])
        cut = run(tmp_path / "cut", *trials, "minutes=30")
    assert (cut["budget"]["trials"], cut["budget"]["trials_asked"]) == (3, 12)
    assert set(pd.read_csv(tmp_path / "cut/trials.csv").groupby(["arm", "fold"]).size()) == {3}
    assert cut["verdict"]["decision"] == "budget_too_small"
    assert "3 of 12 trials done; the same command with `minutes=" in cut["verdict"]["text"]

    again = run(tmp_path / "again", *trials, *cut["budget"]["again"])
    assert (tmp_path / "again/trials.csv").read_text() == (tmp_path / "cut/trials.csv").read_text()
    assert again["arms"] == cut["arms"]
    assert again["comparisons"] == cut["comparisons"]

    whole = run(tmp_path / "cut", *trials)
    assert (whole["budget"]["trials"], whole["budget"]["given_up"]) == (12, None)
    undisturbed = run(tmp_path / "undisturbed", *trials)
    assert whole["arms"] == undisturbed["arms"]
    assert whole["verdict"] == undisturbed["verdict"]


def test_a_sweep_in_which_an_arm_always_diverges_says_so_in_one_sentence(tmp_path, capsys):
    rate = ["optimizer=sgd", "optimizer.learning_rate=1e30", "~optimizer.search.learning_rate"]
    arguments = [*TINY, *rate]
    folder = f"hydra.run.dir={tmp_path}"
    assert main(["sweep", "--config-name", "smoke", folder, *arguments]) == 2
    message = capsys.readouterr().err
    assert message.startswith("focalsweep: Every trial of the arm `cross_entropy` failed")
    assert message.count("\n") == 1
