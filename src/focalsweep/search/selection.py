"""Which trial a finished study stands for: its best, or the simplest that is as good.

The one-standard-error rule prefers, among trials whose value is within one standard error of the
best, the point nearest to the arm's neutral point: the loss that does least. It gives up what
cannot be told from noise for a loss that is closer to plain cross-entropy.

References
----------
.. [1] Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees" (1984), section 3.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from optuna.distributions import FloatDistribution

from focalsweep.config.schema import Selection
from focalsweep.search.arm import Parameters, Range, Space
from focalsweep.search.studies import Trial
from focalsweep.search.ties import best_of


def choose(
    trials: Sequence[Trial],
    *,
    space: Space,
    neutral: Mapping[str, float],
    selection: Selection = "best",
) -> Trial | None:
    """Choose one of a study's finished trials.

    Parameters
    ----------
    trials : sequence of Trial
        In the order of their numbers.
    space : mapping from name to distribution
        What the study searched.
    neutral : mapping from name to float
        The arm's neutral point, see `neutral_point`; its keys are the arm's own numbers. An arm
        without any keeps its best trial: all its points are one loss.
    selection : {"best", "one_standard_error"}
        The best of equals is the one with the smallest log-loss, see `focalsweep.search.ties`.
        With the other rule ties in distance are settled in the same way.

    Returns
    -------
    Trial or None
        None when every trial failed.
    """
    valued = [trial for trial in trials if trial.outcome.value is not None]
    if not valued:
        return None
    best = _best(valued)
    if selection == "best" or not neutral:
        return best
    floor = _value(best) - best.outcome.standard_error
    near = [trial for trial in valued if _value(trial) >= floor]
    distances = [distance(trial.parameters, space=space, neutral=neutral) for trial in near]
    nearest = min(distances)
    return _best([trial for trial, far in zip(near, distances, strict=True) if far == nearest])


def _best(trials: Sequence[Trial]) -> Trial:
    values = [_value(trial) for trial in trials]
    return trials[best_of(values, [trial.outcome.log_loss for trial in trials])]


def _value(trial: Trial) -> float:
    if trial.outcome.value is None:
        raise ValueError(f"trial {trial.number} has no value")
    return trial.outcome.value


def neutral_point(space: Space, search: Mapping[str, Range]) -> Parameters:
    """Return the point where an arm's own numbers do least: 0, or what is nearest to it.

    Parameters
    ----------
    space : mapping from name to distribution
        What a study searches, the rates that every arm re-tunes included.
    search : mapping from name to Range
        The arm's own numbers. A range may name another neutral value: `beta_gap` makes all class
        weights 1 at its upper end, and late stages that start last change least.
    """
    point: Parameters = {}
    for name, limits in space.items():
        own = search.get(name) or search.get(name.rpartition("_")[0])  # one number of a vector
        if own is not None:
            given = own.neutral if own.neutral is not None else 0.0
            point[name] = min(max(given, limits.low), limits.high)
    return point


def distance(point: Mapping[str, float], *, space: Space, neutral: Mapping[str, float]) -> float:
    """Return how far a point lies from the neutral one, in widths of the searched ranges.

    Euclidean over the arm's own numbers, each on its range's own scale (logarithmic where that
    is), so that a whole range counts 1.
    """
    return math.hypot(
        *(
            place(point[name], space[name]) - place(value, space[name])
            for name, value in neutral.items()
        )
    )


def place(value: float, limits: FloatDistribution) -> float:
    """Return where a value lies in its range: 0 at the low end, 1 at the high end."""
    if limits.log:
        return math.log(value / limits.low) / math.log(limits.high / limits.low)
    return (value - limits.low) / (limits.high - limits.low)
