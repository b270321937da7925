"""Was enough tried to answer at all? A budget that was cut, or was small to begin with, is none.

An arm that only ever ran at its default has not been tried: it equals what it is compared with, to
the bit, and any "no" about it would be one that nobody looked for. Folds are evidence of the same
kind: of fewer than five differences even the sign test cannot tell at 5% on which side they lie.
So before the verdict rule reads a single score it is asked whether trials and folds suffice. No
score takes part in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from focalsweep.search.arm import Parameters
from focalsweep.search.folds import Evaluation
from focalsweep.search.rounds import OpenStudy


@dataclass(frozen=True, kw_only=True)
class BudgetRule:
    """Say what a budget must have bought before any verdict is given.

    Parameters
    ----------
    fewest_share : float, default 0.5
        Of the trials asked for, in [0, 1]: told in every outer fold by every arm.
    fewest_tried : int, default 3
        >= 0: trials of an arm's own numbers other than its default, in every outer fold; of an arm
        that has none, of the rates.
    fewest_folds : int, default 5
        >= 1: outer folds of a nested evaluation, over all repeats.
    """

    fewest_share: float = 0.5
    fewest_tried: int = 3
    fewest_folds: int = 5


@dataclass(frozen=True, kw_only=True)
class Tried:
    """Hold what was tried, where it was tried least.

    Parameters
    ----------
    asked, told : int
        Trials an arm and search that were asked for, and that have an outcome: a value, a failure
        or a pruner's stop.
    off_default : mapping from arm to int
        Told trials at other numbers than the default: at others of the arm's own, or, where it has
        none, at other rates, which every arm re-tunes. Without arms that search nothing at all.
    folds : int or None
        Outer folds of a nested evaluation; None for a holdout.
    """

    asked: int
    told: int
    off_default: dict[str, int]
    folds: int | None


def tried(studies: Sequence[OpenStudy], *, asked: int, evaluation: Evaluation) -> Tried:
    """Count what the searches of outer folds tried.

    Parameters
    ----------
    studies : sequence of OpenStudy
        Of all arms and scopes; the search on all rows is judged by nothing and is passed over.
    asked : int
        Trials of each search that were asked for.
    evaluation : Evaluation
        As carried out.
    """
    told: list[int] = [asked]
    off_default: dict[str, int] = {}
    for open_ in studies:
        if open_.scope.refit is None:
            continue
        trials = [trial.parameters for trial in open_.study.finished()]
        told.append(len(trials))
        points = [_searched(open_, parameters) for parameters in trials]
        if open_.arm.search or any(points):
            # The first trial of a study is its default.
            moved = sum(point != points[0] for point in points)
            off_default[open_.arm.name] = min(moved, off_default.get(open_.arm.name, moved))
    return Tried(
        asked=asked,
        told=min(told),
        off_default=off_default,
        folds=evaluation.n_outer if evaluation.kind == "nested" else None,
    )


def _searched(open_: OpenStudy, parameters: Parameters) -> Parameters:
    names = open_.own_numbers(parameters) if open_.arm.search else parameters
    return {name: parameters[name] for name in names}


def shortfall(
    found: Tried, rule: BudgetRule, *, minutes: float | None = None, limited: bool = False
) -> str | None:
    """Say what was too little for a verdict and the way out; None where it was enough.

    Parameters
    ----------
    found : Tried
        From `tried`.
    rule : BudgetRule
        The thresholds.
    minutes : float, optional
        That the same command would take to its end, where time has cut it; None where the user's
        own `stop_after` has.
    limited : bool, default False
        Whether the rows allowed fewer folds than were asked for.

    Returns
    -------
    str or None
        Half a sentence, such as "1 of 12 trials done; the same command with `minutes=20` goes on".
    """
    more = "give more `trials`, such as `trials=12`"
    goes_on = "leave out `stop_after` for all of them"
    if minutes is not None:
        goes_on = f"the same command with `minutes={minutes:g}` goes on"
    if found.off_default and found.asked <= rule.fewest_tried:
        goes_on = more  # even all of them would not do
    if found.told < rule.fewest_share * found.asked:
        return f"{found.told} of {_trials(found.asked)} done; {goes_on}"
    least = min(found.off_default, key=lambda arm: found.off_default[arm], default=None)
    if least is not None and found.off_default[least] < rule.fewest_tried:
        few = found.off_default[least]
        done = f"`{least}` was tried at {few or 'no'} point{'s' if few > 1 else ''}"
        way_out = goes_on if found.told < found.asked else more
        return f"{done} other than its default, and {rule.fewest_tried} are asked; {way_out}"
    if found.folds is not None and found.folds < rule.fewest_folds:
        way_out = "give `evaluation=nested`, or more `evaluation.folds`"
        if limited:
            way_out = "these rows allow no more, so collect more of the rarest class"
        # Time takes no fold below what is asked: the same command with more of it adds none.
        return (
            f"scores come from {found.folds} outer folds, and {rule.fewest_folds} are asked; "
            f"{way_out}"
        )
    return None


def cut_caution(found: Tried, *, given_up: str | None = None) -> str | None:
    """Warn of a budget that was cut and still suffices; None where nothing was cut.

    `given_up` says what a limit took besides: "1 repeat instead of 2, without `ldam`".
    """
    if given_up is not None:
        return (
            f"Less was done than asked for, to end in time ({given_up}): the verdict rests on what "
            "was done, and with more of it intervals are narrower and other points may be better."
        )
    if found.told >= found.asked:
        return None
    return (
        f"Time allowed {found.told} of {_trials(found.asked)} an arm: the verdict rests on what "
        "these found, and more might find better points of any arm."
    )


def _trials(number: int) -> str:
    return f"{number} trial{'' if number == 1 else 's'}"
