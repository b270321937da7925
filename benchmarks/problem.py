"""The problem that both sides of the benchmark solve: page-blocks, five folds, one search space.

The hand-written loop trains on the training rows of one outer fold, as our nested trials do.

Whatever both sides must share stands here, and nothing of focalsweep is imported: the
hand-written loop is what somebody without this project would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

N_FOLDS = 5
EPOCHS = 20
BATCH_SIZE = 128
HIDDEN = (64, 64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """Hold one fold, features scaled by what its training rows say.

    Parameters
    ----------
    train, validation : int arrays
        Row numbers in the file.
    x_train, x_validation : float32 arrays of shape (rows, columns)
        Scaled features.
    y_train, y_validation : int arrays of shape (rows,)
        Class codes.
    n_classes : int
        Number of classes.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_validation: NDArray[np.float32]
    y_validation: NDArray[np.int64]
    n_classes: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """Hold one point of the search space: what one trial trains.

    Parameters
    ----------
    learning_rate, weight_decay : float
        Of AdamW; both > 0, searched on a logarithmic scale.
    gamma : float
        Focusing parameter, in [0, 5].
    tau : float
        Class weights are proportional to prior ** -tau; in [0, 1.5].
    """

    learning_rate: float
    weight_decay: float
    gamma: float
    tau: float


FIXED_POINTS = (
    Point(learning_rate=1e-3, weight_decay=1e-4, gamma=0.0, tau=0.0),
    Point(learning_rate=1e-3, weight_decay=1e-4, gamma=2.0, tau=0.0),
    Point(learning_rate=1e-3, weight_decay=1e-4, gamma=0.0, tau=1.0),
    Point(learning_rate=3e-3, weight_decay=1e-3, gamma=1.0, tau=0.5),
    Point(learning_rate=3e-3, weight_decay=1e-5, gamma=3.0, tau=0.25),
    Point(learning_rate=1e-2, weight_decay=1e-3, gamma=0.5, tau=0.5),
    Point(learning_rate=1e-2, weight_decay=1e-2, gamma=2.0, tau=1.0),
    Point(learning_rate=3e-4, weight_decay=1e-4, gamma=0.5, tau=0.75),
    Point(learning_rate=3e-2, weight_decay=1e-2, gamma=1.0, tau=0.25),
    Point(learning_rate=2e-3, weight_decay=3e-2, gamma=5.0, tau=0.5),
)
"""Ten points on which the scores of the two sides must agree within seed noise."""


def load_folds(path: Path, *, seed: int = 0) -> list[Fold]:
    """Read page-blocks, take the training rows of an outer fold, and split them into five folds.

    Both splits are those of our nested sweep with this seed: scikit-learn's, with its seeds.

    Parameters
    ----------
    path : Path
        CSV file with the class in column ``target``.
    seed : int
        Of the shuffles before splitting.
    """
    frame = pd.read_csv(path)
    features = frame.drop(columns="target").to_numpy(np.float64)
    labels = pd.factorize(frame["target"], sort=True)[0].astype(np.int64)
    outer = RepeatedStratifiedKFold(n_splits=N_FOLDS, n_repeats=1, random_state=seed)
    rows, _ = next(outer.split(features, labels))
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    folds = []
    for of_train, of_validation in splitter.split(rows, labels[rows]):
        train, validation = rows[of_train], rows[of_validation]
        scaler = StandardScaler().fit(features[train])
        folds.append(
            Fold(
                train=train,
                validation=validation,
                x_train=scaler.transform(features[train]).astype(np.float32),
                y_train=labels[train],
                x_validation=scaler.transform(features[validation]).astype(np.float32),
                y_validation=labels[validation],
                n_classes=int(labels.max()) + 1,
            )
        )
    return folds


def class_weights(labels: NDArray[np.int64], *, n_classes: int, tau: float) -> NDArray[np.float64]:
    """Return weights proportional to prior ** -tau whose prior-weighted mean is 1."""
    prior = np.bincount(labels, minlength=n_classes) / len(labels)
    weights = prior**-tau
    return np.asarray(weights / (prior * weights).sum())


def macro_f1(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return macro-F1 from confusion counts of shape (..., classes, classes), true class down."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.asarray((2 * hits / np.maximum(total, 1)).mean(axis=-1))
