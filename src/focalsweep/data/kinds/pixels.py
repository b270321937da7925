"""Scale the pixels of images by one rule for all of them, and drop none.

One mean and one standard deviation, over all pixels of the training rows: a pixel's place and its
brightness beside its neighbours stay what they were, so that a convolution can be laid over the
columns again. A missing pixel is given the mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.numbers import as_floats
from focalsweep.data.kinds.treatment import Treatment
from focalsweep.errors import UserError

_FARTHEST = 10.0
"""Standard deviations at which a pixel is cut off; 8-bit images stay far inside."""
_PIXELS_AT_A_TIME = 2**19

ImageShape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Hold the scaling of all pixels.

    Parameters
    ----------
    shape : tuple of (height, width, channels)
        Row-major order of the columns.
    mean, scale : float
        ``(pixel - mean) * scale`` is given out.
    """

    shape: ImageShape
    mean: float
    scale: float

    @property
    def width(self) -> int:
        """Columns made: every pixel."""
        return math.prod(self.shape)

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return scaled pixels in their order, (rows, pixels)."""
        made = np.empty(features.shape, np.float32)
        for rows, block in _blocks(features):
            scaled = np.clip((block - self.mean) * self.scale, -_FARTHEST, _FARTHEST)
            made[rows] = np.nan_to_num(scaled, copy=False)
        return made

    def treatments(self) -> list[Treatment]:
        """Describe all pixels as one."""
        height, width, channels = self.shape
        return [
            Treatment(
                name=f"{self.width:,} pixels",
                kind="pixels",
                treatment=f"images of {height} x {width} x {channels}, all pixels with one mean "
                "and one standard deviation",
                made=self.width,
            )
        ]


def fit_pixels(features: pd.DataFrame, shape: ImageShape) -> Pixels:
    """Fit on training rows.

    Parameters
    ----------
    features : DataFrame of shape (training rows, pixels)
        Numbers.
    shape : tuple of (height, width, channels)
        Their product must be the number of columns.

    Raises
    ------
    UserError
        When there are more or fewer columns, a column of other things than numbers, or when all
        pixels are alike.
    """
    if math.prod(shape) != features.shape[1]:
        raise UserError(
            f"`image_shape` must multiply to the {features.shape[1]:,} columns of the images. "
            f"Received: {tuple(shape)}."
        )
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in features.dtypes.unique()):
        raise UserError(
            "The columns of images must be numbers. Received: a column of type "
            f"`{next(k for k in features.dtypes if not pd.api.types.is_numeric_dtype(k))}`; leave "
            "`image_shape` out for other data."
        )
    count, total = 0, 0.0
    for _, block in _blocks(features):
        present = np.isfinite(block)
        count += int(present.sum())
        total += float(block.sum(where=present))
    mean = total / count if count else 0.0
    squares = 0.0
    for _, block in _blocks(features):
        squares += float(np.square(block - mean).sum(where=np.isfinite(block)))
    deviation = math.sqrt(squares / count) if count else 0.0
    if not deviation > 1e-12 * max(abs(mean), 1e-12):
        raise UserError(
            "Pixels must vary over the training rows of a fold. Received: the same value in all "
            f"{features.shape[1]:,} pixels of {len(features):,} rows."
        )
    return Pixels(shape=shape, mean=mean, scale=1 / deviation)


def _blocks(features: pd.DataFrame) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield some rows at a time as float64: all of them at once can be eight times the images."""
    step = max(1, _PIXELS_AT_A_TIME // max(1, features.shape[1]))
    for start in range(0, len(features), step):
        rows = slice(start, start + step)
        yield rows, as_floats(features.iloc[rows])
