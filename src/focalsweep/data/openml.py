"""Load a dataset of openml.org, by name and version or by its number."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from sklearn import datasets

from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.dataset import Dataset
from focalsweep.data.network import fetching
from focalsweep.data.table import dataset_of_frame
from focalsweep.data.written import written_by_user
from focalsweep.errors import UserError

_SERVER = "www.openml.org"


def load_openml(
    *,
    name: str,
    data_name: str | None = None,
    version: int | None = None,
    data_id: int | None = None,
    target: str | list[str] | None = None,
    multi_label: bool | None = None,
    groups: str | None = None,
    split: str | None = None,
    time: str | None = None,
    weights: str | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    missing: Sequence[str] | None = None,
) -> Dataset:
    """Load a dataset by `sklearn.datasets.fetch_openml`, which keeps it for the next time.

    Names are not unique and versions differ in rows and columns, so the version is pinned. Columns
    that OpenML marks as row identifiers or as to be ignored are left out.

    Parameters
    ----------
    name : str
        Short name of the dataset here.
    data_name : str, optional
        Name on OpenML, together with `version`.
    version : int, optional
        Version of that name, >= 1.
    data_id : int, optional
        Number on OpenML, in the place of name and version: ``https://www.openml.org/d/NUMBER``.
    target : str or list of str, optional
        Target column; by default the one (or those) that OpenML says.
    multi_label, groups, split, time, weights
        See `focalsweep.data.table.dataset_of_frame`.
    decimal, day_first, missing : optional
        See `focalsweep.data.written.written_by_user`.

    Raises
    ------
    UserError
        When the dataset is not pinned, unknown or cannot be fetched, or when a column cannot be
        used.

    References
    ----------
    J. Vanschoren et al., OpenML: networked science in machine learning, arXiv:1407.7722.
    """
    pinned = _pinned(data_name=data_name, version=version, data_id=data_id)
    what = f"OpenML data set `{data_id if data_name is None else data_name}`" + (
        "" if version is None else f" version {version}"
    )
    bunch, notes = _fetch(pinned, what=what)
    details = bunch.details
    origin = f"OpenML {details['name']} version {details['version']}, {bunch.url}"
    if licence := details.get("licence"):
        origin += f", licence: {licence}"
    if bunch.frame is None:  # a sparse matrix
        roles = {"groups": groups, "split": split, "time": time, "weights": weights}
        for key, column in {**roles, "target": target}.items():
            if column is not None:
                raise UserError(
                    f"`dataset.{key}` must be null for {what}, a sparse matrix whose target OpenML "
                    f"says. Received: `{column}`; remove it."
                )
        return dataset_of_arrays(
            bunch.data,
            bunch.target,
            name=name,
            origin=origin,
            feature_names=bunch.feature_names,
            multi_label=multi_label,
            notes=notes,
        )
    return dataset_of_frame(
        bunch.frame,
        target=target if target is not None else _default(bunch, what=what),
        name=name,
        origin=origin,
        multi_label=multi_label,
        groups=groups,
        split=split,
        time=time,
        weights=weights,
        written=written_by_user(decimal=decimal, day_first=day_first, missing=missing),
        notes=notes,
        key="dataset.data_name" if data_id is None else "dataset.data_id",
    )


def _pinned(
    *, data_name: str | None, version: int | None, data_id: int | None
) -> dict[str, str | int]:
    if data_id is not None and data_name is None and version is None:
        if data_id < 1:
            raise UserError(f"`dataset.data_id` must be >= 1. Received: {data_id}.")
        return {"data_id": data_id}
    if data_id is not None:
        raise UserError(
            "`dataset.data_id` must stand alone, because it says name and version. Received: also "
            f"data_name={data_name} and version={version}; set both to null or remove the number."
        )
    if data_name is None:
        raise UserError(
            "`dataset=openml` needs `dataset.data_name=NAME dataset.version=1`, or "
            "`dataset.data_id=NUMBER`. Received: neither."
        )
    if version is None or version < 1:
        raise UserError(
            "`dataset.version` must pin the version of the OpenML data set, a whole number >= 1. "
            f"Received: {'nothing' if version is None else version}; add `dataset.version=1` (the "
            f"versions of `{data_name}` are listed on `{_SERVER}`)."
        )
    return {"name": data_name, "version": version}


def _fetch(pinned: dict[str, str | int], *, what: str) -> tuple[Any, tuple[str, ...]]:
    """Return the library's answer, and what it warned of."""
    kept_in = f"{datasets.get_data_home()}/openml"
    with (
        fetching(what, server=_SERVER, kept_in=kept_in),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        try:
            bunch = datasets.fetch_openml(**pinned, n_retries=1, as_frame="auto")
        except ValueError as error:  # unknown on OpenML, or a broken file
            reason = " ".join(str(error).split()).rstrip(".")
            raise UserError(
                f"{what} cannot be used: {reason[:200]}; look it up on `{_SERVER}`, or remove "
                f"`{kept_in}` if a file in it is broken."
            ) from error
    said = [str(each.message) for each in caught if each.category is UserWarning]
    notes = dict.fromkeys(" ".join(text.split()) for text in said if "network" not in text.lower())
    return bunch, tuple(notes)


def _default(bunch: Any, *, what: str) -> list[str]:
    names = list(bunch.target_names or ())
    if not names:
        raise UserError(
            f"`dataset.target` must name the target of {what}, for which OpenML names none. "
            "Received: nothing; set `dataset.target=COLUMN`."
        )
    return names
