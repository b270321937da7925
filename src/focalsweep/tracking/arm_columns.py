"""What an arm's run carries: metrics and parameters under the same names in every arm.

MLflow's table, compare page and charts put runs side by side by name, and a run that lacks a name
drops out of a parallel-coordinates line. So the control's own difference is logged as zero, and
names never depend on the arm. What only some arms have (a tuned tau, a closed-form correction)
stays an empty cell there: a made-up number would be compared too.

The order matters: the compare page opens with the first metric and with the first three
parameters, by name, that differ. So ``score`` is first, ``arm``, ``best.epochs`` and
``best.gamma`` sort before the rest, and vectors over classes (labels) are called ``class.``
(``label.``). The page cuts ``arm`` to ten characters on its axis; a shorter label beside it would
push ``best.gamma`` out of the first three, so there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, nan

import numpy as np

from focalsweep.evidence.arm_facts import ArmResult, Calibration
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective_words import own_interval, own_unit
from focalsweep.tracking.naming import class_keys, key, number, steps
from focalsweep.tracking.run_record import MetricPoint

MOST_CLASSES_IN_TABLE = 20
"""With more classes, alpha and its kin stand in ``per_class.csv`` only, not in columns."""

_EASY = 5
"""Bins of `GradientShares.by_difficulty` from here on hold rows of probability >= 0.5."""


def arm_numbers(arm: ArmResult, result: SweepResult) -> dict[str, float]:
    """Return an arm's final numbers by metric name; names with a slash form chart sections.

    Scores are in the objective's own unit: of costs and log-loss, lower is better.
    """
    objective = result.objective
    numbers = {
        **estimate("score", arm.decision_score, arm.decision_interval, objective),
        **difference_numbers(arm, objective),
        "difference_p": arm.difference.p_value if arm.difference else 1.0,
        "difference_p_holm": arm.difference.p_holm if arm.difference else 1.0,
        **estimate("argmax_score", arm.argmax_score, arm.argmax_interval, objective),
        "inner_score": own_unit(arm.inner_score, objective),
        **arm.metrics,
        "failed_trials": arm.failed_trials,
    }
    for name, value in _probabilities(arm):
        numbers[f"probability/{name}"] = value
    for name, value in (*_search(arm), *_pruned(arm, result)):
        numbers[f"search/{name}"] = value
    for name, value in arm.prior_scores.items():
        numbers[f"priors/{name}"] = own_unit(value, objective)
    return numbers | dict(_classes(arm, result))


def estimate(name: str, utility: float, interval: Interval, objective: str) -> dict[str, float]:
    """Return a number and the ends of its interval in the objective's own unit."""
    low, high = own_interval(interval.low, interval.high, objective)
    return {
        name: own_unit(utility, objective),
        f"{name}_low": low if isfinite(low) else nan,
        f"{name}_high": high if isfinite(high) else nan,
    }


def difference_numbers(arm: ArmResult, objective: str) -> dict[str, float]:
    """Return the difference to cross-entropy; its own is zero, so that charts show that too."""
    if arm.difference is None:
        return dict.fromkeys(("difference", "difference_low", "difference_high"), 0.0)
    return estimate("difference", arm.difference.mean, arm.difference.interval, objective)


def best_so_far(arm: ArmResult, objective: str) -> tuple[MetricPoint, ...]:
    """Return the budget curve: step is the number of trials."""
    if arm.search is None:
        return ()
    return steps("best_so_far", own_unit(np.array(arm.search.best_so_far), objective).tolist())


