"""Optuna's journal, written in whole blocks: a sweep that is killed resumes at a block.

Between two commits operations live in memory only, so a block (a round's asks and tells) is in
the file entirely or not at all: what a kill tears off is cut at the next start, and the sampler,
seeded by trial number, asks the same questions again. It also saves one fsync an operation. The
file remains a plain Optuna journal that Optuna's own tools read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

_COMMITTED = "focalsweep:committed"


class BlockJournal(BaseJournalBackend):
    """Hold the journal of one sweep; one process at a time (the run folder is locked).

    Parameters
    ----------
    path : Path
        The file; made at the first commit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._logs = _committed_logs(path)
        self._written = len(self._logs)

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Return operations from a number on, uncommitted ones included."""
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Keep operations until the next commit."""
        # Through JSON, as a file would: what Optuna reads back must not depend on when.
        self._logs.extend(json.loads(json.dumps(logs)))

    def commit(self) -> None:
        """Write everything since the last commit; the last operation must be a commit mark."""
        lines = (json.dumps(log, separators=(",", ":")) for log in self._logs[self._written :])
        with self._path.open("ab") as file:
            file.write(("\n".join(lines) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        self._written = len(self._logs)


def commit_mark(number: int) -> dict[str, int]:
    """Return the study attribute whose writing marks the end of a block."""
    return {_COMMITTED: number}


def _committed_logs(path: Path) -> list[dict[str, Any]]:
    """Read the operations up to the last commit mark and cut the file there."""
    if not path.exists():
        return []
    content = path.read_bytes()
    # A mark whose own line is torn ends no block.
    whole_lines = content.rfind(b"\n") + 1
    mark = content.rfind(f'"{_COMMITTED}"'.encode(), 0, whole_lines)
    end = content.index(b"\n", mark) + 1 if mark >= 0 else 0
    if end < len(content):
        os.truncate(path, end)
    return [json.loads(line) for line in content[:end].splitlines()]
