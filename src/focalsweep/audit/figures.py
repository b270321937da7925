"""The figures of an audit: how often verdicts claim out of nothing, see what is there, and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from focalsweep.audit.planted_sweeps import PlantedSweep
from focalsweep.audit.truth import Truth
from focalsweep.evidence.verdict import FOCAL_QUESTION, RIVAL_QUESTION

FOLKLORE, WEIGHTED = "focal_folklore", "class_weighted"
"""Arms of the habits that verdicts are held against."""


class Share(NamedTuple):
    """Hits out of all, with the exact 95% interval of Clopper and Pearson."""

    hits: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """Hold the figures.

    Parameters
    ----------
    verdicts : DataFrame
        One row a case, one column a decision, sweeps counted.
    truths : DataFrame
        One row a case: best arm, true gain of focal loss over its rivals and of the rivals over
        cross-entropy, each with its standard error.
    type_one : Share
        Null sweeps that claim for either twin.
    power : Share or None
        Claims among the questions whose true difference is at least what the sweep said it could
        see; None where there was none.
    wrong : Share
        Claims for a side whose true gain is not above the smallest difference, in planted sweeps.
    regret : DataFrame
        One row a case, one column a habit: true score given away against the best arm.
    """

    verdicts: pd.DataFrame
    truths: pd.DataFrame
    type_one: Share
    power: Share | None
    wrong: Share
    regret: pd.DataFrame

    @property
    def focal_wins(self) -> list[str]:
        """Cases where focal loss truly gains two standard errors or more over every rival."""
        gains = self.truths
        sure = gains["focal_gain"] - 2 * gains["focal_gain_error"] > 0
        return list(gains.index[sure])


def summarise(
    sweeps: Sequence[PlantedSweep],
    *,
    null: Sequence[PlantedSweep],
    truths: Sequence[Truth],
    smallest_difference: float,
) -> Audit:
    """Hold verdicts against truths.

    Parameters
    ----------
    sweeps : sequence of PlantedSweep
        Of all planted cases.
    null : sequence of PlantedSweep
        Of the null case.
    truths : sequence of Truth
        One a planted case.
    smallest_difference : float
        Of the verdict rule.
    """
    truth_of = {truth.case: truth for truth in truths}
    asked = [
        (sweep, claim, float(gain.mean()))
        for sweep in sweeps
        for claim in sweep.claims
        if (gain := _true_gain(truth_of[sweep.case], claim.question)) is not None
    ]
    visible = [
        claim.outcome == "better"
        for sweep, claim, gain in asked
        if sweep.detectable is not None and gain >= sweep.detectable
    ]
    wrong = [claim.outcome == "better" and gain <= smallest_difference for _, claim, gain in asked]
    claimed = [any(claim.outcome == "better" for claim in sweep.claims) for sweep in null]
    return Audit(
        verdicts=_verdicts([*null, *sweeps]),
        truths=_truths(truths),
        type_one=_share(claimed),
        power=_share(visible) if visible else None,
        wrong=_share(wrong),
        regret=_regret(sweeps, truth_of),
    )


def _true_gain(truth: Truth, question: str) -> np.ndarray | None:
    gains = {FOCAL_QUESTION: truth.focal_gain, RIVAL_QUESTION: truth.rival_gain}
    return gains.get(question)


def _share(hits: Sequence[bool]) -> Share:
    if not hits:
        return Share(0, 0, 0.0, 1.0)
    interval = binomtest(sum(hits), len(hits)).proportion_ci(method="exact")
    return Share(sum(hits), len(hits), float(interval.low), float(interval.high))


def _verdicts(sweeps: Sequence[PlantedSweep]) -> pd.DataFrame:
    frame = pd.DataFrame({"case": s.case, "decision": s.decision} for s in sweeps)
    return pd.crosstab(frame["case"], frame["decision"]).reindex(frame["case"].unique())


def _truths(truths: Sequence[Truth]) -> pd.DataFrame:
    rows = []
    for truth in truths:
        row: dict[str, object] = {"case": truth.case, "best_arm": truth.best_arm}
        for name, gain in (("focal_gain", truth.focal_gain), ("rival_gain", truth.rival_gain)):
            row[name] = gain.mean()
            row[f"{name}_error"] = gain.std(ddof=1) / np.sqrt(len(gain))
        rows.append(row)
    return pd.DataFrame(rows).set_index("case")


def _regret(sweeps: Sequence[PlantedSweep], truth_of: dict[str, Truth]) -> pd.DataFrame:
    rows = []
    for sweep in sweeps:
        truth = truth_of[sweep.case]
        scores = {arm: float(values.mean()) for arm, values in truth.scores.items()}
        best = scores[truth.best_arm]
        used = {
            "the verdict": sweep.arm,
            "always focal (2, 0.25)": FOLKLORE,
            "always class-weighted": WEIGHTED,
            "always the best on validation": sweep.best_validation,
        }
        rows.append({"case": sweep.case} | {name: best - scores[arm] for name, arm in used.items()})
    frame = pd.DataFrame(rows).groupby("case", sort=False).mean()
    frame.loc["all cases"] = frame.mean()
    return frame
