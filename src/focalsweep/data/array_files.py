"""Load NumPy's array files: `.npz` with several arrays, `.npy`, and SciPy's sparse `.npz`.

Files are never unpickled: an array of Python objects can run any code, so it is refused.
"""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.data.find_column import find_column
from focalsweep.data.sequences import Layout
from focalsweep.data.source_key import from_source
from focalsweep.data.table_path import existing_file, short_name
from focalsweep.errors import UserError

_SPARSE = {"data", "shape", "format"}
_KIND = "a `.npz` or `.npy` file"
_ONE = "the one array of a .npy file"
_MATRIX = "the sparse matrix"


def load_arrays(
    *,
    path: str | None,
    name: str | None = None,
    features: str = "X",
    target: str = "y",
    labels_path: str | None = None,
    class_names: list[str] | None = None,
    multi_label: bool | None = None,
    layout: Layout | None = None,
    groups: str | None = None,
    split: str | None = None,
    time: str | None = None,
    weights: str | None = None,
) -> Dataset:
    """Load arrays of features and labels.

    Parameters
    ----------
    path : str
        A ``.npz`` file with one array of features, or with ``X_train`` and ``X_test`` as Keras's
        sets have them; a ``.npy`` file; or what `scipy.sparse.save_npz` writes. Features of more
        than two axes are images, see `focalsweep.data.arrays.dataset_of_arrays`.
    name : str, optional
        Short name of the dataset; by default the name of the file.
    features, target : str, default "X" and "y"
        Names of the arrays of features and labels.
    labels_path : str, optional
        Where the labels are, when they are in a file of their own (``.npy`` or ``.npz``).
    class_names : list of str, optional
        Name of class code 0, 1, ..., or of each label; by default the array ``class_names`` of the
        file, where there is one.
    groups, split, time, weights : str, optional
        Names of further arrays, in either file.
    layout : {"images", "sequences"}, optional
        What features of three axes are, where their values do not tell.
    multi_label : bool, optional
        See `focalsweep.data.target_labels.labels_of`.

    Raises
    ------
    UserError
        When a file or an array cannot be used.
    """
    file = existing_file(path, kind=_KIND)
    arrays = _read(file, key="dataset.path")
    others: Mapping[str, Any] = {}
    if labels_path is not None:
        label_file = existing_file(labels_path, kind=_KIND, key="dataset.labels_path")
        others = _read(label_file, key="dataset.labels_path")
    given: dict[str, Any]
    if _in_parts(features, arrays) and labels_path is None:
        _refuse_roles(groups=groups, split=split, time=time, weights=weights)
        with from_source("dataset.path", file):
            given = _joined(arrays, features=features, target=target)
    else:
        given = {"X": _features(arrays, wanted=features, file=file)}
        given["y"] = _labels(arrays, others, wanted=target, file=file, labels_path=labels_path)
        both = {**arrays, **others}
        roles = {"groups": groups, "split": split, "time": time, "weights": weights}
        for key, wanted in roles.items():
            if wanted is not None:
                found = find_column(
                    wanted, list(both), key=f"dataset.{key}", where=str(file), holds=f"the {key}"
                )
                given[key] = both[found]
    both = {**arrays, **others}
    with from_source("dataset.path", file):
        return dataset_of_arrays(
            **given,
            name=name or short_name(file, default="arrays"),
            origin=str(file),
            class_names=class_names or _names(both, "class_names"),
            feature_names=_names(both, "feature_names"),
            multi_label=multi_label,
            layout=layout,
        )


def _read(file: Path, *, key: str) -> Mapping[str, Any]:
    """Return the arrays of a file by name; a file of one array has an invented name."""
    # Opened here, because NumPy leaves files open that turn out to be broken.
    with _reading(file, key=key), file.open("rb") as stream:
        # NumPy takes whatever is none of its own files for a pickle.
        if not stream.read(6).startswith((b"\x93NUMPY", b"PK", b"\x80")):
            raise ValueError("neither of them by its first bytes")
        stream.seek(0)
        # What is pickled raises a ValueError.
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {_ONE: loaded}
        with loaded:
            if not set(loaded.files) >= _SPARSE:
                return {name: loaded[name] for name in loaded.files}
        stream.seek(0)
        return {_MATRIX: sparse.load_npz(stream)}


