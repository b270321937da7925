"""Give a result as tidy pandas frames: one row an arm, an outer fold, a class, or a trial.

These are what notebooks and plots read, so that nobody walks the nested result by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import ArmResult, PrecisionRecall
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import lower_is_better
from focalsweep.metrics.objective_words import difference_words, own_interval, own_unit
from focalsweep.report.wording import positive_weights

FINAL_FOLD = "all"
"""What the column `fold` holds for the search on all rows, which gives the pasted point."""

_NO_INTERVAL = Interval(low=-inf, high=inf)

_TEXT = {"fold": str, "failure": object, "pruned": object, "state": str, "arm": str}


def arms_frame(result: SweepResult) -> pd.DataFrame:
    """Return one row an arm: scores, intervals, difference, chosen numbers and further metrics.

    Scores are in the objective's own unit: where it is ``cost`` or ``log_loss``, lower is better
    and a difference below zero is a gain, which `difference_words` says ("saves 0.47"). An end of
    an interval that nothing is known of is NaN. Chosen loss numbers are in columns
    ``chosen_<name>`` (NaN where the arm has none), further test scores in ``test_<metric>``.
    ``difference*`` is NaN for cross-entropy. ``pruned_trials`` and ``saved_share`` (of the search's
    member-epochs) are 0 without a pruner.
    """
    rows = []
    pruning, objective = result.budget.pruning, result.objective
    for arm in result.arms:
        difference = arm.difference
        saving = pruning.arms[arm.name] if pruning else None
        row: dict[str, object] = {
            "arm": arm.name,
            "label": arm.label,
            "family": arm.family,
            "inner_score": own_unit(arm.inner_score, objective),
            "argmax_score": own_unit(arm.argmax_score, objective),
            **_ends("argmax", arm.argmax_interval, objective),
            "decision_score": own_unit(arm.decision_score, objective),
            **_ends("decision", arm.decision_interval, objective),
            "difference": own_unit(difference.mean, objective) if difference else np.nan,
            **_ends("difference", difference.interval if difference else _NO_INTERVAL, objective),
            "p_value": difference.p_value if difference else np.nan,
            "p_holm": difference.p_holm if difference else np.nan,
            "failed_trials": arm.failed_trials,
            "pruned_trials": saving.pruned_trials if saving else 0,
            "saved_share": saving.saved_share if saving else 0.0,
            "epochs": arm.best.epochs,
            "learning_rate": arm.best.learning_rate,
            "weight_decay": arm.best.weight_decay,
        }
        if lower_is_better(objective):
            words = difference_words(difference.mean, objective) if difference else ""
            row["difference_words"] = words
        row |= {f"chosen_{name}": value for name, value in arm.best.parameters.items()}
        row |= {f"test_{name}": value for name, value in arm.metrics.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def turned_trials(trials: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return the trials table with `value` in the objective's own unit; twice is as before."""
    if not lower_is_better(objective):
        return trials
    return trials.assign(value=0.0 - trials["value"])


def folds_frame(result: SweepResult) -> pd.DataFrame:
    """Return one row an arm and outer fold: scores, and in ``chosen_<name>`` what was chosen.

    Scores are in the objective's own unit, as in `arms_frame`.
    """
    rows = [
        {
            "arm": arm.name,
            "fold": fold.fold,
            "inner_score": own_unit(fold.inner_score, result.objective),
            "argmax_score": own_unit(fold.argmax_score, result.objective),
            "decision_score": own_unit(fold.decision_score, result.objective),
            "trial": fold.trial,
            "epochs": fold.epochs,
        }
        | {f"chosen_{name}": value for name, value in fold.parameters.items()}
        for arm in result.arms
        for fold in arm.folds
    ]
    return pd.DataFrame(rows)


