"""A classification dataset as one immutable value: raw columns, class codes, class names.

Every source returns this value and everything after it reads only this value. The columns stay
raw here because preprocessing may be fitted on training rows only, which are known per fold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Hold one single-label classification problem.

    Parameters
    ----------
    name : str
        Short name, used in folders and MLflow experiments.
    features : DataFrame of shape (rows, columns)
        Raw columns as read: numeric, boolean, categorical or text, missing values allowed.
    labels : int array of shape (rows,)
        Class codes 0 .. classes - 1; every code occurs.
    class_names : tuple of str
        Name of each code.
    origin : str
        Where the rows come from: a path, or a citation with its licence.
    notes : tuple of str
        Sentences about what was done to the rows on the way in (classes dropped, rows removed).
    true_posterior : array of shape (rows, classes), optional
        P(class | features) where the generator knows it (synthetic data only).
    read_rows : int array of shape (rows,), optional
        Position of each row in the data as read, from 0; None where no row was left out.
    """

    name: str
    features: pd.DataFrame
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    origin: str
    notes: tuple[str, ...] = field(default=())
    true_posterior: NDArray[np.float64] | None = None
    read_rows: NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Rows a class, shape (classes,)."""
        return np.bincount(self.labels, minlength=self.n_classes)

    @property
    def imbalance_ratio(self) -> float:
        """Largest class over smallest class."""
        counts = self.class_counts
        return float(counts.max() / counts.min())

    def sha256(self) -> str:
        """Fingerprint the rows, columns and labels, so that a result names the data it is about."""
        digest = hashlib.sha256()
        digest.update(repr((list(self.features.columns), self.class_names)).encode())
        digest.update(pd.util.hash_pandas_object(self.features, index=False).to_numpy().tobytes())
        digest.update(np.ascontiguousarray(self.labels, dtype=np.int32).tobytes())
        return digest.hexdigest()
