"""Generate imbalanced Gaussian classes whose posterior is known.

Class means sit on the corners of a regular simplex, every class has unit covariance, and priors
fall off exponentially: prior_k proportional to ratio^(-k / (classes - 1)). So the Bayes rule is
known, the number of rows is the same at every ratio, and what changes with `overlap` or `ratio`
is that one thing.

`overlap` is the area that two neighbouring class densities share: with a distance d between their
means, overlap = 2 Phi(-d / 2) (the overlapping coefficient of Weitzman 1970). Moving the means
together is the same as adding noise, so the Bayes error grows with it at any priors.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianClasses:
    """Hold the distribution: rows come from it and posteriors are computed with it.

    Parameters
    ----------
    means : array of shape (classes, features)
        Class means; covariances are the identity.
    priors : array of shape (classes,)
        Class probabilities, largest first, sum 1.
    """

    means: NDArray[np.float64]
    priors: NDArray[np.float64]


def make_synthetic(
    *,
    name: str,
    rows: int,
    classes: int,
    features: int,
    ratio: float,
    overlap: float,
    seed: int,
) -> Dataset:
    """Generate a dataset with `true_posterior`.

    Parameters
    ----------
    name : str
        Short name of the dataset.
    rows : int
        Number of rows, the same at every ratio.
    classes : int
        Number of classes, >= 2; class ``c0`` is the largest.
    features : int
        Number of columns, >= classes - 1; those beyond carry no signal.
    ratio : float
        Largest over smallest class, >= 1; 1 is the balanced control. Counts are whole numbers, so
        the ratio of the rows differs a little where the smallest class is small.
    overlap : float
        Shared area of two class densities, in (0, 1]: near 0 the classes are apart, at 1 they are
        the same distribution and the posterior is the prior.
    seed : int
        Seed of the rows; the distribution does not depend on it.

    Raises
    ------
    UserError
        When a number is out of range, or the smallest class would have no row.
    """
    _check_numbers(
        whole={"rows": rows, "classes": classes, "features": features, "seed": seed},
        real={"ratio": ratio, "overlap": overlap},
    )
    problem = gaussian_classes(
        classes=classes, features=features, ratio=ratio, overlap=overlap, rows=rows
    )
    points, labels = sample_synthetic(problem, rows=rows, seed=seed)
    return Dataset(
        name=name,
        features=pd.DataFrame(points, columns=[f"x{column}" for column in range(features)]),
        labels=labels,
        class_names=tuple(f"c{code}" for code in range(classes)),
        origin=(
            f"generated: {classes} Gaussian classes, ratio {ratio:g}, overlap {overlap:g}, "
            f"seed {seed}"
        ),
        true_posterior=synthetic_posterior(problem, points),
    )


def gaussian_classes(
    *, classes: int, features: int, ratio: float, overlap: float, rows: int
) -> GaussianClasses:
    """Return the distribution that `make_synthetic` draws from, with its parameters.

    Priors are the class shares of `rows` rows, so that they agree with the counts exactly.
    """
    if classes < 2:
        raise UserError(f"`dataset.classes` must be >= 2. Received: classes={classes}.")
    if features < classes - 1:
        raise UserError(
            f"`dataset.features` must be >= classes - 1 = {classes - 1}, so that all classes are "
            f"equally far apart. Received: features={features}."
        )
    if not (np.isfinite(ratio) and ratio >= 1):
        raise UserError(
            f"`dataset.ratio` must be a number >= 1 (largest over smallest class). "
            f"Received: ratio={ratio}."
        )
    if not 0 < overlap <= 1:
        raise UserError(f"`dataset.overlap` must be in (0, 1]. Received: overlap={overlap}.")
    shares = ratio ** (-np.arange(classes) / (classes - 1))
    counts = _apportion(shares, rows=rows)
    if counts.min() < 1:
        raise UserError(
            f"`dataset.rows` must leave at least one row to the smallest class. Received: "
            f"rows={rows} with ratio={ratio:g}; raise `dataset.rows` or lower `dataset.ratio`."
        )
    distance = -2 * NormalDist().inv_cdf(overlap / 2)
    means = np.zeros((classes, features))
    means[:, : classes - 1] = distance * _simplex(classes)
    return GaussianClasses(means=means, priors=counts / rows)


def sample_synthetic(
    problem: GaussianClasses, *, rows: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Draw rows, with class counts as near to the priors as whole numbers allow.

    Another seed gives fresh rows of the same distribution.

    Returns
    -------
    points : array of shape (rows, features)
    labels : int32 array of shape (rows,)
        In random order.
    """
    rng = np.random.default_rng(seed)
    counts = _apportion(problem.priors, rows=rows)
    codes = np.arange(len(counts), dtype=np.int32)
    labels = rng.permutation(np.repeat(codes, counts))
    noise = rng.standard_normal((rows, problem.means.shape[1]))
    return problem.means[labels] + noise, labels


def synthetic_posterior(
    problem: GaussianClasses, points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return P(class | features), shape (rows, classes).

    With unit covariance, the logits are x . mean_k - |mean_k|^2 / 2 + log prior_k.
    """
    logits = points @ problem.means.T - (problem.means**2).sum(axis=1) / 2 + np.log(problem.priors)
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def _check_numbers(*, whole: dict[str, Any], real: dict[str, Any]) -> None:
    # These come from a config, whose types are not checked for the keys of one source.
    for setting, value in whole.items():
        if not isinstance(value, int) or value < 0:
            raise UserError(
                f"`dataset.{setting}` must be a whole number >= 0. Received: {setting}={value}."
            )
    for setting, value in real.items():
        if not isinstance(value, int | float):
            raise UserError(f"`dataset.{setting}` must be a number. Received: {setting}={value}.")


def _simplex(classes: int) -> NDArray[np.float64]:
    """Return `classes` points in `classes - 1` dimensions, all at distance 1 of each other."""
    # The corners e_k / sqrt(2) of the standard simplex, centred, in a Helmert basis of their
    # plane: row j of the basis is (1, ..., 1, -j, 0, ..., 0) / sqrt(j (j + 1)).
    basis = np.zeros((classes - 1, classes))
    for row in range(classes - 1):
        basis[row, : row + 1] = 1
        basis[row, row + 1] = -(row + 1)
        basis[row] /= np.sqrt((row + 1) * (row + 2))
    corners: NDArray[np.float64] = basis.T / np.sqrt(2)
    return corners


def _apportion(shares: NDArray[np.float64], *, rows: int) -> NDArray[np.int64]:
    """Round shares of `rows` to whole numbers that sum to `rows` (largest remainder)."""
    exact = rows * shares / shares.sum()
    # The small number keeps a share like 10 from being floored to 9 by rounding.
    counts: NDArray[np.int64] = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: rows - int(counts.sum())]] += 1
    return counts
