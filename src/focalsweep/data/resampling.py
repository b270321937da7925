"""Row treatments: over-sample, clean or thin out one fold's training rows.

An arm's `rows` names one of these functions. Each sees the training rows of one fold, preprocessed,
and never a row that is scored. Over-sampling brings every class up to the largest one; how much of
that a model sees is the arm's strength, tuned while training. The rows are imbalanced-learn's
(one-hot columns are interpolated like numbers). Where it refuses:

- a class with fewer rows than neighbours uses as many neighbours as it has;
- a class of one row is repeated;
- ADASYN makes nothing for a class whose neighbours are all its own, or whose shares round to 0, and
  Borderline-SMOTE nothing for a class without rows in danger: that class gets SMOTE's rows;
- SMOTE-ENN does not clean a class of which fewer than two own rows would stay.

References
----------
.. [1] Chawla et al., "SMOTE: Synthetic Minority Over-sampling Technique", arXiv:1106.1813.
.. [2] Han et al., "Borderline-SMOTE", doi 10.1007/11538059_91.
.. [3] He et al., "ADASYN", doi 10.1109/IJCNN.2008.4633969.
.. [4] Batista et al., "A study of the behavior of several methods for balancing machine learning
   training data", doi 10.1145/1007730.1007735 (SMOTE-ENN).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from imblearn.under_sampling import EditedNearestNeighbours
from numpy.typing import NDArray

SYNTHETIC = (
    "synthetic over-sampling changes what a class looks like, and no correction is offered for it"
)
"""Why probabilities of models trained on synthetic rows stay as they are."""

FEWEST_OWN = 2
"""Own rows that a treatment leaves to every class that has as many: one row shows no spread."""

# The library's own defaults, which are the papers'.
_NEIGHBOURS = 5
_NEIGHBOURS_IN_DANGER = 10
_NEIGHBOURS_EDITED = 3

Features = NDArray[np.float32]
Labels = NDArray[np.int32]
# From features, labels, class to rows wanted in all, neighbours and seed to new rows of those
# classes: about as many as are wanted, or none for a class that the method cannot treat.
_Maker = Callable[[Features, Labels, dict[int, int], int, int], tuple[Features, Labels]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Treated:
    """Hold what a treatment made of training rows.

    Parameters
    ----------
    kept : int array of shape (rows that stay,)
        Positions of own rows among those given, ascending.
    features : float32 array of shape (new rows, columns)
        Rows that were made.
    labels : int array of shape (new rows,)
        Their class codes.
    correctable : str, optional
        Why probabilities of models trained on these rows cannot be corrected to the data's
        posterior; None where they can.
    """

    kept: NDArray[np.int64]
    features: Features
    labels: Labels
    correctable: str | None = None


def random_over_sampling(features: Features, labels: Labels, *, seed: int) -> Treated:
    """Repeat rows drawn at random until every class has as many as the largest.

    Parameters
    ----------
    features : float32 array of shape (rows, columns)
        Preprocessed training rows.
    labels : int array of shape (rows,)
        Class codes.
    seed : int
        >= 0; the only source of randomness, here and in every other treatment.
    """
    return _balanced(features, labels, seed=seed, make=_repeated, correctable=None)


def smote(features: Features, labels: Labels, *, seed: int) -> Treated:
    """Make rows between a row and one of its five nearest neighbours of the same class."""
    return _balanced(features, labels, seed=seed, make=_interpolated, correctable=SYNTHETIC)


def borderline_smote(features: Features, labels: Labels, *, seed: int) -> Treated:
    """Make rows as SMOTE does, from rows most of whose ten neighbours are of other classes."""
    return _balanced(features, labels, seed=seed, make=_in_danger, correctable=SYNTHETIC)


def adasyn(features: Features, labels: Labels, *, seed: int) -> Treated:
    """Make more rows where more of the five neighbours are of other classes.

    Rounding makes a class a few rows larger or smaller than the largest one.
    """
    return _balanced(features, labels, seed=seed, make=_adaptive, correctable=SYNTHETIC)


def smote_enn(features: Features, labels: Labels, *, seed: int) -> Treated:
    """Over-sample by SMOTE, then drop rows, own and new, with a neighbour of another class.

    Three neighbours are asked. Classes end up unequal: the strength still sets how often each is
    drawn.
    """
    made = smote(features, labels, seed=seed)
    rows = np.vstack([features, made.features])
    codes = np.concatenate([labels, made.labels])
    editor = EditedNearestNeighbours(
        sampling_strategy="all", n_neighbors=min(_NEIGHBOURS_EDITED, len(codes) - 1)
    )
    stays = np.zeros(len(codes), dtype=np.bool_)
    # Cleaning needs a second class to disagree with.
    if len(np.unique(codes)) > 1:
        editor.fit_resample(rows, codes)
        stays[editor.sample_indices_] = True
    own = np.bincount(labels[stays[: len(labels)]], minlength=int(codes.max()) + 1)
    stays |= (own < FEWEST_OWN)[codes]
    new = stays[len(labels) :]
    return Treated(
        kept=np.flatnonzero(stays[: len(labels)]),
        features=made.features[new],
        labels=made.labels[new],
        correctable=SYNTHETIC if new.any() else None,
    )


def without_suspects(
    features: Features, labels: Labels, *, seed: int, suspects: NDArray[np.bool_]
) -> Treated:
    """Leave out rows whose label is suspect; make none.

    A class keeps two of its own rows at least (or all it has): where fewer are above suspicion,
    suspects drawn at random fill up.

    Parameters
    ----------
    features, labels, seed
        As in `random_over_sampling`.
    suspects : bool array of shape (rows,)
        Which labels are suspect, found within these training rows alone.
    """
    stays = ~suspects
    for code in np.unique(labels):
        missing = FEWEST_OWN - int(stays[labels == code].sum())
        if missing > 0:
            suspected = np.flatnonzero((labels == code) & suspects)
            drawn = np.random.default_rng([seed, int(code)]).permutation(suspected)
            stays[drawn[:missing]] = True
    return Treated(kept=np.flatnonzero(stays), features=features[:0], labels=labels[:0])


def _balanced(
    features: Features, labels: Labels, *, seed: int, make: _Maker, correctable: str | None
) -> Treated:
    """Bring each class up to the largest one, by SMOTE where `make` makes nothing."""
    # imbalanced-learn takes seeds of 32 bits.
    seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
    codes, counts = np.unique(labels, return_counts=True)
    smaller = [
        (int(code), int(count))
        for code, count in zip(codes, counts, strict=True)
        if count < counts.max()
    ]
    made, made_labels = [features[:0]], [labels[:0]]

    def grow(classes: list[int], make: _Maker, neighbours: int) -> list[int]:
        """Add rows of these classes and return the classes for which none were made."""
        if not classes:
            return []
        targets = dict.fromkeys(classes, int(counts.max()))
        new, new_labels = make(features, labels, targets, neighbours, seed)
        made.append(new)
        made_labels.append(new_labels)
        return [code for code in classes if code not in new_labels]

    grow([code for code, count in smaller if count == 1], _repeated, 0)
    for neighbours in range(1, _NEIGHBOURS + 1):
        together = [code for code, count in smaller if min(_NEIGHBOURS, count - 1) == neighbours]
        grow(grow(together, make, neighbours), _interpolated, neighbours)
    return Treated(
        kept=np.arange(len(labels)),
        features=np.vstack(made),
        labels=np.concatenate(made_labels),
        correctable=correctable if smaller else None,
    )


def _repeated(
    features: Features, labels: Labels, targets: dict[int, int], neighbours: int, seed: int
) -> tuple[Features, Labels]:
    sampler = RandomOverSampler(sampling_strategy=targets, random_state=seed)
    return _new_rows(sampler, features, labels)


def _interpolated(
    features: Features, labels: Labels, targets: dict[int, int], neighbours: int, seed: int
) -> tuple[Features, Labels]:
    sampler = SMOTE(sampling_strategy=targets, random_state=seed, k_neighbors=neighbours)
    return _new_rows(sampler, features, labels)


def _in_danger(
    features: Features, labels: Labels, targets: dict[int, int], neighbours: int, seed: int
) -> tuple[Features, Labels]:
    sampler = BorderlineSMOTE(
        sampling_strategy=targets,
        random_state=seed,
        k_neighbors=neighbours,
        m_neighbors=min(_NEIGHBOURS_IN_DANGER, len(labels) - 1),
    )
    return _new_rows(sampler, features, labels)


def _adaptive(
    features: Features, labels: Labels, targets: dict[int, int], neighbours: int, seed: int
) -> tuple[Features, Labels]:
    sampler = ADASYN(sampling_strategy=targets, random_state=seed, n_neighbors=neighbours)
    try:
        return _new_rows(sampler, features, labels)
    except (RuntimeError, ValueError):
        # One of the classes gives it nothing to adapt to. (What is wrong with the rows themselves
        # SMOTE refuses as well, when it gets the class.)
        if len(targets) == 1:
            return features[:0], labels[:0]
    alone = [
        _adaptive(features, labels, {code: target}, neighbours, seed)
        for code, target in targets.items()
    ]
    return np.vstack([rows for rows, _ in alone]), np.concatenate([codes for _, codes in alone])


def _new_rows(sampler: Any, features: Features, labels: Labels) -> tuple[Features, Labels]:
    """Return the rows that the sampler puts behind those given."""
    rows, codes = sampler.fit_resample(features, labels)
    return rows[len(labels) :], codes[len(labels) :]
