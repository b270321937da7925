"""Load data by any Python function of the user's own."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from focalsweep.config.target import load
from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.data.source_key import from_source
from focalsweep.data.table import dataset_of_frame
from focalsweep.data.written import Written, written_by_user
from focalsweep.errors import UserError

_ORDER = ("X", "y", "groups", "split", "time", "weights", "class_names")
_KEYS = (*_ORDER, "feature_names", "multi_label", "layout", "origin")
_ROLES = ("groups", "split", "time", "weights")


def load_callable(
    *,
    function: str,
    name: str,
    arguments: dict[str, Any] | None = None,
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
    """Load what a function returns.

    Parameters
    ----------
    function : str
        Dotted path, ``module.function``; the module may be a file of the working directory. What
        the function may return is said at `dataset_of_returned`.
    name : str
        Short name of the dataset.
    arguments : dict, optional
        Keyword arguments of the function.
    target, groups, split, time, weights : optional
        Columns of the DataFrame that the function returns; null where it returns arrays, which
        bring these with them.
    multi_label : bool, optional
        See `focalsweep.data.target_labels.labels_of`.
    decimal, day_first, missing : optional
        See `focalsweep.data.written.written_by_user`.

    Raises
    ------
    UserError
        When the function cannot be found, when it fails, or when what it returns cannot be used.
    """
    given = dict(arguments or {})
    returned = _call(_imported(function), given, path=function)
    columns = {"target": target, "groups": groups, "split": split, "time": time, "weights": weights}
    written = written_by_user(decimal=decimal, day_first=day_first, missing=missing)
    if isinstance(returned, pd.DataFrame):
        return dataset_of_frame(
            returned,
            target=target,
            name=name,
            origin=function,
            multi_label=multi_label,
            groups=groups,
            split=split,
            time=time,
            weights=weights,
            written=written,
            key="dataset.function",
        )
    for key, column in columns.items():
        if column is not None:
            raise UserError(
                f"`dataset.{key}` names a column, so `{function}` must return one DataFrame. "
                f"Received: a `{type(returned).__name__}`; remove `dataset.{key}` and return it "
                "with the arrays."
            )
    with from_source("dataset.function", function):
        return dataset_of_returned(
            returned, name=name, origin=function, multi_label=multi_label, written=written
        )


def dataset_of_returned(
    returned: Any,
    *,
    name: str,
    origin: str,
    multi_label: bool | None = None,
    written: Written | None = None,
) -> Dataset:
    """Make a dataset of what a function returned.

    Parameters
    ----------
    returned : tuple, mapping or Dataset
        A tuple ``X, y, groups, split, time, weights, class_names`` of two or more of these, in this
        order (None: not given); a mapping with these keys, and ``feature_names``, ``multi_label``
        and ``origin``; or a `Dataset`. See `focalsweep.data.arrays.dataset_of_arrays`. `y` may also
        be the name of a column of the DataFrame `X`, or a list of names.
    name, origin : str
        See `focalsweep.data.dataset.Dataset`.
    multi_label : bool, optional
        See `focalsweep.data.target_labels.labels_of`.
    written : Written, optional
        See `focalsweep.data.table.dataset_of_frame`.

    Raises
    ------
    UserError
        When it is something else, or when its parts cannot be used.
    """
    if isinstance(returned, Dataset):
        return returned
    given = _by_name(returned, origin=origin)
    given = {"origin": origin, "multi_label": multi_label, **given}
    X, y = given.pop("X"), given.pop("y")
    if isinstance(X, pd.DataFrame) and _names_columns(y, X):
        rest = {key: value for key, value in given.items() if value is not None}
        arrays = [key for key in rest if key not in ("origin", "multi_label")]
        wrong = [key for key in arrays if key not in _ROLES or not isinstance(rest[key], str)]
        if wrong:
            raise UserError(
                f"`{wrong[0]}` must be the name of a column where `y` is one. Received from "
                f"`{origin}`: a `{type(rest[wrong[0]]).__name__}`; return `y` itself instead."
            )
        return dataset_of_frame(X, target=y, name=name, **rest, written=written)
    return dataset_of_arrays(X, y, name=name, **given, written=written)


def _imported(function: str) -> Callable[..., Any]:
    if function.count(".") < 1 or not all(part.isidentifier() for part in function.split(".")):
        raise UserError(
            "`dataset.function` must be a dotted path, `module.function`. Received: "
            f"`{function}`; a file `my_data.py` with `def load()` is `my_data.load`."
        )
    try:
        return load(function, at="dataset", key="function")
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a program in the place of a module ends itself
        raise _failed(error, doing=f"Importing `{function.rpartition('.')[0]}`") from error


def _call(function: Callable[..., Any], arguments: Mapping[str, Any], *, path: str) -> Any:
    try:
        return function(**arguments)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise _failed(error, doing=f"`{path}({shown})`") from error


def _failed(error: BaseException, *, doing: str) -> UserError:
    """Name the line of the user's own code, which is all that a traceback would add."""
    reason = " ".join(str(error).split()).rstrip(".")
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    at = f" at line {last.lineno} of `{last.filename}`" if last is not None else ""
    return UserError(
        f"{doing} of `dataset.function` failed with {type(error).__name__}: {reason[:200]}{at}; "
        "mend it, or set `dataset.arguments`."
    )


def _by_name(returned: Any, *, origin: str) -> dict[str, Any]:
    if isinstance(returned, Mapping):
        given = dict(returned)
        unknown = [str(key) for key in given if key not in _KEYS]
        missing = [key for key in ("X", "y") if key not in given]
        if unknown or missing:
            near = difflib.get_close_matches(unknown[0], _KEYS, n=1) if unknown else []
            hint = f"; the nearest to `{unknown[0]}` is `{near[0]}`" if near else ""
            raise UserError(
                f"A mapping from `{origin}` must hold `X` and `y`, and may hold "
                f"{listed(_KEYS[2:])}. Received: {listed(list(map(str, given)))}{hint}."
            )
        return given
    if isinstance(returned, tuple) and 2 <= len(returned) <= len(_ORDER):
        return dict(zip(_ORDER, returned, strict=False))
    sort = f"a `{type(returned).__name__}`"
    if isinstance(returned, tuple):
        sort = f"a tuple of {len(returned)}"
    raise UserError(
        f"`{origin}` must return `X, y` (and {listed(_ORDER[2:])} in this order), a mapping with "
        f"these keys, or a pandas DataFrame with `dataset.target=COLUMN`. Received: {sort}; mend "
        "it."
    )


def _names_columns(y: Any, X: pd.DataFrame) -> bool:
    """Tell whether `y` is the name of a column, or a list of such, and not labels."""
    if isinstance(y, str):
        return True
    # As many labels as rows are labels.
    names = isinstance(y, list | tuple) and 0 < len(y) < len(X)
    return names and all(isinstance(each, str) and each in X.columns for each in y)
