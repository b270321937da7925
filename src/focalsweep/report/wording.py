"""Put decisions, outcomes and numbers into words, the same ones in the terminal and on the page.

Scores are shown with three decimals, because differences below one thousandth never decide
anything here; costs as `focalsweep.metrics.objective_words` writes them; other numbers with four
significant digits. What is not finite is shown as n/a.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from focalsweep.config.arm_schema import Family, Task
from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.evidence.facts import Interval, MultiLabelFacts
from focalsweep.evidence.result import Comparison, Decision
from focalsweep.metrics.objective import lower_is_better, objective_label
from focalsweep.metrics.objective_words import (
    NOTHING,
    difference_interval_words,
    score_interval_words,
)
from focalsweep.report.task_words import words_of

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
    "budget_too_small": "Too little was tried to tell",
    "fix_labels": "Fix the labels first",
}

_LABEL_DECISIONS: dict[Decision, str] = {
    "use_class_weights": "Use positive weights",
    "use_decision_weights": "Use fitted thresholds",
    "keep_cross_entropy": "Keep binary cross-entropy",
}
"""What these are called where rows carry labels."""

_TONES: dict[Decision, str] = {
    "keep_cross_entropy": "keep",
    "not_enough_data": "unsure",
    "budget_too_small": "unsure",
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

_LABEL_FAMILIES: dict[Family, str] = {
    "cross_entropy": "binary cross-entropy",
    "class_weights": "positive weights",
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
    "log_loss": "the mean surprise at the true class, lower is better",
    "cost": "what the decision on a row costs on average, lower is better",
}

_LABEL_HINTS = {
    "macro_f1": "the mean of the labels' F1 scores, every label counting the same",
    "micro_f1": "F1 over all rows and labels together, so frequent labels count most",
    "balanced_accuracy": "the mean over labels of the recall of rows with and of rows without it",
    "mcc": "the mean over labels of Matthews correlation, 0 is guessing, 1 is perfect",
    "log_loss": "a mean over rows and labels, lower is better",
}

_NUISANCE = ("learning_rate", "weight_decay", "epochs")


def decision_words(decision: Decision, task: Task, objective: str) -> str:
    """Say a decision as an instruction, in a sweep of this task and objective."""
    if task == "multi_label" and decision in _LABEL_DECISIONS:
        return _LABEL_DECISIONS[decision]
    return _DECISIONS[decision].format(layer=words_of(task, objective).rule)


def family_words(family: Family, task: Task = "single_label") -> str:
    """Name a family of losses."""
    if task == "multi_label" and family in _LABEL_FAMILIES:
        return _LABEL_FAMILIES[family]
    return FAMILY_WORDS[family]


def decision_tone(decision: Decision) -> str:
    """Return ``change``, ``keep`` or ``unsure``: what the colour of the badge depends on."""
    return _TONES.get(decision, "change")


def outcome_words(comparison: Comparison, decision: Decision) -> str:
    """Answer the question of a comparison in words."""
    if decision == "budget_too_small":
        return "Cannot be told from what was tried"
    if comparison.outcome == "undecided" and comparison.is_ahead:
        return "Ahead, but not surely by an amount that counts"
    return _OUTCOMES[comparison.outcome]


def axis_words(name: str) -> str:
    """Name an objective on an axis or over a column, with its direction where that is down."""
    label = objective_label(name)
    return f"{label} (lower is better)" if lower_is_better(name) else label


def objective_hint(name: str, task: Task = "single_label") -> str:
    """Explain an objective in half a sentence."""
    return (_LABEL_HINTS if task == "multi_label" else _OBJECTIVE_HINTS)[name]


def score(value: float, *, signed: bool = False) -> str:
    """Write a score with three decimals; a difference (`signed`) always shows its sign."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return text
    return ("-" if value < 0 else "+" if signed else "") + text


def objective_interval(value: Interval, objective: str) -> str:
    """Write the interval of such a score; one without an end, as of a single fold, is unknown."""
    return score_interval_words(value.low, value.high, objective)


def difference_interval(value: Interval, objective: str) -> str:
    """Write the interval of such a difference."""
    return difference_interval_words(value.low, value.high, objective)


def number(value: float) -> str:
    """Write any other number with four significant digits."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value:.4g}"


def rows_words(count: float, *, short: bool = False) -> str:
    """Write a mean number of rows, with a decimal only below 10; `short` for thousands as 12k."""
    if short and count >= 10_000:
        return f"{count / 1000:,.0f}k"
    return f"{count:,.0f}" if count >= 10 or count == round(count) else f"{count:.1f}"


def percent(share: float) -> str:
    """Write a share or a probability in per cent, never rounded up to certainty."""
    if not math.isfinite(share):
        return NOTHING
    if 0 < share < 0.001:
        return "< 0.1%"
    if 0.999 < share < 1:
        return "> 99.9%"
    return f"{100 * share:.1f}%" if share < 0.1 or 0.99 < share < 1 else f"{100 * share:.0f}%"


def label_sentences(facts: MultiLabelFacts, *, rows: int) -> list[str]:
    """Say how many labels rows carry, how rare labels are, and how many rows carry none."""
    bare = facts.rows_without_label
    return [
        f"A row carries {number(facts.cardinality)} labels on average (cardinality), which is "
        f"{percent(facts.density)} of all labels (density).",
        f"Mean imbalance ratio {number(facts.mean_imbalance_ratio)} (positives of the commonest "
        "label over those of each label, on average).",
        f"Rows without any label: {bare:,}"
        + (f" ({percent(bare / rows)}); they train and count like all others." if bare else "."),
    ]


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
    weights = weight_range(best)
    if weights:
        lines.append(f"{'pos_weight' if best.alpha_negative else 'alpha'} {weights}")
    return lines


def weight_range(best: BestPoint) -> str:
    """Write the range of alpha, or of positive weights; nothing where they are all the same."""
    weights = [each for each in positive_weights(best) if math.isfinite(each)] or best.alpha
    return spread(weights) if min(weights) < max(weights) else ""


def positive_weights(best: BestPoint) -> tuple[float, ...]:
    """Return what a row with each label weighs against one without it, which is all that counts.

    The libraries' ``pos_weight``; empty where rows have classes instead of labels. NaN for a label
    whose rows without it weigh nothing, because training has none.
    """
    if not best.alpha_negative:
        return ()
    return tuple(
        there / absent if absent else math.nan
        for there, absent in zip(best.alpha, best.alpha_negative, strict=True)
    )


def loss_numbers(parameters: dict[str, float]) -> dict[str, float]:
    """Keep the numbers of a loss that mean something by themselves."""
    return {
        name: value
        for name, value in parameters.items()
        if name not in _NUISANCE and not name.startswith("delta_")
    }
