"""Files that go beside the runs: a folder a run, filled before anything is sent."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.metrics.objective import lower_is_better
from focalsweep.metrics.objective_words import own_unit
from focalsweep.tracking.arm_columns import difference_numbers, estimate
from focalsweep.tracking.layout import SWEEP_KEY, arm_key
from focalsweep.tracking.run_folder import RunFolder

MOST_CLASSES_AS_PAGE = 60
"""With more classes a confusion matrix is written as CSV only."""

_SWEEP_FILES = ("report.html", "config.yaml", "result.json", "trials.csv")


def write_artifacts(folder: RunFolder, *, into: Path) -> dict[str, Path]:
    """Write the artifact folders of a sweep's runs.

    Parameters
    ----------
    folder : RunFolder
        A finished sweep.
    into : Path
        An empty folder; one folder a run is made in it.

    Returns
    -------
    dict of str to Path
        Run key to folder: the sweep and each arm.
    """
    names = [arm.name for arm in folder.result.arms]
    plots = sorted(p for p in (folder.path / "plots").glob("*") if p.is_file())
    made = {SWEEP_KEY: into / "sweep"}
    _write_sweep(folder, plots=plots, into=made[SWEEP_KEY])
    for position, arm in enumerate(folder.result.arms):
        made[arm_key(arm.name)] = target = into / f"arm-{position}"
        own = [plot for plot in plots if _arm_of(plot, arms=names) == arm.name]
        _write_arm(arm, folder, plots=own, into=target)
    return made


def arms_table(folder: RunFolder) -> pd.DataFrame:
    """Tabulate the arms in the objective's own unit: one row an arm, best first."""
    objective = folder.result.objective
    rows = [
        {
            "arm": arm.name,
            "family": arm.family,
            **estimate("score", arm.decision_score, arm.decision_interval, objective),
            "argmax_score": own_unit(arm.argmax_score, objective),
            "inner_score": own_unit(arm.inner_score, objective),
            **difference_numbers(arm, objective),
            **arm.metrics,
        }
        for arm in folder.result.arms
    ]
    return pd.DataFrame(rows).sort_values(
        "score", ascending=lower_is_better(objective), kind="stable"
    )


def per_class_table(arm: ArmResult, folder: RunFolder) -> pd.DataFrame:
    """Tabulate an arm by class: alpha and its kin, recall and precision of both decisions."""
    classes, best = folder.result.dataset.classes, arm.best
    plain, decided = pd.DataFrame(arm.confusion), pd.DataFrame(arm.decision_confusion)
    return pd.DataFrame(
        {
            "class": [c.name for c in classes],
            "rows": [c.count for c in classes],
            "share": [c.share for c in classes],
            "alpha": best.alpha,
            "gamma": best.gamma,
            "offset": best.offset,
            "decision_weight": best.decision_weights or [1.0] * len(classes),
            "recall_argmax": _recall(plain),
            "precision_argmax": _recall(plain.T),
            "recall_decision": _recall(decided),
            "precision_decision": _recall(decided.T),
        }
    )


def per_label_table(arm: ArmResult, folder: RunFolder) -> pd.DataFrame:
    """Tabulate an arm by label: alpha and its kin, test rows, recall, precision and F1.

    Columns that end in ``_half`` are by threshold 1/2, those in ``_decision`` by the fitted one.
    """
    labels, best = folder.result.dataset.classes, arm.best
    columns = {
        "label": [label.name for label in labels],
        "positives": [label.count for label in labels],
        "share": [label.share for label in labels],
        "alpha": best.alpha,
        "alpha_negative": best.alpha_negative,
        "gamma": best.gamma,
        "gamma_negative": best.gamma_negative,
        "offset": best.offset,
        "threshold": best.thresholds or [0.5] * len(labels),
        "average_precision": [label.average_precision for label in arm.labels],
    }
    for how, found in (
        ("half", [label.argmax for label in arm.labels]),
        ("decision", [label.decision for label in arm.labels]),
    ):
        counts = pd.DataFrame([each.model_dump() for each in found])
        columns |= {f"{name}_{how}": counts[name].tolist() for name in counts}
        tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
        # 0 / 0 is NaN, an empty cell: a label that nobody has or nobody calls.
        columns[f"recall_{how}"] = (tp / (tp + fn)).tolist()
        columns[f"precision_{how}"] = (tp / (tp + fp)).tolist()
        columns[f"f1_{how}"] = (2 * tp / (2 * tp + fp + fn)).tolist()
    return pd.DataFrame(columns)


