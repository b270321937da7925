"""Best score so far against number of trials: what more budget would buy.

Random search has an unbiased estimator. With B exchangeable values v_(1) <= ... <= v_(B), the
expected maximum of n of them is the mean over all subsets of size n,

    U_n = sum_i C(i - 1, n - 1) / C(B, n) * v_(i),

where the plug-in estimator of arXiv:1909.03004 draws with replacement and is biased. Trials of
samplers that learn are not exchangeable: there only the order in which they came says anything.

References
----------
.. [1] Tang, Lee, Xin, Liu, Yu, Lin, "Showing Your Work Doesn't Always Work", arXiv:2004.13705.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Curve = NDArray[np.float64]
Estimator = Literal["order", "tang2020"]


def budget_curve(
    values: Sequence[float | None], *, n_first: int = 0, estimator: Estimator = "order"
) -> Curve:
    """Return the best value so far after each trial of one search.

    Parameters
    ----------
    values : sequence of float or None
        Value of each trial in the order of their numbers, up is better; None for one that failed
        or was pruned. That costs its place in the budget and counts as the worst value of the
        search: no point that trains is worse than one that does not, and a pruned one was losing.
    n_first : int, default 0
        How many trials at the start were given and not drawn (the arm's baselines). They are no
        random draws, so the estimator of random search takes them as they came and averages over
        subsets of the others only.
    estimator : {"order", "tang2020"}
        ``"tang2020"`` for random search only.

    Returns
    -------
    array of shape (trials,)
        Never falling.

    Raises
    ------
    ValueError
        When no trial has a value.

    Examples
    --------
    >>> budget_curve([0.2, None, 0.5, 0.4]).tolist()
    [0.2, 0.2, 0.5, 0.5]
    >>> budget_curve([0.0, 1.0, 0.5], estimator="tang2020").round(3).tolist()
    [0.5, 0.833, 1.0]
    """
    finished = [value for value in values if value is not None]
    if not finished:
        raise ValueError(f"`values` must hold the value of one trial at least. Received: {values}.")
    scores = np.array([min(finished) if value is None else value for value in values])
    if estimator == "order":
        return np.maximum.accumulate(scores)
    first, drawn = scores[:n_first], scores[n_first:]
    start = np.maximum.accumulate(first)
    if len(first):
        # The best baseline is there whatever is drawn; so each draw is worth at least as much.
        drawn = np.maximum(drawn, start[-1])
    return np.concatenate([start, expected_maximum(drawn)])


def expected_maximum(values: ArrayLike) -> Curve:
    """Estimate the expected maximum of 1, 2, ..., B independent draws from B of them, unbiased.

    Parameters
    ----------
    values : array of shape (B,)
        Independent draws, in any order.

    Returns
    -------
    array of shape (B,)
        From the mean to the maximum.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    size = len(ordered)
    n = np.arange(1, size + 1)[:, None]
    rank = np.arange(1, size + 1)
    with np.errstate(invalid="ignore"):  # below rank n there is no subset with that maximum
        logs = _log_binomial(rank - 1, n - 1) - _log_binomial(size, n)
    share = np.where(rank >= n, np.exp(logs), 0.0)
    # Rounding must not make a curve of maxima fall.
    return np.maximum.accumulate(np.asarray(share @ ordered, dtype=np.float64))


def _log_binomial(n: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    """Return log C(n, k): the coefficients themselves leave float64 beyond a thousand trials."""
    n, k = np.asarray(n, np.float64), np.asarray(k, np.float64)
    logs: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
    return logs
