"""The journal in blocks: what a kill may tear off, and that Optuna's own tools read the rest."""

import json
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from focalsweep.search.journal import BlockJournal, commit_mark

SPACE = {"x": FloatDistribution(0.0, 1.0)}


class Writer:
    """Write blocks of one trial each to two studies of a journal."""

    def __init__(self, path: Path) -> None:
        self.journal = BlockJournal(path)
        storage = JournalStorage(self.journal)
        self.studies = [
            optuna.create_study(
                storage=storage,
                study_name=name,
                sampler=optuna.samplers.RandomSampler(seed=0),
                load_if_exists=True,
            )
            for name in ("one", "two")
        ]

    def trial(self) -> None:
        for study in self.studies:
            trial = study.ask(fixed_distributions=dict(SPACE))
            trial.set_user_attr("curve", [0.1, 0.2])
            study.tell(trial, trial.params["x"])

    def commit(self, number: int) -> None:
        for key, value in commit_mark(number).items():
            self.studies[-1].set_user_attr(key, value)
        self.journal.commit()

    def values(self) -> list[list[float | None]]:
        return [[trial.value for trial in study.trials] for study in self.studies]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "studies.journal"


@pytest.fixture
def written(path: Path) -> tuple[list[bytes], list[list[list[float | None]]]]:
    """Write three blocks; return the file and the values after each."""
    writer, contents, values = Writer(path), [], []
    for number in range(3):
        writer.trial()
        writer.commit(number)
        contents.append(path.read_bytes())
        values.append(writer.values())
    return contents, values


def test_nothing_is_on_disk_before_the_first_commit(path):
    writer = Writer(path)
    writer.trial()
    assert not path.exists()
    writer.commit(0)
    assert path.read_bytes().endswith(b"\n")


def test_what_was_not_committed_is_gone_when_the_journal_is_opened_again(path, written):
    contents, values = written
    writer = Writer(path)
    writer.trial()
    assert writer.values() != values[-1]
    assert path.read_bytes() == contents[-1]
    assert Writer(path).values() == values[-1]


def test_a_block_that_is_torn_at_any_byte_is_dropped_whole_and_no_other_is(path, written):
    contents, values = written
    whole, last = contents[2], len(contents[2]) - len(contents[1])
    for missing in [*range(1, 200), *range(200, last, 23), last]:
        path.write_bytes(whole[:-missing])
        reopened = Writer(path)
        assert reopened.values() == values[1], f"{missing} bytes missing"
        assert path.read_bytes() == contents[1]


@pytest.mark.parametrize("tail", [b'{"op_code": 4, "wor', b"\0" * 40, b"\xff\xfe", b"{}\n", b"\n"])
def test_what_follows_the_last_block_is_cut_off(path, written, tail):
    contents, values = written
    path.write_bytes(contents[-1] + tail)
    assert Writer(path).values() == values[-1]
    assert path.read_bytes() == contents[-1]


def test_a_first_block_that_is_torn_leaves_an_empty_journal(path, written):
    contents, _ = written
    for missing in (1, 2, 50, len(contents[0]) - 1):
        path.write_bytes(contents[0][:-missing])
        assert Writer(path).values() == [[], []]
        assert path.read_bytes() == b""


def test_work_goes_on_after_a_cut_as_if_nothing_had_happened(path, written):
    contents, values = written
    path.write_bytes(contents[2][:-10])
    writer = Writer(path)
    for study in writer.studies:
        study.sampler = optuna.samplers.RandomSampler(seed=7)
    writer.trial()
    writer.commit(2)
    reopened = Writer(path).values()
    assert reopened == writer.values()
    assert [study[:2] for study in reopened] == values[1]
    assert [len(study) for study in reopened] == [3, 3]


def test_optuna_itself_reads_the_file(path, written):
    _, values = written
    storage = JournalStorage(JournalFileBackend(str(path)))
    assert optuna.get_all_study_names(storage) == ["one", "two"]
    for name, expected in zip(("one", "two"), values[-1], strict=True):
        trials = optuna.load_study(study_name=name, storage=storage).trials
        assert [trial.value for trial in trials] == expected
        assert {trial.state for trial in trials} == {TrialState.COMPLETE}
        assert trials[0].user_attrs == {"curve": [0.1, 0.2]}


def test_every_line_is_one_operation_in_json(path, written):
    for line in path.read_text().splitlines():
        assert {"op_code", "worker_id"} <= json.loads(line).keys()
