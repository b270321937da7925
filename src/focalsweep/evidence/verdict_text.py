"""The verdict in plain words: what to do, by how much, how sure, and what is not settled.

Differences are shown in the objective's own unit: costs are saved, log-loss is lower or higher.
Probabilities are cut, not rounded, towards the side that claims less: 0.9496 is shown as 0.94.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_scores import ArmScores, most_often
from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.result import Comparison, Decision
from focalsweep.evidence.unseen_spread import unseen_spread
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.objective_words import (
    amount_words,
    difference_interval_words,
    difference_words,
)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Hold the comparisons of a sweep; None where a side was not in it.

    Parameters
    ----------
    focal, rivals, weights : Comparison, optional
        The three deciding questions: focal loss against all others; the others against
        cross-entropy; decision weights against argmax, on cross-entropy.
    focal_control : Comparison, optional
        Focal loss against cross-entropy alone.
    labels : Comparison, optional
        Cross-entropy on rows without suspect labels against cross-entropy.
    arm_weights : Comparison, optional
        Decision weights against argmax, on the recommended arm when that is not cross-entropy.
    top_row : Comparison, optional
        The arm with the best test score against the recommended one, where that is another. Told,
        and not among `comparisons`: test rows picked it.
    """

    focal: Comparison | None
    rivals: Comparison | None
    weights: Comparison | None
    focal_control: Comparison | None
    labels: Comparison | None = None
    arm_weights: Comparison | None = None
    top_row: Comparison | None = None

    @property
    def is_contradicted(self) -> bool:
        """Whether focal loss beats its rivals and yet is not better than cross-entropy itself."""
        if self.focal is None or self.focal_control is None:
            return False
        return self.focal.outcome == "better" and self.focal_control.outcome == "not_better"

    @property
    def loss_is_ahead(self) -> bool:
        """Whether an interval of one of the losses' questions lies wholly above zero."""
        made = (self.focal, self.rivals, self.focal_control)
        return any(each is not None and each.is_ahead for each in made)

    @property
    def best_loss_gain(self) -> float | None:
        """Mean gain over cross-entropy of the better of focal loss and the rivals, if compared.

        Without rivals the first question is itself that of focal loss against cross-entropy.
        """
        focal = self.focal_control or (self.focal if self.rivals is None else None)
        gains = [each.mean for each in (focal, self.rivals) if each is not None]
        return max(gains, default=None)

    @property
    def labels_gain_most(self) -> bool:
        """Whether removing suspects gains more, on average, than the best loss does."""
        if self.labels is None:
            return False
        return self.best_loss_gain is None or self.labels.mean > self.best_loss_gain

    def comparisons(self) -> list[Comparison]:
        """Return what was compared, the deciding questions first."""
        every = (
            self.focal,
            self.rivals,
            self.weights,
            self.labels,
            self.focal_control,
            self.arm_weights,
        )
        return [comparison for comparison in every if comparison is not None]


class Setting(NamedTuple):
    """What every sentence needs besides its comparison."""

    arms: Sequence[ArmScores]
    objective: Objective
    rule: VerdictRule
    shortfall: str | None = None


RIVAL_NAMES: dict[Family, str] = {
    "class_weights": "class weighting",
    "logit_adjustment": "logit adjustment",
    "label_smoothing": "label smoothing",
    "robust": "robust loss",
    "resampling": "resampling",
    "two_stage": "two-stage training",
    "cosine_head": "a cosine head",
    "margin": "margin loss",
    "folklore": "copied focal loss",
}
"""What the sides of the second question are called, cross-entropy left out."""

_MOST_NAMED = 3
"""Kinds of rivals that a sentence names; more are only counted."""

_LEADING: dict[Family, str] = {
    "cross_entropy": "Keep cross-entropy (`{}`).",
    "class_weights": "Use class weights: arm `{}`.",
    "logit_adjustment": "Use logit adjustment: arm `{}`.",
    "label_smoothing": "Use label smoothing: arm `{}`.",
    "robust": "Use a loss that is robust to wrong labels: arm `{}`.",
    "resampling": "Resample the training rows: arm `{}`.",
    "two_stage": "Train in two stages: arm `{}`.",
    "cosine_head": "Use a cosine head: arm `{}`.",
    "margin": "Use a margin loss: arm `{}`.",
    "folklore": "Use focal loss with its copied gamma and alpha: arm `{}`.",
    "focal": "Use focal loss: arm `{}`.",
    "labels": "Fix the labels before choosing a loss: arm `{}` removes suspect ones.",
}


