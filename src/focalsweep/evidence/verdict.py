"""The verdict: from scores of arms over outer folds to one decision, by one rule.

1. Focal loss against the rivals. The focal arms without the copied one (`family` focal) stand
   against **all others**. The copied point (gamma 2, alpha 0.25: folklore) is therefore a rival:
   it costs no search of gamma and alpha, so it is part of what tuned focal loss has to beat.
2. The rivals other than cross-entropy against cross-entropy. Where the copied point is what wins
   here, the answer is still "use focal loss", with that arm; every other family has an answer of
   its own.
3. Decision weights against argmax, on cross-entropy.

The first of them that is better decides. If none is, and both losses were shown to be not better,
cross-entropy is kept; otherwise there is not enough data, and the simplest arm is kept. So it is
where an interval lies wholly above zero and the gain is not shown to count: nobody is told to keep
what was seen to be behind.

Where too little was tried (`focalsweep.evidence.shortfall`) none of this is asked: the decision is
then that the budget was too small, and comparisons are shown as open.

Before all of them stands one that is not about losses, where the sweep has an arm without suspect
labels (`family` labels, which takes no part in 1 and 2): does removing them help cross-entropy? If
that is better, and by more than the best loss is ahead of cross-entropy on average, the labels are
what to work on. A loss that wins on wrong labels wins by looking away from them.

Cross-entropy is a rival, so what beats the rivals beats cross-entropy, unless inner scores named a
rival that is worse. That is checked: focal loss is not recommended where the same rule says that
it is not better than cross-entropy. A question whose side is not in the sweep is left out, and the
text says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_scores import (
    ArmScores,
    Pick,
    most_often,
    representatives,
    simplest_first,
)
from focalsweep.evidence.comparison import Compare, Side, VerdictRule, compare_sides
from focalsweep.evidence.paired import ROUNDING
from focalsweep.evidence.result import Comparison, Decision, Verdict
from focalsweep.evidence.verdict_text import Findings, Setting, verdict_text
from focalsweep.metrics.objective import Objective

FOCAL_QUESTION = "Is focal loss better than every other loss?"
RIVAL_QUESTION = "Is another loss better than cross-entropy?"

DECISION_OF_FAMILY: dict[Family, Decision] = {
    "cross_entropy": "keep_cross_entropy",
    "class_weights": "use_class_weights",
    "logit_adjustment": "use_logit_adjustment",
    "label_smoothing": "use_label_smoothing",
    "robust": "use_robust_loss",
    "resampling": "use_resampling",
    "two_stage": "use_two_stage",
    "cosine_head": "use_cosine_head",
    "margin": "use_margin_loss",
    "folklore": "use_focal",
    "focal": "use_focal",
    "labels": "fix_labels",
}


def reach_verdict(
    arms: Sequence[ArmScores],
    *,
    compare: Compare,
    objective: Objective,
    rule: VerdictRule,
    shortfall: str | None = None,
) -> tuple[list[Comparison], Verdict]:
    """Compare the sides, decide, and say it in words.

    Parameters
    ----------
    arms : sequence of ArmScores
        Every arm of the sweep, over the same outer folds.
    compare : callable
        From `compare_folds` or `compare_test_rows`.
    objective : Objective
        What the scores are; log-loss has no decisions, so decision weights are not compared.
    rule : VerdictRule
        The thresholds.
    shortfall : str, optional
        Why too little was tried for any answer, from `focalsweep.evidence.shortfall`: the decision
        is then ``budget_too_small``, and no comparison is settled.

    Returns
    -------
    comparisons : list of Comparison
        Every comparison that was made, the deciding questions first.
    verdict : Verdict
        Its `confidence` is the probability behind the decision's leading statement: that the gain
        exceeds the smallest difference; for `keep_cross_entropy`, that no gain exceeds the
        regrettable difference; None for `not_enough_data`, which states nothing.

    Raises
    ------
    ValueError
        When there is no arm, or the arms have different folds.
    """
    if not arms or len({arm.n_folds for arm in arms}) != 1:
        raise ValueError("`arms` must be at least one arm, all over the same outer folds.")
    sides = _Sides(
        arms=arms, compare=compare, objective=objective, rule=rule, settles=shortfall is None
    )
    findings = _findings(sides)
    decision, arm, confidence = _decide(findings, arms)
    if shortfall is not None:
        decision, arm, confidence = "budget_too_small", simplest_first(arms)[0], None
    if arm.family != "cross_entropy" and objective.uses_decisions:
        findings = replace(findings, arm_weights=sides.weights_of(arm))
    if shortfall is None:
        findings = replace(findings, top_row=sides.top_row(arm))
    setting = Setting(arms=arms, objective=objective, rule=rule, shortfall=shortfall)
    text = verdict_text(decision, arm=arm, findings=findings, setting=setting)
    verdict = Verdict(decision=decision, arm=arm.name, text=text, confidence=confidence)
    return findings.comparisons(), verdict


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """Make the comparisons of one sweep."""

    arms: Sequence[ArmScores]
    compare: Compare
    objective: Objective
    rule: VerdictRule
    settles: bool

    def against(
        self, question: str, left: tuple[str, list[ArmScores]], right: tuple[str, list[ArmScores]]
    ) -> Comparison | None:
        """Compare the best arms of two sides, decision weights on both; None without a side."""
        if not left[1] or not right[1]:
            return None
        one, other = (
            Side(
                name=name,
                picks=tuple(
                    Pick(arm, self.objective.uses_decisions) for arm in representatives(members)
                ),
            )
            for name, members in (left, right)
        )
        return self._compare(question, one, other)

    def weights_of(self, arm: ArmScores) -> Comparison:
        """Compare one arm with decision weights against the same arm without."""
        layer, plain = self.objective.decision_words
        with_weights, without = (
            Side(name=name, picks=(Pick(arm.name, weighted),) * arm.n_folds)
            for name, weighted in ((layer, True), (plain, False))
        )
        verb = "Do" if self.objective.costs is None else "Does"
        question = f"{verb} {layer} help `{arm.name}`?"
        return self._compare(question, with_weights, without)

    def top_row(self, recommended: ArmScores) -> Comparison | None:
        """Compare the arm with the best test score with the recommended one; None if they are one.

        Picked by test rows, so it answers no question of the verdict: it explains one.
        """
        weighted = self.objective.uses_decisions

        def score(arm: ArmScores) -> float:
            return float((arm.decision if weighted else arm.argmax).mean())

        top = max(simplest_first(self.arms), key=score)
        if score(top) <= score(recommended) + ROUNDING:
            return None
        one, other = (
            Side(name=arm.name, picks=(Pick(arm.name, weighted),) * arm.n_folds)
            for arm in (top, recommended)
        )
        return self._compare(f"Is `{top.name}` better than `{recommended.name}`?", one, other)

    def _compare(self, question: str, left: Side, right: Side) -> Comparison:
        made = compare_sides(
            question,
            left=left,
            right=right,
            arms=self.arms,
            compare=self.compare,
            rule=self.rule,
        )
        return made if self.settles else made.model_copy(update={"outcome": "undecided"})


def _findings(sides: _Sides) -> Findings:
    focal = [arm for arm in sides.arms if arm.family == "focal"]
    control = [arm for arm in sides.arms if arm.family == "cross_entropy"]
    cleaned = [arm for arm in sides.arms if arm.family == "labels"]
    rivals = [arm for arm in sides.arms if arm.family not in ("focal", "cross_entropy", "labels")]
    return Findings(
        focal=sides.against(
            FOCAL_QUESTION,
            ("focal loss", focal),
            ("other losses", control + rivals),
        ),
        rivals=sides.against(
            RIVAL_QUESTION,
            ("other losses", rivals),
            ("cross-entropy", control),
        ),
        weights=(
            sides.weights_of(control[0]) if control and sides.objective.uses_decisions else None
        ),
        # Without other rivals this would be the first question again.
        focal_control=(
            sides.against(
                "Is focal loss better than cross-entropy?",
                ("focal loss", focal),
                ("cross-entropy", control),
            )
            if rivals
            else None
        ),
        labels=sides.against(
            "Does removing suspect labels help cross-entropy?",
            ("suspect labels removed", cleaned),
            ("cross-entropy", control),
        ),
    )


def _decide(
    findings: Findings, arms: Sequence[ArmScores]
) -> tuple[Decision, ArmScores, float | None]:
    focal, rivals, weights = findings.focal, findings.rivals, findings.weights
    simplest = simplest_first(arms)[0]
    labels = findings.labels
    if labels is not None and labels.outcome == "better" and findings.labels_gain_most:
        return "fix_labels", most_often(labels.left_arms, arms), labels.p_better
    if focal is not None and focal.outcome == "better" and not findings.is_contradicted:
        return "use_focal", most_often(focal.left_arms, arms), focal.p_better
    if rivals is not None and rivals.outcome == "better":
        arm = most_often(rivals.left_arms, arms)
        return DECISION_OF_FAMILY[arm.family], arm, rivals.p_better
    if weights is not None and weights.outcome == "better":
        return "use_decision_weights", simplest, weights.p_better
    made = [comparison for comparison in (focal, rivals) if comparison is not None]
    none_better = all(comparison.outcome == "not_better" for comparison in made)
    if made and none_better and not findings.loss_is_ahead:
        confidence = min(1.0 - comparison.p_much_better for comparison in made)
        # The rival is kept: cross-entropy, or in a sweep without it the best of what there is.
        kept = simplest
        if focal is not None and simplest.family != "cross_entropy":
            kept = most_often(focal.right_arms, arms)
        return DECISION_OF_FAMILY[kept.family], kept, confidence
    return "not_enough_data", simplest, None
