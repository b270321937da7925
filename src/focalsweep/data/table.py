"""Make a dataset of a table: the user's own CSV, TSV or Parquet file, or a pandas DataFrame.

`dataset_of_frame` is the common end of all tables, wherever they come from. A table that cannot be
used is refused with a sentence and a way out, before anything else starts; what is changed on the
way in (infinities to missing, ...) stands in the dataset's notes. Columns stay raw otherwise:
encoding is fitted later, on training rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from focalsweep.data.answers import answers_of
from focalsweep.data.class_names import class_name_warnings
from focalsweep.data.column_names import listed, refuse_repeated_names
from focalsweep.data.columns import plain_columns
from focalsweep.data.dataset import Dataset
from focalsweep.data.delimited import read_delimited
from focalsweep.data.find_column import find_column
from focalsweep.data.leaks import leak_warnings
from focalsweep.data.parquet_files import looks_like_parquet, read_parquet
from focalsweep.data.row_roles import read_roles
from focalsweep.data.source_key import from_source
from focalsweep.data.table_path import existing_file, short_name
from focalsweep.data.target_labels import labels_of
from focalsweep.data.written import Written, without_marks, written_by_user
from focalsweep.errors import UserError


def load_table(
    *,
    path: str | None,
    target: str | list[str] | None,
    name: str | None = None,
    delimiter: str | None = None,
    multi_label: bool | None = None,
    groups: str | None = None,
    split: str | None = None,
    time: str | None = None,
    weights: str | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    missing: Sequence[str] | None = None,
) -> Dataset:
    """Load a table with one row an example and one or several columns that hold the classes.

    Parameters
    ----------
    path : str
        A ``.csv``, ``.tsv`` or ``.parquet`` file, also compressed (gzip, bzip2, xz, Zstandard, zip
        with one file); text must be UTF-8 with a header. What it is is read from its content.
    target, multi_label, groups, split, time, weights
        See `dataset_of_frame`.
    decimal, day_first, missing : optional
        See `focalsweep.data.written.written_by_user`.
    name : str, optional
        Short name of the dataset; by default the name of the file.
    delimiter : str, optional
        One character, or ``comma``, ``semicolon``, ``tab``, ``pipe``, ``space`` (these need no
        quotes in a shell); by default a tab in ``.tsv`` files and a comma in others.

    Raises
    ------
    UserError
        When the file or a column cannot be used.
    """
    written = written_by_user(decimal=decimal, day_first=day_first, missing=missing)
    file = existing_file(path, kind="a CSV or Parquet file with a table")
    if looks_like_parquet(file):
        frame = read_parquet(file)
    else:
        targets = target if isinstance(target, list) else [str(target)]
        frame = read_delimited(
            file,
            delimiter=None if delimiter is None else str(delimiter),
            decimal=written.decimal,
            # A class or a group may be called NA.
            as_it_stands=[*targets, *(key for key in (groups, split) if key is not None)],
        )
    dataset = dataset_of_frame(
        frame,
        target=target,
        name=name or short_name(file, default="table"),
        origin=str(file),
        multi_label=multi_label,
        groups=groups,
        split=split,
        time=time,
        weights=weights,
        written=written,
        key="dataset.path",
    )
    doubts = _points_among_commas(frame, dataset.written) if not written.decimal else ()
    return replace(dataset, warnings=(*dataset.warnings, *doubts))


def dataset_of_frame(
    frame: pd.DataFrame,
    *,
    target: str | Sequence[str] | None,
    name: str = "table",
    origin: str = "a pandas DataFrame",
    groups: str | None = None,
    split: str | None = None,
    time: str | None = None,
    weights: str | None = None,
    multi_label: bool | None = None,
    written: Written | None = None,
    notes: Sequence[str] = (),
    key: str = "dataset",
) -> Dataset:
    """Make a dataset of a table with one row an example.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        The table; it is not changed, and its index is not used.
    target : str or list of str
        The column of classes. Several names are binary columns (0 and 1, yes and no, booleans),
        one a label, of which a row may have any number.
    name : str, default "table"
        Short name of the dataset: letters, digits, ``_``, ``-`` and ``.``.
    origin : str
        Where the rows come from: a path, or a citation with its licence.
    groups : str, optional
        Column of groups, such as patients: rows of one group never straddle a split.
    split : str, optional
        Column that says ``train`` or ``test`` for each row.
    time : str, optional
        Column of numbers or dates: training comes before testing.
    weights : str, optional
        Column of numbers > 0, brought to mean 1: a row of weight 2 counts as two rows.
    multi_label : bool, optional
        How several target columns are read. None: as labels of their own, unless every row holds
        exactly one 1, which is a single label written as one-hot. True and False decide it.
    written : Written, optional
        What the user says of how text is written; found in each column without it.
    notes : sequence of str
        What was done to the rows before, in sentences.
    key : str, default "dataset"
        The config key that says where the rows come from, for messages.

    Returns
    -------
    Dataset
        All columns that are not named here are its features.

    Raises
    ------
    UserError
        When a column cannot be used, or when two keys name the same one.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": [1, 2, 3, 4] * 2, "grade": ["a", "a", "a", "b"] * 2})
    >>> dataset = dataset_of_frame(table, target="grade", name="grades")
    >>> dataset.class_names, dataset.class_counts.tolist()
    (('a', 'b'), [6, 2])
    """
    words = written or Written()
    frame = _named(frame, origin=origin, key=key)
    columns = list(frame.columns)
    targets = _targets(target, columns, origin=origin)
    given = {"groups": groups, "split": split, "time": time, "weights": weights}
    roles = {
        key: find_column(
            column, columns, key=f"dataset.{key}", where=origin, holds=f"the {key} of a row"
        )
        for key, column in given.items()
        if column is not None
    }
    _refuse_two_tasks(roles, targets)
    absent = words.missing
    labels, class_names, label_notes = labels_of(
        frame[targets].apply(without_marks, missing=absent), multi_label=multi_label
    )
    read = read_roles(
        rows=len(frame),
        written=words,
        **{key: without_marks(frame[column], absent) for key, column in roles.items()},
    )
    taken = [*targets, *dict.fromkeys(roles.values())]
    if len(taken) == frame.shape[1]:
        raise UserError(
            f"`{key}` must have feature columns beside the target. Received: `{origin}` with "
            f"{listed(columns)}, all of them named as something else; add feature columns, or set "
            "`dataset.delimiter` if it has more."
        )
    with from_source(key, origin):
        plain = plain_columns(frame.drop(columns=taken), given=words)
    return Dataset(
        name=name,
        features=plain.frame,
        labels=labels,
        class_names=class_names,
        origin=origin,
        notes=(*notes, *label_notes, *read.notes, *plain.notes),
        warnings=(
            *class_name_warnings(class_names, labels, column=targets[0]),
            *read.warnings,
            *plain.warnings,
            *leak_warnings(plain.frame, labels),
        ),
        groups=read.groups,
        split=read.split,
        time=read.time,
        weights=read.weights,
        answers=answers_of(frame[targets], labels, class_names),
        written=plain.written,
    )


def _points_among_commas(frame: pd.DataFrame, written: Mapping[str, Written]) -> tuple[str, ...]:
    """Say where a reader took 1.234 for one and a bit in a file that has decimal commas."""
    commas = [name for name, words in written.items() if words.decimal == ","]
    if not commas:
        return ()
    points = []
    for name, column in frame.select_dtypes("float").items():
        values = column.dropna()
        short = (values.abs() < 1000) & np.isclose(values * 1000, (values * 1000).round())
        if short.all() and (values % 1 != 0).any():
            points.append(str(name))
    if not points:
        return ()
    return (
        f"{listed(commas)} have decimal commas, and {listed(points)} were read with decimal "
        "points; where a point stands for thousands there, `dataset.decimal=','` says so.",
    )


def _named(frame: Any, *, origin: str, key: str) -> pd.DataFrame:
    """Return the frame with column names as text, on a range index."""
    if not isinstance(frame, pd.DataFrame):
        raise UserError(
            f"`{key}` must give a pandas DataFrame. Received: `{type(frame).__name__}`; "
            "`focalsweep.data.arrays.dataset_of_arrays` takes arrays."
        )
    if not frame.shape[0] or not frame.shape[1]:
        raise UserError(
            f"`{key}` must hold rows and columns. Received: `{origin}` with {frame.shape[0]} rows "
            f"and {frame.shape[1]} columns; choose another."
        )
    given: list[Any] = list(frame.columns)
    names = ["_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in given]
    refuse_repeated_names(names, file=origin, key=key)
    named: pd.DataFrame = frame.set_axis(names, axis=1).reset_index(drop=True)
    return named


def _targets(
    target: str | Sequence[str] | None, columns: Sequence[str], *, origin: str
) -> list[str]:
    wanted: list[str | None] = (
        list(target)
        if isinstance(target, list | tuple)
        else [None if target is None else str(target)]
    )
    if not wanted:
        raise UserError(
            "`dataset.target` must name a column, or several. Received: an empty list; "
            f"choose of {listed(columns)} in `{origin}`."
        )
    found = [
        find_column(each, columns, key="dataset.target", where=origin, holds="the class")
        for each in wanted
    ]
    twice = [name for name in dict.fromkeys(found) if found.count(name) > 1]
    if twice:
        raise UserError(
            f"`dataset.target` must name different columns. Received: {listed(twice)} more than "
            "once; remove the repetition."
        )
    return found


def _refuse_two_tasks(roles: dict[str, str], targets: Sequence[str]) -> None:
    for key, column in roles.items():
        if column in targets:
            raise UserError(
                f"`dataset.{key}` must name another column than `dataset.target`. Received: "
                f"`{column}` for both; remove one of them."
            )
