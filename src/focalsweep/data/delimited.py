"""Read delimited text (CSV, TSV, compressed or not) and refuse what pandas would read wrongly.

`pandas.read_csv` fills short rows with missing values, renames repeated columns and takes extra
fields for an index, all without a word. So the text is scanned once for its shape before pandas
reads the values; that costs a fraction of a second for 100,000 rows of 30 columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from focalsweep.data.column_names import refuse_repeated_names
from focalsweep.data.compressed import opened
from focalsweep.errors import UserError

_CODE = re.compile(r"\s*0\d+\s*")
_SEARCHED_FOR_CODES = 1_000
_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}


def read_delimited(
    path: Path,
    *,
    delimiter: str | None,
    text: Sequence[str] = (),
    decimal: str = "",
    as_it_stands: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the table as pandas types it, with stripped column names, in the file's order.

    Parameters
    ----------
    path : Path
        An existing file; compressed text is recognised by its content.
    delimiter : str, optional
        See `focalsweep.data.table.load_table`.
    text : sequence of str
        Columns that stay text, whatever they look like; those that are not there do not matter.
    decimal : {"", ".", ","}
        Sign of decimals, where the user says it.
    as_it_stands : sequence of str
        Columns in which ``NA``, ``None`` and the like are values: only an empty field is none.

    Raises
    ------
    UserError
        When this is not UTF-8 text with a header, rows, and as many fields in each row.
    """
    separator = _separator(path, delimiter)
    with _reading(path), _opened(path) as stream:
        names, codes = _scan(stream, path=path, separator=separator)
    read: Callable[..., Any] = partial(
        pd.read_csv,
        sep=separator,
        names=names,
        header=0,
        index_col=False,
        skipinitialspace=True,
        # One pass over whole columns: otherwise a column may be typed in pieces.
        low_memory=False,
        dtype=dict.fromkeys([*text, *codes], "str"),
        decimal=decimal or ".",
    )
    with _reading(path), _opened(path) as stream:
        table: pd.DataFrame = read(stream)
    standing = [name for name in dict.fromkeys(map(str.strip, as_it_stands)) if name in names]
    if standing and table[standing].isna().any(axis=None):
        with _reading(path), _opened(path) as stream:
            words: pd.DataFrame = read(
                stream, usecols=standing, keep_default_na=False, na_values=[""]
            )
        table[standing] = words[standing]
    return table


def _separator(path: Path, delimiter: str | None) -> str:
    if delimiter is None:
        return "\t" if ".tsv" in (suffix.lower() for suffix in path.suffixes) else ","
    separator = _NAMED.get(delimiter.strip().lower(), "\t" if delimiter == "\\t" else delimiter)
    if len(separator) != 1 or separator in '"\r\n':
        raise UserError(
            f"`dataset.delimiter` must be one character or {_one_of(_NAMED)}. "
            f"Received: `{delimiter}`."
        )
    return separator


def _scan(stream: TextIO, *, path: Path, separator: str) -> tuple[list[str], list[str]]:
    """Return the column names after checking that every row has as many fields.

    Those of columns with codes such as ``0123`` come once more: as numbers they would lose a digit.
    """
    reader = csv.reader(stream, delimiter=separator, skipinitialspace=True)
    header = next((row for row in reader if not _blank(row)), None)
    if header is None:
        raise UserError(
            f"`dataset.path` must hold a table. Received: `{path}`, which holds blank lines "
            "only; choose another."
        )
    if any("\0" in name for name in header):
        raise _not_text(path)
    names = [name.strip() for name in header]
    if len(names) == 1:
        _refuse_wrong_delimiter(names[0], path=path, separator=separator)
    rows = 0
    coded: set[int] = set()
    for row in reader:
        if "\0" in "".join(row):
            raise _not_text(path)
        if len(row) != len(names):
            if _blank(row):
                continue
            raise UserError(
                "`dataset.path` must have as many fields in every row as in the header "
                f"({len(names)}). Received: {len(row)} fields in line {reader.line_num} of "
                f"`{path}`; mend that line, or set `dataset.delimiter` if fields are not separated "
                f"by {_delimiter_name(separator)}."
            )
        if rows < _SEARCHED_FOR_CODES:
            coded.update(place for place, field in enumerate(row) if _CODE.fullmatch(field))
        rows += 1
    if not rows:
        raise UserError(
            f"`dataset.path` must hold rows. Received: `{path}` with a header and no rows; add "
            "rows or choose another."
        )
    names = [name or f"unnamed_{position}" for position, name in enumerate(names)]
    refuse_repeated_names(names, file=path)
    return names, [names[place] for place in sorted(coded)]


def _refuse_wrong_delimiter(header: str, *, path: Path, separator: str) -> None:
    counts = {name: header.count(other) for name, other in _NAMED.items() if other != separator}
    likely = max(counts, key=lambda name: counts[name])
    if counts[likely] and likely != "space":
        raise UserError(
            f"`{path}` must have columns separated by {_delimiter_name(separator)}. Received: the "
            f"one column `{header[:60]}`, which has {counts[likely]} of the character "
            f"`{_NAMED[likely]}`; set `dataset.delimiter={likely}`."
        )


def _blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _delimiter_name(separator: str) -> str:
    return next((f"a {name}" for name, other in _NAMED.items() if other == separator), separator)


def _one_of(names: dict[str, str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _not_text(path: Path) -> UserError:
    return UserError(
        "`dataset.path` must be CSV or TSV text in UTF-8 (also compressed), or Parquet. Received: "
        f"`{path}`, whose content is none of these; export the table as CSV in UTF-8."
    )


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with opened(path) as stream:
        # utf-8-sig also reads files without the mark that spreadsheet programs write.
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        yield text


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(
            f"`dataset.path` must be a table with one row a line. Received: `{path}` "
            f"({' '.join(str(error).split()).rstrip('.')}); look for a quote that is not closed, "
            "or set `dataset.delimiter`."
        ) from error
