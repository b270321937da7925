"""Turn raw columns into float32 numbers that a network can learn from, fitted on training rows.

Which kind a column is is read off its type: numbers, booleans, dates, categories, free text. What
each kind becomes is described in `focalsweep.data.kinds`, one module a kind. Nothing here reads a
label, and nothing is fitted on other rows than those given to `fit_preprocessor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from focalsweep.data.kinds.categories import MOST_LEVELS, fit_categories
from focalsweep.data.kinds.channels import fit_channels
from focalsweep.data.kinds.dates import fit_dates
from focalsweep.data.kinds.numbers import fit_numbers
from focalsweep.data.kinds.pixels import ImageShape, fit_pixels
from focalsweep.data.kinds.texts import fit_texts
from focalsweep.data.kinds.treatment import Treatment
from focalsweep.data.kinds.wide import Wide, fit_wide
from focalsweep.errors import UserError

_SHOWN = 3


class Block(Protocol):
    """Make some columns out of some columns."""

    @property
    def width(self) -> int:
        """Columns made."""

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return finite numbers, (rows, columns made)."""

    def treatments(self) -> list[Treatment]:
        """Describe each column that is read."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Preprocessor:
    """Hold what was fitted on training rows; `transform` applies it to any rows.

    Parameters
    ----------
    columns : tuple of str
        Column names that it was fitted on.
    blocks : tuple of Block
        What makes columns, in the order in which they are given out.
    wide : Wide, optional
        Treatment of wide sparse columns, given out last.
    unused : tuple of Treatment
        Columns that say nothing about the training rows.
    """

    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    wide: Wide | None = None
    unused: tuple[Treatment, ...] = ()

    @property
    def width(self) -> int:
        """Columns made."""
        blocks = sum(block.width for block in self.blocks)
        return blocks + (0 if self.wide is None else self.wide.width)

    def transform(
        self, features: pd.DataFrame, sparse: csr_array | None = None
    ) -> NDArray[np.float32]:
        """Return finite numbers, float32 array of shape (rows, columns made).

        Values not seen in the training rows are treated as missing (numbers), as a rare level
        (categories) or left out (words).

        Parameters
        ----------
        features : DataFrame of shape (rows, columns)
            The columns of the fit, in their order.
        sparse : csr_array of shape (rows, wide columns), optional
            The wide columns of the fit, where it had any.

        Raises
        ------
        ValueError
            When the columns are others than those of the fit.
        """
        if tuple(map(str, features.columns)) != self.columns:
            raise ValueError(
                f"`features` must have the columns of the fit. Expected: {self.columns}. "
                f"Received: {tuple(features.columns)}."
            )
        if self.wide is not None and sparse is None:
            raise ValueError(
                f"`sparse` must have the {self.wide.read:,} columns of the fit. Received: None."
            )
        if self.wide is None and len(self.blocks) == 1:
            return self.blocks[0].transform(features)
        # One block at a time is put in its place: at no time are there two copies of all of them.
        made = np.empty((len(features), self.width), np.float32)
        start = 0
        for block in self.blocks:
            made[:, start : start + block.width] = block.transform(features)
            start += block.width
        if self.wide is not None and sparse is not None:
            made[:, start:] = self.wide.transform(sparse)
        return made

    def describe(self) -> tuple[Treatment, ...]:
        """Return how each column is treated, in the order of the columns; blocks of them last."""
        found = [*self.unused]
        for block in self.blocks:
            found += block.treatments()
        place = {name: position for position, name in enumerate(self.columns)}
        found.sort(key=lambda each: place.get(each.name, len(place)))
        return (*found, *(self.wide.treatments() if self.wide else ()))


def fit_preprocessor(
    features: pd.DataFrame,
    *,
    sparse: csr_array | None = None,
    image_shape: ImageShape | None = None,
    raw: Sequence[str] = (),
) -> Preprocessor:
    """Fit on training rows.

    Columns that are constant in these rows are left out, and so are categories in which no level
    has 5 rows, and text in which no word is in two rows.

    Parameters
    ----------
    features : DataFrame of shape (training rows, columns)
        Columns as `focalsweep.data.columns` leaves them; missing and infinite values allowed. Text
        that is no category is free text where it has more than 30 different values.
    sparse : csr_array of shape (training rows, wide columns), optional
        Wide numeric columns beside them.
    image_shape : tuple of (height, width, channels), optional
        Says that `features` are pixels, of which none is left out; (times, channels) of sequences.
    raw : sequence of str
        Columns of numbers that are given out as they are, and never left out.

    Raises
    ------
    UserError
        When no column is left.
    """
    unused: list[Treatment] = []
    if image_shape is not None and not raw:
        blocks: list[Block] = [
            fit_channels(features, image_shape)
            if len(image_shape) == 2
            else fit_pixels(features, image_shape)
        ]
    else:
        blocks, unused = _fit_columns(features, raw=raw)
    wide = None if sparse is None else fit_wide(sparse)
    if not blocks and wide is None:
        raise _nothing_left(features, unused)
    return Preprocessor(
        columns=tuple(map(str, features.columns)),
        blocks=tuple(blocks),
        wide=wide,
        unused=tuple(unused),
    )


def _nothing_left(features: pd.DataFrame, unused: list[Treatment]) -> UserError:
    """Say of the columns why each is not used: text that hardly repeats is not constant."""
    shown = "; ".join(f"`{each.name}` {each.treatment}" for each in unused[:_SHOWN])
    more = f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else ""
    way_out = "set a smaller `evaluation.folds` or `evaluation.inner_folds`, or add feature columns"
    if any(each.kind in ("category", "text") for each in unused):
        way_out = (
            "write numbers and dates alike in all rows, so that they are not taken for names, or "
            "add feature columns"
        )
    return UserError(
        "At least one feature must vary over the training rows of a fold, and repeat where it is "
        f"text. Received in {len(features):,} rows of the `dataset`: {shown or 'no column'}{more}; "
        f"{way_out}."
    )


def _fit_columns(
    features: pd.DataFrame, *, raw: Sequence[str]
) -> tuple[list[Block], list[Treatment]]:
    """Return what makes columns of a table, and the columns of which nothing is made."""
    names: dict[str, list[Any]] = {"number": [], "date": [], "category": [], "text": []}
    for name, kind in features.dtypes.items():
        names[_kind(features, name, kind)].append(name)
    numbers = fit_numbers(features, names["number"], raw=raw)
    one_hot, hashed, unused = fit_categories(features, names["category"])
    dates = [fit_dates(features[name]) for name in names["date"]]
    texts = {name: fit_texts(features[name]) for name in names["text"]}
    blocks: list[Block] = [numbers]
    blocks += [] if one_hot is None else [one_hot]
    blocks += [*hashed, *dates, *(text for text in texts.values() if text is not None)]
    unused += [
        Treatment(name=str(name), kind="text", treatment="not used: no word is in two rows", made=0)
        for name, text in texts.items()
        if text is None
    ]
    # A block without columns is kept out of `transform`, and what it says of its columns kept.
    for block in blocks:
        if not block.width:
            unused += block.treatments()
    return [block for block in blocks if block.width], unused


def _kind(
    features: pd.DataFrame, name: Any, dtype: Any
) -> Literal["number", "date", "category", "text"]:
    kinds = pd.api.types
    if kinds.is_numeric_dtype(dtype):
        return "number"
    if kinds.is_datetime64_any_dtype(dtype):
        return "date"
    if kinds.is_string_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        return "text" if features[name].nunique() > MOST_LEVELS else "category"
    return "category"
