"""Say what is wrong with a dataset before anything is trained: overlap, copies, contradictions.

This is description only. It is fitted on all rows, test rows among them, so nothing of it may go
into training, into the search or into the verdict, and nothing does: it is printed and stored.

Overlap of a class is the share of its rows' five nearest neighbours that belong to other classes,
beside the share that chance alone would give; what follows from it is said in
`focalsweep.data.overlap`. Of several labels each is judged by itself, the rows that have it against
the rows that do not.

References
----------
.. [1] Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", arXiv:1901.05555:
   n rows of a class are worth ``(1 - b^n) / (1 - b)`` rows, here with ``b = 1 - 1 / all rows``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from focalsweep.data.dataset import Dataset
from focalsweep.data.overlap import NEIGHBOURS, ClassNeighbours, overlap, overlap_sentences
from focalsweep.data.preprocessing import fit_preprocessor

MOST_ROWS = 5_000
"""Rows that the neighbour search looks at; more are sampled by class."""

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


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Hold what can be said of the data without training.

    Parameters
    ----------
    classes : tuple of ClassOverlap
        In the order of class codes; empty where distances mean nothing, in pixels and words.
    counts : tuple of int
        Rows a class, in the same order.
    imbalance_ratio : float
        Largest class over smallest class.
    duplicates : int
        Rows that another row equals in every column.
    conflicting : int
        Rows that another row equals in every column but the label.
    sampled_rows : int
        Rows that the neighbour search looked at; 0 where there was none.
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
    codes, label_codes = _row_codes(dataset.features, dataset.sparse), _label_codes(dataset.labels)
    rows = _distinct(codes, label_codes)
    sample = (_sample_labels if dataset.multi_label else _sample)(dataset.labels[rows])
    found = _neighbours(dataset, rows[sample])
    duplicates, conflicting = _copies(codes, label_codes)
    counts = dataset.class_counts
    effective = _effective_numbers(counts, rows=dataset.n_rows)
    sampled_rows = len(sample) if found else 0
    return Diagnosis(
        classes=tuple(
            ClassOverlap(
                name=each.name,
                effective_number=number,
                neighbours=each.neighbours,
                expected=each.expected,
            )
            for each, number in zip(found, effective, strict=False)
        ),
        counts=tuple(int(count) for count in counts),
        imbalance_ratio=dataset.imbalance_ratio,
        duplicates=duplicates,
        conflicting=conflicting,
        sampled_rows=sampled_rows,
        text=_sentences(
            dataset,
            classes=found,
            duplicates=duplicates,
            conflicting=conflicting,
            sampled_rows=sampled_rows,
            copies_left_out=len(rows) < dataset.n_rows,
        ),
    )


def _neighbours(dataset: Dataset, rows: NDArray[np.intp]) -> tuple[ClassNeighbours, ...]:
    """Look up neighbours among some rows; empty where distances mean nothing."""
    features = _comparable(dataset, rows)
    if features is None:
        return ()
    labels = dataset.labels[rows]
    neighbours, expected = overlap(features, labels)
    counts = labels.sum(axis=0) if dataset.multi_label else np.bincount(labels)
    return tuple(
        ClassNeighbours(
            name=name,
            places=int(count * min(NEIGHBOURS, max(count - 1, 1))),
            neighbours=float(near),
            expected=float(chance),
        )
        for name, count, near, chance in zip(
            dataset.class_names, counts, neighbours, expected, strict=True
        )
    )


def _comparable(dataset: Dataset, rows: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """Return the scaled columns that are neither pixels nor free text; None without any."""
    if dataset.image_shape is not None:
        return None
    features = dataset.features.iloc[rows]
    sparse = None if dataset.sparse is None else dataset.sparse[rows]
    fitted = fit_preprocessor(features, sparse=sparse)
    treatments = fitted.describe()
    if not any(each.made for each in treatments if each.kind != "text"):
        return None
    texts = {each.name for each in treatments if each.kind == "text"}
    if texts:
        features = features[[name for name in features if str(name) not in texts]]
        fitted = fit_preprocessor(features, sparse=sparse)
    return fitted.transform(features, sparse)


def copies(
    features: pd.DataFrame, labels: NDArray[np.integer], *, sparse: csr_array | None = None
) -> tuple[int, int]:
    """Count rows that another row equals, and those among them whose labels disagree.

    Rows are equal when all their columns are, the wide ones too; missing values equal each other.
    """
    return _copies(_row_codes(features, sparse), _label_codes(labels))


def _copies(codes: NDArray[np.intp], labels: NDArray[np.integer]) -> tuple[int, int]:
    rows = np.bincount(codes)
    # A group agrees when its smallest label is its largest.
    low = np.full(len(rows), np.iinfo(np.int64).max)
    high = np.full(len(rows), -1)
    np.minimum.at(low, codes, labels)
    np.maximum.at(high, codes, labels)
    return int(rows[rows > 1].sum()), int(rows[low < high].sum())


def _row_codes(features: pd.DataFrame, sparse: csr_array | None) -> NDArray[np.intp]:
    """Return a number for each row, the same for rows that are equal in all columns."""
    rows = len(features) if sparse is None else sparse.shape[0]
    hashed: NDArray[np.integer] = np.zeros(rows, np.uint64)
    if features.shape[1]:
        hashed = pd.util.hash_pandas_object(features, index=False).to_numpy()
    if sparse is not None:
        hashed = hashed + _wide_hashes(sparse)
    return pd.factorize(hashed)[0]


def _label_codes(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return one number for each row's label, or set of labels."""
    if labels.ndim == 1:
        return labels
    return np.asarray(np.unique(labels, axis=0, return_inverse=True)[1]).reshape(-1)