def arm_params(arm: ArmResult, result: SweepResult) -> dict[str, str]:
    """Return an arm's tuned numbers as text, by parameter name."""
    best = arm.best
    gamma = sum(best.gamma) / len(best.gamma)
    params = {
        "arm": arm.name,
        "family": arm.family,
        "best.epochs": str(best.epochs),
        "best.trial": str(best.trial),
        "best.learning_rate": number(best.learning_rate),
        "best.weight_decay": number(best.weight_decay),
        **{f"best.{key(name)}": number(value) for name, value in best.parameters.items()},
        "best.gamma": number(gamma),  # the loss's own, also where another number was searched
    }
    if best.keras_loss is not None:  # its numbers are its own, and it has no gamma of ours
        params["best.loss"] = best.keras_loss.path
        del params["best.gamma"]
    if best.gamma_negative:  # gamma is that of rows with each label
        params["best.gamma_negative"] = number(sum(best.gamma_negative) / len(best.gamma_negative))
        params["best.clip"] = number(best.clip)
    if best.switch_epoch is not None:
        params["best.switch_epoch"] = str(best.switch_epoch)
    vectors: dict[str, tuple[float, ...]] = {
        "alpha": best.alpha,
        "decision_weight": best.decision_weights or (),
        "gamma": best.gamma if len(set(best.gamma)) > 1 else (),
        "offset": best.offset if any(best.offset) else (),
        "margin": best.margin if any(best.margin) else (),
        "scale": best.scale if any(value != 1 for value in best.scale) else (),
        "alpha_negative": best.alpha_negative,
        "gamma_negative": best.gamma_negative if len(set(best.gamma_negative)) > 1 else (),
        "threshold": best.thresholds,
    }
    prefix = "label" if result.task == "multi_label" else "class"
    for role, vector in vectors.items():
        for name, value in _by_class(vector, result):
            params[f"{prefix}.{role}.{name}"] = number(value)
    return params


def _probabilities(arm: ArmResult) -> Iterator[tuple[str, float]]:
    found = arm.probabilities
    if found is None:
        return
    forms: dict[str, Calibration | None] = {
        "raw": found.raw,
        "corrected": found.corrected,
        "scaled": found.scaled,
    }
    for form, values in forms.items():
        if values is not None:
            yield f"log_loss_{form}", values.log_loss
            yield f"brier_score_{form}", values.brier_score
            yield f"calibration_error_{form}", values.calibration_error
    yield "temperature", found.temperature


def _search(arm: ArmResult) -> Iterator[tuple[str, float]]:
    found = arm.search
    if found is None:
        return
    yield "optimism", found.optimism
    yield "failed_share", found.failed_share
    yield "at_edge", float(len(found.at_edge))
    yield "worse_than_control", float(found.worse_than_control)


def _pruned(arm: ArmResult, result: SweepResult) -> Iterator[tuple[str, float]]:
    if result.budget.pruning is not None:
        saving = result.budget.pruning.arms[arm.name]
        yield "pruned_trials", float(saving.pruned_trials)
        yield "saved_share", saving.saved_share


def _classes(arm: ArmResult, result: SweepResult) -> Iterator[tuple[str, float]]:
    for role, vector in (_labels(arm) if arm.labels else _one_class(arm, result)).items():
        for name, value in _by_class(vector, result):
            yield f"{role}/{name}", value
    if arm.gradient is not None:
        for name, value in _by_class(arm.gradient.by_class, result):
            yield f"gradient/{name}", value
        yield "gradient_share/easy_rows", sum(arm.gradient.by_difficulty[_EASY:])
        if arm.gradient.suspects is not None:
            yield "gradient_share/suspects", arm.gradient.suspects


def _one_class(arm: ArmResult, result: SweepResult) -> dict[str, tuple[float, ...]]:
    """Return recall and average precision of each class; NaN where there is none."""
    found = {curve.name: curve.average_precision for curve in arm.precision_recall}
    return {
        "recall": tuple(_ratio(row[k], sum(row)) for k, row in enumerate(arm.decision_confusion)),
        "average_precision": tuple(
            found.get(facts.name, float("nan")) for facts in result.dataset.classes
        ),
    }


def _labels(arm: ArmResult) -> dict[str, tuple[float, ...]]:
    """Return recall and F1 of each label by fitted thresholds, and its average precision."""
    decided = [label.decision for label in arm.labels]
    return {
        "recall": tuple(_ratio(each.tp, each.tp + each.fn) for each in decided),
        "f1": tuple(_ratio(2 * each.tp, 2 * each.tp + each.fn + each.fp) for each in decided),
        "average_precision": tuple(label.average_precision for label in arm.labels),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _by_class(vector: tuple[float, ...], result: SweepResult) -> Iterator[tuple[str, float]]:
    """Pair values with class keys; nothing where there is no value or there are many classes."""
    names = [c.name for c in result.dataset.classes]
    if vector and len(names) <= MOST_CLASSES_IN_TABLE:
        yield from zip(class_keys(names), vector, strict=True)
