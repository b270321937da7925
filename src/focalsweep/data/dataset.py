"""A classification dataset as one immutable value: raw columns, labels, and what is known of rows.

Every source returns this value and everything after it reads only this value. The columns stay
raw here because preprocessing may be fitted on training rows only, which are known per fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.answers import Answer
from focalsweep.data.written import Written

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from focalsweep.data.splits import Split


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Hold one classification problem, single-label or multi-label.

    Parameters
    ----------
    name : str
        Short name, used in folders and MLflow experiments.
    features : DataFrame of shape (rows, columns)
        Raw columns as read: numeric, boolean, categorical or text, missing values allowed. May
        have no columns where `sparse` is given.
    labels : int32 array of shape (rows,), or int8 array of shape (rows, labels)
        Single-label: class codes 0 .. classes - 1; every code occurs. Multi-label: 0 or 1 for each
        label; a row may have none.
    class_names : tuple of str
        Name of each code, or of each label.
    origin : str
        Where the rows come from: a path, or a citation with its licence.
    notes : tuple of str
        Sentences about what was done to the rows on the way in (classes dropped, rows removed).
    warnings : tuple of str
        Sentences about what to check before a result is trusted (columns that name the row).
    true_posterior : array of shape (rows, classes), optional
        P(class | features) where the generator knows it (synthetic data only).
    read_rows : int array of shape (rows,), optional
        Position of each row in the data as read, from 0; None where no row was left out.
    groups : int64 array of shape (rows,), optional
        Code of each row's group (a patient, a site); rows of a group are never split.
    split : Split, optional
        The user's own training and test rows, by row number. Rows in neither are not used.
    time : float64 array of shape (rows,), optional
        When each row was seen, in any unit: training comes before testing.
    weights : float32 array of shape (rows,), optional
        > 0 with mean 1: a row of weight 2 counts as two rows.
    image_shape : tuple of (height, width, channels), optional
        Says that the columns are pixels, in row-major order; of two numbers (times, channels): that
        they are sequences.
    raw : tuple of str
        Names of columns that the model gets as they are: codes that it embeds, pixels.
    sparse : csr_array of shape (rows, wide columns), optional
        Wide numeric columns that are mostly zero (counts of words), beside `features`.
    sparse_names : tuple of str
        Name of each wide column, different from those of `features`; may be empty.
    answers : mapping of str to Answer
        What a prediction of each class or label is, by its name, see `focalsweep.data.answers`.
    written : mapping of str to Written
        How the text of columns was written that were read as numbers or dates, for rows to come.
    """

    name: str
    features: pd.DataFrame
    labels: NDArray[np.integer]
    class_names: tuple[str, ...]
    origin: str
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    true_posterior: NDArray[np.float64] | None = None
    read_rows: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None
    split: Split | None = None
    time: NDArray[np.float64] | None = None
    weights: NDArray[np.float32] | None = None
    image_shape: tuple[int, ...] | None = None
    raw: tuple[str, ...] = field(default=())
    sparse: csr_array | None = None
    sparse_names: tuple[str, ...] = field(default=())
    answers: Mapping[str, Answer] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        """Number of classes, or of labels where a row may have several."""
        return len(self.class_names)

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Names of all raw columns: those of `features`, then the wide ones."""
        names = tuple(map(str, self.features.columns))
        if self.sparse is None:
            return names
        return names + (
            self.sparse_names or tuple(f"sparse_{i}" for i in range(self.sparse.shape[1]))
        )

    @property
    def multi_label(self) -> bool:
        """Whether a row may have several labels, or none."""
        return self.labels.ndim == 2

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Rows a class, or rows that have each label, shape (classes,)."""
        if self.multi_label:
            positives: NDArray[np.int64] = np.count_nonzero(self.labels, axis=0)
            return positives
        return np.bincount(self.labels, minlength=self.n_classes)

    @property
    def imbalance_ratio(self) -> float:
        """Largest class over smallest class; infinite where a label has no row."""
        counts = self.class_counts
        return float(counts.max() / counts.min()) if counts.min() else float("inf")

    def take(self, rows: NDArray[np.integer]) -> Dataset:
        """Return the dataset with the given rows only, in their order.

        Everything that is kept a row is taken with it; class names stay, so a class may be left
        without rows. Weights are brought back to mean 1, and the user's split is about the rows
        that are left.

        Parameters
        ----------
        rows : int array of shape (rows to keep,)
            Row numbers, each at most once.
        """
        kept = np.asarray(rows, np.int64)
        weights = None if self.weights is None else self.weights[kept]
        split = self.split
        if split is not None:
            position = np.full(self.n_rows, -1)
            position[kept] = np.arange(len(kept))
            parts = (np.sort(position[part]) for part in (split.train, split.test))
            train, test = (part[part >= 0] for part in parts)
            split = replace(split, train=train, test=test)
        return replace(
            self,
            features=self.features.iloc[kept].reset_index(drop=True),
            labels=self.labels[kept],
            true_posterior=None if self.true_posterior is None else self.true_posterior[kept],
            read_rows=kept if self.read_rows is None else self.read_rows[kept],
            groups=None if self.groups is None else self.groups[kept],
            split=split,
            time=None if self.time is None else self.time[kept],
            weights=None if weights is None else weights / weights.mean(),
            sparse=None if self.sparse is None else self.sparse[kept],
        )

    def sha256(self) -> str:
        """Fingerprint what a result depends on, so that a result names the data it is about.

        Rows, columns, labels, and whatever else of the rows is given; not names, origin and notes.
        """
        digest = hashlib.sha256()
        digest.update(repr((list(self.features.columns), self.class_names)).encode())
        if self.features.shape[1]:
            hashed = pd.util.hash_pandas_object(self.features, index=False)
            digest.update(hashed.to_numpy().tobytes())
        digest.update(np.ascontiguousarray(self.labels, dtype=np.int32).tobytes())
        # What plain tables do not have adds nothing, so that their fingerprint stays what it was.
        for part, values in self._beyond_plain_tables():
            digest.update(f"{part}{values.dtype}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def _beyond_plain_tables(self) -> list[tuple[str, NDArray[np.generic]]]:
        """Return named arrays of everything that changes a result, beside rows and class codes."""
        parts: list[tuple[str, NDArray[np.generic] | None]] = [
            ("multi_label", np.array(self.labels.shape) if self.multi_label else None),
            ("groups", self.groups),
            ("train", None if self.split is None else self.split.train),
            ("test", None if self.split is None else self.split.test),
            ("time", self.time),
            ("weights", self.weights),
            ("image_shape", None if self.image_shape is None else np.array(self.image_shape)),
        ]
        if self.sparse is not None:
            matrix = self.sparse.sorted_indices()
            indices, pointers = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
            parts += [
                ("sparse", matrix.data),
                ("indices", indices),
                ("pointers", pointers),
                ("width", np.array(matrix.shape)),
            ]
        return [(part, values) for part, values in parts if values is not None]
