"""Descriptions of runs in Markdown: the verdict in plain words, readable without the report."""

from __future__ import annotations

from math import floor, isfinite

from focalsweep.evidence.arm_facts import ArmResult, Difference
from focalsweep.evidence.facts import BudgetFacts, DatasetFacts, Interval
from focalsweep.evidence.result import SweepResult, Verdict
from focalsweep.metrics.objective import COST, decision_words, lower_is_better
from focalsweep.metrics.objective_words import (
    difference_interval_words,
    difference_words,
    own_unit,
    score_words,
)

_LONGEST_NOTE = 7500
"""Characters; MLflow cuts tags at 8,000."""


def sweep_note(result: SweepResult) -> str:
    """Write the description of the sweep's run: verdict, table of arms, snippet."""
    verdict = result.verdict
    sections = [
        f"**{verdict.text}**",
        f"Decision: `{verdict.decision}`, arm `{verdict.arm}`.{_sure(verdict)}",
        f"Question: {result.question}",
        _evidence(result),
        _arms_table(result),
        *_findings(result),
        f"To paste:\n\n```python\n{result.snippet.strip()}\n```",
        "Read `report.html` under Artifacts for the whole story, `result.json` for every number.",
        *(f"Left out: `{left.arm}`, {left.reason}" for left in result.left_out),
        *result.dataset.notes,
    ]
    return _joined(sections)


def experiment_note(result: SweepResult) -> str:
    """Write the description of the experiment: its question and the newest answer."""
    labelled = result.task == "multi_label"
    errors = "scores of each label" if labelled else "confusion matrices"
    return _joined(
        [
            f"**{result.verdict.text}**",
            f"Question: {result.question} This is the newest answer; every row named `verdict` "
            "has one, and its report under Artifacts.",
            "Rows named after an arm carry its final scores under the same names; open one to see "
            f"its trials, curve and {errors}.",
        ]
    )


def arm_note(arm: ArmResult, result: SweepResult) -> str:
    """Write the description of an arm's run."""
    objective = result.objective
    rule, plain = decision_words(objective, multi_label=result.task == "multi_label")
    sections = [
        f"**{arm.label}**: {objective} {_score(arm.decision_score, objective)} "
        f"{_interval(arm.decision_interval, objective)} with {rule}, "
        f"{_score(arm.argmax_score, objective)} "
        f"{_interval(arm.argmax_interval, objective)} by {plain}."
    ]
    if arm.difference is not None:
        sections.append(
            f"Against `{arm.difference.against}`: {_difference(arm.difference, objective)}, "
            f"p = {arm.difference.p_holm:.3f} (Holm)."
        )
    if arm.name == result.verdict.arm:
        leading = "" if result.verdict.confidence is None else "This is the arm to train with. "
        sections.append(f"{leading}{result.verdict.text}")
        sections.append(f"```python\n{result.snippet.strip()}\n```")
    sections.append(f"Probabilities: {arm.correction}")
    if arm.search is not None and arm.search.at_edge:
        sections.append(
            "Most searches chose the end of a range, so a wider one may do better: "
            + ", ".join(f"`{end}`" for end in arm.search.at_edge)
            + "."
        )
    return _joined(sections)


def _sure(verdict: Verdict) -> str:
    """Say how sure a decision is; where nothing was decided there is none to be sure of."""
    if verdict.confidence is None:
        return ""
    # Cut, not rounded: 0.997 is not 100%.
    return f" How sure: {floor(100 * verdict.confidence + 1e-9)}%."


def _findings(result: SweepResult) -> list[str]:
    """List what else was found, a bullet a sentence; an empty list where nothing was."""
    texts = [f"**Caution:** {warning}" for warning in result.warnings]
    texts += [
        found.text
        for found in (result.detectable, result.folklore_cost, result.suspects)
        if found is not None
    ]
    texts += [surface.text for surface in result.surfaces]
    if result.dataset.diagnosis is not None:
        texts += result.dataset.diagnosis.text[:3]
    return ["\n".join(f"- {text}" for text in texts)] if texts else []


def _evidence(result: SweepResult) -> str:
    data, evaluation, budget = result.dataset, result.evaluation, result.budget
    folds = (
        f"{evaluation.outer_folds} outer folds"
        if evaluation.kind == "nested"
        else "one held-out test split"
    )
    return (
        f"Data: `{data.name}`, {data.rows:,} rows, {_classes(data)}. Evidence: {folds} with about "
        f"{evaluation.test_rows} test rows each, {budget.trials} trials an arm, "
        f"{budget.members:,} models trained{_pruned(budget)}, seed {result.seed}."
    )


def _pruned(budget: BudgetFacts) -> str:
    if budget.pruning is None:
        return ""
    saving = budget.pruning.total
    return (
        f" ({saving.pruned_trials:,} of {saving.trials:,} trials pruned by "
        f"{budget.pruning.pruner}, {saving.saved_share:.0%} of the search's epochs saved)"
    )


def _classes(data: DatasetFacts) -> str:
    labels = data.multi_label
    if labels is None:
        return f"{len(data.classes)} classes, imbalance ratio {data.imbalance_ratio:.1f}"
    return (
        f"{len(data.classes)} labels, {labels.cardinality:.2f} a row (density "
        f"{labels.density:.1%}), mean imbalance ratio {labels.mean_imbalance_ratio:.1f}, "
        f"{labels.rows_without_label:,} rows without label"
    )


def _arms_table(result: SweepResult) -> str:
    plain = "threshold 0.5" if result.task == "multi_label" else "plain argmax"
    objective = result.objective
    head = f"{objective}, lower is better," if lower_is_better(objective) else objective
    lines = [
        f"| arm | {head} (95%) | {plain} | against cross-entropy (95%) |",
        "|---|---|---|---|",
    ]
    for arm in sorted(result.arms, key=lambda arm: arm.decision_score, reverse=True):
        difference = arm.difference
        against = "" if difference is None else _difference(difference, objective)
        name = f"**{arm.name}**" if arm.name == result.verdict.arm else arm.name
        lines.append(
            f"| {name} | {_score(arm.decision_score, objective)} "
            f"{_interval(arm.decision_interval, objective)} "
            f"| {_score(arm.argmax_score, objective)} | {against} |"
        )
    lines += [
        f"| *{reference.name}* (reference) | {_score(reference.score, objective)} "
        f"{_interval(reference.interval, objective)} | | |"
        for reference in result.references
    ]
    return "\n".join(lines)


def _score(utility: float, objective: str) -> str:
    if objective == COST:
        return score_words(utility, objective)
    return f"{own_unit(utility, objective):.4f}"


def _interval(interval: Interval, objective: str) -> str:
    if not isfinite(interval.high - interval.low):
        return "[unknown]"
    ends = (interval.low, interval.high)
    if lower_is_better(objective):
        ends = ends[::-1]
    return f"[{', '.join(_score(end, objective) for end in ends)}]"


def _difference(difference: Difference, objective: str) -> str:
    low, high = difference.interval.low, difference.interval.high
    if lower_is_better(objective):
        words = difference_interval_words(low, high, objective)
        return f"{difference_words(difference.mean, objective)} [{words}]"
    return f"{difference.mean:+.4f} {_interval(difference.interval, objective)}"


def _joined(sections: list[str]) -> str:
    """Join sections in order, leaving out whole sections that would be too much for a tag."""
    text = ""
    for section in sections:
        longer = f"{text}\n\n{section}" if text else section
        if len(longer) <= _LONGEST_NOTE:
            text = longer
    return text
