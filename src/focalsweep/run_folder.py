"""The folder of one sweep: locked while it runs, and never continued with other data or config."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from focalsweep.config.compose import ComposedSweep
from focalsweep.config.record import changed_keys, load_config
from focalsweep.errors import UserError
from focalsweep.report.write import write_text

CONFIG_FILE = "config.yaml"
DATA_FILE = "data.sha256"


@contextmanager
def opened(composed: ComposedSweep, *, data_sha256: str) -> Iterator[Path]:
    """Make or reopen the run folder and keep other processes out of it.

    Raises
    ------
    UserError
        When another process works in it, or it holds a sweep of another config or other data.
    """
    folder = composed.run_dir
    check(composed, data_sha256=data_sha256)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise UserError(
            f"The run folder `{folder}` cannot be written ({error.strerror}); choose another with "
            "`hydra.run.dir=DIR`."
        ) from None
    with lock:
        try:
            # The kernel gives the lock back when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"Another process is running the sweep in `{folder}`; wait for it, or choose "
                "another folder with `hydra.run.dir=DIR`."
            ) from None
        write_text(folder / CONFIG_FILE, composed.yaml)
        write_text(folder / DATA_FILE, f"{data_sha256}\n")
        yield folder


def check(composed: ComposedSweep, *, data_sha256: str) -> None:
    """Refuse a run folder that holds a sweep of another config or other data; write nothing."""
    folder = composed.run_dir
    config, data = folder / CONFIG_FILE, folder / DATA_FILE
    changed = changed_keys(load_config(config), composed.config) if config.exists() else []
    if changed:
        keys = ", ".join(f"`{key}`" for key in changed)
        raise UserError(
            f"The run folder `{folder}` holds a sweep with another {keys}; choose another folder "
            "with `hydra.run.dir=DIR`, or remove this one."
        )
    if data.exists() and data.read_text().strip() != data_sha256:
        raise UserError(
            f"The data has changed since the sweep in `{folder}` was started; choose another "
            "folder with `hydra.run.dir=DIR`, or remove this one."
        )
