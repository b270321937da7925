"""How an arm's search went: its budget curve, and the checks that say whether to believe it.

Everything is read from the searches inside outer folds, which are independent of one another; the
search on all rows is not among them, because no test row has scored what it chose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from focalsweep.evidence.arm_facts import Difference, Search
from focalsweep.evidence.arm_scores import ArmScores
from focalsweep.evidence.budget_curve import Estimator, budget_curve
from focalsweep.evidence.refit import Chosen
from focalsweep.search.arm import Nuisance, Parameters, Space
from focalsweep.search.rounds import OpenStudy
from focalsweep.search.selection import place
from focalsweep.search.studies import Trial
from focalsweep.search.ties import tied

EDGE = 0.02
"""Nearer than this to an end of its range, in widths of the range, a chosen value is at the edge:
where a search has converged, the chance that a value lies there without reason is small."""

FEWEST_TO_COMPARE = 3
"""Trials that are equal say something from this number on."""


@dataclass(frozen=True, kw_only=True)
class FinishedSearch:
    """Hold one search of an arm inside an outer fold.

    Parameters
    ----------
    trials : sequence of Trial
        All of them, in the order of their numbers.
    chosen : Trial
        The one that was scored on test rows.
    space : mapping from name to distribution
        What was searched.
    baselines : sequence of parameters
        The arm's first trials as points of `space`, rates included.
    rates : frozenset of str
        Names in `space` that every arm re-tunes.
    """

    trials: Sequence[Trial]
    chosen: Trial
    space: Space
    baselines: Sequence[Parameters]
    rates: frozenset[str]


def finished_search(open_: OpenStudy, chosen: Trial, *, nuisance: Nuisance) -> FinishedSearch:
    """Read a finished study."""
    space = open_.arm.space(open_.scope.counts, nuisance)
    return FinishedSearch(
        trials=open_.study.finished(),
        chosen=chosen,
        space=space,
        baselines=open_.arm.first_trials(space, nuisance),
        rates=frozenset(nuisance.search),
    )


def search_facts(
    searches: Sequence[FinishedSearch],
    *,
    scores: ArmScores,
    control: ArmScores | None,
    regrettable_difference: float,
    difference: Difference | None = None,
    estimator: Estimator = "order",
) -> Search:
    """Describe an arm's searches over the outer folds.

    Parameters
    ----------
    searches : sequence of FinishedSearch
        One an outer fold.
    scores : ArmScores
        The arm's.
    control : ArmScores or None
        Cross-entropy's; None where it is the arm itself or not in the sweep.
    regrettable_difference : float
        Of the verdict rule, in the objective's unit.
    difference : Difference, optional
        The arm's from `control`: an arm whose interval reaches zero is not called worse.
    estimator : {"order", "tang2020"}
        See `budget_curve`.

    Returns
    -------
    Search
        `optimism` is inner minus outer score, both by plain argmax, on which trials are valued.
        Inner models train on fewer rows than refits, so that overfitting of validation has to
        exceed what those rows are worth before it shows.
    """
    shortest = min(len(search.trials) for search in searches)
    curves = np.stack(
        [
            budget_curve(
                [trial.outcome.value for trial in search.trials],
                n_first=len(search.baselines),
                estimator=estimator,
            )[:shortest]
            for search in searches
        ]
    )
    low, high = np.percentile(curves, [25, 75], axis=0)
    trials = [trial for search in searches for trial in search.trials]
    return Search(
        best_so_far=tuple(curves.mean(axis=0).tolist()),
        best_so_far_low=tuple(low.tolist()),
        best_so_far_high=tuple(high.tolist()),
        estimator=estimator,
        failed_share=sum(trial.outcome.failure is not None for trial in trials) / len(trials),
        equal_share=float(np.mean([_equal_share(search.trials) for search in searches])),
        at_edge=edges(searches),
        optimism=float(np.mean(scores.inner - scores.argmax)),
        worse_than_control=control is not None
        and float(np.mean(scores.decision - control.decision)) < -regrettable_difference
        and (difference is None or difference.interval.high < 0.0),
    )


def _equal_share(trials: Sequence[Trial]) -> float:
    values = [trial.outcome.value for trial in trials if trial.outcome.value is not None]
    if len(values) < FEWEST_TO_COMPARE:
        return 0.0
    return (int(tied(values).sum()) - 1) / (len(values) - 1)


def edges(searches: Sequence[FinishedSearch]) -> tuple[str, ...]:
    """Name the ends of ranges at which more than half of the searches chose, as ``gamma.high``.

    An end is an edge when the search may have wanted to go beyond it. It is none where the number
    ends by itself: at 0, which switches a number off, and where one of the arm's baselines
    was put on purpose (the full strength 1 of a sampling, for example). A vector is named once,
    as ``delta.high``, in the terms of the config that widens it.
    """
    found: Counter[str] = Counter()
    for search in searches:
        found.update(
            {
                f"{_range_name(name, search)}.{end}"
                for name, limits in search.space.items()
                for end, bound in (("low", limits.low), ("high", limits.high))
                if abs(place(search.chosen.parameters[name], limits) - place(bound, limits)) <= EDGE
                and not _is_natural(bound, name, search)
            }
        )
    return tuple(sorted(name for name, times in found.items() if 2 * times > len(searches)))


def _is_natural(bound: float, name: str, search: FinishedSearch) -> bool:
    if bound == 0.0:
        return True
    # Every arm's first trials have the same rates: those are defaults, not ends.
    return name not in search.rates and any(point[name] == bound for point in search.baselines)


def _range_name(name: str, search: FinishedSearch) -> str:
    stem, _, index = name.rpartition("_")
    is_vector = stem and index.isdigit() and f"{stem}_0" in search.space
    return stem if is_vector else name


def searches_by_arm(
    studies: Sequence[OpenStudy], chosen: Sequence[Chosen], *, nuisance: Nuisance
) -> dict[str, list[FinishedSearch]]:
    """Group the searches inside outer folds by arm, folds in order.

    Parameters
    ----------
    studies : sequence of OpenStudy
        Finished, of all arms and scopes.
    chosen : sequence of Chosen
        Of the same studies, see `focalsweep.evidence.refit`.
    nuisance : Nuisance
        As in the search.
    """
    trial_of = {(each.arm.name, each.scope.name): each.trial for each in chosen}
    found: dict[str, list[FinishedSearch]] = {}
    for open_ in studies:
        if open_.scope.refit is not None:
            trial = trial_of[open_.arm.name, open_.scope.name]
            search = finished_search(open_, trial, nuisance=nuisance)
            found.setdefault(open_.arm.name, []).append(search)
    return found
