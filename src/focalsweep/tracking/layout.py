"""Which MLflow runs a sweep becomes, and what stands in each: pure values, nothing connected.

One run carries the verdict (kind ``sweep``). Every arm is a run at the top level with its final
scores under the same metric names, so that MLflow's table and charts compare arms; scikit-learn
references stand beside them (kind ``reference``). Trials are nested in their arm (kind ``trial``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import ReferenceResult
from focalsweep.metrics.objective_words import own_unit
from focalsweep.tracking.arm_columns import arm_numbers, arm_params, best_so_far, estimate
from focalsweep.tracking.naming import key, number, points, steps
from focalsweep.tracking.note import arm_note, sweep_note
from focalsweep.tracking.run_folder import RunFolder
from focalsweep.tracking.run_record import RunRecord

TrialsMode = Literal["final", "all", "none"]

SWEEP_TAG = "focalsweep.sweep"
"""Tag that all runs of one sweep share: its identity."""

SWEEP_KEY = "sweep"

_TRIAL_NUMBERS = ("value", "epochs", "trained_epochs")
_TRIAL_COLUMNS = frozenset({"arm", "fold", "trial", "state", "failure", "pruned", *_TRIAL_NUMBERS})
_OVERLAPPING_PHASES = frozenset({"kernel", "tracking"})


def arm_key(arm: str) -> str:
    """Name an arm's run inside its sweep."""
    return f"arm/{arm}"


def plan_runs(folder: RunFolder, *, trials: TrialsMode) -> list[RunRecord]:
    """List the runs of a sweep, parents before children.

    Parameters
    ----------
    folder : RunFolder
        A finished sweep.
    trials : {"final", "all", "none"}
        Trials that become nested runs: those of the search on all rows, those of outer folds
        too, or none.
    """
    result = folder.result
    order = sorted(result.arms, key=lambda arm: arm.decision_score, reverse=True)
    # The user interface lists newest first: starts are staggered by a millisecond so that the
    # table reads verdict, arms from best to worst, references, and trials load last.
    records = [_sweep_run(folder)]
    start = records[0].started
    records += [_arm_run(arm, folder, started=start - 1 - i) for i, arm in enumerate(order)]
    start -= 1 + len(order)
    records += [
        _reference_run(reference, folder, started=start - i)
        for i, reference in enumerate(sorted(result.references, key=lambda r: -r.score))
    ]
    start -= len(result.references)
    for offset, row in enumerate(_chosen_trials(folder.trials, mode=trials)):
        records.append(_trial_run(row, folder, started=start - offset))
    return records


def _sweep_run(folder: RunFolder) -> RunRecord:
    # Behind a slash, so that the charts of these numbers stand apart from those of the arms.
    result, objective = folder.result, folder.result.objective
    seconds = sum(v for name, v in result.seconds.items() if name not in _OVERLAPPING_PHASES)
    numbers: dict[str, float] = {
        "sweep/imbalance_ratio": result.dataset.imbalance_ratio,
        "sweep/rows": result.dataset.rows,
        "sweep/models_trained": result.budget.members,
        **{f"sweep/seconds.{phase}": value for phase, value in result.seconds.items()},
    }
    if result.verdict.confidence is not None:
        numbers["sweep/confidence"] = result.verdict.confidence
    if result.dataset.multi_label is not None:
        labels = result.dataset.multi_label.model_dump()
        numbers |= {f"sweep/labels.{name}": float(value) for name, value in labels.items()}
    for i, comparison in enumerate(result.comparisons, start=1):
        name = f"sweep/comparison_{i}"
        numbers |= estimate(f"{name}.difference", comparison.mean, comparison.interval, objective)
        numbers[f"{name}.p_better"] = comparison.p_better
    if result.folklore_cost is not None:
        numbers["sweep/folklore_cost"] = result.folklore_cost.mean
        numbers["sweep/folklore_cost_low"] = result.folklore_cost.interval.low
        numbers["sweep/folklore_cost_high"] = result.folklore_cost.interval.high
    if result.detectable is not None:
        numbers["sweep/detectable_difference"] = result.detectable.difference
    if result.budget.pruning is not None:
        saving = result.budget.pruning.total
        numbers["sweep/pruned_trials"] = saving.pruned_trials
        numbers["sweep/saved_share"] = saving.saved_share
        numbers["sweep/member_epochs"] = saving.member_epochs
        numbers["sweep/member_epochs_saved"] = saving.saved
    if result.suspects is not None:
        numbers["sweep/suspect_share"] = result.suspects.share
    params = {
        "arms": ", ".join(arm.name for arm in result.arms),
        "trials": str(result.budget.trials),
        "epochs": str(result.budget.epochs),
        "batch_size": str(result.budget.batch_size),
        "task": result.task,
        "evaluation": result.evaluation.kind,
        "outer_folds": str(result.evaluation.outer_folds),
        "inner_folds": str(result.evaluation.inner_folds),
        "refit_seeds": str(result.evaluation.refit_seeds),
        "profile": result.dataset.profile,
        "factor": number(result.dataset.factor),
        "label_noise": number(result.dataset.label_noise),
    }
    tags = {
        "mlflow.note.content": sweep_note(result),
        "decision": result.verdict.decision,
        "arm": result.verdict.arm,
        "command": result.command[:5000],
        "folder": str(folder.path),
    }
    return RunRecord(
        key=SWEEP_KEY,
        name=f"verdict: {result.verdict.decision}",
        kind="sweep",
        tags=_tags(folder, kind="sweep") | tags,
        params=params,
        metrics=points(numbers),
        started=folder.finished - int(seconds * 1000),
        ended=folder.finished,
    )


