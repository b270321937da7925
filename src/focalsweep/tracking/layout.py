"""Which MLflow runs a sweep becomes, and what stands in each: pure values, nothing connected.

One run carries the verdict (kind ``sweep``). Every arm is a run at the top level with its final
scores under the same metric names, so that MLflow's table and charts compare arms; scikit-learn
references stand beside them (kind ``reference``). Trials are nested in their arm (kind ``trial``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from focalsweep.evidence.result import ArmResult, ReferenceResult, SweepResult
from focalsweep.tracking.note import arm_note, sweep_note
from focalsweep.tracking.run_folder import RunFolder
from focalsweep.tracking.run_record import MetricPoint, RunRecord

TrialsMode = Literal["final", "all", "none"]

SWEEP_TAG = "focalsweep.sweep"
"""Tag that all runs of one sweep share: its identity."""

SWEEP_KEY = "sweep"

MOST_CLASSES_IN_TABLE = 20
"""With more classes, alpha and its kin stand in ``per_class.csv`` only, not in columns."""

_TRIAL_COLUMNS = frozenset({"arm", "fold", "trial", "state", "value", "epochs", "failure"})
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


def class_keys(names: Sequence[str]) -> list[str]:
    """Turn class names into text that MLflow takes as part of a name, all different.

    Examples
    --------
    >>> class_keys(["CYT", "a/b", "a:b"])
    ['CYT', 'a_b.1', 'a_b.2']
    """
    plain = [re.sub(r"[^\w\-. ]", "_", name).strip(" .")[:60] or "_" for name in names]
    return [f"{key}.{code}" if plain.count(key) > 1 else key for code, key in enumerate(plain)]


def _sweep_run(folder: RunFolder) -> RunRecord:
    # Behind a slash, so that the charts of these numbers stand apart from those of the arms.
    result = folder.result
    seconds = sum(v for name, v in result.seconds.items() if name not in _OVERLAPPING_PHASES)
    numbers: dict[str, float] = {
        "sweep/confidence": result.verdict.confidence,
        "sweep/imbalance_ratio": result.dataset.imbalance_ratio,
        "sweep/rows": result.dataset.rows,
        "sweep/models_trained": result.budget.members,
        **{f"sweep/seconds.{phase}": value for phase, value in result.seconds.items()},
    }
    for i, comparison in enumerate(result.comparisons, start=1):
        name = f"sweep/comparison_{i}"
        numbers[f"{name}.difference"] = comparison.mean
        numbers[f"{name}.difference_low"] = comparison.interval.low
        numbers[f"{name}.difference_high"] = comparison.interval.high
        numbers[f"{name}.p_better"] = comparison.p_better
    params = {
        "arms": ", ".join(arm.name for arm in result.arms),
        "trials": str(result.budget.trials),
        "epochs": str(result.budget.epochs),
        "batch_size": str(result.budget.batch_size),
        "evaluation": result.evaluation.kind,
        "outer_folds": str(result.evaluation.outer_folds),
        "inner_folds": str(result.evaluation.inner_folds),
        "refit_seeds": str(result.evaluation.refit_seeds),
        "profile": result.dataset.profile,
        "factor": _number(result.dataset.factor),
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
        metrics=_metrics(numbers),
        started=folder.finished - int(seconds * 1000),
        ended=folder.finished,
    )


def _arm_run(arm: ArmResult, folder: RunFolder, *, started: int) -> RunRecord:
    result = folder.result
    numbers = dict(arm.metrics) | {
        "score": arm.decision_score,
        "score_low": arm.decision_interval.low,
        "score_high": arm.decision_interval.high,
        "argmax_score": arm.argmax_score,
        "argmax_score_low": arm.argmax_interval.low,
        "argmax_score_high": arm.argmax_interval.high,
        "inner_score": arm.inner_score,
        "failed_trials": arm.failed_trials,
    }
    if arm.difference is None:  # cross-entropy against itself, so that charts show its zero
        numbers |= {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0}
    else:
        numbers |= {
            "difference": arm.difference.mean,
            "difference_low": arm.difference.interval.low,
            "difference_high": arm.difference.interval.high,
            "difference_p": arm.difference.p_value,
            "difference_p_holm": arm.difference.p_holm,
        }
    curve = [
        MetricPoint("validation_score", value, epoch)
        for epoch, value in enumerate(arm.best.curve, start=1)
        if math.isfinite(value)
    ]
    recommended = arm.name == result.verdict.arm
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
        params=_best_params(arm, result),
        metrics=_metrics(numbers) + tuple(curve),
        started=started,
        ended=started,
    )


def _best_params(arm: ArmResult, result: SweepResult) -> dict[str, str]:
    """Tuned numbers as text, under the same names in every arm."""
    best = arm.best
    params = {
        "best.trial": str(best.trial),
        "best.epochs": str(best.epochs),
        "best.learning_rate": _number(best.learning_rate),
        "best.weight_decay": _number(best.weight_decay),
        **{f"best.{_key(name)}": _number(value) for name, value in best.parameters.items()},
    }
    keys = class_keys([c.name for c in result.dataset.classes])
    vectors = {
        "gamma": best.gamma,
        "alpha": best.alpha,
        "offset": best.offset,
        "decision_weight": best.decision_weights or (),
    }
    for role, vector in vectors.items():
        if role == "gamma" and len(set(vector)) == 1:
            params["best.gamma"] = _number(vector[0])
        elif role == "offset" and not any(vector):
            continue
        elif len(vector) <= MOST_CLASSES_IN_TABLE:
            pairs = zip(keys, vector, strict=False)
            params |= {f"best.{role}.{key}": _number(value) for key, value in pairs}
    return params


def _reference_run(reference: ReferenceResult, folder: RunFolder, *, started: int) -> RunRecord:
    numbers = {
        "score": reference.score,
        "score_low": reference.interval.low,
        "score_high": reference.interval.high,
    }
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
        metrics=_metrics(numbers),
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
    failed = row["state"] != "complete"
    present = {name: value for name, value in row.items() if not pd.isna(value)}
    tags = {
        SWEEP_TAG: folder.sweep_id,
        "kind": "trial",
        "arm": arm,
        "fold": fold,
        "trial": str(trial),
    }
    if "failure" in present:
        tags["failure"] = str(present["failure"])[:5000]
    shown = ("value", "epochs")
    numbers: dict[str, float] = {n: float(present[n]) for n in shown if n in present}
    return RunRecord(
        key=f"trial/{arm}/{fold}/{trial}",
        name=f"trial {trial}" if fold == "all" else f"fold {fold}, trial {trial}",
        kind="trial",
        parent=arm_key(arm),
        tags=tags,
        params={
            _key(name): _number(value)
            for name, value in present.items()
            if name not in _TRIAL_COLUMNS
        },
        metrics=_metrics(numbers),
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
        **{f"version.{_key(name)}": value for name, value in result.versions.items()},
    }
    if result.commit:
        tags |= {"commit": result.commit, "mlflow.source.git.commit": result.commit}
    return tags


def _metrics(numbers: Mapping[str, float]) -> tuple[MetricPoint, ...]:
    return tuple(
        MetricPoint(_key(name), float(value))
        for name, value in numbers.items()
        if math.isfinite(value)
    )


def _key(name: str) -> str:
    return re.sub(r"[^\w\-. /]", "_", name)[:200]


def _number(value: object) -> str:
    """Write a number the way a table shows it; text stays text."""
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
