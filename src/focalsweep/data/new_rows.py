"""Read rows that are to be predicted, by the readers of training data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from focalsweep.data.delimited import read_delimited
from focalsweep.data.parquet_files import looks_like_parquet, read_parquet
from focalsweep.data.table_path import existing_file
from focalsweep.errors import UserError

# The readers name the config keys of a sweep; here the same things are arguments.
_ARGUMENTS = {
    "`dataset.path`": "`DATA`",
    "`dataset.delimiter=": "`--delimiter=",
    "`dataset.delimiter`": "`--delimiter`",
}


def read_new_rows(file: Path, *, delimiter: str | None, text: Sequence[str]) -> pd.DataFrame:
    """Return the table of a CSV, TSV or Parquet file, rows in their order.

    Parameters
    ----------
    file : Path
        Text may be compressed and must be UTF-8 with a header.
    delimiter : str, optional
        See `focalsweep.data.table.load_table`.
    text : sequence of str
        Columns of text, which stay as they are written: a level "1" is not a number.

    Raises
    ------
    UserError
        When the file is no such table.
    """
    try:
        found = existing_file(str(file), kind="a CSV or Parquet file with rows to predict")
        if looks_like_parquet(found):
            return read_parquet(found)
        return read_delimited(found, delimiter=delimiter, text=text)
    except UserError as error:
        sentence = str(error)
        for key, argument in _ARGUMENTS.items():
            sentence = sentence.replace(key, argument)
        raise UserError(sentence) from error
