"""Open files that may be compressed: gzip, bzip2, xz, Zstandard, or a zip archive with one file.

What a file is is read from its first bytes, not from its name; only a zip archive must be called
one, because spreadsheets and many other formats are zip archives too.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from focalsweep.errors import UserError

_MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "Zstandard": b"\x28\xb5\x2f\xfd",
}
_BROKEN = (
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
)


def compression_of(path: Path) -> str | None:
    """Return the name of a file's compression, or None."""
    with path.open("rb") as raw:
        first = raw.read(8)
    if path.suffix.lower() == ".zip" and first.startswith(b"PK"):
        return "zip"
    return next((name for name, magic in _MAGIC.items() if first.startswith(magic)), None)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacked where it is compressed.

    Raises
    ------
    UserError
        When the compressed data are broken, also while they are read, or when a zip archive does
        not hold exactly one file.
    """
    kind = compression_of(path)
    try:
        with path.open("rb") as raw, _unpacked(raw, kind=kind, path=path) as stream:
            yield stream
    except _BROKEN as error:
        raise _broken(path, kind, error) from error
    except OSError as error:
        # bz2 and pyarrow say so in words of OSError, which has a number where a disk failed.
        if kind is None or error.errno is not None:
            raise
        raise _broken(path, kind, error) from error


def _unpacked(raw: BinaryIO, *, kind: str | None, path: Path) -> BinaryIO:
    match kind:
        case "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
        case "bzip2":
            return cast(BinaryIO, bz2.BZ2File(raw))
        case "xz":
            return cast(BinaryIO, lzma.LZMAFile(raw))
        case "Zstandard":
            # Python has Zstandard from 3.14 on; pyarrow has it today.
            return cast(BinaryIO, pa.input_stream(raw, compression="zstd"))
        case "zip":
            archive = zipfile.ZipFile(raw)
            return cast(BinaryIO, archive.open(_only_member(archive, path=path)))
        case _:
            return raw


def _only_member(archive: zipfile.ZipFile, *, path: Path) -> zipfile.ZipInfo:
    # macOS adds a folder with its own data about each file.
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise UserError(
            f"`dataset.path` must be a zip archive with one file. Received: `{path}` with "
            f"{len(members)} files; unpack it and name the file."
        )
    if members[0].flag_bits & 1:
        raise UserError(
            f"`dataset.path` must be a zip archive without a password. Received: `{path}`; unpack "
            "it and name the file."
        )
    return members[0]


def _broken(path: Path, kind: str | None, error: BaseException) -> UserError:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return UserError(
        f"`dataset.path` must be a whole {kind or 'compressed'} file. Received: `{path}` "
        f"({reason}); write or download it again."
    )
