"""The response surface of a focal arm: what gamma and tau do to its score, and what is noise.

Values of the trials of the search on all rows are smoothed by a Gaussian process over gamma and
tau. Trials differ in their learning rate too, which often moves the score more than gamma; so the
process sees it as one more coordinate, and the surface is read at the learning rate of the best
trial. Weight decay and free class weights go into the noise.

The plateau is the range of gamma around the best whose smoothed score, tau at its best for each
gamma, lies within two standard errors of the best trial's score. It never reaches beyond
the values that were tried.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # by scikit-learn

from focalsweep.evidence.result import Surface
from focalsweep.metrics.objective_words import amount_words
from focalsweep.search.folds import ALL_ROWS

Array = NDArray[np.float64]

FEWEST_TRIALS = 8
"""Under so many trials with three different gammas at least, a smoothed surface says nothing."""
_MOST_TRIALS = 300
"""A Gaussian process takes the cube of its rows: of more trials, evenly many are left out."""
_GRID = 61


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothSurface:
    """Hold a smoothed surface on a grid.

    Parameters
    ----------
    gamma : array of shape (G,)
        Rising, from the smallest to the largest value tried.
    tau : array of shape (T,) or None
        The same; None where the arm has no tau.
    score : array of shape (G, T), or (G, 1) without tau
        Smoothed utility.
    noise : float
        Depth of the band below the best, in the objective's unit.
    """

    gamma: Array
    tau: Array | None
    score: Array
    noise: float

    @property
    def by_gamma(self) -> Array:
        """Smoothed score over gamma, tau at its best for each, shape (G,)."""
        return np.asarray(self.score.max(axis=1), dtype=np.float64)

    @property
    def plateau(self) -> tuple[float, float]:
        """Ends of the range of gamma around the best that lies within the band."""
        curve = self.by_gamma
        best = int(np.argmax(curve))
        outside = np.flatnonzero(curve < curve[best] - self.noise)
        below, above = outside[outside < best], outside[outside > best]
        first = below[-1] + 1 if len(below) else 0
        last = above[0] - 1 if len(above) else len(curve) - 1
        return float(self.gamma[first]), float(self.gamma[last])


def smooth_surface(trials: pd.DataFrame, *, arm: str) -> SmoothSurface | None:
    """Smooth one arm's trials of the search on all rows.

    Parameters
    ----------
    trials : DataFrame
        All trials, as `focalsweep.search.trials_table.trials_table` makes them or ``trials.csv``
        holds them.
    arm : str
        Name of an arm.

    Returns
    -------
    SmoothSurface or None
        None where the arm has no gamma, or too few trials succeeded (`FEWEST_TRIALS`).
    """
    own = trials[
        (trials["arm"] == arm) & (trials["fold"] == ALL_ROWS) & (trials["state"] == "complete")
    ]
    if "gamma" not in own or own["gamma"].isna().any() or own["gamma"].nunique() < 3:
        return None
    if len(own) < FEWEST_TRIALS:
        return None
    best = own.iloc[int(own["value"].argmax())]
    if len(own) > _MOST_TRIALS:
        own = own.iloc[np.unique(np.linspace(0, len(own) - 1, _MOST_TRIALS).round().astype(int))]
    gamma = _axis(own["gamma"])
    has_tau = "tau" in own and own["tau"].notna().all() and own["tau"].nunique() > 2
    tau = _axis(own["tau"]) if has_tau else None
    tried = [own["gamma"], *([own["tau"]] if has_tau else [])]
    axes = np.meshgrid(gamma, tau if tau is not None else [0.0], indexing="ij")
    shown = [axis.ravel() for axis in axes[: len(tried)]]
    if "learning_rate" in own and own["learning_rate"].nunique() > 2:
        tried.append(np.log(own["learning_rate"]))
        shown.append(np.full(shown[0].shape, np.log(best["learning_rate"])))
    score = _smoothed(
        np.column_stack([column.to_numpy(np.float64) for column in tried]),
        own["value"].to_numpy(np.float64),
        at=np.column_stack(shown),
    )
    return SmoothSurface(
        gamma=gamma,
        tau=tau,
        score=score.reshape(axes[0].shape),
        noise=2.0 * float(best["standard_error"]),
    )


def surfaces(trials: pd.DataFrame, arms: Sequence[str]) -> tuple[Surface, ...]:
    """Describe the surface of each arm that has one, in words too.

    Parameters
    ----------
    trials : DataFrame
        As in `smooth_surface`.
    arms : sequence of str
        Names of the focal arms.
    """
    found = []
    for arm in arms:
        smooth = smooth_surface(trials, arm=arm)
        if smooth is not None:
            low, high = smooth.plateau
            found.append(
                Surface(
                    arm=arm,
                    noise=smooth.noise,
                    gamma_low=low,
                    gamma_high=high,
                    text=_in_words(arm, smooth),
                )
            )
    return tuple(found)


def _in_words(arm: str, smooth: SmoothSurface) -> str:
    low, high = smooth.plateau
    whole = (low, high) == (smooth.gamma[0], smooth.gamma[-1])
    if low == high:
        found = f"gamma {low:.2g} stands out: every other value tried scores lower by more than"
    else:
        found = f"any gamma in [{low:.2g}, {high:.2g}] is within"
    values = ", which is all that was tried" if whole else ""
    where = ", tau re-tuned for each" if smooth.tau is not None else ""
    return f"`{arm}`: {found} noise ({amount_words(smooth.noise)}) of the best{values}{where}."


def _smoothed(points: Array, values: Array, *, at: Array) -> Array:
    """Fit a Gaussian process with one length a coordinate and white noise; return its mean."""
    low, width = points.min(axis=0), np.ptp(points, axis=0)
    # A collapsed trial says that its point is bad; how bad would bend the surface everywhere.
    quartiles = np.quantile(values, [0.25, 0.75])
    fence = quartiles[0] - 1.5 * (quartiles[1] - quartiles[0])
    values = np.maximum(values, fence)
    centre, spread = values.mean(), values.std()
    if spread == 0.0:
        return np.full(len(at), centre)
    # A length below a quarter of the range would follow single trials.
    kernel = 1.0 * RBF(
        length_scale=np.ones(points.shape[1]), length_scale_bounds=(0.25, 10.0)
    ) + WhiteKernel(noise_level=0.3, noise_level_bounds=(1e-3, 2.0))
    process = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=0)
    # With two threads on two busy cores, a matrix of forty rows waits more than it computes.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # A coordinate without effect drives its length to the bound, as it should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit((points - low) / width, (values - centre) / spread)
    mean = process.predict((at - low) / width)
    return np.asarray(centre + spread * mean, dtype=np.float64)


def _axis(column: pd.Series[float]) -> Array:
    return np.linspace(column.min(), column.max(), _GRID)
