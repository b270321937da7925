"""The truth of a planted case: what every arm's whole procedure scores on fresh rows.

For each seed, training rows are drawn anew, every arm searches on them exactly as in a sweep's
outer fold, and the chosen points are refitted and scored on 100,000 rows that nothing else has
seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.audit.cases import Case, config_of
from focalsweep.config.schema import SweepConfig
from focalsweep.config.target import build
from focalsweep.data.dataset import Dataset
from focalsweep.data.splits import Split
from focalsweep.evidence.arm_scores import ArmScores, representatives
from focalsweep.evidence.cross_fitting import cross_fitted_score
from focalsweep.evidence.predictions import predict
from focalsweep.prepare import Plan, prepare
from focalsweep.procedure import search_and_refit, trainer_of
from focalsweep.search.folds import Profile, lay_out
from focalsweep.training.member import Trainer

FRESH_SEED = 1_000_000
"""Added to a dataset's seed for its fresh rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """Hold a case's true scores, all with decision weights.

    Parameters
    ----------
    case : str
        The case's name.
    scores : mapping from arm name to array of shape (seeds,)
        Utility of the arm's procedure on fresh rows.
    focal_gain : array of shape (seeds,)
        The focal side minus the rivals' side, each represented by its best inner score.
    rival_gain : array of shape (seeds,)
        The rivals other than cross-entropy, minus cross-entropy.
    """

    case: str
    scores: dict[str, NDArray[np.float64]]
    focal_gain: NDArray[np.float64]
    rival_gain: NDArray[np.float64]

    @property
    def best_arm(self) -> str:
        """Arm with the highest mean score."""
        return max(self.scores, key=lambda arm: float(self.scores[arm].mean()))


@dataclass(frozen=True, kw_only=True)
class TrueScores:
    """Hold what one training set says of a case's truth: an entry of each array of `Truth`."""

    case: str
    seed: int
    scores: dict[str, float]
    focal_gain: float
    rival_gain: float


def true_scores(
    case: Case, *, seed: int, fresh_rows: int, folder: Path, like: Trainer | None = None
) -> tuple[TrueScores, Trainer]:
    """Search on one training set and score on fresh rows.

    Parameters
    ----------
    case : Case
        What is planted.
    seed : int
        Drives rows, folds and training.
    fresh_rows : int
        Rows to score on.
    folder : Path
        For the studies.
    like : Trainer, optional
        An earlier one, whose compiled programs are used again.
    """
    plan = _on_fresh_rows(config_of(case, seed=seed), fresh_rows=fresh_rows)
    trainer, _ = trainer_of(plan, like=like)
    arms = _scores(plan, trainer, folder)
    scores = {arm.name: float(arm.decision[0]) for arm in arms}

    def side(belongs: Callable[[str], bool]) -> float:
        (name,) = representatives([arm for arm in arms if belongs(arm.family)])
        return scores[name]

    found = TrueScores(
        case=case.name,
        seed=seed,
        scores=scores,
        focal_gain=side(lambda f: f == "focal") - side(lambda f: f != "focal"),
        rival_gain=side(lambda f: f not in ("focal", "cross_entropy"))
        - side(lambda f: f == "cross_entropy"),
    )
    return found, trainer


def gather(found: Sequence[TrueScores]) -> Truth:
    """Put the training sets of one case together."""
    return Truth(
        case=found[0].case,
        scores={name: np.array([each.scores[name] for each in found]) for name in found[0].scores},
        focal_gain=np.array([each.focal_gain for each in found]),
        rival_gain=np.array([each.rival_gain for each in found]),
    )


def _on_fresh_rows(config: SweepConfig, *, fresh_rows: int) -> Plan:
    """Plan one search on all of the config's rows, tested on fresh rows of the same kind."""
    plan = prepare(config)
    component = config.dataset
    fresh = build(
        component.model_copy(
            update={"rows": fresh_rows, "seed": component.parameters["seed"] + FRESH_SEED}
        )
    )
    both = _joined(plan.dataset, fresh)
    split = Split(
        train=np.arange(plan.dataset.n_rows), test=np.arange(plan.dataset.n_rows, both.n_rows)
    )
    folds = lay_out(
        both,
        evaluation=plan.evaluation,
        profile=Profile(kind=config.dataset.profile, factor=config.dataset.factor),
        seed=config.seed,
        label_noise=config.dataset.label_noise,
        outer=(split,),
    )
    return replace(plan, folds=folds)


def _joined(first: Dataset, second: Dataset) -> Dataset:
    return replace(
        first,
        features=pd.concat([first.features, second.features], ignore_index=True),
        labels=np.concatenate([first.labels, second.labels]),
        true_posterior=None,
    )


def _scores(plan: Plan, trainer: Trainer, folder: Path) -> list[ArmScores]:
    _, chosen = search_and_refit(plan, trainer, folder)
    scores = []
    for entry in chosen:
        predicted = predict(entry, folds=plan.folds, objective=plan.objective)
        scores.append(
            ArmScores(
                name=entry.arm.name,
                label=entry.arm.label,
                family=entry.arm.family,
                inner=np.array([entry.inner_score]),
                inner_decision=np.array(
                    [cross_fitted_score(entry, folds=plan.folds, objective=plan.objective)]
                ),
                argmax=np.array([predicted.score(plan.objective, decision=False)]),
                decision=np.array([predicted.score(plan.objective, decision=True)]),
            )
        )
    return scores
