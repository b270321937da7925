"""Load the user's own table, from CSV, TSV (also .gz) or Parquet.

A file that cannot be used is refused here with a sentence and a way out, before anything else
starts; what is changed on the way in (dates to numbers, infinities to missing) stands in the
dataset's notes. Columns stay raw otherwise: encoding is fitted later, on training rows only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from focalsweep.data.column_names import is_number, listed, refuse_repeated_names
from focalsweep.data.columns import plain_columns
from focalsweep.data.dataset import Dataset
from focalsweep.data.delimited import read_delimited
from focalsweep.data.labels import encode_labels
from focalsweep.errors import UserError

_PARQUET_MAGIC = b"PAR1"


def load_table(
    *,
    path: str | None,
    target: str | None,
    name: str | None = None,
    delimiter: str | None = None,
) -> Dataset:
    """Load a table with one row an example and one column that holds the class.

    Parameters
    ----------
    path : str
        A ``.csv``, ``.tsv`` or ``.parquet`` file; text may be gzipped and must be UTF-8 with a
        header. Which of the two it is is read from its content.
    target : str
        Name of the class column; all other columns are features.
    name : str, optional
        Short name of the dataset; by default the name of the file.
    delimiter : str, optional
        One character, or ``comma``, ``semicolon``, ``tab``, ``pipe``, ``space`` (these need no
        quotes in a shell); by default a tab in ``.tsv`` files and a comma in others.

    Raises
    ------
    UserError
        When the file or a column cannot be used.
    """
    file = _existing_file(path)
    with file.open("rb") as stream:
        magic = stream.read(len(_PARQUET_MAGIC))
    if not magic:
        raise UserError(f"`dataset.path` must hold a table. Received: `{path}`, an empty file.")
    if magic == _PARQUET_MAGIC or file.suffix.lower() in (".parquet", ".pq"):
        frame = _read_parquet(file)
    else:
        frame = read_delimited(file, delimiter=None if delimiter is None else str(delimiter))
    column = _target_column(list(frame.columns), target=target, file=file)
    labels, class_names = encode_labels(frame[column])
    if frame.shape[1] == 1:
        raise UserError(
            f"The table must have feature columns beside the target. Received: `{file}` with the "
            f"one column `{column}`; if it has more, set `dataset.delimiter`."
        )
    features, notes = plain_columns(frame.drop(columns=column))
    return Dataset(
        name=name or re.sub(r"[^A-Za-z0-9._-]+", "_", file.name.split(".")[0]) or "table",
        features=features,
        labels=labels,
        class_names=class_names,
        origin=str(file),
        notes=notes,
    )


def _existing_file(path: str | None) -> Path:
    if path is None or not str(path).strip():
        raise UserError(
            "`dataset.path` must name a CSV or Parquet file. Received: nothing; "
            "set `dataset.path=FILE` and `dataset.target=COLUMN`."
        )
    file = Path(str(path)).expanduser()
    if file.is_dir():
        tables = sorted(
            entry.name
            for entry in file.iterdir()
            if re.search(r"\.(csv|tsv|parquet|pq)(\.gz)?$", entry.name, re.IGNORECASE)
        )
        inside = f"; tables in it: {listed(tables)}" if tables else ""
        raise UserError(
            f"`dataset.path` must name one file. Received: the folder `{path}`{inside}."
        )
    if not file.is_file():
        near: list[str] = []
        if file.parent.is_dir():
            near = difflib.get_close_matches(
                file.name, [entry.name for entry in file.parent.iterdir()], n=1
            )
        hint = f"; the nearest name there is `{near[0]}`" if near else ""
        raise UserError(
            f"`dataset.path` must name an existing file. Received: `{path}` (looked for at "
            f"`{file.absolute()}`){hint}."
        )
    try:
        file.open("rb").close()
    except OSError as error:
        raise UserError(
            f"`dataset.path` must be readable. Received: `{path}` ({error.strerror})."
        ) from error
    return file


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        with pq.ParquetFile(file) as parquet:
            refuse_repeated_names(parquet.schema_arrow.names, file=file)
            table = parquet.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(
            f"`dataset.path` must be a whole Parquet file. Received: `{file}` "
            f"({str(error).splitlines()[0].rstrip('.')})."
        ) from error
    # Pandas writes the row index of a frame as such a column; it is no feature.
    table = table.select([name for name in table.column_names if _is_feature(name)])
    if not table.num_columns or not table.num_rows:
        raise UserError(
            f"`dataset.path` must hold rows and columns. Received: `{file}` with "
            f"{table.num_rows} rows and {table.num_columns} columns."
        )
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _is_feature(name: str) -> bool:
    return re.fullmatch(r"__index_level_\d+__", name) is None


def _target_column(columns: Sequence[str], *, target: str | None, file: Path) -> str:
    if target is None or not str(target).strip():
        raise UserError(
            "`dataset.target` must name the column that holds the class. Received: nothing; "
            f"`{file}` has {listed(columns)}."
        )
    target = str(target).strip()
    if target in columns:
        return target
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(target.lower(), list(lower), n=1, cutoff=0.5)
    hint = f" The nearest is `{lower[near[0]]}`." if near else ""
    if all(is_number(column) for column in columns):
        hint = " These are numbers: is the header line missing?"
    raise UserError(
        f"`dataset.target` must name a column of `{file}`. Received: `{target}`; "
        f"the columns are {listed(columns)}.{hint}"
    )
