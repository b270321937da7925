"""Make a missing SQLite store while models train, in a process of its own.

A new store takes seconds of imports and migrations that do not depend on the sweep. Not in a
thread: importing mlflow beside whatever the main thread imports next could deadlock or break it.
The process runs at low priority, leaves a whole store or none, and whether it succeeded does not
matter: the mirror makes what it finds missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from focalsweep.tracking.store import create_sqlite, quiet, sqlite_file

_LONGEST_WAIT = 60.0
"""Seconds; a new store takes five on a busy machine."""


@dataclass(frozen=True)
class Preparation:
    """Hold the process at work, or None when there was nothing to do."""

    process: subprocess.Popen[bytes] | None

    def wait(self) -> None:
        """Wait until the store is there, or was given up."""
        if self.process is None:
            return
        try:
            self.process.wait(_LONGEST_WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_preparation(uri: str) -> Preparation:
    """Start making the store at `uri` if it is an SQLite file that does not exist."""
    file = sqlite_file(uri)
    if file is None or file.exists():
        return Preparation(None)
    command = [sys.executable, "-m", __name__, str(file)]
    try:
        return Preparation(
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
    except OSError:  # no memory or no processes left: the sweep is what matters
        return Preparation(None)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)
    with quiet():
        create_sqlite(Path(sys.argv[1]))
