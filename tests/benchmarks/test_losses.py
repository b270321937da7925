"""What the losses cost is timed and weighed by these functions; here on tiny shapes."""

import time
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from benchmarks import losses


class Call:
    """Take so many seconds, and return something that waits for itself."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self):
        time.sleep(self.seconds)
        return self

    def numpy(self):
        return 0.0


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(losses, "ROUNDS", 3)
    monkeypatch.setattr(losses, "SECONDS_A_TURN", 1e-4)


def test_ratio_is_our_time_over_theirs(short):
    microseconds, times = losses.ratio(Call(0.02), Call(0.004))
    assert microseconds >= 20_000
    assert 2.0 < times <= 5.5


def test_both_sides_are_given_the_same_rows():
    for kind in losses.KINDS:
        logits, ours, theirs = losses.batch((4, 3), kind)
        assert logits.shape == theirs.shape == (4, 3)
        expected = np.argmax(theirs, axis=-1) if kind == "codes" else theirs
        np.testing.assert_array_equal(ours, expected)


def test_a_row_has_four_cells_and_fits_the_table(short):
    cells = losses.time_losses((4, 3), "one-hot")
    assert len(cells) == 4
    for cell in cells:
        microseconds, times = cell.split(" ")
        assert float(microseconds) > 0
        assert times.endswith("x")
        assert float(times[:-1]) > 0


def test_the_line_of_a_row_fits_80_columns():
    console = Console(file=StringIO(), width=80)
    console.print(losses.line(losses.HEADS), highlight=False)
    widest = ("16384", "1000", "one-hot", *["123456 12.34x"] * 4)
    console.print(losses.line(widest), highlight=False)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].index("targets") + len("targets") == lines[1].index("one-hot") + len("one-hot")


@pytest.mark.slow
@pytest.mark.skipif(not losses.STATM.exists(), reason="peak memory is read from /proc")
def test_a_call_adds_to_the_peak_memory_of_a_fresh_process_and_says_nothing(capfd):
    assert losses.peak_mebibytes("binary", ours=True, xla=False, shape=(2048, 1000)) > 0
    assert capfd.readouterr().err == ""