def classes_frame(result: SweepResult) -> pd.DataFrame:
    """Return one row a class (or label) and arm: count, share, recall on test rows, alpha, gamma.

    `recall` is that of argmax (threshold 1/2) and `decision_recall` that with decision weights
    (fitted thresholds), each in [0, 1] and NaN for a class without test rows. Rows are in the order
    of class codes. Labels have `f1` and `decision_f1`, `average_precision` and `positive_weight`
    besides.
    """
    frames = []
    for arm in result.arms:
        frame = pd.DataFrame(
            {
                "code": range(len(result.dataset.classes)),
                "class": [facts.name for facts in result.dataset.classes],
                "count": [facts.count for facts in result.dataset.classes],
                "share": [facts.share for facts in result.dataset.classes],
                "recall": recalls_of(arm),
                "decision_recall": recalls_of(arm, decided=True),
                "alpha": arm.best.alpha,
                "gamma": arm.best.gamma,
            }
        )
        if arm.labels:
            frame["f1"] = f1_scores(arm)
            frame["decision_f1"] = f1_scores(arm, decided=True)
            frame["average_precision"] = [label.average_precision for label in arm.labels]
            frame["positive_weight"] = positive_weights(arm.best)
        frame.insert(4, "arm", arm.name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def trials_frame(path: Path) -> pd.DataFrame:
    """Read ``trials.csv``; `fold` stays text, because the final search is called ``all``."""
    return pd.read_csv(path, dtype=_TEXT)


def recalls(confusion: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return the share of each class that was found, shape (classes,), NaN without rows."""
    counts = np.asarray(confusion, dtype=np.float64)
    return _ratio(np.diag(counts), counts.sum(axis=1))


def recalls_of(arm: ArmResult, *, decided: bool = False) -> NDArray[np.float64]:
    """Return the share of each class's or label's rows that an arm finds, NaN without rows.

    Parameters
    ----------
    arm : ArmResult
        Of either task.
    decided : bool, default False
        Whether by decision weights or fitted thresholds instead of argmax or threshold 1/2.
    """
    if not arm.labels:
        return recalls(arm.decision_confusion if decided else arm.confusion)
    found, missed, _, _ = label_counts(arm, decided=decided).T
    return _ratio(found, found + missed)


def f1_scores(arm: ArmResult, *, decided: bool = False) -> NDArray[np.float64]:
    """Return the F1 of each label, shape (labels,), NaN where it neither comes nor is called."""
    found, missed, wrong, _ = label_counts(arm, decided=decided).T
    return _ratio(2 * found, 2 * found + missed + wrong)


def label_counts(arm: ArmResult, *, decided: bool = False) -> NDArray[np.float64]:
    """Return test rows found, missed, called wrongly and rightly left, shape (labels, 4)."""
    counts = [label.decision if decided else label.argmax for label in arm.labels]
    return np.array([[each.tp, each.fn, each.fp, each.tn] for each in counts])


def find_arm(result: SweepResult, name: str) -> ArmResult | None:
    """Return the arm called `name`, or None where it was left out."""
    return next((arm for arm in result.arms if arm.name == name), None)


def control_arm(result: SweepResult) -> ArmResult | None:
    """Return the arm that others are compared with, plain cross-entropy; None where left out."""
    return next((arm for arm in result.arms if arm.family == "cross_entropy"), None)


def curve_of(arm: ArmResult, name: str) -> PrecisionRecall | None:
    """Return the curve of a class; None where classes are many and it is not among the rarest."""
    return next((curve for curve in arm.precision_recall if curve.name == name), None)


def has_rule(result: SweepResult) -> bool:
    """Tell whether a decision layer was fitted: decision weights, or a threshold a label."""
    return any(rule_of(arm) is not None for arm in result.arms)


def rule_of(arm: ArmResult) -> tuple[float, ...] | None:
    """Return an arm's decision weights or, of labels, its thresholds; None where it has none."""
    return arm.best.decision_weights or arm.best.thresholds or None


def leading_arms(result: SweepResult) -> list[ArmResult]:
    """Return the arms that matter: cross-entropy, the verdict's, the best focal, the best rival.

    Best is by score on inner rows, as in the verdict, so that no test row picks what is shown.
    The copied point and cleaned labels are on neither side.
    """
    focal = [arm for arm in result.arms if arm.family == "focal"]
    neither = {"focal", "folklore", "labels", "cross_entropy"}
    rivals = [arm for arm in result.arms if arm.family not in neither]
    control = control_arm(result)
    names = [control.name] if control is not None else []
    names += [result.verdict.arm]
    names += [max(side, key=judged_inner_score).name for side in (focal, rivals) if side]
    arms = (find_arm(result, name) for name in dict.fromkeys(names))
    return [arm for arm in arms if arm is not None]


def shown_arms(result: SweepResult, *, most: int = 8) -> list[ArmResult]:
    """Return all arms, or the leading ones where a plot of more than `most` would be crowded."""
    return list(result.arms) if len(result.arms) <= most else leading_arms(result)


def _ends(name: str, interval: Interval, objective: str) -> dict[str, float]:
    """Return an interval as two columns in the objective's own unit; an unknown end is NaN."""
    ends = own_interval(interval.low, interval.high, objective)
    return {
        f"{name}_{end}": value if isfinite(value) else np.nan
        for end, value in zip(("low", "high"), ends, strict=True)
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    share: NDArray[np.float64] = np.full(len(whole), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def judged_inner_score(arm: ArmResult) -> float:
    """Return the score on inner rows by which arms stand for their side of the verdict."""
    judged = arm.inner_decision_score
    return arm.inner_score if judged is None else judged
