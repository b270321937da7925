import time

import pytest

from focalsweep.training.calibration import seconds_per_member_epoch

SIZE = 4
COMPILING, A_CHUNK, AN_EPOCH = 1.0, 0.1, 0.05


class SleepingTrainer:
    """Sleeps to compile, for what a chunk costs once and for each epoch of a chunk."""

    def __init__(self, views):
        self.views = views
        self.calls = []

    def train(self, chunks, *, size):
        time.sleep(0.0 if self.calls else COMPILING)
        self.calls.append((chunks, size))
        for chunk in chunks:
            time.sleep(A_CHUNK + AN_EPOCH * max(member.epochs for member in chunk))
            yield []


@pytest.fixture(scope="module")
def measured(views):
    trainer = SleepingTrainer(views)
    return trainer, seconds_per_member_epoch(trainer, chunk_size=SIZE)


def test_only_epochs_are_counted_not_compilation_or_what_a_chunk_costs_once(measured):
    _, seconds = measured
    # A busy machine may oversleep by some; compilation alone would be 1 / 16 s more.
    assert 0.5 * AN_EPOCH / SIZE < seconds < 2.5 * AN_EPOCH / SIZE


def test_chunks_are_full_and_of_the_sweeps_size(measured):
    trainer, _ = measured
    assert {size for _, size in trainer.calls} == {SIZE}
    assert {len(chunk) for chunks, _ in trainer.calls for chunk in chunks} == {SIZE}


def test_members_go_round_all_views(measured, views):
    trainer, _ = measured
    members = [member for chunk in trainer.calls[-1][0] for member in chunk]
    assert [member.view for member in members] == [i % len(views) for i in range(len(members))]


def test_a_machine_that_was_held_up_meanwhile_does_not_give_no_time_at_all(views, monkeypatch):
    moments = iter([0.0, 1.0, 1.0, 1.6, 1.6, 3.0])  # compile, three epochs, one epoch held up
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    trainer = SleepingTrainer(views)
    trainer.calls.append(None)
    seconds = seconds_per_member_epoch(trainer, chunk_size=SIZE)
    assert seconds == pytest.approx(0.6 / (2 * SIZE * 3))