def _distinct(codes: NDArray[np.intp], labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the rows without copies of the same label, which would be their own neighbours.

    Where most rows are copies, columns have few values and equal rows are no copies: all rows.
    """
    first = ~pd.DataFrame({"row": codes, "label": labels}).duplicated().to_numpy()
    return np.flatnonzero(first) if 2 * first.sum() > len(codes) else np.arange(len(codes))


def _sample(labels: NDArray[np.integer], *, most: int = MOST_ROWS) -> NDArray[np.intp]:
    """Return row numbers: all of them, or about `most`, the same share of every class.

    Every class keeps enough rows to be judged, a rare one up to its part of a tenth of `most`, so
    somewhat more than `most` may come back.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    rng = np.random.default_rng(0)
    share, classes = most / len(labels), int(labels.max()) + 1
    fewest = max(NEIGHBOURS + 1, most // (10 * classes))
    kept = [
        rng.permutation(rows)[: max(fewest, round(share * len(rows)))]
        for rows in (np.flatnonzero(labels == code) for code in range(classes))
    ]
    return np.sort(np.concatenate(kept))


def _sample_labels(labels: NDArray[np.integer], *, most: int = MOST_ROWS) -> NDArray[np.intp]:
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
    classes: tuple[ClassNeighbours, ...],
    duplicates: int,
    conflicting: int,
    sampled_rows: int,
    copies_left_out: bool,
) -> tuple[str, ...]:
    """Say it in words: what limits every loss first, what is merely good to know last."""
    rows = dataset.n_rows
    ratio = dataset.imbalance_ratio
    word = "label" if dataset.multi_label else "class"
    contradicted = conflicting > _SHARE_WORTH_SAYING * rows
    lines = []
    if contradicted:
        lines.append(_conflicts(conflicting, rows))
    # Rows of a class of six or more are asked for five neighbours each: thirty places or more.
    lines += overlap_sentences([each for each in classes if each.places > NEIGHBOURS**2])
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
    if not classes:
        lines.append("Near rows were not looked up: in pixels and words distances mean too little.")
    elif sampled_rows < rows:
        drawn = ", drawn at random" if dataset.multi_label else ", more of rare classes"
        lines.append(
            f"Neighbours were looked up among {sampled_rows:,} of {rows:,} rows"
            + (drawn if sampled_rows >= MOST_ROWS else "")
            + (", copies left out." if copies_left_out else ".")
        )
    return tuple(lines)


def _conflicts(conflicting: int, rows: int) -> str:
    return (
        f"{conflicting:,} rows ({conflicting / rows:.1%}) equal another row in every column but "
        "the label: no model can get all of them right."
    )
