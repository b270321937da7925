"""The folder of one sweep: locked while it runs, never continued with other data, config or code.

A finished one is never refused for its code: what was found stays readable.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from focalsweep.and_more import and_more
from focalsweep.config.compose import ComposedSweep
from focalsweep.config.record import RESULT_FILE, changed_keys, load_config
from focalsweep.config.scale import Scale
from focalsweep.errors import UserError
from focalsweep.identity.code import Identity, as_text, differences, from_text
from focalsweep.report.write import write_text

CONFIG_FILE = "config.yaml"
DATA_FILE = "data.sha256"
CODE_FILE = "code.json"
SCALE_FILE = "scale.json"
"""What of the sweep is carried out, for the command that goes on."""
JOURNAL_FILE = "studies.journal"
CHUNKS_FOLDER = "chunks"

_SHOWN = 4
"""Changes of the code that a message names."""


@contextmanager
def opened(composed: ComposedSweep, *, data_sha256: str | None, code: Identity) -> Iterator[Path]:
    """Make or reopen the run folder and keep other processes out of it.

    Parameters
    ----------
    composed : ComposedSweep
    data_sha256 : str, optional
        Fingerprint of the data; None where a finished sweep is opened without reading them.
    code : Identity
        See `focalsweep.identity.code.code_identity`.

    Raises
    ------
    UserError
        When another process works in it, or it holds a sweep of another config, other data or, if
        it is not finished, other code.
    """
    folder = composed.run_dir
    check(composed, data_sha256=data_sha256, code=code)
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
        if not (folder / RESULT_FILE).exists():
            # Before the config: a folder that has one was begun by the code that it names.
            write_text(folder / CODE_FILE, as_text(code))
            write_text(folder / DATA_FILE, f"{data_sha256}\n")
        write_text(folder / CONFIG_FILE, composed.yaml)
        yield folder


def begun(folder: Path) -> Scale | None:
    """Return what an earlier command carries out in a run folder; None where none began.

    Raises
    ------
    UserError
        When the file is not one that this version writes.
    """
    path = folder / SCALE_FILE
    try:
        return Scale.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        raise UserError(
            f"`{path}` does not say what the sweep carries out; remove the run folder, or choose "
            "another with `hydra.run.dir=DIR`."
        ) from None


def begin(folder: Path, scale: Scale) -> None:
    """Store what is carried out; what was trained for other folds or arms makes room."""
    before = begun(folder)
    # Rounds are added to a search that ended early; reference rows train nothing.
    added = {"trials": scale.trials, "references": scale.references}
    if before is not None and before.model_copy(update=added) != scale:
        (folder / JOURNAL_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / CHUNKS_FOLDER, ignore_errors=True)
    write_text(folder / SCALE_FILE, scale.model_dump_json(indent=2) + "\n")


def check(composed: ComposedSweep, *, data_sha256: str | None, code: Identity) -> None:
    """Refuse a run folder that holds another sweep than this; write nothing. See `opened`."""
    folder = composed.run_dir
    config, data = folder / CONFIG_FILE, folder / DATA_FILE
    changed = changed_keys(load_config(config), composed.config) if config.exists() else []
    if changed:
        keys = ", ".join(f"`{key}`" for key in changed)
        raise UserError(
            f"The run folder `{folder}` holds a sweep with another {keys}; choose another folder "
            "with `hydra.run.dir=DIR`, or remove this one."
        )
    edited = None if (folder / RESULT_FILE).exists() else _changed_code(folder, code)
    if edited:
        raise UserError(
            f"The code has changed since the sweep in `{folder}` was started ({edited}), "
            "and results of both would be mixed; choose another folder with `hydra.run.dir=DIR`, "
            "remove this one, or go on with the code as it was."
        )
    if data_sha256 is not None and data.exists() and data.read_text().strip() != data_sha256:
        raise UserError(
            f"The data has changed since the sweep in `{folder}` was started; choose another "
            "folder with `hydra.run.dir=DIR`, or remove this one."
        )


def finished_by_other_code(composed: ComposedSweep, *, code: Identity) -> str | None:
    """Say so where the folder holds a finished sweep of other code than today's."""
    folder = composed.run_dir
    edited = _changed_code(folder, code) if (folder / RESULT_FILE).exists() else None
    if not edited:
        return None
    return (
        f"The code has changed since this sweep was started ({edited}), and the data are "
        "not read again; choose another folder with `hydra.run.dir=DIR` for a new sweep."
    )


def _changed_code(folder: Path, code: Identity) -> str | None:
    """Say what of the code is other than when the folder's sweep was started; None for nothing."""
    if not (folder / CONFIG_FILE).exists():
        return None
    file = folder / CODE_FILE
    if not file.exists():
        return "it was started by a version that did not note its code"
    found = differences(from_text(file.read_text(encoding="utf-8")), code)
    return and_more(found, most=_SHOWN) or None