def _arm_run(arm: ArmResult, folder: RunFolder, *, started: int) -> RunRecord:
    result, objective = folder.result, folder.result.objective
    verdict = result.verdict
    recommended = arm.name == verdict.arm and verdict.decision != "budget_too_small"
    tags = {
        "mlflow.note.content": arm_note(arm, result),
        "arm": arm.name,
        "label": arm.label,
        "family": arm.family,
        "recommended": "yes" if recommended else "no",
    }
    return RunRecord(
        key=arm_key(arm.name),
        name=arm.name,
        kind="arm",
        tags=_tags(folder, kind="arm") | tags,
        params=arm_params(arm, result),
        metrics=points(arm_numbers(arm, result))
        + steps("validation_score", own_unit(np.array(arm.best.curve), objective).tolist())
        + best_so_far(arm, objective),
        started=started,
        ended=started,
    )


def _reference_run(reference: ReferenceResult, folder: RunFolder, *, started: int) -> RunRecord:
    numbers = estimate("score", reference.score, reference.interval, folder.result.objective)
    note = (
        f"{reference.label}: a scikit-learn model on the same rows. It is never an arm; when it "
        "scores better than the arms, the network is the problem and not the loss."
    )
    tags = {"mlflow.note.content": note, "label": reference.label, "recommended": "no"}
    return RunRecord(
        key=f"reference/{reference.name}",
        name=f"reference: {reference.name}",
        kind="reference",
        tags=_tags(folder, kind="reference") | tags,
        params={"arm": reference.name, "family": "reference"},
        metrics=points(numbers),
        started=started,
        ended=started,
    )


def _chosen_trials(trials: pd.DataFrame, *, mode: TrialsMode) -> Iterable[dict[str, Any]]:
    if mode == "none":
        return []
    chosen = trials[trials["fold"] == "all"] if mode == "final" else trials
    return [{str(k): v for k, v in row.items()} for row in chosen.to_dict(orient="records")]


def _trial_run(row: Mapping[str, Any], folder: RunFolder, *, started: int) -> RunRecord:
    arm, fold, trial = row["arm"], row["fold"], int(row["trial"])
    failed = row["state"] == "failed"
    present = {name: value for name, value in row.items() if not pd.isna(value)}
    tags = {
        SWEEP_TAG: folder.sweep_id,
        "kind": "trial",
        "arm": arm,
        "fold": fold,
        "trial": str(trial),
        "state": row["state"],
    }
    for reason in ("failure", "pruned"):
        if reason in present:
            tags[reason] = str(present[reason])[:5000]
    numbers: dict[str, float] = {n: float(present[n]) for n in _TRIAL_NUMBERS if n in present}
    return RunRecord(
        key=f"trial/{arm}/{fold}/{trial}",
        name=f"trial {trial}" if fold == "all" else f"fold {fold}, trial {trial}",
        kind="trial",
        parent=arm_key(arm),
        tags=tags,
        params={
            key(name): number(value)
            for name, value in present.items()
            if name not in _TRIAL_COLUMNS
        },
        metrics=points(numbers),
        started=started,
        ended=started,
        failed=failed,
    )


def _tags(folder: RunFolder, *, kind: str) -> dict[str, str]:
    result = folder.result
    tags = {
        SWEEP_TAG: folder.sweep_id,
        "kind": kind,
        "dataset": result.dataset.name,
        "data_sha256": result.dataset.sha256,
        "objective": result.objective,
        "seed": str(result.seed),
        "mlflow.source.name": "focalsweep",
        "mlflow.source.type": "LOCAL",
        **{f"version.{key(name)}": value for name, value in result.versions.items()},
    }
    if result.commit:
        tags |= {"commit": result.commit, "mlflow.source.git.commit": result.commit}
    return tags