def _features(arrays: Mapping[str, Any], *, wanted: str, file: Path) -> Any:
    for only in (_ONE, _MATRIX):
        if only in arrays:
            return arrays[only]
    return arrays[
        find_column(
            wanted, list(arrays), key="dataset.features", where=str(file), holds="the features"
        )
    ]


def _labels(
    arrays: Mapping[str, Any],
    others: Mapping[str, Any],
    *,
    wanted: str,
    file: Path,
    labels_path: str | None,
) -> Any:
    source, where = (arrays, str(file)) if labels_path is None else (others, labels_path)
    if labels_path is not None and _ONE in others:
        return others[_ONE]
    if _ONE in source or _MATRIX in source:
        received = (
            f"nothing, and `{where}` holds one array, which is taken for the features"
            if labels_path is None
            else f"`{where}`, a sparse matrix"
        )
        raise UserError(
            "`dataset.labels_path` must name a `.npy` or `.npz` file with the labels. Received: "
            f"{received}; save the labels beside it."
        )
    return source[
        find_column(wanted, list(source), key="dataset.target", where=where, holds="the classes")
    ]


def _in_parts(features: str, arrays: Mapping[str, Any]) -> bool:
    lower = {name.lower() for name in arrays}
    return features not in arrays and f"{features}_train".lower() in lower


def _joined(arrays: Mapping[str, Any], *, features: str, target: str) -> dict[str, Any]:
    """Return training and test rows one after another, with the split that they came in."""
    lower = {name.lower(): name for name in arrays}
    parts = {}
    for array in (features, target):
        for part in ("train", "test"):
            wanted = f"{array}_{part}".lower()
            if wanted not in lower:
                raise UserError(
                    f"An array file with `{features}_train` must also hold `{array}_{part}`. "
                    f"Received: {listed(list(arrays))}; add the missing one."
                )
            parts[array, part] = np.asarray(arrays[lower[wanted]])
    for array in (features, target):
        one, other = parts[array, "train"].shape, parts[array, "test"].shape
        if one[1:] != other[1:] or not one:
            raise UserError(
                f"`{array}_train` and `{array}_test` must have rows of the same shape. Received: "
                f"arrays of shape {one} and {other}; reshape them."
            )
    rows = [len(parts[features, part]) for part in ("train", "test")]
    return {
        "X": np.concatenate([parts[features, "train"], parts[features, "test"]]),
        "y": np.concatenate([parts[target, "train"], parts[target, "test"]]),
        "split": np.repeat(["train", "test"], rows),
    }


def _refuse_roles(**roles: str | None) -> None:
    for key, name in roles.items():
        if name is not None:
            raise UserError(
                f"`dataset.{key}` must be null for arrays in a training and a test part, which are "
                f"joined here. Received: `{name}`; join the arrays yourself into one file."
            )


def _names(arrays: Mapping[str, Any], key: str) -> list[str] | None:
    if key not in arrays:
        return None
    return [str(name) for name in np.asarray(arrays[key]).ravel()]


@contextmanager
def _reading(file: Path, *, key: str) -> Iterator[None]:
    try:
        yield
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
        pickle.UnpicklingError,
    ) as error:
        reason = " ".join(str(error).split())
        if "pickle" in reason.lower():
            raise UserError(
                f"`{key}` must name a file of plain arrays. Received: `{file}` with Python objects "
                "in it, which are not read because they may run code; save numbers or text, or use "
                "Parquet for columns of different types."
            ) from error
        raise UserError(
            f"`{key}` must name a whole `.npz` or `.npy` file. Received: `{file}` "
            f"({reason[:120].rstrip('.')}); write or download it again."
        ) from error
    except MemoryError as error:
        raise UserError(
            f"`{key}` must name arrays that fit into memory. Received: `{file}` ({error}); keep "
            "fewer rows, or check that the file is whole."
        ) from error
