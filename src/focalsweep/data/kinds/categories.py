"""Give categories as one column a level, and hash them where the levels are many.

A level of fewer than five training rows is rare. Rare levels and those that training rows do not
have share a column. Up to 30 levels are one-hot, in the columns of scikit-learn's `OneHotEncoder`
(`min_frequency`, `infrequent_if_exist`; a test compares them); more are hashed:
each level is two signed ones among 64 columns, which scikit-learn's `FeatureHasher` picks by the
level's name. Hashing reads no labels, so that no target leaks into a feature, and its width does
not grow with the levels; two places a level make it unlikely that two levels look the same (the
idea of Bloom embeddings, Serra and Karatzoglou 2017, arXiv:1706.03993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.feature_extraction import FeatureHasher

from focalsweep.data.kinds.treatment import Treatment

MOST_LEVELS = 30
"""Frequent levels that get a column each; with more the column is hashed."""
FEWEST_ROWS_A_LEVEL = 5
HASHED_COLUMNS = 64

_UNSEEN, _MISSING = -1, -2


@dataclass(frozen=True, kw_only=True, eq=False)
class OneHotColumn:
    """Hold the one-hot encoding of one column with few levels.

    Parameters
    ----------
    name : any
        Of the column.
    levels : Index
        Levels among the training rows.
    kept : int array
        Positions in `levels` that get a column each, ascending; -2, which stands for missing
        values, comes first where they do.
    rare : int
        Levels, missing ones included, that share one further column; 0: there is no such column.
    """

    name: Any
    levels: pd.Index[Any]
    kept: NDArray[np.int64]
    rare: int

    @property
    def width(self) -> int:
        """Columns made."""
        return len(self.kept) + bool(self.rare)

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return zeros and ones, (rows, columns made); of a level without column zeros."""
        codes = level_codes(features[self.name], self.levels)
        made = np.zeros((len(codes), self.width), np.float32)
        found = codes[:, None] == self.kept
        made[:, : len(self.kept)] = found
        if self.rare:
            made[:, -1] = ~found.any(axis=1)
        return made

    def treatment(self) -> Treatment:
        """Describe the column."""
        words = "one column a level"
        if self.kept[0] == _MISSING:
            words += ", missing being one"
        if self.rare:
            words += f"; {self.rare:,} with fewer than {FEWEST_ROWS_A_LEVEL} rows share one"
        return Treatment(name=str(self.name), kind="category", treatment=words, made=self.width)


@dataclass(frozen=True, kw_only=True, eq=False)
class OneHot:
    """Hold the one-hot encoding of all columns with few levels, in their order."""

    columns: tuple[OneHotColumn, ...]

    @property
    def width(self) -> int:
        """Columns made."""
        return sum(column.width for column in self.columns)

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return zeros and ones, (rows, columns made)."""
        return np.hstack([column.transform(features) for column in self.columns])

    def treatments(self) -> list[Treatment]:
        """Describe each column."""
        return [column.treatment() for column in self.columns]


@dataclass(frozen=True, kw_only=True, eq=False)
class Hashed:
    """Hold the hashing of one column with many levels.

    Parameters
    ----------
    name : any
        Of the column.
    levels : Index
        Those with five training rows or more; all others share a column.
    rare, flagged : bool
        Whether a column for rare levels, and one that marks missing values, is given out.
    """

    name: Any
    levels: pd.Index[Any]
    rare: bool
    flagged: bool

    @property
    def width(self) -> int:
        """Columns made."""
        return HASHED_COLUMNS + self.rare + self.flagged

    def transform(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return -1, 0, 1 a hashed column, then the column of rare levels and the marks."""
        codes = level_codes(features[self.name], self.levels)
        # One line a level that the rows have, and zeros in the end for rare and missing ones.
        used, position = np.unique(np.maximum(codes, _UNSEEN), return_inverse=True)
        known = used[used != _UNSEEN]
        table = np.zeros((len(used), HASHED_COLUMNS), np.float32)
        if len(known):
            table[used != _UNSEEN] = _hashes(self.levels[known])
        made = np.empty((len(features), self.width), np.float32)
        made[:, :HASHED_COLUMNS] = table[position]
        if self.rare:
            made[:, HASHED_COLUMNS] = codes == _UNSEEN
        if self.flagged:
            made[:, -1] = codes == _MISSING
        return made

    def treatments(self) -> list[Treatment]:
        """Describe the column."""
        words = f"{len(self.levels):,} levels hashed to {HASHED_COLUMNS} columns"
        if self.rare:
            words += f"; those with fewer than {FEWEST_ROWS_A_LEVEL} rows share one"
        if self.flagged:
            words += "; a mark where it is missing"
        return [Treatment(name=str(self.name), kind="category", treatment=words, made=self.width)]


