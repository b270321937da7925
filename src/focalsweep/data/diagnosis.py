"""Say what is wrong with a dataset before anything is trained: overlap, copies, contradictions.

This is description only. It is fitted on all rows, test rows among them, so nothing of it may go
into training, into the search or into the verdict, and nothing does: it is printed and stored.

Overlap of a class is the share of its rows' five nearest neighbours that belong to other classes,
beside the share that chance alone would give. Where the two are near, the features do not tell the
class from the others, and a loss function cannot either; where there is no overlap, the classes
are separated and imbalance by itself does little harm. Of several labels each is judged by itself,
the rows that have it against the rows that do not.

References
----------
.. [1] Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", arXiv:1901.05555:
   n rows of a class are worth ``(1 - b^n) / (1 - b)`` rows, here with ``b = 1 - 1 / all rows``.
.. [2] Napierala and Stefanowski, "Types of minority class examples and their influence on learning
   classifiers from imbalanced data", J. Intell. Inf. Syst. 46 (2016): five neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors

from focalsweep.data.dataset import Dataset
from focalsweep.data.preprocessing import fit_preprocessor

NEIGHBOURS = 5
MOST_ROWS = 5_000
"""Rows that the neighbour search looks at; more are sampled by class."""

_NAMED = 3
_STREWN = 0.9
"""Share of the neighbours expected by chance from which on a class counts as strewn at random."""
_SEPARATE = 0.1
"""The same share below which the classes count as barely overlapping."""
_BALANCED = 1.5
"""Largest over smallest class up to which data count as balanced."""
_SHARE_WORTH_SAYING = 0.01


@dataclass(frozen=True, kw_only=True)
class ClassOverlap:
    """Hold how mixed one class is with the others.

    Parameters
    ----------
    name : str
        The class.
    effective_number : float
        Its rows in effective rows [1]_, in [1, rows of the class].
    neighbours : float
        Share of its rows' nearest neighbours that are of other classes, in [0, 1].
    expected : float
        The same share if labels were dealt at random: rows of other classes over all other rows.
    """

    name: str
    effective_number: float
    neighbours: float
    expected: float

    @property
    def mixing(self) -> float:
        """Neighbours over expected: 0 for a class apart, about 1 for one strewn at random."""
        return self.neighbours / self.expected if self.expected > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Hold what can be said of the data without training.

    Parameters
    ----------
    classes : tuple of ClassOverlap
        In the order of class codes.
    counts : tuple of int
        Rows a class, in the same order.
    imbalance_ratio : float
        Largest class over smallest class.
    duplicates : int
        Rows that another row equals in every column.
    conflicting : int
        Rows that another row equals in every column but the label.
    sampled_rows : int
        Rows that the neighbour search looked at.
    text : tuple of str
        The same in sentences, the most important first.
    """

    classes: tuple[ClassOverlap, ...]
    counts: tuple[int, ...]
    imbalance_ratio: float
    duplicates: int
    conflicting: int
    sampled_rows: int
    text: tuple[str, ...]


def diagnose(dataset: Dataset) -> Diagnosis:
    """Describe a dataset; deterministic.

    Raises
    ------
    UserError
        When no column varies, see `focalsweep.data.preprocessing`.
    """
    counts = dataset.class_counts
    sample = (_sample_labels if dataset.multi_label else _sample)(dataset.labels, most=MOST_ROWS)
    labels = dataset.labels[sample]
    chosen = dataset.features.iloc[sample]
    sparse = None if dataset.sparse is None else dataset.sparse[sample]
    preprocessor = fit_preprocessor(chosen, sparse=sparse, image_shape=dataset.image_shape)
    neighbours, expected = overlap(preprocessor.transform(chosen, sparse), labels)
    classes = tuple(
        ClassOverlap(
            name=name,
            effective_number=effective,
            neighbours=float(neighbours[code]),
            expected=float(expected[code]),
        )
        for code, (name, effective) in enumerate(
            zip(dataset.class_names, _effective_numbers(counts, rows=dataset.n_rows), strict=True)
        )
    )
    duplicates, conflicting = copies(dataset.features, dataset.labels, sparse=dataset.sparse)
    return Diagnosis(
        classes=classes,
        counts=tuple(int(count) for count in counts),
        imbalance_ratio=dataset.imbalance_ratio,
        duplicates=duplicates,
        conflicting=conflicting,
        sampled_rows=len(sample),
        text=_sentences(
            dataset,
            classes=classes,
            duplicates=duplicates,
            conflicting=conflicting,
            sampled_rows=len(sample),
        ),
    )


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
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(features)
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


def copies(
    features: pd.DataFrame, labels: NDArray[np.integer], *, sparse: csr_array | None = None
) -> tuple[int, int]:
    """Count rows that another row equals, and those among them whose labels disagree.

    Rows are equal when all their columns are, the wide ones too; missing values equal each other.
    """
    hashed: NDArray[np.integer] = np.zeros(len(labels), np.uint64)
    if features.shape[1]:
        hashed = pd.util.hash_pandas_object(features, index=False).to_numpy()
    if sparse is not None:
        hashed = hashed + _wide_hashes(sparse)
    if labels.ndim == 2:
        _, labels = np.unique(labels, axis=0, return_inverse=True)
    codes, _ = pd.factorize(hashed)
    rows = np.bincount(codes)
    # A group agrees when its smallest label is its largest.
    low = np.full(len(rows), np.iinfo(np.int64).max)
    high = np.full(len(rows), -1)
    np.minimum.at(low, codes, labels)
    np.maximum.at(high, codes, labels)
    return int(rows[rows > 1].sum()), int(rows[low < high].sum())


