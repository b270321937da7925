"""How mixed classes are: of whose class a row's nearest neighbours are, beside what chance gives.

The share of the five nearest neighbours that are of other classes says nothing by itself. Of one
fraud in 300 rows all five are ordinary even where a model ranks frauds well (AUC 0.92): ordinary
rows are so many that they fill every place, near a fraud too. What counts is how often a neighbour
is of the row's *own* class, against how often chance would make it one. Where a class is rare that
is a count of few, and judged as one: rows are called strewn at random only where chance gives
enough neighbours of their own to miss them, and a class with too few is not judged.

Nothing here promises that a loss will fail: distances in scaled columns are not what a model sees.
In raw pixels and in words they mean so little that they are not looked up.

References
----------
.. [1] Napierala and Stefanowski, "Types of minority class examples and their influence on learning
   classifiers from imbalanced data", J. Intell. Inf. Syst. 46 (2016): five neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 5

_NAMED = 3
_STREWN = 0.9
"""Share of the foreign neighbours expected by chance from which on a class may count as strewn."""
_NO_MORE_THAN_CHANCE = 1.25
"""Own neighbours over those expected by chance up to which it does."""
_ENOUGH_BY_CHANCE = 10
"""Own neighbours that chance must give in all for their absence to say something."""
_BY_CHANCE = 0.001
"""Probability under chance of so many own neighbours below which chance is not what gave them."""
_SEPARATE = 0.1
"""Share of the foreign neighbours expected by chance below which classes barely overlap."""
_TIES = 1e-4
"""Noise added to scaled numbers, so that among equally near rows the order of rows says nothing."""


@dataclass(frozen=True, kw_only=True)
class ClassNeighbours:
    """Hold of whose class the neighbours of one class's rows are.

    Parameters
    ----------
    name : str
        The class.
    places : int
        Neighbours that were looked at, over all its rows.
    neighbours : float
        Share of them that are of other classes, in [0, 1].
    expected : float
        The same share if labels were dealt at random: rows of other classes over all other rows.
    """

    name: str
    places: int
    neighbours: float
    expected: float

    @property
    def mixing(self) -> float:
        """Foreign neighbours over expected: 0 for a class apart, about 1 for one strewn."""
        return self.neighbours / self.expected if self.expected > 0 else 0.0

    @property
    def own(self) -> float:
        """Neighbours of the own class, in all."""
        return self.places * (1 - self.neighbours)

    @property
    def own_by_chance(self) -> float:
        """The same if labels were dealt at random."""
        return self.places * (1 - self.expected)

    @property
    def is_strewn(self) -> bool:
        """Whether its rows lie as if dealt at random, and are enough to say so."""
        return (
            self.mixing >= _STREWN
            and self.own_by_chance >= _ENOUGH_BY_CHANCE
            and self.own <= _NO_MORE_THAN_CHANCE * self.own_by_chance
        )

    @property
    def is_told_apart(self) -> bool:
        """Whether its rows have more neighbours of their own than chance would give."""
        return float(poisson.sf(round(self.own) - 1, self.own_by_chance)) < _BY_CHANCE


def overlap(
    features: NDArray[np.float32], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many nearest neighbours are of other classes, and how many chance would give.

    Parameters
    ----------
    features : float32 array of shape (rows, columns)
        Scaled numbers; distances are Euclidean.
    labels : int array of shape (rows,) or (rows, labels)
        Class codes, every code from 0 on; or 0 and 1 for each label.

    Returns
    -------
    neighbours, expected : arrays of shape (classes,)
        Shares in [0, 1], means over the rows of each class. A class of fewer than six rows is
        judged by as many neighbours as it has further rows. Of a label that no row has, both are 0.
    """
    n_neighbors = min(NEIGHBOURS, len(labels) - 1)
    noise = np.random.default_rng(0).normal(scale=_TIES, size=features.shape)
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(features + noise.astype(np.float32))
    # Without an argument the rows themselves are asked, and none is its own neighbour.
    found = nearest.kneighbors(return_distance=False)
    if labels.ndim == 2:
        pairs = [_of_label(found, column) for column in labels.T.astype(bool)]
        return np.array([near for near, _ in pairs]), np.array([chance for _, chance in pairs])
    counts = np.bincount(labels)
    # A class of three rows cannot fill five places: its rows are asked for two neighbours.
    asked = np.clip(counts - 1, 1, n_neighbors)[labels][:, None] > np.arange(n_neighbors)
    other = np.mean(labels[found] != labels[:, None], axis=1, where=asked)
    return (
        np.bincount(labels, weights=other) / counts,
        (len(labels) - counts) / (len(labels) - 1),
    )


def _of_label(found: NDArray[np.intp], has: NDArray[np.bool_]) -> tuple[float, float]:
    """Return what `overlap` returns, for the rows that have one label."""
    rows, count = len(has), int(has.sum())
    if not count:
        return 0.0, 0.0
    asked = found[has][:, : max(1, min(found.shape[1], count - 1))]
    return float(np.mean(~has[asked])), (rows - count) / (rows - 1)


def overlap_sentences(classes: Sequence[ClassNeighbours]) -> list[str]:
    """Say which classes neighbours do not tell apart, or that there is none, or the nearest to it.

    Parameters
    ----------
    classes : sequence of ClassNeighbours
        Those of more than five rows: of fewer the shares say too little.
    """
    if not classes:
        return []
    if np.mean([each.mixing for each in classes]) < _SEPARATE:
        return ["The classes barely overlap: imbalance alone is not a problem here."]
    # Of a class that is most of the rows chance fills nearly every place: it says nothing more.
    fair = 1.0 / max(len(classes), 2)
    rare = [each for each in classes if 1.0 - each.expected <= fair + 0.01]
    ordered = sorted(rare, key=lambda each: each.mixing, reverse=True)
    strewn = [each for each in ordered if each.is_strewn]
    if strewn:
        lines = [
            f"Rows of `{each.name}` have {NEIGHBOURS * each.neighbours:.1f} of {NEIGHBOURS} "
            "nearest neighbours in other classes, as if strewn at random "
            f"({NEIGHBOURS * each.expected:.1f}): near rows do not tell them apart, which a model "
            "may still do."
            for each in strewn[:_NAMED]
        ]
        if len(strewn) > _NAMED:
            lines.append(f"So it is with {len(strewn) - _NAMED} more classes.")
        return lines
    told = [each for each in ordered if each.is_told_apart]
    if told:
        worst = told[0]
        times = worst.own / worst.own_by_chance
        return [
            f"`{worst.name}` overlaps most: {NEIGHBOURS * worst.neighbours:.1f} of its rows' "
            f"{NEIGHBOURS} nearest neighbours are of other classes "
            f"({NEIGHBOURS * worst.expected:.1f} if strewn at random); those of its own are "
            f"{times:.2g} times as many as chance would give."
        ]
    if ordered:
        return [
            f"Rows of `{ordered[0].name}` are too few among the others for near rows to tell "
            "whether they overlap."
        ]
    return []
