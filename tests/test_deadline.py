"""A limit counts from the start of the command."""

import math
import time

import pytest

from focalsweep.deadline import Deadline


def test_without_a_limit_time_never_ends():
    assert Deadline().left() == math.inf
    assert Deadline().shared(3).left() == math.inf


def test_what_passed_before_counts():
    begun = Deadline(minutes=2, started=time.monotonic() - 90)
    assert begun.elapsed() == pytest.approx(90, abs=1)
    assert begun.left() == pytest.approx(30, abs=1)


def test_sweeps_of_one_command_share_what_is_left():
    begun = Deadline(minutes=2, started=time.monotonic() - 30)
    assert begun.shared(3).left() == pytest.approx(30, abs=1)
    assert begun.shared(1).left() == pytest.approx(90, abs=1)


def test_a_share_remembers_what_the_whole_command_was_given():
    # The same command again finds its finished sweeps, and advice is for the command.
    share = Deadline(minutes=3, started=time.monotonic()).shared(3)
    assert share.minutes == pytest.approx(1, abs=0.01)
    assert share.given == 3
    assert share.for_all(90) == pytest.approx(270, rel=0.01)
    assert share.shared(2).given == 3
    assert Deadline(minutes=3).shared(1).for_all(90) == 90
    assert share.within(5).given == 5
