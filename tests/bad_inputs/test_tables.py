"""Tables that cannot be read, or that hold nothing to learn from."""

import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from tests.bad_inputs.bad import CSV, ROWS, Bad, frame, table

PARQUET = ("dataset=parquet", "dataset.path=my.parquet", "dataset.target=label")
FOLDER = ("dataset=parquet", "dataset.path=parts", "dataset.target=label")


def parquet(made: pd.DataFrame) -> bytes:
    return made.to_parquet(index=False)


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def csv(content: str | bytes, *more: str, key: str, way_out: str, sweep: bool = False) -> Bad:
    return Bad(
        given=(*CSV, *more), files={"my.csv": content}, key=key, way_out=way_out, sweep=sweep
    )


FILES = {
    "no path": Bad(
        given=("dataset=csv", "dataset.target=label"),
        key="dataset.path",
        way_out="add `dataset.path=FILE`",
        sweep=True,
    ),
    "no such file": Bad(
        given=CSV,
        files={"mine.csv": table()},
        key="dataset.path",
        way_out="the nearest name there is `mine.csv`",
        sweep=True,
    ),
    "an empty path": Bad(
        given=("dataset=csv", "dataset.path=''", "dataset.target=label"),
        key="dataset.path",
        way_out="set `dataset.path=FILE`",
    ),
    "a path with a zero character": Bad(
        given=("dataset=csv", "dataset.path=a\0b", "dataset.target=label"),
        key="dataset.path",
        way_out="set `dataset.path` to one that is",
    ),
    "a path of 5,000 characters": Bad(
        given=("dataset=csv", f"dataset.path={'a' * 5000}.csv", "dataset.target=label"),
        key="dataset.path",
        way_out="choose another",
    ),
    "the path is a folder": Bad(
        given=("dataset=csv", "dataset.path=data", "dataset.target=label"),
        files={"data/one.csv": table()},
        key="dataset.path",
        way_out="tables in it: `one.csv`",
        sweep=True,
    ),
    "a folder of Parquet files for one CSV": Bad(
        given=("dataset=csv", "dataset.path=data", "dataset.target=label"),
        files={"data/one.parquet": parquet(frame())},
        key="dataset.path",
        way_out="`dataset=parquet` reads a folder",
    ),
    "an empty file": csv("", key="dataset.path", way_out="choose another", sweep=True),
    "blank lines only": csv("\n\n \n", key="dataset.path", way_out="choose another"),
    "a header only": csv(
        "x,z,label\n", key="dataset.path", way_out="add rows or choose another", sweep=True
    ),
    "one row": csv("x,z,label\n1,2,a\n", key="dataset.target", way_out="choose another column"),
    "semicolons": csv(
        table().replace(",", ";"), key="dataset.delimiter", way_out="set `dataset.delimiter=semico"
    ),
    "an unknown delimiter": csv(
        table(), "dataset.delimiter=dots", key="dataset.delimiter", way_out="`semicolon`"
    ),
    "a delimiter of the wrong kind": csv(
        table(), "dataset.delimiter=[a]", key="dataset.delimiter", way_out="must be"
    ),
    "one row with too many fields": csv(
        table() + "1,2,no,4\n", key="dataset.path", way_out="mend that line", sweep=True
    ),
    "one row with too few fields": csv(
        table() + "1,2\n", key="dataset.path", way_out="mend that line"
    ),
    "a quote that is not closed": csv(
        table() + '1,"2,no\n' + table(), key="dataset.path", way_out="mend that line"
    ),
    "a cell beyond the limit of the reader": csv(
        table() + f"1,{'9' * 200_000},no\n", key="dataset.path", way_out="look for a quote"
    ),
    "bytes of any kind": csv(
        bytes(range(256)) * 40, key="dataset.path", way_out="export the table as CSV", sweep=True
    ),
    "zero characters": csv("x,z,label\n1,\0,no\n", key="dataset.path", way_out="export the table"),
    "a spreadsheet called CSV": csv(
        zipped(sheet="a"), key="dataset.path", way_out="export the table as CSV"
    ),
    "Latin-1": csv(
        table(x=["é"] * ROWS).encode("latin-1"), key="dataset.path", way_out="as CSV in UTF-8"
    ),
    "UTF-16": csv(table().encode("utf-16"), key="dataset.path", way_out="as CSV in UTF-8"),
    "a broken gzip file": Bad(
        given=("dataset=csv", "dataset.path=my.csv.gz", "dataset.target=label"),
        files={"my.csv.gz": gzip.compress(table().encode())[:60]},
        key="dataset.path",
        way_out="write or download it again",
    ),
    "a zip archive of two files": Bad(
        given=("dataset=csv", "dataset.path=my.zip", "dataset.target=label"),
        files={"my.zip": zipped(a="x", b="y")},
        key="dataset.path",
        way_out="unpack it and name the file",
    ),
    "Parquet of no bytes": Bad(
        given=PARQUET, files={"my.parquet": b""}, key="dataset.path", way_out="choose another"
    ),
    "a CSV called Parquet": Bad(
        given=PARQUET,
        files={"my.parquet": table()},
        key="dataset.path",
        way_out="or use `dataset=csv` if it is text",
        sweep=True,
    ),
    "half of a Parquet file": Bad(
        given=PARQUET,
        files={"my.parquet": parquet(frame())[:-300]},
        key="dataset.path",
        way_out="write it again",
    ),
    "Parquet without rows": Bad(
        given=PARQUET,
        files={"my.parquet": parquet(frame()[:0])},
        key="dataset.path",
        way_out="add rows or choose another",
    ),
    "a folder without Parquet": Bad(
        given=FOLDER,
        files={"parts/one.csv": table()},
        key="dataset.path",
        way_out="choose another, or `dataset=csv`",
    ),
    "a folder of files with other columns": Bad(
        given=FOLDER,
        files={"parts/a.parquet": parquet(frame()), "parts/b.parquet": parquet(frame(more=1))},
        key="dataset.path",
        way_out="name one file",
    ),
    "a folder of files with other types": Bad(
        given=FOLDER,
        files={"parts/a.parquet": parquet(frame()), "parts/b.parquet": parquet(frame(x="a"))},
        key="dataset.path",
        way_out="write them anew",
    ),
    "a folder with one broken file": Bad(
        given=FOLDER,
        files={"parts/a.parquet": parquet(frame()), "parts/b.parquet": b"PAR1"},
        key="dataset.path",
        way_out="write it again",
    ),
}

