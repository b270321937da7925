import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from focalsweep.data.compressed import compression_of, opened
from focalsweep.data.table import load_table
from focalsweep.errors import UserError

TEXT = ("x,label\n" + "1.5,a\n2.5,b\n3.5,a\n4.5,b\n" * 50).encode()


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstandard,
}


@pytest.mark.parametrize("kind", PACK)
def test_a_compressed_table_is_the_same_dataset_whatever_it_is_called(
    kind: str, tmp_path: Path
) -> None:
    plain, packed = tmp_path / "plain.csv", tmp_path / "packed.csv"
    plain.write_bytes(TEXT)
    packed.write_bytes(PACK[kind](TEXT))
    assert compression_of(packed) == kind
    assert compression_of(plain) is None
    one, other = (load_table(path=str(file), target="label") for file in (plain, packed))
    assert one.sha256() == other.sha256()


@pytest.mark.parametrize("kind", PACK)
def test_broken_compressed_data_are_refused_by_the_name_of_the_format(
    kind: str, tmp_path: Path
) -> None:
    packed = PACK[kind](TEXT)
    file = tmp_path / "t.csv"
    for broken in (packed[:-6], packed[:20] + b"\xff" * 9 + packed[29:]):
        file.write_bytes(broken)
        with pytest.raises(UserError, match=f"a whole {kind} file|none of these"):
            load_table(path=str(file), target="label")


def zipped(folder: Path, **files: bytes) -> Path:
    path = folder / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_archive_with_one_file_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"inside/t.csv": TEXT, "__MACOSX/._t.csv": b"junk"})
    assert load_table(path=str(path), target="label").n_rows == 200


@pytest.mark.parametrize("files", [{}, {"a.csv": TEXT, "b.csv": TEXT}])
def test_a_zip_archive_with_no_or_several_files_is_refused(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"with {len(files)} files; unpack it"):
        load_table(path=str(zipped(tmp_path, **files)), target="label")


def test_a_cut_zip_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"t.csv": TEXT})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="a whole zip file"):
        load_table(path=str(path), target="label")


def test_a_file_that_cannot_be_read_is_not_called_broken(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), opened(tmp_path / "gone.csv"):
        pass
