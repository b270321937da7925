"""What produced a result: versions and the commit of the source tree."""

import re
import subprocess
from importlib import metadata
from pathlib import Path

from focalsweep import provenance
from focalsweep.provenance import PACKAGES, commit, versions


def test_versions_name_python_and_every_package_that_numbers_depend_on():
    found = versions()
    assert list(found) == ["python", *PACKAGES]
    assert found["tensorflow"] == metadata.version("tensorflow")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_a_hash_whatever_tags_there_are_and_tells_of_changes(tmp_path, monkeypatch):
    module = tmp_path / "provenance.py"
    module.write_text("")
    monkeypatch.setattr(provenance, "__file__", str(module))
    assert commit() is None
    git(tmp_path, "init", "--quiet")
    assert commit() is None
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    git(tmp_path, "tag", "--annotate", "v1", "--message", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert re.fullmatch("[0-9a-f]{40}", head)
    assert commit() == head
    module.write_text("changed")
    assert commit() == f"{head}-dirty"


def test_without_git_there_is_no_commit(monkeypatch):
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(provenance.subprocess, "run", missing)
    assert commit() is None
