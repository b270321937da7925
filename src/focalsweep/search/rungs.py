"""Train members from rung to rung: losing trials leave with all their folds, the others go on.

Those who go on are cut into full chunks again, in the order in which they stood, and each continues
from exactly where it stopped. What a member shows is the same as if nobody had left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from focalsweep.search.chunk_store import ChunkStore
from focalsweep.training.member import Member, MemberKey, MemberRecord, MemberState

TrialKey = tuple[str, int]
"""A study's name and the number of a trial in it."""

Look = Callable[[int, Mapping[TrialKey, list[MemberRecord]]], Collection[TrialKey]]
"""Takes an epoch and the records of each trial so far, folds in order; returns who leaves."""


def train_by_rungs(
    name: str,
    members: Sequence[Member],
    *,
    rungs: Sequence[int],
    look: Look,
    chunks: ChunkStore,
    size: int,
    progress: Callable[[int], None],
) -> dict[TrialKey, list[MemberRecord]]:
    """Return the records of every trial that reached its last epoch, folds in order.

    Parameters
    ----------
    name : str
        Of the chunks, see `ChunkStore.train`; what is on disk already is not trained again.
    members : sequence of Member
        All of the same number of epochs.
    rungs : sequence of int
        Epochs, ascending, after which `look` decides. Empty trains everything in one go.
    look : callable
        See `Look`. Called once a rung with the trials that are still there.
    chunks, size, progress
        As in `focalsweep.search.rounds.Search.run`. `progress` is also told of member-epochs that
        are not trained, so that what it counts ends where it would without rungs.
    """
    states: dict[MemberKey, MemberState] = {}
    so_far: dict[MemberKey, MemberRecord] = {}
    for index, rung in enumerate(rungs):
        part = [
            replace(member, epochs=rung, keep_state=True, begin=states.get(member.key))
            for member in members
        ]
        records = chunks.train(f"{name}-rung-{index}", part, size=size, progress=progress)
        so_far = _longer(so_far, records)
        leaving = look(rung, _by_trial(so_far))
        left = [member for member in members if trial_of(member.key) in leaving]
        progress(sum(member.epochs - rung for member in left))
        members = [member for member in members if trial_of(member.key) not in leaving]
        going = {member.key for member in members}
        states = {r.key: r.state for r in records if r.key in going and r.state is not None}
        so_far = {key: record for key, record in so_far.items() if key in going}
    last = [replace(member, begin=states.get(member.key)) for member in members]
    return _by_trial(_longer(so_far, chunks.train(name, last, size=size, progress=progress)))


def trial_of(key: MemberKey) -> TrialKey:
    """Return the trial that a member belongs to."""
    return key.study, key.trial


def _longer(
    so_far: Mapping[MemberKey, MemberRecord], records: Sequence[MemberRecord]
) -> dict[MemberKey, MemberRecord]:
    """Put records behind those of the same members before."""
    # Without states, which are large and belong to this rung only.
    return {
        record.key: replace(
            so_far[record.key].followed_by(record) if record.key in so_far else record, state=None
        )
        for record in records
    }


def _by_trial(records: Mapping[MemberKey, MemberRecord]) -> dict[TrialKey, list[MemberRecord]]:
    trials: dict[TrialKey, list[MemberRecord]] = {}
    for key in sorted(records):
        trials.setdefault(trial_of(key), []).append(records[key])
    return trials
