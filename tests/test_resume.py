"""A sweep that is killed at any moment and started again ends as if it had not been.

The quick version forks real processes from a server that has imported TensorFlow already; the slow
one starts ``python -m focalsweep`` anew after each of ten kills.
"""

import json
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from focalsweep.cli import main

SWEEP = [
    "sweep",
    "--config-name",
    "smoke",
    "tracking=none",
    "references=false",
    "dataset=synthetic",
    "dataset.rows=300",
    "dataset.ratio=4",
    "model.hidden=[16]",
    "arms=[cross_entropy,focal_gamma_tau]",
    "trials=6",
    "epochs=20",
]
LONGEST_WAIT = 120.0
"""Seconds until a moment must have come; a start takes up to ten on a busy machine."""

Moment = Callable[[Path], bool]


def has(pattern: str, *, number: int = 1) -> Moment:
    """Come when so many files of a name are in the run folder."""
    return lambda folder: len(list(folder.glob(pattern))) >= number


def committed(rounds: int) -> Moment:
    """Come when so many rounds are in the journal."""

    def moment(folder: Path) -> bool:
        journal = folder / "studies.journal"
        return journal.exists() and journal.read_bytes().count(b"focalsweep:committed") >= rounds

    return moment


def intact(folder: Path) -> None:
    """Leave the folder as the kill left it."""


def torn_line(folder: Path) -> None:
    """Leave half a line at the end of the journal, as a write that was cut off does."""
    with (folder / "studies.journal").open("ab") as journal:
        journal.write(b'{"op_code":6,"worker_id":"0c')


def torn_block(folder: Path) -> None:
    """Take the end of the last block away, its commit mark with it."""
    journal = folder / "studies.journal"
    journal.write_bytes(journal.read_bytes()[:-20])


def half_a_chunk(folder: Path) -> None:
    """Leave the beginning of a chunk's file under the name it has while it is written."""
    (folder / "chunks" / "refit-000.partial").write_bytes(b"PK\x03\x04")


# Moments in the order in which an undisturbed sweep reaches them, and what is torn there.
KILLS: dict[str, tuple[Moment, Callable[[Path], None]]] = {
    "before training": (has("config.yaml"), intact),
    "in the first round": (has("chunks/round-000-*.npz"), intact),
    "after the first round": (committed(1), torn_line),
    "in the second round": (has("chunks/round-001-*.npz"), torn_line),
    "after the third round": (committed(3), torn_block),
    "in the fourth round": (has("chunks/round-003-*.npz"), intact),
    "after the last round": (committed(6), torn_line),
    "at the first refits": (has("chunks/refit-*.npz"), half_a_chunk),
    "at the last refits": (has("chunks/refit-*.npz", number=2), intact),
    "while the report is written": (has("trials.csv"), intact),
}
A_FEW = ["in the first round", "after the third round", "at the first refits"]


def numbers(folder: Path) -> dict[str, Any]:
    result = json.loads((folder / "result.json").read_text())
    return {key: value for key, value in result.items() if key not in ("seconds", "command")}


def wait_for(moment: Moment, folder: Path, is_running: Callable[[], bool]) -> None:
    """Look every millisecond, for as long as the process runs."""
    deadline = time.monotonic() + LONGEST_WAIT
    while is_running() and not moment(folder):
        assert time.monotonic() < deadline, "the moment did not come"
        time.sleep(0.001)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert main([*SWEEP, f"hydra.run.dir={folder}"]) == 0
    return folder


def assert_the_same(folder: Path, undisturbed: Path) -> None:
    assert numbers(folder) == numbers(undisturbed)
    assert (folder / "trials.csv").read_bytes() == (undisturbed / "trials.csv").read_bytes()
    names = {path.relative_to(folder) for path in folder.rglob("*.html")}
    assert names == {path.relative_to(undisturbed) for path in undisturbed.rglob("*.html")}


def test_a_sweep_that_was_killed_three_times_ends_like_an_undisturbed_one(undisturbed, tmp_path):
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["tensorflow", "focalsweep.run_sweep"])

    def start() -> multiprocessing.Process:
        process = server.Process(target=main, args=([*SWEEP, f"hydra.run.dir={tmp_path}"],))
        process.start()
        return process

    for name in A_FEW:
        moment, tear = KILLS[name]
        process = start()
        wait_for(moment, tmp_path, process.is_alive)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"it had ended before it was killed {name}"
        tear(tmp_path)
    assert not (tmp_path / "result.json").exists()
    process = start()
    process.join()
    assert process.exitcode == 0
    assert_the_same(tmp_path, undisturbed)


def command(folder: Path) -> Sequence[str]:
    return [sys.executable, "-m", "focalsweep", *SWEEP, f"hydra.run.dir={folder}"]


@pytest.mark.slow
def test_a_sweep_that_was_killed_ten_times_ends_like_an_undisturbed_one(undisturbed, tmp_path):
    assert len(KILLS) == 10
    for name, (moment, tear) in KILLS.items():
        process = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL)
        wait_for(moment, tmp_path, lambda process=process: process.poll() is None)
        process.kill()
        assert process.wait() == -signal.SIGKILL, f"it had ended before it was killed {name}"
        tear(tmp_path)
    assert not (tmp_path / "result.json").exists()
    subprocess.run(command(tmp_path), stdout=subprocess.DEVNULL, check=True)
    assert_the_same(tmp_path, undisturbed)


def test_ctrl_c_stops_at_once_with_one_sentence_and_the_same_command_goes_on(undisturbed, tmp_path):
    process = subprocess.Popen(
        command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(committed(1), tmp_path, lambda: process.poll() is None)
    process.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    _, error = process.communicate(timeout=LONGEST_WAIT)
    assert time.monotonic() - stopped < 5.0
    assert error == "\nfocalsweep: stopped; the same command goes on from here.\n"
    assert process.returncode == 130
    assert not (tmp_path / "result.json").exists()
    assert main([*SWEEP, f"hydra.run.dir={tmp_path}"]) == 0
    assert_the_same(tmp_path, undisturbed)
