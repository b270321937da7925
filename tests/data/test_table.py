import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from focalsweep.data.table import dataset_of_frame, load_table
from focalsweep.errors import UserError

GOOD = "size,colour,label\n" + "1.5,red,a\n2.5,blue,b\n3.5,red,a\n4.5,blue,b\n" * 3


def write(folder: Path, content: str | bytes, name: str = "my.csv") -> str:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def parquet_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def frame(rows: int = 12) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(rows) / 2, "label": ["a", "b"] * (rows // 2)})


# Each entry: what the file is called and holds, the target, and words of the sentence expected.
BAD: dict[str, tuple[str, str | bytes, str | None, str]] = {
    "empty file": ("my.csv", "", "label", "an empty file"),
    "white space only": ("my.csv", "\n \n\n", "label", "blank lines only"),
    "empty parquet": ("my.parquet", b"", "label", "an empty file"),
    "header only": ("my.csv", "a,b,label\n", "label", "a header and no rows"),
    "binary": ("my.csv", bytes(range(256)) * 4, "label", "none of these; export the table as CSV"),
    "spreadsheet": ("my.xlsx", b"PK\x03\x04\0\0\0\0ab\0\xff\xfe", "label", "none of these"),
    "latin-1": ("my.csv", "x,label\n1,é\n".encode("latin-1"), "label", "CSV or TSV text in UTF-8"),
    "utf-16": ("my.csv", GOOD.encode("utf-16"), "label", "CSV or TSV text in UTF-8"),
    "zeros": ("my.csv", "x,label\n1,a\0b\n1,\0\0,\n", "label", "CSV or TSV text in UTF-8"),
    "broken gzip": ("my.csv.gz", gzip.compress(GOOD.encode())[:-9], "label", "a whole gzip file"),
    "row too long": ("my.csv", "x,y,label\n1,2,a\n1,2,3,b\n", "label", "4 fields in line 3"),
    "row too short": ("my.csv", "x,y,label\n1,2,a\n1,b\n", "label", "2 fields in line 3"),
    "one field too many everywhere": ("my.csv", "x,label\n1,a,\n2,b,\n", "label", "3 fields"),
    "quote not closed": (
        "my.csv",
        'x,label\n1,"a\n' + "2,b\n" * 9,
        "label",
        "a quote that is not closed",
    ),
    "no target given": ("my.csv", GOOD, None, "Received: nothing; .* has `size`, `colour`"),
    "blank target": ("my.csv", GOOD, " ", "`dataset.target` must name the column"),
    "target missing": ("my.csv", GOOD, "Lable", "The nearest is `label`"),
    "target far off": ("my.csv", GOOD, "zzz", "the columns are `size`, `colour`, `label`"),
    "no header": ("my.csv", "1,2,3\n4,5,6\n", "label", "add the header line"),
    "semicolons": ("my.csv", GOOD.replace(",", ";"), "label", "set `dataset.delimiter=semicolon`"),
    "tabs": ("my.csv", GOOD.replace(",", "\t"), "label", "set `dataset.delimiter=tab`"),
    "missing labels": ("my.csv", GOOD + "5,red,\n6,red, \n", "label", "2 of 14 rows without one"),
    "single class": ("my.csv", GOOD.replace(",b", ",a"), "label", "`a` in all 12 rows"),
    "regression": (
        "my.csv",
        "x,label\n" + "\n".join(f"{i % 3},{i / 7}" for i in range(40)),
        "label",
        "40 different values in 40 rows",
    ),
    "repeated names": ("my.csv", "x,x,label\n1,2,a\n", "label", "`x` more than once"),
    "repeated numbers": ("my.csv", "1,1,2\n1,2,3\n", "label", "is the header line missing"),
    "no features": ("my.csv", "label\na\nb\na\nb\n", "label", "feature columns beside the target"),
    "all features missing": ("my.csv", "x,label\n" + ",a\n,b\n" * 4, "label", "must vary.*`x`"),
    "all features constant": ("my.csv", "x,label\n" + "1,a\n1,b\n" * 4, "label", "must vary"),
    "text called parquet": ("my.parquet", GOOD, "label", "a whole Parquet file"),
    "cut parquet": (
        "my.parquet",
        parquet_bytes(pa.Table.from_pandas(frame()))[:-20],
        "label",
        "a whole Parquet file",
    ),
    "parquet without rows": (
        "my.parquet",
        parquet_bytes(pa.Table.from_pandas(frame().iloc[:0])),
        "label",
        "with 0 rows and 2 columns",
    ),
    "parquet with repeated names": (
        "my.parquet",
        parquet_bytes(pa.table([[1, 2], [3, 4], ["a", "b"]], names=["x", "x", "label"])),
        "label",
        "`x` more than once",
    ),
    "parquet with lists": (
        "my.parquet",
        parquet_bytes(pa.table({"x": [[1], [2]] * 4, "label": ["a", "b"] * 4})),
        "label",
        "Column `x` must hold numbers, text, booleans or dates",
    ),
    "parquet with lists as labels": (
        "my.parquet",
        parquet_bytes(pa.table({"x": [1, 2] * 4, "label": [["a"], ["b"]] * 4})),
        "label",
        "`dataset.target` must name a column of text, numbers or booleans",
    ),
    "parquet with bytes": (
        "my.parquet",
        parquet_bytes(pa.table({"x": [b"1", b"2"] * 4, "label": ["a", "b"] * 4})),
        "label",
        "a value of type `bytes`",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_in_one_sentence_with_a_way_out(case: str, tmp_path: Path) -> None:
    name, content, target, said = BAD[case]
    path = write(tmp_path, content, name)
    with pytest.raises(UserError, match=said) as raised:
        load_table(path=path, target=target)
    message = str(raised.value)
    assert "\n" not in message
    assert "Received: " in message
    assert len(message) - len(path) < 450


def test_no_path_is_refused() -> None:
    with pytest.raises(UserError, match=r"set `dataset\.path=FILE`"):
        load_table(path=None, target="label")


def test_a_wrong_path_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "customers.csv")
    with pytest.raises(UserError, match=r"nearest name there is `customers\.csv`"):
        load_table(path=str(tmp_path / "costumers.csv"), target="label")
    with pytest.raises(UserError, match="must name an existing file"):
        load_table(path=str(tmp_path / "nowhere" / "x.csv"), target="label")


def test_a_folder_is_refused_with_the_tables_in_it(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "one.csv")
    write(tmp_path, "no table", "notes.txt")
    with pytest.raises(UserError, match=r"the folder .*; tables in it: `one\.csv`\."):
        load_table(path=str(tmp_path), target="label")
    write(tmp_path, GOOD, "two.parquet")
    with pytest.raises(UserError, match=r"`dataset=parquet` reads a folder of Parquet files\."):
        load_table(path=str(tmp_path), target="label")


@pytest.mark.parametrize("delimiter", ["ab", "", '"', "\n"])
def test_a_delimiter_of_another_kind_is_refused(delimiter: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"`dataset\.delimiter` must be one character or `comma`"):
        load_table(path=write(tmp_path, GOOD), target="label", delimiter=delimiter)


@pytest.mark.parametrize(
    ("name", "separator", "delimiter"),
    [
        ("my.csv", ",", None),
        ("my.data", ",", None),
        ("my.tsv", "\t", None),
        ("my.csv", ";", ";"),
        ("my.csv", ";", "semicolon"),
        ("my.csv", "\t", "tab"),
        ("my.csv", "\t", "\\t"),
        ("my.csv", "|", "pipe"),
        ("my.csv", " ", "space"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_same_rows_are_the_same_dataset_in_every_kind_of_text(
    name: str, separator: str, delimiter: str | None, packed: bool, tmp_path: Path
) -> None:
    text = GOOD.replace(",", separator).encode()
    path = write(tmp_path, gzip.compress(text) if packed else text, name + ".gz" * packed)
    loaded = load_table(path=path, target="label", delimiter=delimiter)
    assert loaded.sha256() == load_table(path=write(tmp_path, GOOD), target="label").sha256()
    assert loaded.name == "my"
    assert loaded.origin == path


def test_parquet_gives_the_same_dataset_as_csv(tmp_path: Path) -> None:
    rows = 60
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "number": rng.normal(size=rows),
            "whole": rng.integers(0, 9, rows),
            "gaps": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
            "flag": rng.random(rows) < 0.5,
            "flag with gaps": pd.Series(rng.choice([True, False, None], rows), dtype="boolean"),
            "colour": rng.choice(["red", "blue", None], rows),
            "day": pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
            "grade": rng.choice([1.0, 3.0, 10.0], rows),
        }
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    # A filtered frame carries an index, which pandas writes as a column.
    table.sample(frac=1, random_state=0).sort_index().to_parquet(tmp_path / "t.parquet")
    one = load_table(path=str(tmp_path / "t.csv"), target="grade")
    other = load_table(path=str(tmp_path / "t.parquet"), target="grade")
    pd.testing.assert_frame_equal(one.features, other.features)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.class_names == other.class_names == ("1", "3", "10")
    assert one.sha256() == other.sha256()
    assert "__index_level_0__" in pq.read_schema(tmp_path / "t.parquet").names


def test_parquet_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, parquet_bytes(pa.Table.from_pandas(frame())), "no_suffix")
    assert load_table(path=path, target="label").n_rows == 12


def test_spaces_byte_order_mark_blank_lines_and_quotes_are_read_as_meant(tmp_path: Path) -> None:
    text = '\ufeff\n  \nsize , "colour, main", label\n' + '1, "red, dark",a \n\n2, blue,b\n' * 4
    loaded = load_table(path=write(tmp_path, text), target=" label")
    assert list(loaded.features) == ["size", "colour, main"]
    assert loaded.class_counts.tolist() == [4, 4]
    assert set(loaded.features["colour, main"]) == {"red, dark", "blue"}


def test_a_saved_index_is_left_out_with_a_note(tmp_path: Path) -> None:
    frame().to_csv(tmp_path / "t.csv")
    loaded = load_table(path=str(tmp_path / "t.csv"), target="label")
    assert list(loaded.features) == ["x"]
    assert "a saved index" in loaded.notes[0]


def test_a_name_fit_for_folders_comes_from_the_file_unless_given(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, "My table (new).v2.csv")
    assert load_table(path=path, target="label").name == "My_table_new_"
    assert load_table(path=path, target="label", name="mine").name == "mine"


@pytest.mark.parametrize("make", [Path, str])
def test_a_path_in_the_home_folder_is_found(
    make: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_table(path=make("~/my.csv"), target="label").n_rows == 12


ROWS = 12
KNOWN = pd.DataFrame(
    {
        "x": np.arange(ROWS) * 0.5,
        "label": ["a", "b"] * 6,
        "patient": [f"p{row // 3}" for row in range(ROWS)],
        "part": ["train"] * 8 + ["test"] * 4,
        "seen": pd.date_range("2024-01-01", periods=ROWS).astype(str),
        "weight": [1.0, 3.0] * 6,
        "rain": ["yes", "no", "no"] * 4,
        "wind": [True, True, False] * 4,
    }
)


def test_what_is_known_of_a_row_is_taken_out_of_the_features() -> None:
    read = dataset_of_frame(KNOWN, target="label", groups="patient", split="part", weights="weight")
    assert list(read.features) == ["x", "seen", "rain", "wind"]
    assert read.groups is not None
    assert read.groups.tolist() == [row // 3 for row in range(ROWS)]
    assert read.split is not None
    assert read.split.train.tolist() == list(range(8))
    assert read.split.test.tolist() == [8, 9, 10, 11]
    assert read.weights is not None
    assert read.weights.tolist() == [0.5, 1.5] * 6


def test_a_frame_from_python_is_the_same_dataset_as_its_file_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    before = KNOWN.copy()
    KNOWN.to_csv(tmp_path / "known.csv", index=False)
    shuffled_index = KNOWN.set_axis(range(100, 100 + ROWS))
    one = dataset_of_frame(shuffled_index, target="label", time="seen", name="known")
    other = load_table(path=str(tmp_path / "known.csv"), target="label", time="seen")
    assert one.sha256() == other.sha256()
    assert (one.name, other.name) == ("known", "known")
    pd.testing.assert_frame_equal(KNOWN, before)


def test_several_binary_columns_are_labels_of_their_own() -> None:
    read = dataset_of_frame(KNOWN, target=["rain", "wind"])
    assert read.multi_label
    assert read.class_names == ("rain", "wind")
    assert read.labels[:3].tolist() == [[1, 1], [0, 1], [0, 0]]
    assert "rain" not in read.features


def test_one_column_in_a_list_is_one_label() -> None:
    one, other = (dataset_of_frame(KNOWN, target=target) for target in ("label", ["label"]))
    assert one.sha256() == other.sha256()


def test_column_names_that_are_no_text_are_read_as_text() -> None:
    table = pd.DataFrame({0: [1.0, 2.0, 3.0, 4.0], ("a", 1): [4, 2, 4, 1], 8: [0, 1, 0, 1]})
    assert list(dataset_of_frame(table, target="8").features) == ["0", "a_1"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target": "label", "groups": "patent"}, r"`dataset\.groups` must name .*is `patient`"),
        ({"target": "label", "weights": " "}, r"`dataset\.weights` must name the column"),
        ({"target": "label", "groups": "label"}, "another column than `dataset.target`"),
        ({"target": ["rain", "wind"], "time": "wind"}, "another column than `dataset.target`"),
        ({"target": []}, "an empty list"),
        ({"target": ["rain", "rain"]}, "`rain` more than once"),
        ({"target": ["rain", "label"]}, "only 0 and 1, .*`label` with 'a'"),
        ({"target": "label", "multi_label": True}, "needs several binary target columns"),
        ({"target": ["rain", "wind"], "multi_label": False}, "8 of 12 rows with none or several"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        dataset_of_frame(KNOWN, **given)


def test_a_table_of_labels_and_groups_alone_has_no_features() -> None:
    with pytest.raises(UserError, match="feature columns beside the target"):
        dataset_of_frame(KNOWN[["label", "patient"]], target="label", groups="patient")


@pytest.mark.parametrize("table", [np.eye(3), KNOWN.iloc[:0], KNOWN[[]]])
def test_what_is_no_table_with_rows_is_refused(table: Any) -> None:
    with pytest.raises(UserError, match=r"DataFrame|must hold rows and columns"):
        dataset_of_frame(table, target="label")


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null", "N/A"])
def test_a_class_called_like_missing_is_a_class_unless_said(word: str, tmp_path: Path) -> None:
    path = write(tmp_path, "x,label\n" + f"1,{word}\nNA,b\n3,{word}\n4,b\n" * 2)
    dataset = load_table(path=str(path), target="label")
    assert sorted(dataset.class_names) == sorted([word, "b"])
    assert dataset.features["x"].isna().sum() == 2
    assert any(f"`dataset.missing=[{word}]` says so" in each for each in dataset.warnings)
    with pytest.raises(UserError, match="4 of 8 rows without one"):
        load_table(path=str(path), target="label", missing=[word])


def test_a_group_may_be_called_na(tmp_path: Path) -> None:
    path = write(tmp_path, "x,label,land\n" + "1,a,NA\n2,b,NO\n3,a,NA\n4,b,SE\n")
    dataset = load_table(path=str(path), target="label", groups="land")
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("decimal", [None, ",", "comma"])
def test_a_file_with_decimal_commas_is_read(decimal: str | None, tmp_path: Path) -> None:
    path = write(tmp_path, "x;label\n" + "1.234,5;a\n7;b\n3,25;a\n1.000;b\n")
    dataset = load_table(path=str(path), target="label", delimiter=";", decimal=decimal)
    assert dataset.features["x"].tolist() == [1234.5, 7, 3.25, 1000]
    assert dataset.written["x"].decimal == ","


def test_points_beside_decimal_commas_are_warned_of_and_read_as_said(tmp_path: Path) -> None:
    path = write(tmp_path, "m;p;label\n" + "1.234;12,5;a\n950;1.234,50;b\n2.500;3,1;a\n7;2;b\n")
    given = {"path": str(path), "target": "label", "delimiter": ";"}
    assert any("`m` were read with decimal points" in each for each in load_table(**given).warnings)
    dataset = load_table(**given, decimal=",")
    assert dataset.features["m"].tolist() == [1234, 950, 2500, 7]


def test_words_for_missing_hold_in_every_column_and_role(tmp_path: Path) -> None:
    path = write(tmp_path, "x,y,w,label\n" + "-999,u,1,a\n2,v,2,b\n3,u,-999,a\n4,v,1,b\n")
    dataset = load_table(path=str(path), target="label", missing=["-999"])
    assert dataset.features.isna().sum().tolist() == [1, 0, 1]
    with pytest.raises(UserError, match=r"`dataset.weights` .* 1 of 4 rows empty"):
        load_table(path=str(path), target="label", missing=["-999"], weights="w")


@pytest.mark.parametrize("target", ["1.0", 1.0, "True", True])
def test_a_target_may_be_called_like_a_value(target: Any, tmp_path: Path) -> None:
    path = write(tmp_path, f"x,{target}\n1,a\n2,b\n3,a\n4,b\n")
    assert load_table(path=path, target=target).class_names == ("a", "b")


def test_codes_keep_their_zeros_and_times_stay_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path, "zip,x,at,label\n" + "01234,1,0905,a\n4210,2,1410,b\n01234,3,0007,a\n" * 2
    )
    dataset = load_table(path=path, target="label", time="at")
    assert dataset.features["zip"].tolist() == ["01234", "4210", "01234"] * 2
    assert dataset.features["x"].dtype.kind == "i"
    assert dataset.time is not None
    assert dataset.time.tolist() == [905, 1410, 7] * 2
