"""Put decisions, outcomes and numbers into words, the same ones in the terminal and on the page.

Scores are shown with three decimals, because differences below one thousandth never decide
anything here; other numbers with four significant digits. What is not finite is shown as a dash.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import Comparison, Decision
from focalsweep.metrics.objective import decision_layer, lower_is_better, objective_label

NOTHING = "n/a"
"""What stands for a number that is not finite."""

_DECISIONS: dict[Decision, str] = {
    "use_focal": "Use focal loss",
    "use_class_weights": "Use class weights",
    "use_logit_adjustment": "Use logit adjustment",
    "use_label_smoothing": "Use label smoothing",
    "use_robust_loss": "Use a robust loss",
    "use_resampling": "Use resampling",
    "use_two_stage": "Use two-stage training",
    "use_cosine_head": "Use a cosine head",
    "use_margin_loss": "Use a margin loss",
    "use_decision_weights": "Use {layer}",
    "keep_cross_entropy": "Keep cross-entropy",
    "not_enough_data": "Not enough data to tell",
    "fix_labels": "Fix the labels first",
}

_TONES: dict[Decision, str] = {
    "keep_cross_entropy": "keep",
    "not_enough_data": "unsure",
    "fix_labels": "unsure",
}

FAMILY_WORDS: dict[Family, str] = {
    "cross_entropy": "cross-entropy",
    "class_weights": "class weights",
    "logit_adjustment": "logit adjustment",
    "label_smoothing": "label smoothing",
    "robust": "robust loss",
    "labels": "cleaned labels",
    "resampling": "resampling",
    "two_stage": "two-stage training",
    "cosine_head": "cosine head",
    "margin": "margin loss",
    "focal": "focal loss",
    "folklore": "focal loss, copied numbers",
}

_OUTCOMES = {
    "better": "Yes, better",
    "not_better": "No, not better by an amount that counts",
    "undecided": "Cannot be told from this data",
}

_OBJECTIVE_HINTS = {
    "macro_f1": "the mean of the classes' F1 scores, every class counting the same",
    "balanced_accuracy": "the mean of the classes' recalls",
    "mcc": "Matthews correlation, 0 is guessing, 1 is perfect",
    "geometric_mean": "0 as soon as one class is never found",
    "worst_class_recall": "the share of the worst class that is found",
    "log_loss": "always below zero, and closer to zero is better",
    "cost": "the mean cost of a row with its sign turned, so closer to zero is cheaper",
}

_NUISANCE = ("learning_rate", "weight_decay", "epochs")


def decision_words(decision: Decision, objective: str) -> str:
    """Say a decision as an instruction, in a sweep of this objective."""
    return _DECISIONS[decision].format(layer=decision_layer(objective))


def decision_tone(decision: Decision) -> str:
    """Return ``change``, ``keep`` or ``unsure``: what the colour of the badge depends on."""
    return _TONES.get(decision, "change")


def outcome_words(comparison: Comparison) -> str:
    """Answer the question of a comparison in words."""
    return _OUTCOMES[comparison.outcome]


def objective_words(name: str) -> str:
    """Name an objective as it is written on an axis, where up is better: log-loss is negated."""
    label = objective_label(name)
    return f"negative {label}" if lower_is_better(name) else label


def objective_hint(name: str) -> str:
    """Explain an objective in half a sentence."""
    return _OBJECTIVE_HINTS[name]


def score(value: float, *, signed: bool = False) -> str:
    """Write a score with three decimals; a difference (`signed`) always shows its sign."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return text
    return ("-" if value < 0 else "+" if signed else "") + text


def interval(value: Interval, *, signed: bool = False) -> str:
    """Write an interval as two scores; one without an end, as of a single fold, is unknown."""
    if not math.isfinite(value.high - value.low):
        return "unknown"
    return f"{score(value.low, signed=signed)} to {score(value.high, signed=signed)}"


def number(value: float) -> str:
    """Write any other number with four significant digits."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value:.4g}"


def percent(share: float) -> str:
    """Write a share or a probability in per cent, never rounded up to certainty."""
    if not math.isfinite(share):
        return NOTHING
    if 0 < share < 0.001:
        return "< 0.1%"
    if 0.999 < share < 1:
        return "> 99.9%"
    return f"{100 * share:.1f}%" if share < 0.1 or 0.99 < share < 1 else f"{100 * share:.0f}%"


def duration(seconds: float) -> str:
    """Write a wall time in the unit that a person would use."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def spread(values: Sequence[float]) -> str:
    """Write the range of some numbers with three significant digits."""
    low, high = min(values), max(values)
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"


def chosen_words(best: BestPoint) -> list[str]:
    """Name the numbers of a chosen loss in at most two short lines, none where it has none.

    The coordinates of a free class vector mean nothing by themselves, so the range of alpha
    stands for them.
    """
    named = [f"{name} {value:.3g}" for name, value in loss_numbers(best.parameters).items()]
    lines = [", ".join(named)] if named else []
    if min(best.alpha) < max(best.alpha):
        lines.append(f"alpha {min(best.alpha):.3g} to {max(best.alpha):.3g}")
    return lines


def loss_numbers(parameters: dict[str, float]) -> dict[str, float]:
    """Keep the numbers of a loss that mean something by themselves."""
    return {
        name: value
        for name, value in parameters.items()
        if name not in _NUISANCE and not name.startswith("delta_")
    }
