"""The run folder: one sweep, one process, no other config and no other data."""

import fcntl
from pathlib import Path

import pytest

from focalsweep.config.compose import ComposedSweep, compose_sweep
from focalsweep.config.record import load_config
from focalsweep.errors import UserError
from focalsweep.identity.code import Identity
from focalsweep.run_folder import check, finished_by_other_code, opened

SHA = "ab" * 32
CODE = {"focalsweep": "cd" * 32, "keras": "3.15.1", "own.py": "ef" * 32}


def composed(folder: Path, *overrides: str) -> ComposedSweep:
    return compose_sweep("smoke", [f"hydra.run.dir={folder}", *overrides])


def sentence(action) -> str:
    with pytest.raises(UserError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def start(sweep: ComposedSweep, *, sha: str = SHA, code: Identity = CODE) -> Path:
    with opened(sweep, data_sha256=sha, code=code) as folder:
        return folder


def test_a_new_folder_is_made_with_its_parents_and_says_what_runs_in_it(tmp_path):
    sweep = composed(tmp_path / "a" / "b")
    folder = start(sweep)
    assert folder == tmp_path / "a" / "b"
    assert load_config(folder / "config.yaml") == sweep.config
    assert SHA in (folder / "data.sha256").read_text()


def test_the_same_sweep_opens_its_folder_again_and_leaves_what_is_there(tmp_path):
    sweep = composed(tmp_path)
    (start(sweep) / "studies.journal").write_text("what was found")
    assert (start(sweep) / "studies.journal").read_text() == "what was found"


def test_a_folder_that_holds_other_files_is_used_and_they_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    start(composed(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_another_config_is_refused_naming_the_keys_and_nothing_is_written(tmp_path):
    start(composed(tmp_path))
    before = (tmp_path / "config.yaml").read_text()
    other = composed(tmp_path, "trials=3", "optimizer.batch_size=64")
    for action in (lambda: start(other), lambda: check(other, data_sha256=SHA, code=CODE)):
        message = sentence(action)
        assert "`trials`" in message
        assert "`optimizer.batch_size`" in message
        assert "hydra.run.dir=DIR" in message
    assert (tmp_path / "config.yaml").read_text() == before


@pytest.mark.parametrize("override", ["tracking=none", "question='Why?'"])
def test_what_changes_no_result_may_change(override, tmp_path):
    start(composed(tmp_path))
    other = composed(tmp_path, override)
    start(other)
    assert load_config(tmp_path / "config.yaml") == other.config


def test_changed_data_are_refused(tmp_path):
    start(composed(tmp_path))
    for action in (
        lambda: start(composed(tmp_path), sha="cd" * 32),
        lambda: check(composed(tmp_path), data_sha256="cd" * 32, code=CODE),
    ):
        assert "data has changed" in sentence(action)
    assert SHA in (tmp_path / "data.sha256").read_text()


def test_changed_code_is_refused_naming_what_changed_until_the_sweep_is_finished(tmp_path):
    sweep = composed(tmp_path)
    start(sweep)
    before = (tmp_path / "code.json").read_text()
    other = CODE | {"keras": "3.16.0", "own.py": "01" * 32}
    for action in (
        lambda: start(sweep, code=other),
        lambda: check(sweep, data_sha256=SHA, code=other),
    ):
        message = sentence(action)
        assert "`keras` 3.15.1 is now 3.16.0, `own.py` was edited" in message
        assert "hydra.run.dir=DIR" in message
    assert finished_by_other_code(sweep, code=other) is None
    (tmp_path / "result.json").write_text("{}")
    start(sweep, code=other)
    assert "`own.py` was edited" in finished_by_other_code(sweep, code=other)
    assert finished_by_other_code(sweep, code=CODE) is None
    assert (tmp_path / "code.json").read_text() == before


def test_a_folder_begun_by_a_version_that_noted_no_code_is_not_gone_on_with(tmp_path):
    start(composed(tmp_path))
    (tmp_path / "code.json").unlink()
    assert "did not note its code" in sentence(lambda: start(composed(tmp_path)))


@pytest.mark.parametrize("content", ["some: thing\n", "", "[1, 2", "text"])
def test_a_config_of_something_else_is_refused_and_not_overwritten(content, tmp_path):
    (tmp_path / "config.yaml").write_text(content)
    assert str(tmp_path) in sentence(lambda: start(composed(tmp_path)))
    assert (tmp_path / "config.yaml").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    message = sentence(lambda: start(composed(tmp_path / "file" / "run")))
    assert "cannot be written" in message
    assert "hydra.run.dir=DIR" in message


def test_a_second_process_is_kept_out_until_the_first_one_ends(tmp_path):
    sweep = composed(tmp_path)
    with opened(sweep, data_sha256=SHA, code=CODE):
        assert "Another process" in sentence(lambda: start(sweep))
    start(sweep)


def test_a_lock_that_a_killed_process_left_does_not_count(tmp_path):
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "Another process" in sentence(lambda: start(composed(tmp_path)))
    assert (tmp_path / ".lock").exists()
    start(composed(tmp_path))


def test_checking_a_folder_writes_nothing(tmp_path):
    check(composed(tmp_path / "new"), data_sha256=SHA, code=CODE)
    assert not (tmp_path / "new").exists()
