"""Reference models on multi-label data: one estimator a label, and what they say of test rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

from focalsweep.metrics.objective import Objective
from focalsweep.metrics.probability import row_log_loss
from focalsweep.training.class_counts import class_counts
from focalsweep.training.member import View

Array = NDArray[np.float64]


def label_outputs(
    make_estimator: Callable[[], Any], view: View, *, is_balanced: bool, objective: Objective
) -> NDArray[np.generic]:
    """Fit one estimator a label on the training rows and return what it says of the test rows.

    A label that all or none of the training rows have is said to be there as often as it is with
    one row more of the other kind.

    Parameters
    ----------
    make_estimator : callable
        Returns an unfitted scikit-learn classifier of two classes with a decision function that is
        its logit.
    view : View
        Of multi-label data.
    is_balanced : bool
        Whether the estimator weighs both sides of a label alike; probabilities are moved back to
        the label's own share before log-loss is scored.
    objective : Objective
        A multi-label one.

    Returns
    -------
    array of shape (test rows, labels), or (test rows,)
        0 and 1, decided at probability 1/2; or the rows' log-losses.
    """
    n = view.n_train
    features = np.asarray(view.features, dtype=np.float64)
    logits = np.empty((len(features) - n, view.labels.shape[1]))
    for k in range(logits.shape[1]):
        present = np.asarray(view.labels[:n, k], dtype=np.int64)
        without, having = class_counts(present, n_classes=2, weights=view.train_weights)
        if not (having and without):
            logits[:, k] = np.log((having + 1) / (without + 1))
            continue
        estimator = fitted(
            make_estimator(),
            features[:n],
            present,
            weights=view.train_weights,
            is_balanced=is_balanced,
        )
        logits[:, k] = estimator.decision_function(features[n:])
        if is_balanced and not objective.uses_decisions:
            logits[:, k] += np.log(having / without)
    if objective.uses_decisions:
        return np.asarray(logits > 0, dtype=np.int8)
    table = np.stack([log_expit(-logits), log_expit(logits)], axis=-1)
    return row_log_loss(table, view.eval_labels)


def fitted(
    estimator: Any,
    features: Array,
    labels: NDArray[np.integer],
    *,
    weights: Array | None,
    is_balanced: bool,
) -> Any:
    """Fit an estimator on rows that may have weights, and return it.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted; with ``class_weight="balanced"`` where it `is_balanced`.
    features, labels : arrays of shape (rows, columns) and (rows,)
        Class codes, not every one of which must occur.
    weights : array of shape (rows,) or None
        What each row counts for. Classes are then balanced by what they weigh: scikit-learn's
        own setting counts their rows in some of its releases.
    is_balanced : bool
        Whether all classes weigh alike.
    """
    if weights is None:
        return estimator.fit(features, labels)
    if is_balanced:
        of_class = np.bincount(labels, weights=weights)
        n_present = np.count_nonzero(of_class)
        weights = weights * (weights.sum() / (n_present * of_class[labels]))
        estimator = estimator.set_params(class_weight=None)
    return estimator.fit(features, labels, sample_weight=weights)
