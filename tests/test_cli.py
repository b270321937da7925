"""The command line: quick help, one sentence for everything that is wrong, nothing half-written."""

import fcntl
import json
import re
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from focalsweep.cli import main
from focalsweep.config.compose import compose_sweep

SLOW_TO_IMPORT = {"tensorflow", "keras", "mlflow", "torch", "pandas", "sklearn", "optuna"}
SMALL = [
    "tracking=none",
    "references=false",
    "dataset=synthetic",
    "dataset.rows=90",
    "dataset.ratio=3",
    "model=linear",
    "arms=[cross_entropy,focal_gamma]",
]


# Help ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [["--help"], ["sweep", "--help"], ["track", "--help"], ["ui", "--help"]]
)
def test_help_answers_under_a_second_because_it_imports_nothing_slow(arguments):
    code = (
        "import sys, atexit; from focalsweep.cli import main; "
        f"atexit.register(lambda: print(*{SLOW_TO_IMPORT} & set(sys.modules), file=sys.stderr)); "
        f"main({arguments})"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("usage: focalsweep")
    assert done.stderr == "\n"
    # Processor time: wall time would depend on what else this machine does.
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 1.0


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "focalsweep", "sweep", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--config-name SWEEP" in done.stdout


@pytest.mark.parametrize(
    "arguments", [[], ["swep"], ["sweep", "--trials", "3"], ["ui", "trials=3"], ["track"]]
)
def test_a_command_that_does_not_exist_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "focalsweep" in capsys.readouterr().err


def test_overrides_stand_before_between_and_after_options(capsys):
    arguments = ["sweep", "trials=3", "--config-name", "smoke", "epochs=4", "--show-config"]
    assert main([*arguments, "seed=5"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert (shown["name"], shown["trials"], shown["epochs"], shown["seed"]) == ("smoke", 3, 4, 5)


def test_showing_a_config_that_varies_shows_each_and_writes_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    vary = "vary={dataset.ratio: [2, 8]}"
    arguments = ["--config-name", "smoke", "dataset=synthetic", vary, "--show-config"]
    assert main(["sweep", *arguments]) == 0
    shown = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [each["dataset"]["ratio"] for each in shown] == [2, 8]
    assert list(tmp_path.iterdir()) == []


# What is wrong ------------------------------------------------------------------------------------


def sentence(captured) -> str:
    """Check that standard error holds one sentence and return it."""
    assert re.fullmatch(r"focalsweep: [^\n]+\.\n", captured.err), captured.err
    assert "Traceback" not in captured.out
    return captured.err


@pytest.fixture
def refused(tmp_path, capsys, monkeypatch, without_torch):
    """Run a sweep that must be refused before anything is written; return the sentence."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        folder = tmp_path / "run"
        before = sorted(tmp_path.rglob("*"))
        given = ["sweep", f"hydra.run.dir={folder}", *arguments]
        if "--config-name" not in arguments:
            given += ["--config-name", "smoke"]
        assert main(given) == 2
        assert sorted(tmp_path.rglob("*")) == before
        return sentence(capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trails=3"], "`trials`"),
        (["model.hiden=[8]"], "`model.hidden`"),
        (["arms=[cross_entropy,focal_gama]"], "`focal_gamma`"),
        (["arms=[focal_gamma]"], "`cross_entropy`"),
        (["arms=[cross_entropy,cross_entropy]"], "more than once"),
        (["--config-name", "smokee"], "`smoke`"),
        (["--config-dir", "nowhere"], "`--config-dir`"),
        (["dataset=yeest"], "`dataset=yeast`"),
        (["sampler=tbe"], "`sampler=tpe`"),
        (["trials=many"], "`trials`"),
        (["trials=0"], "`trials`"),
        (["trials=2.5"], "`trials`"),
        (["epochs=-1"], "`epochs`"),
        (["minutes=0"], "`minutes`"),
        (["seed=-1"], "`seed`"),
        (["objective=accuracy"], "`objective`"),
        (["trials"], "`KEY=VALUE`"),
        (["verdict.confidence=0.3"], "`verdict.confidence`"),
        (["optimizer.search.learning_rate.low=0.5"], "`low` < `high`"),
        (["evaluation.folds=1"], "`folds` >= 2"),
        (["evaluation=holdout", "evaluation.test_fraction=0.999"], "`evaluation.test_fraction`"),
        (["evaluation.folds=500"], "`evaluation.folds`"),
        (["evaluation.inner_folds=500"], "`evaluation.inner_folds`"),
        (["dataset.profile=exponential"], "`dataset.profile`"),
        (["dataset.factor=0"], "`dataset.factor`"),
        (["dataset=csv"], "`dataset.path`"),
        (["loss.focal_gamma.search.gamma.low=-1", "loss.focal_gamma.baselines=[]"], "`gamma`"),
        (["sampler=gp"], "focalsweep[gp]"),
        (["tracking.uri=carrier-pigeon://loft"], "`tracking.uri`"),
        (["tracking.trials=most"], "`tracking.trials`"),
        (["model.activation=rellu"], "rellu"),
        (["model.hidden=[0]"], "units"),
        (["model.normalization=group"], "`model.normalization`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_setting_is_one_sentence_and_writes_nothing(arguments, words, refused):
    assert words in refused(*arguments)


def table(rows: int = 60, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = {"x": rng.normal(size=rows), "label": np.array(["a", "b"])[np.arange(rows) % 2]}
    return pd.DataFrame({**frame, **columns})


def rare(count: int) -> pd.DataFrame:
    return table(label=["c"] * count + ["a", "b"] * ((60 - count) // 2))


BAD_DATA = {
    "no such file": (None, "my.csv"),
    "empty file": ("", "an empty file"),
    "header only": ("x,label\n", "no rows"),
    "no such target": (table().rename(columns={"label": "lable"}), "`lable`"),
    "missing target": (table(label=["a", None] * 30), "label"),
    "single class": (table(label=["a"] * 60), "class"),
    "too few rows of a class": (rare(4), "`c`"),
    "one row of a class": (rare(2), "`c`"),
    "nothing but the target": (table()[["label"]], "column"),
    "constant columns": (table(x=np.ones(60)), "column"),
    "only distinct texts": (table(x=[f"row {i}" for i in range(60)]), "column"),
    "numbers as target": (table(label=np.random.default_rng(0).normal(size=60)), "label"),
}


@pytest.mark.parametrize("what", BAD_DATA)
def test_bad_data_are_one_sentence_and_write_nothing(what, refused, tmp_path):
    content, words = BAD_DATA[what]
    path = tmp_path / "my.csv"
    if isinstance(content, pd.DataFrame):
        content.to_csv(path, index=False)
    elif content is not None:
        path.write_text(content)
    message = refused("dataset=csv", f"dataset.path={path}", "dataset.target=label")
    assert words in message


def test_a_folder_instead_of_a_file_is_refused(refused, tmp_path):
    assert str(tmp_path) in refused(
        "dataset=csv", f"dataset.path={tmp_path}", "dataset.target=label"
    )


def test_a_sweep_file_without_what_it_must_say_is_refused(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my_sweep.yaml").write_text(
        "defaults: [config, _self_]\nquestion: Mine?\n"
    )
    message = refused("--config-dir", str(tmp_path / "mine"), "--config-name", "my_sweep")
    assert "`arms`" in message


def test_a_sweep_file_that_is_not_yaml_is_refused(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my_sweep.yaml").write_text("arms: [cross_entropy\nquestion: :")
    assert "`my_sweep`" in refused(
        "--config-dir", str(tmp_path / "mine"), "--config-name", "my_sweep"
    )


@pytest.fixture
def begun(tmp_path):
    """Leave a run folder in which a sweep of the default settings was started."""
    from focalsweep.identity.code import code_identity
    from focalsweep.prepare import prepare
    from focalsweep.run_folder import opened

    sweep = compose_sweep("smoke", [f"hydra.run.dir={tmp_path / 'run'}"])
    sha256, code = prepare(sweep.config).facts.sha256, code_identity(sweep.config)
    with opened(sweep, data_sha256=sha256, code=code) as folder:
        return folder


def test_a_variant_that_cannot_run_is_refused_before_the_others_train(refused):
    message = refused("dataset=synthetic", "vary={dataset.ratio: [2, 5000]}")
    assert "rows" in message


def test_a_folder_of_another_sweep_is_refused(begun, refused):
    assert "`trials`" in refused("trials=3")


def test_changed_data_are_refused(begun, refused):
    (begun / "data.sha256").write_text("0" * 64)
    assert "data has changed" in refused()


def test_a_folder_that_another_process_holds_is_refused(begun, refused):
    with (begun / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "Another process" in refused()


def test_a_folder_with_a_config_of_something_else_is_refused(refused, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("server: 1\n")
    assert "config.yaml" in refused()


def test_a_run_folder_below_a_file_is_refused(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(f"hydra.run.dir={tmp_path / 'file' / 'run'}")


@pytest.mark.parametrize("content", [None, "{}", "{"])
def test_tracking_a_folder_without_a_result_is_refused(content, tmp_path, capsys):
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    assert main(["track", str(tmp_path)]) == 2
    assert "result.json" in sentence(capsys.readouterr())


# A small sweep ------------------------------------------------------------------------------------


def test_a_finished_sweep_is_shown_again_and_trains_nothing(tmp_path, capsys, monkeypatch):
    arguments = ["sweep", "--config-name", "smoke", f"hydra.run.dir={tmp_path}", *SMALL]
    assert main(arguments) == 0
    first = capsys.readouterr()
    assert "Paste this:" in first.out
    assert first.err == ""
    before = (tmp_path / "result.json").read_text()
    for module in ("focalsweep.run_sweep", "focalsweep.training.population"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it now fails
    assert main(arguments) == 0
    again = capsys.readouterr()
    assert "This sweep is finished" in again.out
    assert first.out[first.out.index("Paste this:") :] in again.out
    assert (tmp_path / "result.json").read_text() == before


def test_a_result_names_the_command_that_made_it_and_the_seconds_of_its_phases(tmp_path):
    arguments = ["sweep", "--config-name", "smoke", f"hydra.run.dir={tmp_path}", *SMALL]
    assert main([*arguments, "epochs=1", "trials=1"]) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["command"].startswith("focalsweep sweep --config-name smoke hydra.run.dir=")
    phases = {"data", "start", "compile", "search", "refit", "references", "evidence", "report"}
    assert phases <= set(result["seconds"])
    assert "tracking" not in result["seconds"]


def test_a_store_that_does_not_answer_loses_nothing_and_can_be_written_later(tmp_path, capsys):
    run = tmp_path / "run [1]"
    arguments = ["--config-name", "smoke", f"hydra.run.dir={run}", *SMALL, "tracking=mlflow"]
    arguments += ["epochs=1", "trials=1", "tracking.uri=http://127.0.0.1:9"]
    assert main(["sweep", *arguments]) == 0
    shown = capsys.readouterr()
    assert "Warning: " in shown.out
    assert f"focalsweep track {run}" in shown.out
    assert "Paste this:" in shown.out
    result = json.loads((run / "result.json").read_text())
    assert "tracking" not in result["seconds"]
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert main(["track", str(run), "--uri", store]) == 0
    assert "MLflow experiment `smoke/synthetic`" in capsys.readouterr().out
