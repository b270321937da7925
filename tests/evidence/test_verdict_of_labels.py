"""The verdict's words on multi-label data: labels and thresholds, never classes and argmax."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

from focalsweep.evidence.arm_scores import ArmScores
from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.paired import StudentPosterior
from focalsweep.evidence.verdict import reach_verdict
from focalsweep.metrics.objective import multi_label_objective

OUTCOMES = {
    "better": StudentPosterior(mean=0.05, scale=0.005, degrees=9.0),
    "not_better": StudentPosterior(mean=0.0, scale=0.005, degrees=9.0),
    "undecided": StudentPosterior(mean=0.02, scale=0.05, degrees=9.0),
}
FAMILIES = {
    "binary_cross_entropy": "cross_entropy",
    "pos_weighted": "class_weights",
    "binary_focal": "focal",
}


def arm(name: str) -> ArmScores:
    scores = np.full(10, 0.5)
    return ArmScores(
        name=name,
        label=name,
        family=FAMILIES[name],
        inner=scores,
        argmax=scores,
        decision=scores,
    )


def told(*, focal: str, rivals: str, rule: str, arms=tuple(FAMILIES)):
    """Reach the verdict where each question is answered as told, whatever the scores."""

    def compare(left, right):
        one, other = left[0], right[0]
        if one.arm == other.arm:
            return OUTCOMES[rule]
        return OUTCOMES[focal if FAMILIES[one.arm] == "focal" else rivals]

    return reach_verdict(
        [arm(name) for name in arms],
        compare=compare,
        objective=multi_label_objective("macro_f1"),
        rule=VerdictRule(),
    )


@pytest.mark.parametrize(("focal", "rivals", "rule"), list(product(OUTCOMES, repeat=3)))
def test_no_sentence_speaks_of_classes_or_argmax(focal, rivals, rule):
    comparisons, verdict = told(focal=focal, rivals=rivals, rule=rule)
    said = [verdict.text]
    said += [f"{each.question} {each.left} {each.right}" for each in comparisons]
    for text in said:
        assert not re.search(r"\bclass|argmax|decision weights", text), text


def test_thresholds_are_recommended_by_what_they_do():
    _, verdict = told(focal="not_better", rivals="not_better", rule="better")
    assert verdict.decision == "use_decision_weights"
    assert "call a label where its probability exceeds its fitted threshold" in verdict.text


def test_positive_weights_are_called_by_their_name():
    _, verdict = told(focal="not_better", rivals="better", rule="not_better")
    assert verdict.text.startswith("Use positive weights: arm `pos_weighted`.")


def test_a_sweep_without_rivals_names_those_of_labels():
    _, verdict = told(
        focal="not_better",
        rivals="not_better",
        rule="not_better",
        arms=("binary_cross_entropy", "binary_focal"),
    )
    assert "No weighted, adjusted or other rival" in verdict.text
