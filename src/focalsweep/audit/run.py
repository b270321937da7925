"""The whole audit: null sweeps, planted sweeps, truths, figures; resumable, in one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from focalsweep.audit.cases import BASE, CASES, NULL, Case
from focalsweep.audit.figures import Audit, summarise
from focalsweep.audit.planted_sweeps import PlantedSweep, run_planted
from focalsweep.audit.truth import Truth, true_scores
from focalsweep.config.compose import compose_sweep
from focalsweep.config.schema import SweepConfig


@dataclass(frozen=True, kw_only=True)
class AuditSize:
    """Say how much an audit runs.

    Parameters
    ----------
    null_sweeps, sweeps_a_case : int
        Whole sweeps.
    truth_seeds : int
        Training sets that a case's truth is computed from, >= 2.
    fresh_rows : int
        Rows that each of them is scored on.
    """

    null_sweeps: int = 200
    sweeps_a_case: int = 20
    truth_seeds: int = 20
    fresh_rows: int = 100_000


def run_audit(
    folder: Path, *, size: AuditSize, cases: Iterable[Case] = CASES, say: Callable[[str], None]
) -> Audit:
    """Run what an earlier call in the same folder has not run yet, and summarise everything.

    Parameters
    ----------
    folder : Path
        Gets ``audit.json`` with every sweep's verdict, and the tables as CSV.
    size : AuditSize
        How much to run.
    cases : iterable of Case
        The planted ones; the null case is always run.
    say : callable
        Told after each sweep what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / "studies"
    null = [*_sweeps(NULL, count=size.null_sweeps, folder=scratch, say=say)]
    sweeps: list[PlantedSweep] = []
    truths: list[Truth] = []
    for case in cases:
        sweeps += _sweeps(case, count=size.sweeps_a_case, folder=scratch, say=say)
        truth = true_scores(
            case,
            config_of=_config_of(case),
            # Other training sets than the sweeps': the truth belongs to the case.
            seeds=range(10_000, 10_000 + size.truth_seeds),
            fresh_rows=size.fresh_rows,
            folder=scratch / "truth",
        )
        say(f"{case.name}: truth from {size.truth_seeds} training sets, best {truth.best_arm}")
        truths.append(truth)
    smallest = _config_of(NULL)(0).verdict.smallest_difference  # no case has costs
    audit = summarise(sweeps, null=null, truths=truths, smallest_difference=smallest)
    _write(audit, [*null, *sweeps], truths, folder)
    shutil.rmtree(scratch, ignore_errors=True)
    return audit


def _sweeps(
    case: Case, *, count: int, folder: Path, say: Callable[[str], None]
) -> Iterable[PlantedSweep]:
    done = run_planted(case, config_of=_config_of(case), seeds=range(count), folder=folder)
    for number, sweep in enumerate(done, start=1):
        say(f"{case.name} {number}/{count}: {sweep.decision} ({sweep.arm})")
        yield sweep


def _config_of(case: Case) -> Callable[[int], SweepConfig]:
    """Compose the case once; a seed changes rows, folds and training."""
    config = compose_sweep(BASE, list(case.overrides)).config

    def of(seed: int) -> SweepConfig:
        dataset = config.dataset.model_copy(update={"seed": seed})
        return config.model_copy(update={"seed": seed, "dataset": dataset})

    return of


def _write(
    audit: Audit, sweeps: Iterable[PlantedSweep], truths: Iterable[Truth], folder: Path
) -> None:
    said = [
        {
            "case": s.case,
            "seed": s.seed,
            "decision": s.decision,
            "arm": s.arm,
            "best_validation": s.best_validation,
            "detectable": s.detectable,
            "claims": [vars(claim) for claim in s.claims],
        }
        for s in sweeps
    ]
    (folder / "sweeps.json").write_text(json.dumps(said, indent=1) + "\n")
    scores = pd.DataFrame(
        {"case": truth.case, "arm": arm, "seed": seed, "score": float(value)}
        for truth in truths
        for arm, values in truth.scores.items()
        for seed, value in enumerate(values)
    )
    scores.to_csv(folder / "truth.csv", index=False)
    audit.verdicts.to_csv(folder / "verdicts.csv")
    audit.regret.to_csv(folder / "regret.csv")
