"""Scale sequences a channel: one mean and one standard deviation for all times of a channel.

Channels of a sequence are measured in units of their own; by one rule for all of them a channel of
spread 0.01 would vanish beside one of 500.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.numbers import as_floats
from focalsweep.data.kinds.treatment import Treatment

_FARTHEST = 10.0
"""Standard deviations at which a value is cut off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Channels:
    """Hold the scaling of each channel.

    Parameters
    ----------
    shape : tuple of (times, channels)
        Row-major order of the columns.
    mean, scale : arrays of shape (channels,)
        ``(value - mean) * scale`` is given out; 0 where a channel is constant or a value missing.
    """

    shape: tuple[int, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def width(self) -> int:
        """Columns made: every value."""
        return math.prod(self.shape)

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return scaled values in their order, (rows, values)."""
        values = as_floats(features).reshape(-1, *self.shape)
        scaled = np.clip((values - self.mean) * self.scale, -_FARTHEST, _FARTHEST)
        return np.nan_to_num(scaled.reshape(len(features), -1).astype(np.float32), copy=False)

    def treatments(self) -> list[Treatment]:
        """Describe all values as one."""
        times, channels = self.shape
        return [
            Treatment(
                name=f"{self.width:,} values",
                kind="number",
                treatment=f"sequences of {times} times and {channels} channels, each channel with "
                "its own mean and standard deviation",
                made=self.width,
            )
        ]


def fit_channels(features: pd.DataFrame, shape: tuple[int, ...]) -> Channels:
    """Fit on training rows.

    Parameters
    ----------
    features : DataFrame of shape (training rows, times * channels)
        Numbers.
    shape : tuple of (times, channels)
    """
    values = as_floats(features).reshape(-1, shape[1])
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    varies = deviation > 1e-12 * np.maximum(np.abs(mean), 1e-12)
    scale = np.where(varies, 1 / np.where(varies, deviation, 1.0), 0.0)
    return Channels(shape=tuple(shape), mean=mean, scale=scale)
