"""What a running sweep shows: a bar in a terminal, a few lines in a pipe."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from focalsweep.deadline import Deadline
from focalsweep.progress import SweepProgress, in_words


def shown(
    *,
    terminal: bool,
    steps: int,
    step: int = 1,
    search: int = 80,
    refit: int = 20,
    deadline: Deadline | None = None,
) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60, highlight=False)
    with SweepProgress(
        console, search_epochs=search, refit_epochs=refit, deadline=deadline or Deadline()
    ) as bar:
        for _ in range(steps):
            bar.trained(step)
        bar.say("refit")
    return stream.getvalue()


def test_in_a_pipe_there_is_a_line_each_tenth_of_the_work():
    lines = shown(terminal=False, steps=100).splitlines()
    assert 8 <= len(lines) <= 10
    assert lines[0].startswith("  10% after 0 s, about 0 s left")
    assert not any("100%" in line for line in lines)


def test_work_that_comes_in_large_pieces_gives_fewer_lines():
    assert len(shown(terminal=False, steps=2, step=40).splitlines()) == 2


def test_in_a_terminal_there_is_a_bar_that_names_the_phase():
    text = shown(terminal=True, steps=50)
    assert "refit" in text
    assert "50%" in text


def test_the_clock_is_the_commands_and_no_more_is_left_than_its_deadline_has():
    begun = Deadline(started=time.monotonic() - 300, minutes=6)
    lines = shown(terminal=False, steps=1, step=20, deadline=begun).splitlines()
    assert lines == ["  20% after 5 min, about 0 s left"]
    bar = SweepProgress(Console(), search_epochs=80, refit_epochs=20, deadline=begun)
    bar._started -= 240  # a quarter of the work in 240 s leaves 720 s by itself
    bar.trained(25)
    assert bar.clock() == "5 min, about 60 s left"


def test_a_search_that_ends_early_is_less_work():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=False, width=60)
    with SweepProgress(console, search_epochs=80, refit_epochs=20, deadline=Deadline()) as bar:
        bar.trained(20)
        bar.shorten(20)
        bar.trained(10)
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == ["20%", "75%"]


def test_work_is_counted_from_any_thread():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=False, width=60)
    with (
        SweepProgress(console, search_epochs=3000, refit_epochs=1000, deadline=Deadline()) as bar,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(bar.trained, [1] * 4000))
    shares = [line.split()[0] for line in stream.getvalue().splitlines()]
    assert shares == [f"{ten}0%" for ten in range(1, 10)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_durations_are_said_in_words(seconds, words):
    assert in_words(seconds) == words
