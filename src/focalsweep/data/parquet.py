"""Load the user's own table from Parquet: a file, or a folder of files."""

from __future__ import annotations

from collections.abc import Sequence

from focalsweep.data.dataset import Dataset
from focalsweep.data.parquet_files import read_parquet
from focalsweep.data.table import dataset_of_frame
from focalsweep.data.table_path import existing_file, existing_path, short_name
from focalsweep.data.written import written_by_user


def load_parquet(
    *,
    path: str | None,
    target: str | list[str] | None,
    name: str | None = None,
    multi_label: bool | None = None,
    groups: str | None = None,
    split: str | None = None,
    time: str | None = None,
    weights: str | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    missing: Sequence[str] | None = None,
) -> Dataset:
    """Load a Parquet table with one row an example.

    Parameters
    ----------
    path : str
        A ``.parquet`` file (any codec inside; also packed as a whole, ``.parquet.gz``), or a folder
        of such files, also in ``key=value`` folders.
    target, multi_label, groups, split, time, weights
        See `focalsweep.data.table.dataset_of_frame`.
    decimal, day_first, missing : optional
        See `focalsweep.data.written.written_by_user`.
    name : str, optional
        Short name of the dataset; by default the name of the file or folder.

    Raises
    ------
    UserError
        When the files or a column cannot be used.
    """
    found = existing_path(path, kind="a Parquet file or a folder of them")
    if not found.is_dir():
        found = existing_file(path, kind="a Parquet file")
    return dataset_of_frame(
        read_parquet(found),
        target=target,
        name=name or short_name(found, default="parquet"),
        origin=str(found),
        multi_label=multi_label,
        groups=groups,
        split=split,
        time=time,
        weights=weights,
        written=written_by_user(decimal=decimal, day_first=day_first, missing=missing),
        key="dataset.path",
    )