def fit_categories(
    features: pd.DataFrame, names: Sequence[Any]
) -> tuple[OneHot | None, list[Hashed], list[Treatment]]:
    """Fit on training rows.

    Parameters
    ----------
    features : DataFrame of shape (training rows, columns)
        All columns.
    names : sequence
        The categorical ones among them.

    Returns
    -------
    one_hot : OneHot, optional
        None where no column has few levels.
    hashed : list of Hashed
        Columns with many levels.
    unused : list of Treatment
        Columns that say nothing about these rows: constant, or without a frequent level.
    """
    few: list[OneHotColumn] = []
    hashed: list[Hashed] = []
    unused: list[Treatment] = []
    for name in names:
        levels, counts, missing = _count(features[name])
        occurring = np.append(counts, missing) if missing else counts
        if len(occurring) < 2 or occurring.max() < FEWEST_ROWS_A_LEVEL:
            words = "constant or without values"
            if len(occurring) > 1:
                words = f"no level has {FEWEST_ROWS_A_LEVEL} rows"
            unused.append(
                Treatment(name=str(name), kind="category", treatment=f"not used: {words}", made=0)
            )
        elif (occurring >= FEWEST_ROWS_A_LEVEL).sum() > MOST_LEVELS:
            frequent = counts >= FEWEST_ROWS_A_LEVEL
            hashed.append(
                Hashed(
                    name=name,
                    levels=levels[frequent],
                    rare=not bool(frequent.all()),
                    flagged=missing > 0,
                )
            )
        else:
            few.append(_one_hot(name, levels, counts, missing))
    return OneHot(columns=tuple(few)) if few else None, hashed, unused


def as_levels(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as categories with text levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.map(str, na_action="ignore").astype("category")


def level_codes(column: pd.Series[Any], known: pd.Index[Any]) -> NDArray[np.int64]:
    """Return the position of each row's level, shape (rows,); -1 unseen, -2 missing."""
    column = as_levels(column)
    # Levels are looked up once each, not once a row; the last entry is for missing values.
    lookup = np.append(known.get_indexer(column.cat.categories), _MISSING)
    codes: NDArray[np.int64] = lookup[column.cat.codes.to_numpy()].astype(np.int64)
    return codes


def _count(column: pd.Series[Any]) -> tuple[pd.Index[Any], NDArray[np.int64], int]:
    """Return levels of these rows, whatever others the type lists, their rows, missing rows."""
    column = as_levels(column)
    codes = column.cat.codes.to_numpy()
    counts = np.bincount(codes + 1, minlength=len(column.cat.categories) + 1)
    occurs = counts[1:] > 0
    return column.cat.categories[occurs], counts[1:][occurs], int(counts[0])


def _one_hot(
    name: Any, levels: pd.Index[Any], counts: NDArray[np.int64], missing: int
) -> OneHotColumn:
    kept = np.flatnonzero(counts >= FEWEST_ROWS_A_LEVEL).astype(np.int64)
    if missing >= FEWEST_ROWS_A_LEVEL:
        kept = np.concatenate([[_MISSING], kept])
    rare = len(levels) + bool(missing) - len(kept)
    return OneHotColumn(name=name, levels=levels, kept=kept, rare=rare)


def _hashes(levels: pd.Index[Any]) -> NDArray[np.float32]:
    """Return two signed ones a level, shape (levels, hashed columns)."""
    hasher = FeatureHasher(n_features=HASHED_COLUMNS, input_type="string", dtype=np.float32)
    made = hasher.transform([f"first {level}", f"second {level}"] for level in levels)
    dense: NDArray[np.float32] = csr_array(made).toarray()
    return dense
