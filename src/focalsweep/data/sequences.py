"""Tell sequences of several channels from grey images, and spread them over columns."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.errors import UserError

Layout = Literal["images", "sequences"]

_FEW = 4
"""A few channels over many times are no picture, whatever they hold."""


def are_sequences(values: NDArray[Any], *, layout: Layout | None) -> bool:
    """Tell whether an array of three axes holds sequences.

    Grey images are told by their pixels, whole numbers from 0 to 255 or numbers from 0 to 1.

    Parameters
    ----------
    values : array of shape (rows, height, width), or (rows, times, channels)
    layout : {"images", "sequences"}, optional
        What was said.

    Raises
    ------
    UserError
        When nothing was said and the values do not tell.
    """
    if layout is not None or values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        return layout == "sequences"
    height, width = values.shape[1:]
    low, high = float(values.min()), float(values.max())
    whole = values.dtype.kind != "f" or bool((values == np.floor(values)).all())
    is_bright = low >= 0 and (high <= 1 or (whole and high <= 255))
    if is_bright and (height == width or min(height, width) >= _FEW):
        return False
    raise UserError(
        "`X` of three axes holds grey images (rows, height, width) or sequences (rows, times, "
        f"channels), which are scaled differently. Received: an array of shape {values.shape} with "
        f"values from {low:g} to {high:g}; say `images` or `sequences` by `dataset.layout`, from "
        "Python by `layout`."
    )


def sequence_columns(values: NDArray[Any]) -> tuple[pd.DataFrame, tuple[int, int], str]:
    """Return one column a time and channel, the shape of a row, and a note.

    Raises
    ------
    UserError
        When there are other values than finite numbers.
    """
    times, channels = values.shape[1:]
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        raise UserError(
            "Sequences must hold finite numbers. Received: an array of type "
            f"`{values.dtype}` with others; fill them or leave these rows out."
        )
    columns = [f"time_{time}_{channel}" for time in range(times) for channel in range(channels)]
    flat = values.reshape(len(values), -1)
    flat = flat.astype(np.float32) if flat.dtype == np.float16 else flat
    note = (
        f"Rows are sequences of {times:,} times and {channels:,} channels, each channel scaled by "
        "itself; where it is the other way round, swap the last two axes."
    )
    return pd.DataFrame(flat, columns=columns, copy=False), (times, channels), note