def _write_sweep(folder: RunFolder, *, plots: list[Path], into: Path) -> None:
    into.mkdir()
    for name in _SWEEP_FILES:
        if (folder.path / name).is_file():
            shutil.copyfile(folder.path / name, into / name)
    arms_table(folder).to_csv(into / "arms.csv", index=False)
    _copy(plots, into=into / "plots")


def _write_arm(arm: ArmResult, folder: RunFolder, *, plots: list[Path], into: Path) -> None:
    into.mkdir()
    if arm.labels:
        per_label_table(arm, folder).to_csv(into / "per_label.csv", index=False)
    else:
        _write_classes(arm, folder, into=into)
    objective = folder.result.objective
    _folds_table(arm, objective).to_csv(into / "outer_folds.csv", index=False)
    trials = folder.trials
    trials[trials["arm"] == arm.name].to_csv(into / "trials.csv", index=False)
    curve = own_unit(np.array(arm.best.curve), objective)
    pd.DataFrame({"epoch": range(1, len(curve) + 1), "validation_score": curve}).to_csv(
        into / "learning_curve.csv", index=False
    )
    _copy(plots, into=into / "plots")


def _write_classes(arm: ArmResult, folder: RunFolder, *, into: Path) -> None:
    names = [c.name for c in folder.result.dataset.classes]
    for stem, counts in (
        ("confusion_argmax", arm.confusion),
        ("confusion_decision", arm.decision_confusion),
    ):
        table = pd.DataFrame(counts, index=pd.Index(names, name="true class"), columns=names)
        table.to_csv(into / f"{stem}.csv")
        if len(names) <= MOST_CLASSES_AS_PAGE:
            title = f"{arm.label}: {stem.replace('_', ' matrix, ')}"
            page = confusion_page(table, title=title)
            (into / f"{stem}.html").write_text(page, encoding="utf-8")
    per_class_table(arm, folder).to_csv(into / "per_class.csv", index=False)


def confusion_page(counts: pd.DataFrame, *, title: str) -> str:
    """Draw a confusion matrix as a page of its own: rows true, columns predicted.

    Cells are shaded by their share of the true class, because raw counts of an imbalanced set
    show the majority only.
    """
    values = counts.to_numpy(dtype=float)
    shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-12)
    head = "".join(f"<th>{escape(str(name))}</th>" for name in counts.columns)
    rows = []
    for true, row, row_shares in zip(counts.index, values, shares, strict=True):
        cells = "".join(
            f'<td style="background:rgba(31,119,180,{share:.2f});'
            f'color:{"white" if share > 0.55 else "black"}">{value:.1f}'
            f"<small>{share:.0%}</small></td>"
            for value, share in zip(row, row_shares, strict=True)
        )
        rows.append(f"<tr><th>{escape(str(true))}</th>{cells}</tr>")
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{font:14px system-ui,sans-serif;margin:1.5em}table{border-collapse:collapse}"
        "td,th{padding:.35em .7em;text-align:right}small{display:block;opacity:.75}</style>"
        f"<h3>{escape(title)}</h3><p>Rows: true class. Columns: predicted class. Test rows, mean "
        "over refit seeds; below each count its share of the true class.</p>"
        f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
    )


def _folds_table(arm: ArmResult, objective: str) -> pd.DataFrame:
    table = pd.DataFrame([f.model_dump(exclude={"parameters"}) | f.parameters for f in arm.folds])
    scores = ["inner_score", "argmax_score", "decision_score"]
    return table.assign(**{name: own_unit(table[name].to_numpy(), objective) for name in scores})


def _recall(confusion: pd.DataFrame) -> list[float]:
    """Diagonal over row sums; NaN (an empty cell) where a row is empty."""
    sums = confusion.sum(axis=1)
    return [
        float(confusion.iat[k, k] / total) if total > 0 else float("nan")
        for k, total in enumerate(sums)
    ]


def _arm_of(plot: Path, *, arms: list[str]) -> str | None:
    """Name the arm that a plot is about: the longest arm name in its file name."""
    named = [arm for arm in arms if arm in plot.stem]
    return max(named, key=len, default=None)


def _copy(files: list[Path], *, into: Path) -> None:
    if files:
        into.mkdir()
    for file in files:
        shutil.copyfile(file, into / file.name)
