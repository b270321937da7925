"""Comparisons: two sides, one paired difference, one outcome by one rule.

`compare_folds` and `compare_test_rows` make the same callable out of a nested evaluation and out
of a holdout, so everything after them is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from focalsweep.errors import UserError
from focalsweep.evidence.arm_facts import Difference
from focalsweep.evidence.arm_scores import ArmScores, Pick, fold_scores
from focalsweep.evidence.bootstrap import paired_bootstrap
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.holm import holm
from focalsweep.evidence.paired import ROUNDING, Posterior, corrected_t
from focalsweep.evidence.result import Comparison
from focalsweep.metrics.objective import Objective

Compare = Callable[[Sequence[Pick], Sequence[Pick]], Posterior]
"""From one pick an outer fold on either side to what is known of left minus right."""

Outcome = Literal["better", "not_better", "undecided"]


@dataclass(frozen=True, kw_only=True)
class VerdictRule:
    """Say when a difference counts, in the objective's unit.

    Parameters
    ----------
    smallest_difference : float, default 0.01
        >= 0. A side is better when its gain exceeds this with probability `confidence`.
    regrettable_difference : float, default 0.03
        >= `smallest_difference`. A side is not better when its gain exceeds this with probability
        1 - `confidence` at most: what could still be missed is no pity. Where its 95% interval lies
        wholly above zero it is ahead all the same, and that is left undecided.
    confidence : float, default 0.95
        In (0.5, 1).

    Raises
    ------
    UserError
        When a number is outside its range.
    """

    smallest_difference: float = 0.01
    regrettable_difference: float = 0.03
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0.0 <= self.smallest_difference <= self.regrettable_difference:
            raise UserError(
                "`smallest_difference` must be >= 0 and at most `regrettable_difference`. "
                f"Received: smallest_difference={self.smallest_difference}, "
                f"regrettable_difference={self.regrettable_difference}."
            )
        if not 0.5 < self.confidence < 1.0:
            raise UserError(
                "`confidence` must be above 0.5 and below 1. "
                f"Received: confidence={self.confidence}."
            )

    def outcome(self, posterior: Posterior) -> Outcome:
        """Judge a difference: better, not better by an amount that matters, or undecided."""
        # 1 - 0.95 is not 0.05 in binary: probabilities are compared up to rounding.
        if posterior.probability_above(self.smallest_difference) >= self.confidence - 1e-12:
            return "better"
        pity = posterior.probability_above(self.regrettable_difference)
        low, _ = posterior.interval(0.95)
        missed_little = pity <= 1.0 - self.confidence + 1e-12
        return "not_better" if missed_little and low <= ROUNDING else "undecided"

    def in_unit(self, unit: float) -> VerdictRule:
        """Return the rule whose differences are shares of `unit`, >= 0."""
        return replace(
            self,
            smallest_difference=self.smallest_difference * unit,
            regrettable_difference=self.regrettable_difference * unit,
        )


@dataclass(frozen=True, kw_only=True)
class Side:
    """Name one side of a comparison: how it is called, and its pick in each outer fold."""

    name: str
    picks: tuple[Pick, ...]

    @property
    def arms(self) -> tuple[str, ...]:
        """Arm that represents the side in each outer fold."""
        return tuple(pick.arm for pick in self.picks)


def compare_sides(
    question: str,
    *,
    left: Side,
    right: Side,
    arms: Sequence[ArmScores],
    compare: Compare,
    rule: VerdictRule,
) -> Comparison:
    """Answer one question: is the left side better than the right side?"""
    posterior = compare(left.picks, right.picks)
    by_name = {arm.name: arm for arm in arms}
    low, high = posterior.interval(0.95)
    differences = fold_scores(by_name, left.picks) - fold_scores(by_name, right.picks)
    return Comparison(
        question=question,
        left=left.name,
        right=right.name,
        left_arms=left.arms,
        right_arms=right.arms,
        differences=tuple(differences.tolist()),
        mean=posterior.mean,
        interval=Interval(low=low, high=high),
        p_better=posterior.probability_above(rule.smallest_difference),
        p_much_better=posterior.probability_above(rule.regrettable_difference),
        outcome=rule.outcome(posterior),
    )


def compare_folds(arms: Sequence[ArmScores], *, test_train_ratio: float) -> Compare:
    """Compare by the corrected t of fold differences: the nested evaluation.

    Parameters
    ----------
    arms : sequence of ArmScores
        Every arm that a pick may name.
    test_train_ratio : float
        Test rows over training rows of an outer fold, see `corrected_t`.
    """
    by_name = {arm.name: arm for arm in arms}

    def compare(left: Sequence[Pick], right: Sequence[Pick]) -> Posterior:
        differences = fold_scores(by_name, left) - fold_scores(by_name, right)
        return corrected_t(differences, test_train_ratio=test_train_ratio)

    return compare


def compare_test_rows(
    outputs: Mapping[Pick, ArrayLike],
    *,
    labels: ArrayLike,
    n_classes: int,
    objective: Objective,
    groups: ArrayLike | None = None,
    weights: NDArray[np.floating] | None = None,
    replicates: int = 2000,
    seed: int = 0,
) -> Compare:
    """Compare by the paired bootstrap of test rows and refit seeds: the holdout.

    Parameters
    ----------
    outputs : mapping from Pick to array of shape (seeds, rows)
        What each way to predict said of the test rows, see `paired_bootstrap`, which describes
        the rest.
    """

    def compare(left: Sequence[Pick], right: Sequence[Pick]) -> Posterior:
        (one,), (other,) = left, right  # a holdout has one fold
        return paired_bootstrap(
            outputs[one],
            outputs[other],
            labels=labels,
            n_classes=n_classes,
            objective=objective,
            groups=groups,
            weights=weights,
            replicates=replicates,
            seed=seed,
        ).difference

    return compare


def arm_differences(
    arms: Sequence[ArmScores], *, compare: Compare, objective: Objective
) -> dict[str, Difference]:
    """Describe every other arm against cross-entropy, Holm-corrected over arms.

    Decision weights are on both sides where the objective uses them. These numbers describe; the
    verdict does not read them.

    Returns
    -------
    dict from arm name to Difference
        Without the cross-entropy arm; empty where there is none.
    """
    control = next((arm for arm in arms if arm.family == "cross_entropy"), None)
    if control is None:
        return {}

    def picks(arm: ArmScores) -> list[Pick]:
        return [Pick(arm.name, objective.uses_decisions)] * arm.n_folds

    others = [arm for arm in arms if arm.name != control.name]
    posteriors = [compare(picks(arm), picks(control)) for arm in others]
    p_values = np.array([posterior.p_value() for posterior in posteriors])
    corrected = holm(p_values)
    differences = {}
    for arm, posterior, p, p_holm in zip(others, posteriors, p_values, corrected, strict=True):
        low, high = posterior.interval(0.95)
        differences[arm.name] = Difference(
            against=control.name,
            mean=posterior.mean,
            interval=Interval(low=low, high=high),
            p_value=float(p),
            p_holm=float(p_holm),
        )
    return differences
