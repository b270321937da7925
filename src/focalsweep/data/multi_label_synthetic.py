"""Generate rows with any number of correlated, rare labels, whose posterior is known.

Every row has a few hidden factors z, independent standard normal. A label is there where its own
mix of the factors and of chance is high enough, and the features see the factors through noise::

    label l  <=>  sqrt(c) w_l . z + sqrt(1 - c) u_l > t_l         u_l standard normal, |w_l| = 1
    x = A z + noise * e                                           rows of A have length 1

Labels that share factors come together, given the features too, since those do not give z away.
The threshold t_l sets how many rows have the label: from `share` of them for the first label down
to ``share / ratio`` for the last, in equal steps of the logarithm. Some rows have no label.

Given x the factors are normal with a mean m(x) and a covariance V that are known, so

    P(label l | x) = Phi((sqrt(c) w_l . m(x) - t_l) / sqrt(c w_l' V w_l + 1 - c))
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentFactors:
    """Hold the distribution: rows come from it and posteriors are computed with it.

    Parameters
    ----------
    mixing : array of shape (factors, features)
        A', with columns of length 1.
    loadings : array of shape (factors, labels)
        sqrt(c) w, with columns of length sqrt(c).
    thresholds : array of shape (labels,)
        t.
    noise : float
        Standard deviation of what features add to the factors.
    """

    mixing: Array
    loadings: Array
    thresholds: Array
    noise: float


def make_multi_label_synthetic(
    *,
    name: str,
    rows: int,
    labels: int,
    features: int,
    factors: int,
    share: float,
    ratio: float,
    common: float,
    noise: float,
    seed: int,
) -> Dataset:
    """Generate a multi-label dataset with `true_posterior` of shape (rows, labels).

    Parameters
    ----------
    name : str
        Short name of the dataset.
    rows : int
        Number of rows.
    labels : int
        Number of labels, >= 2; ``l0`` is the commonest.
    features : int
        Number of columns, >= 1.
    factors : int
        Hidden factors behind labels and features, >= 1. The fewer, the more labels come together.
    share : float
        Share of rows that have the commonest label, in (0, 1), on average.
    ratio : float
        Rows with the commonest label over rows with the rarest, >= 1, on average.
    common : float
        c: share of a label's variance that the factors make, in (0, 1]; the rest is chance.
    noise : float
        Standard deviation of the features' noise, > 0; the features' own is 1.
    seed : int
        Seed of the rows, >= 0; the distribution does not depend on it.

    Raises
    ------
    UserError
        When a number is out of its range.
    """
    _check(
        whole={"rows": (rows, 1), "labels": (labels, 2), "features": (features, 1)}
        | {"factors": (factors, 1), "seed": (seed, 0)},
        real={
            "share": (share, "in (0, 1)", _is_number(share) and 0 < share < 1),
            "ratio": (ratio, ">= 1", _is_number(ratio) and ratio >= 1),
            "common": (common, "in (0, 1]", _is_number(common) and 0 < common <= 1),
            "noise": (noise, "> 0", _is_number(noise) and noise > 0),
        },
    )
    problem = latent_factors(
        labels=labels,
        features=features,
        factors=factors,
        share=share,
        ratio=ratio,
        common=common,
        noise=noise,
    )
    points, matrix = sample_labels(problem, rows=rows, seed=seed)
    return Dataset(
        name=name,
        features=pd.DataFrame(points, columns=[f"x{column}" for column in range(features)]),
        labels=matrix,
        class_names=tuple(f"l{label}" for label in range(labels)),
        origin=(
            f"generated: {labels} labels on {factors} hidden factors, commonest share {share:g}, "
            f"ratio {ratio:g}, noise {noise:g}, seed {seed}"
        ),
        true_posterior=label_posterior(problem, points),
    )


def latent_factors(
    *,
    labels: int,
    features: int,
    factors: int,
    share: float,
    ratio: float,
    common: float,
    noise: float,
) -> LatentFactors:
    """Return the distribution that `make_multi_label_synthetic` draws from, with its parameters."""
    # One distribution for one set of numbers, whatever rows are drawn from it.
    rng = np.random.default_rng([factors, features, labels])
    shares = share * ratio ** (-np.arange(labels) / (labels - 1))
    return LatentFactors(
        mixing=_unit(rng.standard_normal((factors, features))),
        loadings=np.sqrt(common) * _unit(rng.standard_normal((factors, labels))),
        thresholds=np.array([-NormalDist().inv_cdf(each) for each in shares]),
        noise=noise,
    )


def sample_labels(
    problem: LatentFactors, *, rows: int, seed: int
) -> tuple[Array, NDArray[np.int8]]:
    """Draw rows; another seed gives fresh rows of the same distribution.

    Returns
    -------
    points : array of shape (rows, features)
    labels : int8 array of shape (rows, labels)
    """
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((rows, len(problem.mixing)))
    points = hidden @ problem.mixing
    points = points + problem.noise * rng.standard_normal(points.shape)
    chance = np.sqrt(1.0 - (problem.loadings**2).sum(axis=0).clip(max=1.0))
    scores = hidden @ problem.loadings + chance * rng.standard_normal((rows, len(chance)))
    return points, (scores > problem.thresholds).astype(np.int8)


def label_posterior(problem: LatentFactors, points: Array) -> Array:
    """Return P(label | features), shape (rows, labels)."""
    mixing, loadings = problem.mixing, problem.loadings
    precision = np.eye(len(mixing)) + mixing @ mixing.T / problem.noise**2
    covariance = np.linalg.inv(precision)
    mean = points @ mixing.T @ covariance / problem.noise**2
    chance = 1.0 - (loadings**2).sum(axis=0)
    spread = np.sqrt((loadings * (covariance @ loadings)).sum(axis=0) + chance)
    return np.asarray(ndtr((mean @ loadings - problem.thresholds) / spread), dtype=np.float64)


def _unit(columns: Array) -> Array:
    return np.asarray(columns / np.linalg.norm(columns, axis=0))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check(*, whole: dict[str, tuple[Any, int]], real: dict[str, tuple[Any, str, bool]]) -> None:
    # These come from a config, whose types are not checked for the keys of one source.
    for setting, (value, least) in whole.items():
        if not isinstance(value, int) or value < least:
            raise UserError(
                f"`dataset.{setting}` must be a whole number >= {least}. "
                f"Received: {setting}={value}."
            )
    for setting, (number, expected, is_right) in real.items():
        if not is_right:
            raise UserError(
                f"`dataset.{setting}` must be {expected}. Received: {setting}={number}."
            )
