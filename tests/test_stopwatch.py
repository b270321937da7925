"""Seconds a phase."""

import pytest

from focalsweep import stopwatch
from focalsweep.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(stopwatch.time, "monotonic", lambda: now[0])
    return now


def test_phases_add_up_and_keep_their_order(clock):
    watch = Stopwatch()
    for name, seconds in (("data", 1.0), ("search", 5.0), ("data", 0.5)):
        with watch.phase(name):
            clock[0] += seconds
    assert watch.seconds == {"data": 1.5, "search": 5.0}
    assert list(watch.seconds) == ["data", "search"]


def test_a_phase_that_fails_is_counted_too(clock):
    watch = Stopwatch()

    def fail() -> None:
        with watch.phase("data"):
            clock[0] += 2.0
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert watch.seconds == {"data": 2.0}
