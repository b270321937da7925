"""Check that a path of the config can be read, and say what is near it where it cannot."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from focalsweep.data.column_names import listed
from focalsweep.errors import UserError

_TABLE = re.compile(r"\.(csv|tsv|parquet|pq)(\.(gz|bz2|xz|zst|zip))?$", re.IGNORECASE)


def existing_path(path: str | None, *, kind: str, key: str = "dataset.path") -> Path:
    """Return the file or folder that `path` names, with ``~`` for the home folder.

    Parameters
    ----------
    path : str, optional
        As written in the config.
    kind : str
        What it should be, such as "a CSV or Parquet file", for messages.
    key : str, default "dataset.path"
        The config key, for messages.

    Raises
    ------
    UserError
        When nothing is given, or nothing is there.
    """
    if path is None or not str(path).strip():
        raise UserError(f"`{key}` must name {kind}. Received: nothing; set `{key}=FILE`.")
    found = Path(str(path)).expanduser()
    try:
        exists = found.exists()
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise UserError(
            f"`{key}` must name {kind}. Received: `{str(path)[:80]}` ({error.strerror}); choose "
            "another."
        ) from error
    if not exists:
        near: list[str] = []
        if found.parent.is_dir():
            near = difflib.get_close_matches(
                found.name, [entry.name for entry in found.parent.iterdir()], n=1
            )
        hint = f"the nearest name there is `{near[0]}`" if near else f"set `{key}` to one that is"
        sort = "file or folder" if "folder" in kind else "file"
        raise UserError(
            f"`{key}` must name an existing {sort}. Received: `{path}` (looked for at "
            f"`{found.absolute()}`); {hint}."
        )
    return found


def existing_file(path: str | None, *, kind: str, key: str = "dataset.path") -> Path:
    """Return the readable file that `path` names.

    Raises
    ------
    UserError
        As `existing_path`; also when it is a folder, cannot be read, or is empty.
    """
    file = existing_path(path, kind=kind, key=key)
    if file.is_dir():
        tables = sorted(entry.name for entry in file.iterdir() if _TABLE.search(entry.name))
        inside = f"; tables in it: {listed(tables)}" if tables else ""
        parquet = any(re.search(r"\.(parquet|pq)$", table, re.IGNORECASE) for table in tables)
        hint = "; `dataset=parquet` reads a folder of Parquet files" if parquet else ""
        raise UserError(
            f"`{key}` must name one file. Received: the folder "
            f"`{path}`{inside or '; choose a file'}{hint}."
        )
    if not file.is_file():
        raise UserError(
            f"`{key}` must name {kind}. Received: `{path}`, which is no plain file; choose another."
        )
    try:
        with file.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        raise UserError(
            f"`{key}` must be readable. Received: `{path}` ({error.strerror}); choose another, or "
            "give yourself the right to read it."
        ) from error
    if empty:
        raise UserError(
            f"`{key}` must name {kind}. Received: `{path}`, an empty file; choose another."
        )
    return file


def short_name(path: Path, *, default: str) -> str:
    """Return a name fit for folders, made from the first part of a file's or folder's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", path.name.split(".")[0]) or default
