"""Find labels that out-of-fold probabilities contradict, by confident learning.

Confident learning counts, for every pair of classes, the rows that carry one label while the
model is as sure of the other class as it usually is of rows that carry that one; from these counts
it estimates how many labels of each pair are wrong, and takes as many rows with the largest gap.
The thresholds are the classes' own mean probabilities, so a rare class is not suspected for being
rare. cleanlab does it; this module adds what small classes need.

What contradicts the model is not always wrong: rows where classes overlap look the same.

References
----------
.. [1] Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
   Labels", arXiv:1911.00068.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

FEWEST_ROWS = 6
"""Rows that a class must have for its labels to be judged: its thresholds are means over them."""


def judged_classes(labels: NDArray[np.integer], *, n_classes: int) -> NDArray[np.bool_]:
    """Tell which classes have rows enough to be judged, shape (classes,)."""
    return np.bincount(labels, minlength=n_classes) >= FEWEST_ROWS


def contradicted(labels: NDArray[np.integer], log_proba: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Mark rows whose label is probably wrong; deterministic.

    Rows of classes that are too small to be judged are never marked, and these classes are
    suggested for no other row. A class keeps `FEWEST_ROWS` - 1 rows at least.

    Parameters
    ----------
    labels : int array of shape (rows,)
        Class codes as given.
    log_proba : array of shape (rows, classes)
        Out-of-fold log-probabilities, in natural logarithms, of models that never saw the row;
        finite, except that rows of classes too small to be judged are not read.

    Returns
    -------
    bool array of shape (rows,)
    """
    # cleanlab takes three seconds to import, and few sweeps ask for it.
    from cleanlab.filter import find_label_issues

    judged = judged_classes(labels, n_classes=log_proba.shape[1])
    rows = np.flatnonzero(judged[labels])
    marked = np.zeros(len(labels), dtype=bool)
    if judged.sum() < 2:
        return marked
    codes = np.cumsum(judged) - 1
    marked[rows] = find_label_issues(
        codes[labels[rows]],
        softmax(log_proba[np.ix_(rows, judged)].astype(np.float64), axis=1),
        min_examples_per_class=FEWEST_ROWS - 1,
        n_jobs=1,
    )
    return marked
