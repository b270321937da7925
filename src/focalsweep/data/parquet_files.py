"""Read Parquet: one file, also compressed as a whole, or a folder of files with equal columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as arrow_dataset
import pyarrow.parquet as pq

from focalsweep.data.column_names import listed, refuse_repeated_names
from focalsweep.data.compressed import compression_of, opened
from focalsweep.errors import UserError

_MAGIC = b"PAR1"
_SUFFIXES = {".parquet", ".pq"}


def looks_like_parquet(file: Path) -> bool:
    """Tell whether a file is Parquet by its first bytes, or is called so."""
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) == _MAGIC:
            return True
    return bool(_SUFFIXES & {suffix.lower() for suffix in file.suffixes})


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the table of a Parquet file, or of all Parquet files of a folder.

    Files of a folder are read in the order of their paths; those whose name starts with ``.`` or
    ``_`` are left out, as other readers do. Folders called ``key=value`` become the column ``key``.
    The row index that pandas stores is left out.

    Parameters
    ----------
    path : Path
        An existing file or folder.

    Raises
    ------
    UserError
        When a file is no whole Parquet file, when files differ in their columns, or when there are
        no rows or columns.
    """
    table = _folder(path) if path.is_dir() else _file(path)
    table = table.select([name for name in table.column_names if _is_feature(name)])
    if not table.num_columns or not table.num_rows:
        raise UserError(
            f"`dataset.path` must hold rows and columns. Received: `{path}` with "
            f"{table.num_rows} rows and {table.num_columns} columns; add rows or choose another."
        )
    with _reading(path):
        frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _file(file: Path) -> Any:
    packed = compression_of(file) is not None
    with _reading(file):
        if packed:
            with opened(file) as stream:
                source: Any = pa.BufferReader(stream.read())
        else:
            source = file
        with pq.ParquetFile(source) as parquet:
            refuse_repeated_names(parquet.schema_arrow.names, file=file)
            return parquet.read()


def _folder(folder: Path) -> Any:
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and file.suffix.lower() in _SUFFIXES
        and not any(part[0] in "._" for part in file.relative_to(folder).parts)
    )
    if not files:
        raise UserError(
            "`dataset.path` must name a Parquet file or a folder with `.parquet` files. Received: "
            f"the folder `{folder}` without one; choose another, or `dataset=csv` for one text "
            "file."
        )
    schema = _common_schema(files)
    with _reading(folder):
        parts = _dataset(files, folder=folder)
        beside = [field for field in parts.schema if field.name not in schema.names]
        return _dataset(files, folder=folder, schema=pa.schema([*schema, *beside])).to_table()


def _dataset(files: Sequence[Path], *, folder: Path, schema: Any = None) -> Any:
    return arrow_dataset.dataset(
        [str(file) for file in files],
        format="parquet",
        schema=schema,
        partitioning="hive",
        partition_base_dir=str(folder),
    )


def _common_schema(files: Sequence[Path]) -> Any:
    """Return one schema for all files; numbers take the wider of two types."""
    schemas: list[Any] = []
    for file in files:
        with _reading(file):
            schema = pq.read_schema(file).remove_metadata()
        refuse_repeated_names(schema.names, file=file)
        first = schemas[0].names if schemas else schema.names
        if set(schema.names) != set(first):
            differing = sorted(set(schema.names) ^ set(first))
            raise UserError(
                "`dataset.path` must name a folder whose Parquet files have the same columns. "
                f"Received: {listed(differing)} in only one of `{files[0]}` and `{file}`; name one "
                "file, or move files of another kind out of the folder."
            )
        schemas.append(schema)
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise UserError(
            "`dataset.path` must name a folder whose Parquet files have columns of the same "
            f"types. Received: `{files[0].parent}` ({str(error).splitlines()[0].rstrip('.')}); "
            "write them anew with one type a column."
        ) from error


def _is_feature(name: str) -> bool:
    # Pandas writes the row index of a frame as such a column.
    return re.fullmatch(r"__index_level_\d+__", name) is None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise UserError(
            f"`dataset.path` must be a whole Parquet file. Received: `{path}` "
            f"({lines[0].rstrip('.')}); write it again, or use `dataset=csv` if it is text."
        ) from error
