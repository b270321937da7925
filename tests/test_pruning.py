"""Pruning from the command line: every pruner runs, says what it saved, and survives kill -9."""

import json
import multiprocessing
import re
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from focalsweep.cli import main
from focalsweep.config.places import config_dirs, options

PRUNERS = [name for name in options("pruner", config_dirs()) if name != "none"]
SWEEP = [
    "sweep",
    "--config-name",
    "smoke",
    "tracking=none",
    "references=false",
    "dataset=synthetic",
    "dataset.rows=200",
    "dataset.ratio=4",
    "model.hidden=[8]",
    "arms=[cross_entropy,focal_gamma_tau]",
    "trials=6",
    "epochs=8",
]
LONGEST_WAIT = 120.0


def result_of(folder: Path):
    return json.loads((folder / "result.json").read_text())


def test_the_glob_found_pruners():
    assert {"median", "percentile", "successive_halving", "hyperband"} <= set(PRUNERS)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Run the tiny sweep once with each pruner that is asked for."""
    folders: dict[str, Path] = {}

    def run(pruner: str) -> Path:
        if pruner not in folders:
            folders[pruner] = tmp_path_factory.mktemp(pruner)
            where = f"hydra.run.dir={folders[pruner]}"
            assert main([*SWEEP, f"pruner={pruner}", where]) == 0
        return folders[pruner]

    return run


QUICK = {"median", "successive_halving"}
"""Of the others nothing is ours but a file of settings; each takes a sweep."""


@pytest.mark.parametrize(
    "pruner",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in PRUNERS],
)
def test_every_pruner_runs_a_sweep_and_says_what_it_saved(pruner, folder_of, capsys):
    folder = folder_of(pruner)
    printed = " ".join(capsys.readouterr().out.split())
    trials = pd.read_csv(folder / "trials.csv")
    result = result_of(folder)
    found = result["budget"]["pruning"]
    total, inner_folds = found["total"], result["evaluation"]["inner_folds"]
    assert total["trials"] == len(trials)
    assert total["pruned_trials"] == (trials["state"] == "pruned").sum()
    assert total["member_epochs"] == inner_folds * trials["trained_epochs"].sum()
    assert total["all_member_epochs"] == inner_folds * 8 * len(trials)
    # Every arm was given the same, and none chose a trial that was stopped.
    assert trials.groupby(["arm", "fold"]).size().nunique() == 1
    complete = trials[trials["state"] == "complete"]
    chosen = {(arm["name"], "all", arm["best"]["trial"]) for arm in result["arms"]}
    chosen |= {
        (arm["name"], str(fold["fold"]), fold["trial"])
        for arm in result["arms"]
        for fold in arm["folds"]
    }
    assert chosen <= set(zip(complete["arm"], complete["fold"], complete["trial"], strict=True))
    sentence = f"stopped {total['pruned_trials'] or 'none'} of {len(trials)} trials"
    assert sentence in printed
    assert sentence in (folder / "report.html").read_text()


def test_successive_halving_stops_some_and_their_reason_is_in_the_trials(folder_of):
    trials = pd.read_csv(folder_of("successive_halving") / "trials.csv")
    pruned = trials[trials["state"] == "pruned"]
    assert len(pruned) > 0
    assert pruned["value"].isna().all()
    for reason, epochs in zip(pruned["pruned"], pruned["trained_epochs"], strict=True):
        assert re.match(rf"SuccessiveHalvingPruner stopped it after epoch {epochs} of 8", reason)


def test_a_pruner_that_stops_everybody_says_so_in_one_sentence(tmp_path, capsys):
    nobody = ["pruner=median", "pruner._target_=optuna.pruners.ThresholdPruner"]
    keys = ["~pruner.n_startup_trials", "+pruner.lower=2.0", f"hydra.run.dir={tmp_path}"]
    assert main([*SWEEP, *nobody, *keys]) != 0
    error = " ".join(capsys.readouterr().err.split())
    assert "No trial of the arm `cross_entropy` was trained to its last epoch: 6 of 6" in error


@pytest.mark.slow
def test_a_sweep_killed_in_the_middle_of_a_rung_ends_like_an_undisturbed_one(folder_of, tmp_path):
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["tensorflow", "focalsweep.sweep"])
    arguments = [*SWEEP, "pruner=successive_halving", f"hydra.run.dir={tmp_path}"]
    for moment in ("round-000-rung-1-*.npz", "round-003-rung-0-*.npz"):
        process = server.Process(target=main, args=(arguments,))
        process.start()
        deadline = time.monotonic() + LONGEST_WAIT
        while not list((tmp_path / "chunks").glob(moment)) and process.is_alive():
            assert time.monotonic() < deadline, "the moment did not come"
            time.sleep(0.001)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert main(arguments) == 0
    undisturbed = folder_of("successive_halving")
    assert (tmp_path / "trials.csv").read_bytes() == (undisturbed / "trials.csv").read_bytes()
    ended, expected = result_of(tmp_path), result_of(undisturbed)
    for result in (ended, expected):
        del result["seconds"], result["command"]
    assert ended == expected