def _sample(labels: NDArray[np.integer], *, most: int) -> NDArray[np.intp]:
    """Return row numbers: all of them, or about `most`, the same share of every class.

    Every class keeps enough rows to be judged, so with many classes more than `most` come back.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    rng = np.random.default_rng(0)
    share = most / len(labels)
    kept = [
        rng.permutation(rows)[: max(NEIGHBOURS + 1, round(share * len(rows)))]
        for rows in (np.flatnonzero(labels == code) for code in range(int(labels.max()) + 1))
    ]
    return np.sort(np.concatenate(kept))


def _sample_labels(labels: NDArray[np.integer], *, most: int) -> NDArray[np.intp]:
    """Return row numbers: all of them, or `most` at random and a few more that have each label."""
    if len(labels) <= most:
        return np.arange(len(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    kept = [order[:most]]
    kept += [order[np.flatnonzero(column[order])[: NEIGHBOURS + 1]] for column in labels.T]
    return np.unique(np.concatenate(kept))


def _wide_hashes(sparse: csr_array) -> NDArray[np.uint64]:
    """Return one number a row, the same for rows with the same numbers in the same places."""
    rows, columns = np.repeat(np.arange(sparse.shape[0]), np.diff(sparse.indptr)), sparse.indices
    stored = sparse.data != 0
    cells = pd.DataFrame({"column": columns[stored], "value": sparse.data[stored]})
    # Sums of hashes wrap around, which does no harm.
    sums = np.zeros(sparse.shape[0], np.uint64)
    np.add.at(sums, rows[stored], pd.util.hash_pandas_object(cells, index=False).to_numpy())
    return sums


def _effective_numbers(counts: NDArray[np.int64], *, rows: int) -> list[float]:
    """Return ``(1 - b^n) / (1 - b)`` with ``b = 1 - 1 / all rows``."""
    # log1p and expm1: b is so near 1 that its powers would lose the digits that matter.
    effective = -rows * np.expm1(counts * np.log1p(-1 / rows))
    return [float(number) for number in effective]


def _sentences(
    dataset: Dataset,
    *,
    classes: tuple[ClassOverlap, ...],
    duplicates: int,
    conflicting: int,
    sampled_rows: int,
) -> tuple[str, ...]:
    """Say it in words: what limits every loss first, what is merely good to know last."""
    rows = dataset.n_rows
    ratio = dataset.imbalance_ratio
    word = "label" if dataset.multi_label else "class"
    contradicted = conflicting > _SHARE_WORTH_SAYING * rows
    lines = []
    if contradicted:
        lines.append(_conflicts(conflicting, rows))
    enough = [count > NEIGHBOURS for count in dataset.class_counts]
    lines += _overlaps([each for each, judged in zip(classes, enough, strict=True) if judged])
    if duplicates > _SHARE_WORTH_SAYING * rows:
        lines.append(
            f"{duplicates:,} rows ({duplicates / rows:.1%}) equal another row in every column; a "
            "copy among the training rows makes a test row look easier than it is."
        )
    if ratio <= _BALANCED:
        lines.append(f"Balanced: largest over smallest {word} {ratio:.1f}.")
    else:
        smallest = int(dataset.class_counts.argmin())
        times = f"{ratio:,.1f}".removesuffix(".0")
        lines.append(
            f"Imbalanced: largest over smallest {word} {times}; "
            f"`{dataset.class_names[smallest]}` has {dataset.class_counts[smallest]:,} of "
            f"{rows:,} rows."
        )
    if conflicting and not contradicted:
        lines.append(_conflicts(conflicting, rows))
    if sampled_rows < rows:
        lines.append(
            f"Neighbours were looked up among {sampled_rows:,} of {rows:,} rows"
            + (", drawn at random." if dataset.multi_label else ", the same share of every class.")
        )
    return tuple(lines)


def _conflicts(conflicting: int, rows: int) -> str:
    return (
        f"{conflicting:,} rows ({conflicting / rows:.1%}) equal another row in every column but "
        "the label: no model can get all of them right."
    )


def _overlaps(classes: Sequence[ClassOverlap]) -> list[str]:
    """Say which classes no loss can help, or that there is none, or which is the nearest to it.

    Classes of five rows or fewer are not among `classes`: their shares say too little.
    """
    ordered = sorted(classes, key=lambda each: each.mixing, reverse=True)
    if not ordered:
        return []
    strewn = [each for each in ordered if each.mixing >= _STREWN]
    if strewn:
        lines = [
            f"Rows of `{each.name}` have {NEIGHBOURS * each.neighbours:.1f} of {NEIGHBOURS} "
            "neighbours in other classes, as if strewn at random: no loss is likely to separate "
            "them."
            for each in strewn[:_NAMED]
        ]
        if len(strewn) > _NAMED:
            lines.append(f"So it is with {len(strewn) - _NAMED} more classes.")
        return lines
    if np.mean([each.mixing for each in classes]) < _SEPARATE:
        return ["The classes barely overlap: imbalance alone is not a problem here."]
    worst = ordered[0]
    return [
        f"`{worst.name}` overlaps most: {NEIGHBOURS * worst.neighbours:.1f} of its rows' "
        f"{NEIGHBOURS} nearest neighbours are of other classes "
        f"({NEIGHBOURS * worst.expected:.1f} if strewn at random)."
    ]
