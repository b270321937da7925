"""Load a set of TensorFlow Datasets by name, where that package is installed."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.data.find_column import find_column
from focalsweep.data.network import fetching
from focalsweep.errors import UserError

_PACKAGE = "tensorflow_datasets"


def load_tensorflow_set(
    *,
    name: str,
    data_name: str,
    target: str | None = None,
    minutes: float = 60.0,
) -> Dataset:
    """Load a set by ``tensorflow_datasets``, which keeps it for the next time.

    Where the set has the splits ``train`` and ``test``, they are the split of the dataset;
    otherwise all its splits are joined. Images of one size stay images; of other sets, all features
    that are one value a row become columns.

    Parameters
    ----------
    name : str
        Short name of the dataset here.
    data_name : str
        Name there, with its version: ``wine_quality/white:1.0.0``.
    target : str, optional
        Feature that is the label; by default the one that the set says.
    minutes : float, default 60
        How long fetching and preparing may take, > 0.

    Raises
    ------
    UserError
        When the package is not installed, when the set is not pinned or unknown, when it cannot be
        fetched in time, or when it has no features for a classifier.
    """
    if not re.fullmatch(r"[\w/.-]+:\d+\.\d+\.\d+", data_name):
        raise UserError(
            "`dataset.data_name` must name a set with its version, such as `mnist:3.0.1`. "
            f"Received: `{data_name}`; the versions are listed in the catalogue of TensorFlow "
            "Datasets."
        )
    if not minutes > 0:
        raise UserError(f"`dataset.minutes` must be > 0. Received: {minutes}.")
    library = _library()
    what = f"The TensorFlow data set `{data_name}`"
    with fetching(what, server="the servers of the set", kept_in="~/tensorflow_datasets"):
        try:
            builder = library.builder(data_name)
        except (library.core.DatasetNotFoundError, AssertionError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise UserError(
                f"`dataset.data_name` must name a set of TensorFlow Datasets. Received: "
                f"`{data_name}` ({reason[:120]})."
            ) from error
        _prepare(builder, what=what, seconds=60 * minutes)
        parts = _parts(library, builder)
    features = {key: np.concatenate([part[key] for part in parts.values()]) for key in _keys(parts)}
    label = find_column(
        target if target is not None else _default_target(builder.info),
        list(features),
        key="dataset.target",
        where=data_name,
        holds="the class",
    )
    split = None
    if set(parts) == {"train", "test"}:
        rows = [len(parts[part][label]) for part in ("train", "test")]
        split = np.repeat(["train", "test"], rows)
    return dataset_of_arrays(
        _features({key: each for key, each in features.items() if key != label}, what=what),
        features[label],
        name=name,
        origin=f"TensorFlow Datasets {builder.info.full_name}",
        class_names=getattr(builder.info.features[label], "names", None),
        split=split,
    )


def _library() -> Any:
    try:
        return importlib.import_module(_PACKAGE)
    except ModuleNotFoundError as error:
        if error.name != _PACKAGE:
            raise
        raise UserError(
            "`dataset=tensorflow_set` needs the package `tensorflow-datasets`, which is not "
            "installed here; run `python -m pip install tensorflow-datasets`."
        ) from None


def _prepare(builder: Any, *, what: str, seconds: float) -> None:
    """Fetch and prepare in a thread: the library's own requests have no time limit."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            builder.download_and_prepare()
        except BaseException as error:  # raised again below, in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise UserError(
            f"{what} must be fetched within `dataset.minutes`={seconds / 60:g}. Received: nothing "
            "whole by then; check the network, or allow more minutes."
        )
    if failed:
        raise failed[0]


def _parts(library: Any, builder: Any) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the arrays of each split, by the name of the feature; only splits with labels."""
    known = list(builder.info.splits)
    wanted = ["train", "test"] if {"train", "test"} <= set(known) else known
    parts = {}
    for part in wanted:
        rows = [_flat(row) for row in library.as_numpy(builder.as_dataset(split=part))]
        if rows:
            parts[part] = {key: _stacked(row[key] for row in rows) for key in rows[0]}
    if not parts:
        raise UserError(
            "`dataset.data_name` must name a set with rows. Received: "
            f"`{builder.info.full_name}` without any."
        )
    return parts


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        inner = _flat(value, f"{prefix}{key}/") if isinstance(value, Mapping) else None
        flat.update(inner if inner is not None else {f"{prefix}{key}": value})
    return flat


def _stacked(values: Iterable[Any]) -> NDArray[Any]:
    kept = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values
    ]
    if len({np.shape(value) for value in kept}) > 1:
        # Rows of different sizes cannot be one array; `_features` says so where it matters.
        ragged = np.empty(len(kept), dtype=object)
        ragged[:] = kept
        return ragged
    return np.asarray(kept)


def _keys(parts: Mapping[str, Mapping[str, NDArray[Any]]]) -> list[str]:
    return list(next(iter(parts.values())))


def _default_target(info: Any) -> str | None:
    supervised = info.supervised_keys
    return supervised[1] if supervised and isinstance(supervised[1], str) else None


def _features(features: Mapping[str, NDArray[Any]], *, what: str) -> Any:
    images = [each for each in features.values() if each.ndim in (3, 4)]
    if len(images) == 1:
        return images[0]
    columns = {
        key: each for key, each in features.items() if each.ndim == 1 and each.dtype != object
    }
    if not columns:
        raise UserError(
            f"{what} must have features of one value a row, or images of one size. Received: "
            f"{listed(list(features))}; resize or spread them in a function of your own for "
            "`dataset=callable`."
        )
    return pd.DataFrame(columns)
