"""How trials are proposed: Optuna's samplers, made anew for every question.

A factory is called before each ask with the seed of that trial, so that a sweep that was killed
asks what an undisturbed one would have asked. What a sampler knows it reads from the study. A
factory of your own takes the same keyword arguments and returns any `optuna` sampler.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler

from focalsweep.errors import UserError
from focalsweep.search.grid import ShuffledGrid


def tpe(
    *,
    seed: int,
    study_seed: int,
    space: Mapping[str, FloatDistribution],
    trials: int,
    n_startup_trials: int = 8,
    multivariate: bool = False,
    constant_liar: bool = True,
) -> BaseSampler:
    """Tree-structured Parzen estimator (Bergstra et al. 2011).

    Parameters
    ----------
    seed : int
        Of this trial.
    study_seed : int
        Of the study: the same for all its trials.
    space : mapping from name to distribution
        What the study searches.
    trials : int
        Trials of the study in all.
    n_startup_trials : int
        Random trials before the estimator is used.
    multivariate, constant_liar : bool
        As in `optuna.samplers.TPESampler`. The defaults are not Optuna's: with several trials in
        training at a time its own proposed worse points than random search.
    """
    return optuna.samplers.TPESampler(
        seed=seed,
        n_startup_trials=n_startup_trials,
        multivariate=multivariate,
        constant_liar=constant_liar,
    )


def random(
    *, seed: int, study_seed: int, space: Mapping[str, FloatDistribution], trials: int
) -> BaseSampler:
    """Independent draws: the yardstick of every other sampler."""
    return optuna.samplers.RandomSampler(seed=seed)


def cma_es(
    *, seed: int, study_seed: int, space: Mapping[str, FloatDistribution], trials: int
) -> BaseSampler:
    """CMA-ES (Hansen & Ostermeier 2001); its state lives in the study, so it resumes."""
    return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


def qmc(
    *, seed: int, study_seed: int, space: Mapping[str, FloatDistribution], trials: int
) -> BaseSampler:
    """Scrambled Sobol sequence; one scrambling a study, so it is seeded by the study."""
    with warnings.catch_warnings():
        # Optuna has called it so since 3.0.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.QMCSampler(
            seed=study_seed,
            scramble=True,
            # Proposes until a trial succeeds; with the study's seed it would repeat itself.
            independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            warn_independent_sampling=False,
            warn_asynchronous_seeding=False,
        )


def grid(
    *, seed: int, study_seed: int, space: Mapping[str, FloatDistribution], trials: int
) -> BaseSampler:
    """Visit the smallest regular grid of at least `trials` points, in shuffled order."""
    steps = math.ceil(trials ** (1 / max(len(space), 1)) - 1e-9)
    points = {name: _spaced(limits, steps) for name, limits in space.items()}
    return ShuffledGrid(points, seed=study_seed)


def gp(
    *, seed: int, study_seed: int, space: Mapping[str, FloatDistribution], trials: int
) -> BaseSampler:
    """Gaussian process with log-EI; needs the ``gp`` extra.

    Raises
    ------
    UserError
        When PyTorch, which Optuna's GP is written in, is missing.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise UserError(
            "`sampler=gp` needs PyTorch, which is not installed; install focalsweep with its `gp` "
            "extra (pip install 'focalsweep[gp]') or choose `sampler=tpe`."
        ) from None
    return optuna.samplers.GPSampler(seed=seed)


def _spaced(limits: FloatDistribution, steps: int) -> Sequence[float]:
    if steps == 1:
        middle = (
            math.sqrt(limits.low * limits.high)
            if limits.log
            else np.mean([limits.low, limits.high])
        )
        return [float(middle)]
    spread = np.geomspace if limits.log else np.linspace
    # The ends of geomspace miss the limits by a rounding error, which Optuna would refuse.
    values = np.clip(spread(limits.low, limits.high, steps), limits.low, limits.high)
    return [float(value) for value in values]
