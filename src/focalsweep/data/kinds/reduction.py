"""Reduce wide sparse columns to a few dense ones by a truncated singular value decomposition.

Nothing is centred before the decomposition, so the wide table is never made dense: the largest
dense arrays are (rows, components) and (components, wide columns).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD

from focalsweep.data.kinds.smooth_clip import smooth_clip


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction:
    """Hold a decomposition and the scaling of its components.

    Parameters
    ----------
    components : array of shape (components, wide columns)
        Right singular vectors of the training rows.
    center : array of shape (components,)
        Mean of each component over the training rows.
    scale : float
        One over the root of the components' mean variance: one number, so that components keep
        their weights among each other.
    """

    components: NDArray[np.floating]
    center: NDArray[np.float64]
    scale: float

    @property
    def width(self) -> int:
        """Number of components."""
        return len(self.center)

    def transform(self, wide: csr_array) -> NDArray[np.float32]:
        """Return components with training mean 0, bounded as numbers are: (rows, components)."""
        made = np.asarray(wide @ self.components.T, np.float64)
        scaled = np.clip((made - self.center) * self.scale, -1e6, 1e6)
        return smooth_clip(scaled).astype(np.float32)


def fit_reduction(wide: csr_array, *, components: int) -> Reduction | None:
    """Fit on training rows; None where they are all alike.

    Parameters
    ----------
    wide : csr_array of shape (training rows, columns)
        Finite numbers.
    components : int
        Wanted; fewer where rows or columns are not more than that.
    """
    count = min(components, min(wide.shape) - 1)
    if count < 1:
        count = 1
    svd = TruncatedSVD(n_components=count, n_iter=5, random_state=0)
    # A decomposition of rows that are all zero has no explained variance to divide by.
    with np.errstate(divide="ignore", invalid="ignore"):
        svd.fit(wide)
    made = np.asarray(wide @ svd.components_.T, np.float64)
    variance = float(made.var(axis=0).mean())
    if not variance > 1e-12:
        return None
    return Reduction(
        components=svd.components_, center=made.mean(axis=0), scale=float(1 / np.sqrt(variance))
    )
