"""Choose the columns that a model gets as they are: codes to embed, pixels to rescale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from focalsweep.data.column_names import listed
from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError

LARGEST = 2**24
"""Beyond it not every whole number is a float32, which rows are made of."""


def with_raw(dataset: Dataset, raw: Sequence[str] | Literal["all"]) -> Dataset:
    """Return the dataset with these columns left as they are.

    Parameters
    ----------
    dataset : Dataset
    raw : sequence of str, or "all"
        Names of columns.

    Raises
    ------
    UserError
        When there is no such column, or when it holds something else than numbers without gaps.
    """
    known = [str(name) for name in dataset.features.columns]
    names = known if raw == "all" else list(map(str, raw))
    for name in names:
        if name not in known:
            raise UserError(
                f"`dataset.raw` must name columns of the features. Received: `{name}`; there are "
                f"{listed(known)}."
            )
        column = dataset.features[name]
        if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any():
            raise UserError(
                "`dataset.raw` must name columns of numbers without missing values. Received: "
                f"`{name}`; turn it into codes, or leave it out."
            )
        largest = np.abs(column.to_numpy(np.float64)).max()
        if largest > LARGEST:
            raise UserError(
                f"Columns of `dataset.raw` must hold numbers up to {LARGEST:,}. Received: "
                f"{largest:,.0f} in `{name}`; number the codes through."
            )
    if set(known) > set(names) and dataset.image_shape is not None:
        raise UserError(
            "`dataset.raw` must be `all` or nothing for images. Received: some of their pixels."
        )
    return replace(dataset, raw=tuple(names))


def whole_columns(dataset: Dataset) -> list[str]:
    """Name the columns that hold whole numbers only, which may be codes."""
    return [str(name) for name in dataset.features if _is_whole(dataset.features[name])]


def _is_whole(column: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    if not kinds.is_numeric_dtype(column.dtype) or kinds.is_bool_dtype(column.dtype):
        return False
    values = column.to_numpy(np.float64, na_value=np.nan)
    return bool((values == np.floor(values)).all())
