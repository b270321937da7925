"""Give wide sparse columns to a model that wants dense ones.

Columns are divided by the largest magnitude of the training rows, so that zeros stay zeros and
zeros and ones stay what they are. Up to 200 columns are then made dense as they are. More are
reduced to 100 components, see `focalsweep.data.kinds.reduction`: of more than 20,000 columns the
20,000 that most training rows have. So the dense result has at most 200 columns, whatever the
width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from focalsweep.data.kinds.reduction import Reduction, fit_reduction
from focalsweep.data.kinds.treatment import Treatment

DENSE_COLUMNS = 200
"""Wide columns that are made dense as they are; more are reduced."""
MOST_COLUMNS = 20_000
COMPONENTS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Wide:
    """Hold the treatment of all wide columns.

    Parameters
    ----------
    read : int
        Number of wide columns that come in.
    used : int array of shape (columns in use,)
        Those that vary in the training rows, at most 20,000.
    scale : float32 array of shape (columns in use,)
        One over the largest magnitude.
    reduction : Reduction, optional
        None where the columns are given as they are.
    """

    read: int
    used: NDArray[np.int64]
    scale: NDArray[np.float32]
    reduction: Reduction | None

    @property
    def width(self) -> int:
        """Columns made."""
        return len(self.used) if self.reduction is None else self.reduction.width

    def transform(self, sparse: csr_array) -> NDArray[np.float32]:
        """Return dense columns, (rows, columns made).

        Raises
        ------
        ValueError
            When `sparse` has another number of columns than the fit.
        """
        if sparse.shape[1] != self.read:
            raise ValueError(
                f"`sparse` must have the {self.read:,} columns of the fit. "
                f"Received: {sparse.shape[1]:,}."
            )
        scaled = _finite(sparse)[:, self.used] @ diags_array(self.scale)
        if self.reduction is not None:
            return self.reduction.transform(scaled)
        dense: NDArray[np.float32] = scaled.toarray()
        return np.clip(dense, -1, 1, out=dense)

    def treatments(self) -> list[Treatment]:
        """Describe the wide columns as one."""
        words = f"{len(self.used):,} that vary, divided by their largest magnitude"
        if self.reduction is not None:
            words += f" and reduced to {self.width} components by a singular value decomposition"
        name = f"{self.read:,} sparse columns"
        return [Treatment(name=name, kind="sparse", treatment=words, made=self.width)]


def fit_wide(sparse: csr_array) -> Wide | None:
    """Fit on training rows; None where no column varies.

    Parameters
    ----------
    sparse : csr_array of shape (training rows, wide columns)
        Numbers; what is not finite counts as zero.
    """
    finite = _finite(sparse)
    rows, read = finite.shape
    stored = np.bincount(finite.indices, minlength=read)
    high = np.asarray(finite.max(axis=0).toarray(), np.float32).ravel()
    low = np.asarray(finite.min(axis=0).toarray(), np.float32).ravel()
    used = np.flatnonzero(high > low)
    if not rows or not len(used):
        return None
    if len(used) > MOST_COLUMNS:
        used = np.sort(used[np.argsort(-stored[used], kind="stable")[:MOST_COLUMNS]])
    magnitude = np.maximum(np.abs(high), np.abs(low))[used]
    # The smallest of numbers have no finite reciprocal.
    scale = (1 / np.maximum(magnitude, 1e-30)).astype(np.float32)
    reduction = None
    if len(used) > DENSE_COLUMNS:
        reduction = fit_reduction(finite[:, used] @ diags_array(scale), components=COMPONENTS)
        if reduction is None:
            return None
    return Wide(read=read, used=used.astype(np.int64), scale=scale, reduction=reduction)


def wide_notes(sparse: csr_array) -> tuple[str, ...]:
    """Say how wide sparse columns will reach the model, for `Dataset.notes`."""
    columns = sparse.shape[1]
    if columns <= DENSE_COLUMNS:
        return ()
    most = "" if columns <= MOST_COLUMNS else f", the {MOST_COLUMNS:,} most frequent of them"
    return (
        f"{columns:,} sparse columns are reduced to at most {COMPONENTS} components by a truncated "
        f"singular value decomposition fitted on training rows{most} (up to {DENSE_COLUMNS} "
        "columns are used as they are).",
    )


def _finite(sparse: csr_array) -> csr_array:
    """Return the same numbers as float32 without explicit zeros; what is not finite is zero."""
    with np.errstate(over="ignore"):
        copy = csr_array(sparse, dtype=np.float32, copy=True)
    copy.data[~np.isfinite(copy.data)] = 0
    copy.sum_duplicates()
    copy.eliminate_zeros()
    return copy
