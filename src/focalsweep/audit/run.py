"""The whole audit: null sweeps, planted sweeps, truths, figures; resumable, in one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from focalsweep.audit.cases import CASES, NULL, Case, config_of
from focalsweep.audit.figures import Audit, summarise
from focalsweep.audit.planted_sweeps import PlantedSweep
from focalsweep.audit.progress import AuditProgress
from focalsweep.audit.records import Item, read_record
from focalsweep.audit.truth import TrueScores, gather
from focalsweep.audit.workers import run_items
from focalsweep.errors import UserError

FIRST_TRUTH_SEED = 10_000


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
    folder: Path,
    *,
    size: AuditSize,
    cases: Iterable[Case] = CASES,
    jobs: int = 1,
    console: Console,
) -> Audit:
    """Run what has no record in the folder yet, and summarise everything.

    Parameters
    ----------
    folder : Path
        Gets a record of every sweep and truth as soon as it is there, and the tables as CSV.
    size : AuditSize
        How much to run.
    cases : iterable of Case
        The planted ones; the null case is always run.
    jobs : int, default 1
        Worker processes; the figures do not depend on it.
    console : Console
        Where progress shows.
    """
    if jobs < 1:
        raise UserError(f"`jobs` must be >= 1. Received: jobs={jobs}.")
    cases = tuple(cases)
    items = _items(cases, size=size)
    records, studies = folder / "records", folder / "studies"
    found = {item: there for item in items if (there := read_record(records, item)) is not None}
    missing = [item for item in items if item not in found]
    with AuditProgress(console, total=len(items), done=len(found)) as progress:
        for item, new in run_items(missing, jobs=jobs, records=records, studies=studies):
            found[item] = new
            progress.advance(item.name)
    # In the order of the items, so that the figures do not depend on who was first.
    sweeps = [each for item in items if isinstance(each := found[item], PlantedSweep)]
    null = [sweep for sweep in sweeps if sweep.case == NULL.name]
    planted = [sweep for sweep in sweeps if sweep.case != NULL.name]
    rows = [each for item in items if isinstance(each := found[item], TrueScores)]
    truths = [gather([row for row in rows if row.case == case.name]) for case in cases]
    smallest = config_of(NULL, seed=0).verdict.smallest_difference  # no case has costs
    audit = summarise(planted, null=null, truths=truths, smallest_difference=smallest)
    _write(audit, sweeps, rows, folder)
    shutil.rmtree(studies, ignore_errors=True)
    return audit


def _items(cases: Iterable[Case], *, size: AuditSize) -> list[Item]:
    items = [Item(case=NULL, seed=seed) for seed in range(size.null_sweeps)]
    for case in cases:
        items += [Item(case=case, seed=seed) for seed in range(size.sweeps_a_case)]
        # Other training sets than the sweeps': the truth belongs to the case.
        items += [
            Item(case=case, seed=FIRST_TRUTH_SEED + number, fresh_rows=size.fresh_rows)
            for number in range(size.truth_seeds)
        ]
    return items


def _write(
    audit: Audit, sweeps: Iterable[PlantedSweep], rows: Iterable[TrueScores], folder: Path
) -> None:
    said = [asdict(sweep) for sweep in sweeps]
    (folder / "sweeps.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    scores = pd.DataFrame(
        {"case": row.case, "arm": arm, "seed": row.seed, "score": score}
        for row in rows
        for arm, score in row.scores.items()
    )
    scores.to_csv(folder / "truth.csv", index=False)
    audit.verdicts.to_csv(folder / "verdicts.csv")
    audit.regret.to_csv(folder / "regret.csv")
