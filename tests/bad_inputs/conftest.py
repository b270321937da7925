"""Run one malformed input through the command line and look at everything that it leaves."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from focalsweep.cli import main
from tests.bad_inputs.bad import Bad

Refused = Callable[..., str]

SECONDS = 15.0
"""Of processor time, in which the first run also imports pandas, scikit-learn and TensorFlow."""


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refused:
    """Check that a command refuses an input with one sentence and writes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(bad: Bad, command: str, *, silent: bool = True) -> str:
        for name, content in dict(bad.files).items():
            _write(tmp_path / name, content)
        given = list(bad.given)
        if "--config-name" not in given:
            given += ["--config-name", "smoke"]
        if command == "inspect":
            given.append("--no-timing")
        before, started = _inside(tmp_path), time.process_time()
        assert main([command, *given]) == 2
        shown = capsys.readouterr()
        assert time.process_time() - started < SECONDS
        assert _inside(tmp_path) == before
        assert not silent or shown.out == ""
        # One paragraph without line breaks that ends in a period.
        assert re.fullmatch(r"focalsweep: [^\n]+\.\n", shown.err), shown.err
        assert f"`{bad.key}" in shown.err, shown.err
        assert bad.way_out in shown.err, shown.err
        return shown.out

    return run


@pytest.fixture
def refused_in_part(refused: Refused) -> Refused:
    """Check the same of a command that may print what it found before; return that."""
    return partial(refused, silent=False)


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(str(content), encoding="utf-8")


def _inside(folder: Path) -> dict[str, bytes | None]:
    """Return what lies in a folder; Python's own cache of imported files is not ours."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }
