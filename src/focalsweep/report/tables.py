"""Prepare the page's tables: what a template cannot say without arithmetic.

Each function returns plain values in the order in which the page shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import median
from typing import Any

from focalsweep.evidence.arm_facts import ArmResult, GradientShares
from focalsweep.evidence.result import SweepResult
from focalsweep.report import wording
from focalsweep.report.frames import (
    control_arm,
    curve_of,
    f1_scores,
    find_arm,
    has_rule,
    label_counts,
    leading_arms,
    recalls,
    recalls_of,
)
from focalsweep.report.plots.classes import frequency_order


@dataclass(frozen=True, kw_only=True)
class ArmTable:
    """Hold a table with one row an arm, its columns named by classes or scenarios."""

    columns: tuple[str, ...]
    rows: tuple[tuple[ArmResult, tuple[float, ...]], ...]

    @property
    def best(self) -> tuple[float, ...]:
        """The largest number of each column, NaN where it has none."""
        columns = zip(*(row for _, row in self.rows), strict=True)
        return tuple(max(filter(isfinite, column), default=nan) for column in columns)


@dataclass(frozen=True, kw_only=True)
class Gains:
    """Hold what one arm gains over cross-entropy by argmax, and what each side adds."""

    arm: ArmResult
    loss: float
    """By the loss alone: argmax against cross-entropy's argmax."""
    weights: float
    """By its decision weights alone: with them against without."""
    beyond: float
    """By the loss on top of decision weights: decision weights on both sides."""


def gains(result: SweepResult) -> list[Gains]:
    """Separate what a decision rule gives for free from what the loss gives."""
    origin = control_arm(result)
    if origin is None or not has_rule(result):
        return []
    return [
        Gains(
            arm=arm,
            loss=arm.argmax_score - origin.argmax_score,
            weights=arm.decision_score - arm.argmax_score,
            beyond=arm.decision_score - origin.decision_score,
        )
        for arm in leading_arms(result)
    ]


def class_rows(result: SweepResult) -> list[dict[str, Any]]:
    """Return one row a class, frequent to rare, with the recalls that the verdict is about."""
    chosen = find_arm(result, result.verdict.arm)
    columns = []
    for arm in deciding_arms(result):
        columns.append((arm.label, recalls(arm.confusion)))
        if arm.best.decision_weights is not None:
            columns.append((f"{arm.label}, with weights", recalls(arm.decision_confusion)))
    return [
        {
            "code": code,
            "facts": result.dataset.classes[code],
            "recalls": [(label, values[code]) for label, values in columns],
            "alpha": chosen.best.alpha[code] if chosen else 1.0,
        }
        for code in frequency_order(result)
    ]


def deciding_arms(result: SweepResult) -> list[ArmResult]:
    """Return cross-entropy and the verdict's arm, each once and where it is in the sweep."""
    found = (control_arm(result), find_arm(result, result.verdict.arm))
    return list({arm.name: arm for arm in found if arm is not None}.values())


def data_rows(result: SweepResult) -> list[dict[str, Any]]:
    """Return one row a class, frequent to rare: rows, share, overlap and suspects where known."""
    largest = max(facts.count for facts in result.dataset.classes)
    diagnosis, suspects = result.dataset.diagnosis, result.suspects
    return [
        {
            "code": code,
            "facts": result.dataset.classes[code],
            "bar": 100 * result.dataset.classes[code].count / largest,
            "overlap": diagnosis.classes[code] if diagnosis and diagnosis.classes else None,
            "suspects": suspects.by_class[code] if suspects and suspects.by_class else None,
        }
        for code in frequency_order(result)
    ]


def recall_table(result: SweepResult) -> ArmTable:
    """Return the recall of each class by argmax, classes from frequent to rare."""
    order = frequency_order(result)
    return ArmTable(
        columns=_class_names(result, order),
        rows=tuple(
            (arm, tuple(float(value) for value in recalls_of(arm)[order])) for arm in result.arms
        ),
    )


def f1_table(result: SweepResult) -> ArmTable:
    """Return the F1 of each label with fitted thresholds, labels from frequent to rare."""
    order, fitted = frequency_order(result), has_rule(result)
    return ArmTable(
        columns=_class_names(result, order),
        rows=tuple(
            (arm, tuple(float(value) for value in f1_scores(arm, decided=fitted)[order]))
            for arm in result.arms
        ),
    )


def label_rows(result: SweepResult) -> list[dict[str, Any]]:
    """Return one row a label, frequent to rare: how the recommended arm decides it, and how well.

    Counts are test rows, by fitted thresholds where the sweep has them.
    """
    arm = find_arm(result, result.verdict.arm)
    if arm is None:
        return []
    fitted = has_rule(result)
    counts, f1 = label_counts(arm, decided=fitted), f1_scores(arm, decided=fitted)
    recall, weights = recalls_of(arm, decided=fitted), wording.positive_weights(arm.best)
    rows = []
    for code in frequency_order(result):
        found, missed, wrong, _ = counts[code]
        called = found + wrong
        rows.append(
            {
                "facts": result.dataset.classes[code],
                "found": found,
                "missed": missed,
                "wrong": wrong,
                "recall": recall[code],
                "precision": found / called if called else nan,
                "f1": f1[code],
                "average_precision": arm.labels[code].average_precision,
                "weight": weights[code],
                "threshold": arm.best.thresholds[code] if arm.best.thresholds else 0.5,
            }
        )
    return rows


def precision_table(result: SweepResult) -> ArmTable | None:
    """Return the average precision of each class, None where no arm has any."""
    known = {curve.name for arm in result.arms for curve in arm.precision_recall}
    names = [name for name in _class_names(result, frequency_order(result)) if name in known]
    rows = tuple(
        (arm, tuple(_average_precision(arm, name) for name in names))
        for arm in result.arms
        if arm.precision_recall
    )
    return ArmTable(columns=tuple(names), rows=rows) if rows else None


def label_precision_table(result: SweepResult) -> ArmTable:
    """Return the average precision of each label by every arm, labels from frequent to rare."""
    order = frequency_order(result)
    return ArmTable(
        columns=_class_names(result, order),
        rows=tuple(
            (arm, tuple(arm.labels[code].average_precision for code in order))
            for arm in result.arms
        ),
    )


def gradient_table(result: SweepResult) -> ArmTable | None:
    """Return the share of the gradient of each class, None where no arm has any."""
    order = frequency_order(result)
    rows = tuple(
        (arm, tuple(shares.by_class[code] for code in order)) for arm, shares in _pulled(result)
    )
    return ArmTable(columns=_class_names(result, order), rows=rows) if rows else None


def suspect_gradients(result: SweepResult) -> list[tuple[ArmResult, float]]:
    """Return the gradient's share that suspects take: leading arms and the copied point."""
    names = {arm.name for arm in leading_arms(result)}
    names |= {arm.name for arm in result.arms if arm.family == "folklore"}
    return [
        (arm, shares.suspects)
        for arm, shares in _pulled(result)
        if arm.name in names and shares.suspects is not None
    ]


def prior_table(result: SweepResult) -> ArmTable | None:
    """Return scores with decision weights, as measured and under each other prior."""
    names = [scenario.name for scenario in result.prior_scenarios]
    arms = [arm for arm in result.arms if all(name in arm.prior_scores for name in names)]
    if not names or not arms:
        return None
    rows = tuple(
        (arm, (arm.decision_score, *(arm.prior_scores[name] for name in names))) for arm in arms
    )
    return ArmTable(columns=("as in the data", *names), rows=rows)


def refusals(result: SweepResult) -> dict[str, list[str]]:
    """Group arms whose probabilities could not be corrected by the reason."""
    groups: dict[str, list[str]] = {}
    for arm in result.arms:
        if arm.probabilities is not None and arm.probabilities.refusal:
            groups.setdefault(arm.probabilities.refusal, []).append(arm.name)
    return groups


def corrections(result: SweepResult) -> dict[str, list[str]]:
    """Group arms by how their probabilities were corrected."""
    groups: dict[str, list[str]] = {}
    for arm in result.arms:
        groups.setdefault(arm.correction, []).append(arm.name)
    return groups


def point(arm: ArmResult) -> dict[str, Any]:
    """Return an arm's chosen numbers, each with its middle and range over outer folds."""
    numbers = []
    for name, value in wording.loss_numbers(arm.best.parameters).items():
        folds = [fold.parameters[name] for fold in arm.folds if name in fold.parameters]
        numbers.append(_spread(name, value, folds))
    nuisance = {"learning rate": "learning_rate", "weight decay": "weight_decay"}
    tuned = []
    for words, name in nuisance.items():
        folds = [fold.parameters[name] for fold in arm.folds if name in fold.parameters]
        tuned.append(_spread(words, getattr(arm.best, name), folds))
    tuned.append(_spread("epochs", arm.best.epochs, [fold.epochs for fold in arm.folds]))
    alpha = wording.weight_range(arm.best)
    return {"arm": arm, "numbers": numbers, "alpha": alpha, "tuned": tuned}


def budget_row(arm: ArmResult) -> dict[str, Any] | None:
    """Return how an arm's search went: best after a quarter, half and all of its trials."""
    search = arm.search
    if search is None or not search.best_so_far:
        return None
    line = search.best_so_far
    after = [line[max(round(len(line) * share), 1) - 1] for share in (0.25, 0.5, 1.0)]
    return {"arm": arm, "after": after, "search": search}


def _average_precision(arm: ArmResult, name: str) -> float:
    curve = curve_of(arm, name)
    return nan if curve is None else curve.average_precision


def _pulled(result: SweepResult) -> list[tuple[ArmResult, GradientShares]]:
    return [(arm, arm.gradient) for arm in result.arms if arm.gradient is not None]


def _class_names(result: SweepResult, order: Sequence[int]) -> tuple[str, ...]:
    return tuple(result.dataset.classes[code].name for code in order)


def _spread(name: str, value: float, folds: Sequence[float]) -> dict[str, Any]:
    moved = bool(folds) and not min(folds) == max(folds) == value
    return {
        "name": name,
        "value": value,
        "middle": f"{median(folds):.3g}" if moved and len(folds) > 2 else "",
        "range": wording.spread(folds) if moved else "",
    }
