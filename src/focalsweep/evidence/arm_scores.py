"""What the evidence knows of an arm, and which arm stands for a side in each outer fold.

A side (the focal arms, their rivals) is represented in an outer fold by the arm with the best
inner score there: the choice that a user of that side would make, without test rows. The
difference of two sides thus belongs to two procedures, not to two lucky arms. Sides are judged
with decision weights, so these inner scores have them too, each row decided by weights that were
fitted on others (`focalsweep.evidence.cross_fitting`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.paired import ROUNDING

Vector = NDArray[np.float64]

SIMPLEST_FIRST: tuple[Family, ...] = (
    "cross_entropy",
    "class_weights",
    "logit_adjustment",
    "label_smoothing",
    "robust",
    "resampling",
    "two_stage",
    "cosine_head",
    "margin",
    "folklore",
    "focal",
    "labels",
)
"""Families by how much has to be explained and kept when one uses them; ties go to the first.

One loss from start to end comes before other rows or a changed training, and those before a changed
model. Focal loss is last of the losses: what it has to beat is simpler or better known. Removed
rows are no loss at all and never tie with one.
"""


class Pick(NamedTuple):
    """Name one way to predict: an arm, with its decision weights or by plain argmax."""

    arm: str
    decision_weights: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmScores:
    """Hold one arm's utilities in each outer fold, up is better.

    Parameters
    ----------
    name, label : str
        As in the config, and as in texts.
    family : str
        What kind of loss it is, see `focalsweep.evidence.result.Family`.
    inner : array of shape (folds,)
        Score of the chosen trial on inner folds: no outer test row has touched it.
    inner_decision : array of shape (folds,), optional
        The same with decision weights that were fitted on the other inner folds; None where the
        objective needs no decisions: it is `inner` then.
    argmax, decision : array of shape (folds,)
        Score on outer test rows, by plain argmax and with decision weights. Equal for an objective
        without decisions. One fold for a holdout.

    Raises
    ------
    ValueError
        When they are not finite vectors of one length.
    """

    name: str
    label: str
    family: Family
    inner: Vector
    argmax: Vector
    decision: Vector
    inner_decision: Vector | None = None

    def __post_init__(self) -> None:
        table = [np.asarray(v) for v in (self.inner, self.judged, self.argmax, self.decision)]
        shapes = {v.shape for v in table}
        if len(shapes) != 1 or table[0].ndim != 1 or not np.isfinite(table).all():
            raise ValueError(
                f"scores of arm `{self.name}` must be finite, one a fold. Received: {table}."
            )

    @property
    def judged(self) -> Vector:
        """Inner scores by the rule that the verdict judges by, shape (folds,)."""
        return self.inner if self.inner_decision is None else self.inner_decision

    @property
    def n_folds(self) -> int:
        return len(self.inner)


def representatives(arms: Sequence[ArmScores]) -> tuple[str, ...]:
    """Name, for each outer fold, the arm best on inner rows as judged; ties go to the simplest."""
    ordered = simplest_first(arms)
    inner = np.stack([arm.judged for arm in ordered])
    first_best = np.argmax(inner >= inner.max(axis=0) - ROUNDING, axis=0)
    return tuple(ordered[index].name for index in first_best)


def most_often(names: Sequence[str], arms: Sequence[ArmScores]) -> ArmScores:
    """Return the arm that is named most often; ties go to the simplest."""
    times = Counter(names)
    return max(simplest_first(arms), key=lambda arm: times[arm.name])  # max keeps the first


def simplest_first(arms: Sequence[ArmScores]) -> list[ArmScores]:
    """Order arms by family, arms of one family as given."""
    return sorted(arms, key=lambda arm: SIMPLEST_FIRST.index(arm.family))


def fold_scores(arms: Mapping[str, ArmScores], picks: Sequence[Pick]) -> Vector:
    """Return the outer score of each fold's pick, shape (folds,)."""
    return np.array(
        [
            (arms[pick.arm].decision if pick.decision_weights else arms[pick.arm].argmax)[fold]
            for fold, pick in enumerate(picks)
        ]
    )