_LABEL_RIVAL_NAMES: dict[Family, str] = {"class_weights": "positive weights"}
_LABEL_LEADING: dict[Family, str] = {"class_weights": "Use positive weights: arm `{}`."}
"""What differs where rows carry labels."""


class _Words(NamedTuple):
    better: str
    not_better: str
    undecided: str


def verdict_text(
    decision: Decision, *, arm: ArmScores, findings: Findings, setting: Setting
) -> str:
    """Write the verdict: two to six sentences with their numbers."""
    focal = _focal_sentence(findings, setting)
    control = _control_sentence(findings, setting)
    withheld = decision == "not_enough_data" and findings.loss_is_ahead
    contradiction = control if findings.is_contradicted or withheld else ""
    rivals = _rivals_sentence(findings, setting)
    # One of the two: the recommended arm is cross-entropy, or it is not.
    weights = _weights_sentence(findings.arm_weights or findings.weights, setting)
    labels = _labels_sentence(findings, setting)
    if decision == "fix_labels":
        order = [labels, focal, contradiction, rivals, weights]
    elif decision == "use_focal" and arm.family == "focal":
        order = [focal, control, weights]
    elif decision == "use_decision_weights":
        order = [weights, focal, contradiction, rivals]
    elif decision == "budget_too_small":
        order = [focal, rivals]
        labels = ""
    elif decision in ("keep_cross_entropy", "not_enough_data"):
        order = [focal, contradiction, rivals, weights]
    else:
        order = [rivals, focal, contradiction, weights]
    if decision != "fix_labels":
        order.append(labels)
    order.append(_top_row_sentence(findings, setting))
    sentences = [_leading(decision, arm=arm, findings=findings, setting=setting), *order]
    if arm.n_folds == 1:
        sentences.append(
            "One training set was used: how far the answer would change with other training rows "
            "is in none of these intervals."
        )
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences if sentence)


def _leading(decision: Decision, *, arm: ArmScores, findings: Findings, setting: Setting) -> str:
    labelled = setting.objective.multi_label
    if setting.shortfall is not None:
        return f"Too little was tried to tell: {setting.shortfall}."
    if decision == "not_enough_data" and findings.focal is None and findings.rivals is None:
        return f"No other loss was compared: keep `{arm.name}`."
    if decision == "not_enough_data" and findings.loss_is_ahead:
        return (
            "A loss is ahead, but not surely by an amount that counts: the simplest, "
            f"`{arm.name}`, will do until that is known."
        )
    if decision == "not_enough_data":
        return f"Not enough data to prefer a loss: keep the simplest, `{arm.name}`."
    if decision == "use_decision_weights" and labelled:
        return (
            f"Train with cross-entropy (`{arm.name}`) and call a label where its probability "
            "exceeds its fitted threshold."
        )
    if decision == "use_decision_weights":
        return f"Train with cross-entropy (`{arm.name}`) and " + (
            "apply decision weights to its probabilities before argmax."
            if setting.objective.costs is None
            else "let the decision layer (expected-cost rule or weights) decide, not argmax."
        )
    leading = _LEADING | (_LABEL_LEADING if labelled else {})
    return leading[arm.family].format(arm.name)


def _focal_sentence(findings: Findings, setting: Setting) -> str:
    comparison = findings.focal
    if comparison is None:
        if any(arm.family == "focal" for arm in setting.arms):
            return "only focal arms were in the sweep, so focal loss was compared with nothing."
        return "no tuned focal arm was in the sweep, so tuned focal loss was not judged."
    layer, _ = setting.objective.decision_words
    both = f"; {layer} on both sides" if setting.objective.uses_decisions else ""
    left = f"focal loss ({_who(comparison.left_arms, setting)})"
    right = f"the best other loss ({_who(comparison.right_arms, setting)}{both})"
    return _sentence(comparison, _versus(left, right), setting)


def _control_sentence(findings: Findings, setting: Setting) -> str:
    if findings.focal_control is None:
        return ""
    words = _versus("focal loss", "cross-entropy itself")
    return _sentence(findings.focal_control, words, setting)


def _rivals_sentence(findings: Findings, setting: Setting) -> str:
    comparison = findings.rivals
    if comparison is None:
        if all(arm.family != "cross_entropy" for arm in setting.arms):
            return "cross-entropy was not in the sweep, so whether it would do is not known."
        weighted = "class-weighted, resampled"
        if setting.objective.multi_label:
            weighted = "weighted, adjusted"
        return f"no {weighted} or other rival was in the sweep, so none was judged."
    families = {arm.family for arm in setting.arms}
    names = RIVAL_NAMES | (_LABEL_RIVAL_NAMES if setting.objective.multi_label else {})
    *some, last = (name for family, name in names.items() if family in families)
    if len(some) >= _MOST_NAMED:
        sides = f"the best of {len(some) + 1} other kinds of training"
    else:
        sides = f"the best of {', '.join(some)} and {last}" if some else last
    left = f"{sides} ({_who(comparison.left_arms, setting)})"
    return _sentence(comparison, _versus(left, "cross-entropy"), setting)


