"""List labels worth a second look: rows whose label out-of-fold predictions contradict.

The predictions are those of the cross-entropy arm at its chosen point, on the inner folds of the
search on all rows: every row once, by a model that did not train on it. Label noise that a sweep
adds on purpose is in training rows only, so the labels judged here are those of the data.

Being listed is no proof. Where classes overlap, rows with right labels look the same, and a wrong
label that its copies share is not found. Every row is asked alike, whatever it weighs.

References
----------
.. [1] Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
   Labels", arXiv:1911.00068.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from focalsweep.data.dataset import Dataset
from focalsweep.evidence.facts import Suspect, Suspects
from focalsweep.evidence.refit import Chosen
from focalsweep.search.confident_learning import contradicted
from focalsweep.search.folds import Folds

MOST_LISTED = 50
_TOO_MANY = 0.2
"""Share of suspects above which the list speaks of overlap: on yeast, whose labels nobody flipped,
confident learning marks a third."""


def suspect_mask(chosen: Chosen, *, folds: Folds) -> NDArray[np.bool_]:
    """Mark suspect labels among the inner out-of-fold rows, in their order.

    Parameters
    ----------
    chosen : Chosen
        The cross-entropy arm in the search on all rows. Other arms have the same rows in the same
        order there, so the mask serves `focalsweep.evidence.gradient_shares` for all of them.
    folds : Folds
        The sweep's views.

    Returns
    -------
    bool array of shape (inner rows,)
    """
    return contradicted(chosen.inner_labels, _log_posterior(chosen, folds=folds))


def suspects(
    chosen: Chosen,
    mask: NDArray[np.bool_],
    *,
    folds: Folds,
    dataset: Dataset,
) -> Suspects:
    """List the marked rows, worst first: by how far the suggested class is ahead of the given one.

    Parameters
    ----------
    chosen : Chosen
        As in `suspect_mask`.
    mask : bool array of shape (inner rows,)
        From `suspect_mask`.
    folds : Folds
        The sweep's views.
    dataset : Dataset
        What the views were laid out from.
    """
    class_names = dataset.class_names
    views = chosen.scope.inner
    rows = np.concatenate([folds.rows[view][folds.views[view].n_train :] for view in views])
    if dataset.read_rows is not None:
        rows = dataset.read_rows[rows]
    proba = np.exp(_log_posterior(chosen, folds=folds))
    found = np.flatnonzero(mask)
    given, suggested = chosen.inner_labels[found], proba[found].argmax(axis=1)
    own, other = proba[found, given], proba[found, suggested]
    order = np.lexsort((rows[found], own - other))
    by_class = np.bincount(given, minlength=len(class_names))
    return Suspects(
        count=len(found),
        share=len(found) / len(mask),
        rows=tuple(
            Suspect(
                row=int(rows[found[i]]),
                given=class_names[given[i]],
                suggested=class_names[suggested[i]],
                given_probability=float(own[i]),
                suggested_probability=float(other[i]),
            )
            for i in order[:MOST_LISTED]
        ),
        by_class=tuple(int(count) for count in by_class),
        text=_sentence(by_class, rows=len(mask), class_names=class_names),
    )


def _log_posterior(chosen: Chosen, *, folds: Folds) -> NDArray[np.float64]:
    """Compute log-probabilities under the data's own class shares, shape (inner rows, classes).

    Cross-entropy's softmax is the posterior of its training rows; only an imbalance profile, which
    thins these, has to be undone.
    """
    views = [folds.views[view] for view in chosen.scope.inner]
    shift = np.concatenate(
        [np.tile(view.log_prior_shift, (len(view.eval_labels), 1)) for view in views]
    )
    return np.asarray(log_softmax(chosen.inner_logits.astype(np.float64) + shift, axis=1))


def _sentence(by_class: NDArray[np.integer], *, rows: int, class_names: Sequence[str]) -> str:
    count = int(by_class.sum())
    if not count:
        return "No label contradicts what cross-entropy predicts for rows that it has not seen."
    most = int(by_class.argmax())
    how_many = "all" if by_class[most] == count else f"{by_class[most]:,}"
    if count > _TOO_MANY * rows:
        ending = "so many that overlapping classes are the likelier reason than wrong labels."
    else:
        ending = "wrong labels look like this, and so do right ones where classes overlap."
    return (
        f"{count:,} of {rows:,} labels ({count / rows:.1%}) contradict what cross-entropy predicts "
        f"for rows that it has not seen, {how_many} of them in `{class_names[most]}`: "
        f"{ending}"
    )