COLUMNS = {
    "no target": Bad(
        given=("dataset=csv", "dataset.path=my.csv"),
        files={"my.csv": table()},
        key="dataset.target",
        way_out="add `dataset.target=COLUMN`",
        sweep=True,
    ),
    "a misspelt target": csv(
        table().replace("label", "lable"),
        key="dataset.target",
        way_out="The nearest is `lable`",
        sweep=True,
    ),
    "no header": csv("1,2,3\n4,5,6\n" * 9, key="dataset.target", way_out="add the header line"),
    "one class": csv(
        table(label="a"), key="dataset.target", way_out="choose another column", sweep=True
    ),
    "a target of NaN": csv(
        table(label=np.nan), key="dataset.target", way_out="remove these rows", sweep=True
    ),
    "a target of inf": csv(table(label=np.inf), key="dataset.target", way_out="remove these rows"),
    "a target with gaps": csv(
        table(label=["a", "b", None, "a"] * 10), key="dataset.target", way_out="label them"
    ),
    "a number to predict": csv(
        table(label=np.linspace(0, 1, ROWS)), key="dataset.target", way_out="cut the number"
    ),
    "an identifier": csv(
        table(3000, label=[f"row {i}" for i in range(3000)]),
        key="dataset.target",
        way_out="choose another column",
        sweep=True,
    ),
    "an identifier of repeated rows": csv(
        table(12_000, label=np.arange(12_000) % 2_000),
        key="dataset.target",
        way_out="choose another column",
    ),
    "a class of four rows": csv(
        table(label=["rare"] * 4 + ["a", "b"] * 18),
        key="dataset.rare_classes",
        way_out="`dataset.rare_classes=drop`",
        sweep=True,
    ),
    "rare classes that leave one": csv(
        table(label=["rare"] * 4 + ["a"] * 36),
        "dataset.rare_classes=drop",
        key="dataset.rare_classes",
        way_out="set `dataset.rare_classes=merge`",
    ),
    "rare classes that are rare together": csv(
        table(label=["rare"] * 4 + ["a"] * 36),
        "dataset.rare_classes=merge",
        key="dataset.rare_classes",
        way_out="collect more rows",
    ),
    "one row of a class kept, of two classes": csv(
        table(label=["rare"] + ["a"] * 39),
        "dataset.rare_classes=keep",
        key="dataset.rare_classes",
        way_out="collect more rows",
    ),
    "a column name twice": csv(
        table().replace("x,z", "x,x"), key="dataset.path", way_out="rename or remove", sweep=True
    ),
    "a column name twice in Parquet": Bad(
        given=PARQUET,
        files={"my.parquet": lambda path: twice(path)},
        key="dataset.path",
        way_out="rename or remove",
    ),
    "nothing but the target": csv(
        frame()[["label"]].to_csv(index=False), key="dataset.path", way_out="add feature columns"
    ),
    "the same value in each column": csv(
        table(x=1, z="a"), key="dataset.path", way_out="add feature columns", sweep=True
    ),
    "columns of inf": csv(
        table(x=np.inf, z=-np.inf), key="dataset.path", way_out="add feature columns", sweep=True
    ),
    "columns of nothing": csv(
        table(x=np.nan, z=np.nan), key="dataset.path", way_out="add feature columns"
    ),
    "columns of other texts in each row": csv(
        table(x=[f"a{i}" for i in range(ROWS)], z=1),
        key="dataset",
        way_out="or add feature columns",
    ),
    "a whole number beyond floats": csv(
        table(x=["1" + "0" * 400] * 20 + ["2" + "0" * 400] * 20, z=1),
        key="dataset.path",
        way_out="write it as text",
    ),
    "a column of lists": Bad(
        given=PARQUET,
        files={"my.parquet": parquet(frame(x=[[1, 2]] * ROWS))},
        key="dataset.path",
        way_out="leave the column out",
    ),
    "a target of lists": Bad(
        given=PARQUET,
        files={"my.parquet": parquet(frame(label=[[1, 2]] * ROWS))},
        key="dataset.target",
        way_out="choose another column",
    ),
    "a column of bytes": Bad(
        given=PARQUET,
        files={"my.parquet": parquet(frame(x=[b"a", b"b"] * 20))},
        key="dataset.path",
        way_out="leave the column out",
    ),
}


def twice(path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    column = pa.array([1, 2] * 20)
    pq.write_table(pa.table([column, column, column], names=["x", "x", "label"]), path)


@pytest.mark.parametrize("what", [*FILES, *COLUMNS])
def test_inspect_says_in_one_sentence_what_is_wrong(what, refused):
    refused((FILES | COLUMNS)[what], "inspect")


@pytest.mark.parametrize("what", [what for what, bad in (FILES | COLUMNS).items() if bad.sweep])
def test_sweep_says_the_same_before_anything_is_written(what, refused):
    refused((FILES | COLUMNS)[what], "sweep")
