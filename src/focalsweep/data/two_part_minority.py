"""Generate a problem where class weights truly help a linear model, thresholds or not.

The majority is one Gaussian blob. Half of the minority lies far off in one direction and is easy;
the other half lies near the majority in another direction. A linear model has to choose: plain
cross-entropy counts rows and turns to the easy half, and moving its threshold afterwards cannot
turn it back; weighted by inverse priors it turns to where balanced accuracy is won. So the
better loss is known, which is what a check of verdicts needs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError

EASY, HARD = (6.0, 0.0), (-1.0, 1.5)
"""Means of the minority's two halves; the majority's mean is the origin, with unit covariance."""

SPREAD = 0.5
"""Standard deviation of the minority's halves."""


def make_two_part_minority(*, name: str, rows: int, share: float, seed: int) -> Dataset:
    """Generate two classes in two columns.

    Parameters
    ----------
    name : str
        Short name of the dataset.
    rows : int
        Number of rows.
    share : float
        Share of the minority, in (0, 0.5); class ``rare``, half of it easy and half of it hard.
    seed : int
        Seed of the rows.

    Raises
    ------
    UserError
        When a number is out of range, or the minority would have fewer than two rows.
    """
    if not 0.0 < share < 0.5:
        raise UserError(f"`dataset.share` must be in (0, 0.5). Received: share={share}.")
    n_rare = round(share * rows)
    if n_rare < 2:
        raise UserError(
            "`dataset.rows` must leave at least two rows to the minority. Received: "
            f"rows={rows} with share={share}; raise either."
        )
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.array([0, 1], np.int32), [rows - n_rare, n_rare]))
    points = rng.standard_normal((rows, 2))
    rare = np.flatnonzero(labels)
    easy = np.arange(n_rare) < n_rare // 2
    points[rare] = np.where(easy[:, None], EASY, HARD) + SPREAD * points[rare]
    return Dataset(
        name=name,
        features=pd.DataFrame(points, columns=["x0", "x1"]),
        labels=labels,
        class_names=("common", "rare"),
        origin=f"generated: a minority of two parts, share {share:g}, seed {seed}",
    )
