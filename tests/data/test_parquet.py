import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.parquet import load_parquet
from focalsweep.data.table import load_table
from focalsweep.errors import UserError

ROWS = 60


def table(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=rows),
            "colour": rng.choice(["red", "blue"], rows),
            "label": ["a", "b"] * (rows // 2),
        }
    )


def folder_of(folder: Path, *parts: pd.DataFrame) -> str:
    for number, part in enumerate(parts):
        part.to_parquet(folder / f"part-{number}.parquet", index=False)
    return str(folder)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", None])
def test_the_codec_inside_makes_no_difference(codec: Any, tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "t.parquet", compression=codec)
    table().to_csv(tmp_path / "t.csv", index=False)
    one = load_parquet(path=str(tmp_path / "t.parquet"), target="label")
    assert one.sha256() == load_table(path=str(tmp_path / "t.csv"), target="label").sha256()
    assert (one.name, one.origin) == ("t", str(tmp_path / "t.parquet"))


@pytest.mark.parametrize("source", [load_parquet, load_table])
def test_a_file_packed_as_a_whole_is_unpacked(source: Any, tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "t.parquet")
    packed = tmp_path / "t.parquet.gz"
    packed.write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    assert source(path=str(packed), target="label").n_rows == ROWS


def test_a_folder_is_its_files_one_after_another(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    whole = table()
    folder = folder_of(tmp_path / "parts", whole[:20], whole[20:50], whole[50:])
    (tmp_path / "parts" / "_SUCCESS").touch()
    (tmp_path / "parts" / ".hidden.parquet").touch()
    whole.to_parquet(tmp_path / "whole.parquet")
    one = load_parquet(path=folder, target="label")
    other = load_parquet(path=str(tmp_path / "whole.parquet"), target="label")
    assert one.sha256() == other.sha256()
    assert one.name == "parts"


def test_names_of_folders_inside_are_a_column(tmp_path: Path) -> None:
    table().assign(year=np.repeat([2023, 2024], 30)).to_parquet(
        tmp_path / "t", partition_cols=["year"]
    )
    loaded = load_parquet(path=str(tmp_path / "t"), target="label")
    assert loaded.features["year"].value_counts().to_dict() == {2023: 30, 2024: 30}


def test_columns_in_another_order_and_of_wider_numbers_are_one_table(tmp_path: Path) -> None:
    whole = table().assign(n=range(0, 2 * ROWS, 2))
    wide = whole[30:][["label", "n", "colour", "x"]].astype({"n": "float64"})
    loaded = load_parquet(path=folder_of(tmp_path, whole[:30], wide), target="label")
    assert loaded.features["n"].tolist() == list(range(0, 2 * ROWS, 2))
    assert loaded.features["x"].tolist() == whole["x"].tolist()


def test_files_of_different_columns_are_refused(tmp_path: Path) -> None:
    path = folder_of(tmp_path, table(), table().rename(columns={"x": "z"}))
    with pytest.raises(UserError, match=r"`x`, `z` in only one of .*part-0.*part-1"):
        load_parquet(path=path, target="label")


def test_columns_of_different_types_are_refused(tmp_path: Path) -> None:
    path = folder_of(tmp_path, table(), table().assign(x="text"))
    with pytest.raises(UserError, match="columns of the same types"):
        load_parquet(path=path, target="label")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1junkPAR1", b"x,label\n1,a\n"])
def test_a_broken_file_is_refused_alone_and_in_a_folder(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    for path in (tmp_path, tmp_path / "t.parquet"):
        with pytest.raises(UserError, match=r"t\.parquet`.*(Parquet|an empty file)|whole Parquet"):
            load_parquet(path=str(path), target="label")


def test_a_folder_without_parquet_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,label\n1,a\n")
    with pytest.raises(UserError, match=r"a folder with `\.parquet` files"):
        load_parquet(path=str(tmp_path), target="label")


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="an existing file or folder"):
        load_parquet(path=str(tmp_path / "gone"), target="label")
    with pytest.raises(UserError, match="Received: nothing"):
        load_parquet(path=None, target="label")
