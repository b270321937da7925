"""Scale numbers by median and quartiles, and give booleans as 0 and 1.

Numbers are centred on the median, scaled by the interquartile range and squashed smoothly into
(-3, 3): z / sqrt(1 + (z / 3)^2), the "robust scale and smooth clip" of Holzmueller et al. 2024
(arXiv:2407.04491). Heavy tails (page-blocks: values of 10^5 beside a median of 10^2) neither
dominate the first layer nor lose the order of ordinary values, and unseen extremes stay bounded.
Missing numbers get the training median and a column that says so.

This is NumPy: the same as scikit-learn's `SimpleImputer` and `RobustScaler` (a test compares them)
at a tenth of the time, which counts because a nested sweep fits this per fold.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.kinds.smooth_clip import smooth_clip
from focalsweep.data.kinds.treatment import Treatment

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """Hold the scaling of numeric columns, one entry a column of `names`.

    Parameters
    ----------
    everything : bool
        Whether all columns of the frame are read: then no selection is needed.
    names : list
        Column names.
    center, scale : arrays of shape (columns,)
        Median and one over the interquartile range of the training rows.
    is_boolean, varies, flagged : bool arrays of shape (columns,)
        Given as 0 and 1; whether its own values are given out (otherwise its missingness only);
        whether a column that marks missing values is given out.
    """

    everything: bool
    names: list[Any]
    center: Floats
    scale: Floats
    is_boolean: NDArray[np.bool_]
    varies: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    is_raw: NDArray[np.bool_] | None = None
    """Given as it is; None where no column is."""

    @property
    def width(self) -> int:
        """Columns made."""
        return int(self.varies.sum() + self.flagged.sum())

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return the columns' values, then the marks of missing ones: (rows, columns made)."""
        values = as_floats(features if self.everything else features[self.names])
        missing = ~np.isfinite(values)
        if missing.any():
            values = np.where(missing, self.center, values)
        # Numbers near the end of float64's range may overflow here; they end at the clip.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.clip((values - self.center) * self.scale, -1e6, 1e6)
        squashed = smooth_clip(scaled)
        squashed[:, self.is_boolean] = values[:, self.is_boolean]
        if self.is_raw is not None:
            squashed[:, self.is_raw] = values[:, self.is_raw]
        given = squashed if self.varies.all() else squashed[:, self.varies]
        if self.flagged.any():
            given = np.hstack([given, missing[:, self.flagged]])
        return np.nan_to_num(given.astype(np.float32), copy=False)

    def treatments(self) -> list[Treatment]:
        """Describe each column."""
        return [
            Treatment(
                name=str(name),
                kind="boolean" if boolean else "number",
                treatment=(
                    "as it is"
                    if is_raw
                    else _in_words(boolean=boolean, varies=varies, flagged=flagged)
                ),
                made=int(varies) + int(flagged),
            )
            for name, boolean, varies, flagged, is_raw in zip(
                self.names,
                self.is_boolean.tolist(),
                self.varies.tolist(),
                self.flagged.tolist(),
                [False] * len(self.names) if self.is_raw is None else self.is_raw.tolist(),
                strict=True,
            )
        ]


def fit_numbers(features: pd.DataFrame, names: list[Any], *, raw: Collection[str] = ()) -> Numbers:
    """Fit on training rows.

    Parameters
    ----------
    features : DataFrame of shape (training rows, columns)
        All columns.
    names : list
        The numeric and boolean ones among them.
    raw : collection of str
        Names of those that are given as they are, constant ones too; a missing value is 0 there.
    """
    selected = features if len(names) == features.shape[1] else features[names]
    values = as_floats(selected)
    missing = ~np.isfinite(values)
    quartiles, low, high = _spread(values, missing)
    magnitude = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore"):
        middle = quartiles[2] - quartiles[0]
        full = high - low
    is_boolean = np.array(
        [pd.api.types.is_bool_dtype(kind) for kind in selected.dtypes], dtype=bool
    )
    varies = _distinct(full, magnitude) & np.isfinite(full)
    usable = _distinct(middle, magnitude)
    is_raw = np.array([str(name) in raw for name in names], dtype=bool)
    # Half of the values may be equal (a count that is mostly 0): then the range takes over.
    divisor = np.where(usable, middle, np.where(varies, full / 2, 1.0))
    return Numbers(
        everything=selected is features,
        names=names,
        center=np.where(is_boolean | is_raw, 0.0, quartiles[1]),
        scale=1 / divisor,
        is_boolean=is_boolean,
        varies=varies | is_raw,
        is_raw=is_raw if is_raw.any() else None,
        flagged=~is_raw & np.logical_and(missing.any(axis=0), ~missing.all(axis=0)),
    )


def as_floats(frame: pd.DataFrame) -> Floats:
    """Return the values of numeric columns, float64 (rows, columns), NaN where missing."""
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def _in_words(*, boolean: bool, varies: bool, flagged: bool) -> str:
    if not varies:
        return (
            "only whether it is missing: its values are constant"
            if flagged
            else "not used: constant or without values"
        )
    words = "0 and 1" if boolean else "centred on its median, scaled by its quartiles, bounded"
    return words + ("; missing values get the median and a mark" if flagged else "")


def _spread(values: Floats, missing: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return quartiles (3, columns), minimum and maximum (columns,) of values not missing."""
    shares = [25, 50, 75]
    if not missing.any() and len(values):
        return np.percentile(values, shares, axis=0), values.min(axis=0), values.max(axis=0)
    quartiles = np.zeros((3, values.shape[1]))
    low, high = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for column in range(values.shape[1]):
        present = values[~missing[:, column], column]
        if len(present):
            quartiles[:, column] = np.percentile(present, shares)
            low[column], high[column] = present.min(), present.max()
    return quartiles, low, high


def _distinct(spread: Floats, magnitude: Floats) -> NDArray[np.bool_]:
    """Tell whether a spread is more than rounding of numbers of this magnitude."""
    floor = np.maximum(8 * np.finfo(np.float64).eps * magnitude, 1e-300)
    return np.asarray(spread > floor)