def _labels_sentence(findings: Findings, setting: Setting) -> str:
    labels, gain = findings.labels, findings.best_loss_gain
    if labels is None:
        return ""
    which = f"removing suspect labels ({_who(labels.left_arms, setting)})"
    than = ""
    if gain is not None:
        shown = difference_words(gain, setting.objective.name)
        than = (
            f", and more than the best loss does ({shown} against it, on average)"
            if findings.labels_gain_most
            else f", but no more than the best loss does ({shown} against it, on average)"
        )
    words = _Words(
        better=f"{which} helps cross-entropy{than}",
        not_better=f"{which} does not usefully help cross-entropy",
        undecided=f"whether {which} helps cross-entropy is not settled",
    )
    return _sentence(labels, words, setting)


def _weights_sentence(weights: Comparison | None, setting: Setting) -> str:
    if weights is None:
        return ""
    arm, layer = f"`{weights.left_arms[0]}`", setting.objective.decision_words[0]
    helps, do = ("help", "do") if setting.objective.costs is None else ("helps", "does")
    words = _Words(
        better=f"{layer} {helps} {arm}",
        not_better=f"{layer} {do} not usefully help {arm}",
        undecided=f"whether {layer} {helps} {arm} is not settled",
    )
    return _sentence(weights, words, setting)


def _top_row_sentence(findings: Findings, setting: Setting) -> str:
    """Say why the arm that stands highest in the table is not the recommended one."""
    comparison = findings.top_row
    if comparison is None:
        return ""
    top, recommended = comparison.left_arms[0], comparison.right_arms[0]
    ahead = difference_words(comparison.mean, setting.objective.name)
    stated = (
        f"`{top}` has the best score in the table ({ahead} against `{recommended}`) and is not "
        "recommended, because "
    )
    if comparison.outcome == "better":
        return stated + (
            "arms are picked on validation rows, where others were ahead of it, and the best of "
            f"{len(setting.arms)} test scores is in part luck."
        )
    low, high = comparison.interval.low, comparison.interval.high
    unseen = unseen_spread(low, high, folds=len(comparison.differences))
    return f"{stated}that lead is not sure enough ({unseen or _sureness(comparison, setting)})."


def _versus(left: str, right: str) -> _Words:
    return _Words(
        better=f"{left} beats {right}",
        not_better=f"{left} does not usefully beat {right}",
        undecided=f"whether {left} beats {right} is not settled",
    )


def _sentence(comparison: Comparison, words: _Words, setting: Setting) -> str:
    low, high, name = comparison.interval.low, comparison.interval.high, setting.objective.name
    claim: str = getattr(words, comparison.outcome)
    if comparison.outcome == "undecided" and comparison.is_ahead and setting.shortfall is None:
        claim = f"{words.better}, but by how much is not settled"
    unit = "a row" if setting.objective.costs is not None else setting.objective.label
    stated = f"{claim}: {difference_words(comparison.mean, name)} {unit}"
    if unseen := unseen_spread(low, high, folds=len(comparison.differences)):
        return f"{stated} ({unseen})."
    if setting.shortfall is not None:
        interval = difference_interval_words(low, high, name)
        return f"{stated} (95% interval {interval} of what was tried)."
    sure = _sureness(comparison, setting)
    return f"{stated} (95% interval {difference_interval_words(low, high, name)}, {sure})."


def _sureness(comparison: Comparison, setting: Setting) -> str:
    rule = setting.rule
    gain = "a gain above" if setting.objective.costs is None else "saving more than"
    if comparison.outcome == "not_better":
        pity = math.ceil(comparison.p_much_better * 100 - 1e-9) / 100
        return f"probability {pity:.2f} of {gain} {amount_words(rule.regrettable_difference)}"
    sure = math.floor(comparison.p_better * 100 + 1e-9) / 100
    asked = f", {rule.confidence:g} is asked" if comparison.outcome == "undecided" else ""
    return f"probability {sure:.2f} of {gain} {amount_words(rule.smallest_difference)}{asked}"


def _who(names: Sequence[str], setting: Setting) -> str:
    name = most_often(names, setting.arms).name
    return f"`{name}`" if set(names) == {name} else f"most often `{name}`"
