"""Our side of the benchmark: whole sweeps from the command line, and the ten fixed points."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.problem import (
    BATCH_SIZE,
    EPOCHS,
    HIDDEN,
    N_FOLDS,
    Fold,
    Point,
    class_weights,
    macro_f1,
)

ARMS = (
    "cross_entropy,class_weighted,class_weighted_tuned,focal_folklore,focal_gamma,focal_gamma_tau,"
    "logit_adjusted"
)
NOT_COUNTED = {"start", "kernel"}
"""Imports, which the hand-written loop's clock leaves out too; and a part of other phases."""


@dataclass(frozen=True, kw_only=True)
class SweepRun:
    """Hold what one sweep took.

    Parameters
    ----------
    trials : int
        Trials of all arms and outer folds.
    seconds : float
        Wall time of everything but imports: data, compiling, search, refits, references,
        evidence, report and tracking.
    outside_kernel : float
        Share of `seconds` outside the training kernel, in [0, 1].
    peak_mebibytes : float
        Peak memory of the process.
    """

    trials: int
    seconds: float
    outside_kernel: float
    peak_mebibytes: float

    @property
    def seconds_per_trial(self) -> float:
        """Mean wall time of a trial."""
        return self.seconds / self.trials


def run_sweep(*, trials: int, seed: int) -> SweepRun:
    """Run one nested sweep of seven arms on page-blocks in a process of its own.

    Every trial trains five inner folds of an outer fold's training rows (or of all rows, for the
    search that gives the pasted point), with the hand-written loop's model, epochs and batch size.

    Parameters
    ----------
    trials : int
        An arm and outer fold.
    seed : int
        Of the sweep.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "focalsweep", "sweep", "dataset=page_blocks"),
            *(f"arms=[{ARMS}]", f"trials={trials}", f"epochs={EPOCHS}", f"seed={seed}"),
            *(f"optimizer.batch_size={BATCH_SIZE}", f"model.hidden={list(HIDDEN)}"),
            *("evaluation.repeats=1", f"evaluation.folds={N_FOLDS}"),
            *(f"evaluation.inner_folds={N_FOLDS}", f"hydra.run.dir={folder}/sweep"),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = json.loads((Path(folder) / "sweep" / "result.json").read_text())
    seconds = sum(spent for phase, spent in result["seconds"].items() if phase not in NOT_COUNTED)
    return SweepRun(
        trials=result["budget"]["trials"] * len(result["arms"]) * (N_FOLDS + 1),
        seconds=seconds,
        outside_kernel=1 - result["seconds"]["kernel"] / seconds,
        peak_mebibytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    )


def score_points(
    folds: Sequence[Fold], points: Sequence[Point], *, seeds: Sequence[int]
) -> NDArray[np.float64]:
    """Score points as the hand-written loop does, on its own features and folds.

    Returns
    -------
    array of shape (points, seeds)
        Macro-F1 from counts pooled over folds, at its best epoch.
    """
    from focalsweep.losses.point import LossPoint
    from focalsweep.losses.recipe import Recipe
    from focalsweep.models.mlp import mlp
    from focalsweep.training.member import Member, MemberKey, View
    from focalsweep.training.optimizer import Optimizer
    from focalsweep.training.population import PopulationTrainer

    n_classes = folds[0].n_classes
    views = [
        View(
            name=f"fold-{number}",
            features=np.concatenate([fold.x_train, fold.x_validation]),
            labels=np.concatenate([fold.y_train, fold.y_validation]).astype(np.int32),
            n_train=len(fold.y_train),
            natural_counts=np.bincount(fold.y_train, minlength=n_classes),
        )
        for number, fold in enumerate(folds)
    ]
    members = [
        Member(
            key=MemberKey("fixed", number, view, seed),
            view=view,
            recipe=Recipe.plain(
                LossPoint(
                    weight=class_weights(fold.y_train, n_classes=n_classes, tau=point.tau),
                    gamma=np.full(n_classes, point.gamma),
                    scale=np.ones(n_classes),
                    offset=np.zeros(n_classes),
                    margin=np.zeros(n_classes),
                )
            ),
            schedule=EPOCHS,
            learning_rate=point.learning_rate,
            weight_decay=point.weight_decay,
            epochs=EPOCHS,
        )
        for number, point in enumerate(points)
        for seed in seeds
        for view, fold in enumerate(folds)
    ]
    trainer = PopulationTrainer(
        build_model=lambda width: mlp(n_features=width, n_classes=n_classes, hidden=HIDDEN),
        views=views,
        optimizer=Optimizer(kind="adamw"),
        batch_size=BATCH_SIZE,
    )
    size = trainer.chunk_size(len(members))
    chunks = [members[start : start + size] for start in range(0, len(members), size)]
    records = [record for chunk in trainer.train(chunks, size=size) for record in chunk]
    counts = np.stack([record.confusion for record in records])
    pooled = counts.reshape(len(points), len(seeds), len(folds), *counts.shape[1:]).sum(axis=2)
    return np.asarray(macro_f1(pooled).max(axis=-1))
