"""The verdict's rule: its truth table, its error rates, and sweeps that lack a side."""

import math
import re
from itertools import product

import numpy as np
import pytest

from focalsweep.evidence.arm_scores import ArmScores, Pick
from focalsweep.evidence.comparison import VerdictRule, compare_folds, compare_test_rows
from focalsweep.evidence.paired import StudentPosterior
from focalsweep.evidence.verdict import reach_verdict
from focalsweep.metrics.objective import cost_objective, objective

MACRO_F1 = objective("macro_f1")
OUTCOMES = {
    "better": StudentPosterior(mean=0.05, scale=0.005, degrees=9.0),
    "not_better": StudentPosterior(mean=0.0, scale=0.005, degrees=9.0),
    "undecided": StudentPosterior(mean=0.02, scale=0.05, degrees=9.0),
}
FAMILIES = {
    "cross_entropy": "cross_entropy",
    "class_weighted": "class_weights",
    "logit_adjusted": "logit_adjustment",
    "label_smoothing": "label_smoothing",
    "generalised_cross_entropy": "robust",
    "smote": "resampling",
    "two_stage": "two_stage",
    "cross_entropy_cosine": "cosine_head",
    "ldam": "margin",
    "focal_folklore": "folklore",
    "focal_gamma": "focal",
    "focal_gamma_tau": "focal",
    "cross_entropy_cleaned": "labels",
}


def arm(name, inner=0.5, folds=10, scores=None, decision=None):
    """An arm of the name's family; a number stands for the same one in every fold."""
    scores = np.full(folds, 0.5) if scores is None else scores
    return ArmScores(
        name=name,
        label=name,
        family=FAMILIES[name],
        inner=np.broadcast_to(np.asarray(inner, dtype=float), (folds,)),
        argmax=scores,
        decision=scores if decision is None else decision,
    )


# class_weighted has the best inner score of the rivals, so it represents them.
SWEEP = [arm("focal_gamma"), arm("cross_entropy", 0.4), arm("class_weighted", 0.6)]


def answers(
    *,
    focal="not_better",
    rivals="not_better",
    weights="not_better",
    control=None,
    labels="not_better",
):
    """A comparison that answers each question as told, whatever the scores."""

    def compare(left, right):
        one, other = left[0], right[0]
        if one.arm == other.arm:
            assert (one.decision_weights, other.decision_weights) == (True, False)
            return OUTCOMES[weights]
        if FAMILIES[one.arm] == "labels":
            return OUTCOMES[labels]
        if other.arm == "cross_entropy" and FAMILIES[one.arm] == "focal":
            return OUTCOMES[control or focal]
        return OUTCOMES[focal if FAMILIES[one.arm] == "focal" else rivals]

    return compare


def verdict_of(arms, compare, rule=None, by=MACRO_F1, shortfall=None):
    return reach_verdict(
        arms, compare=compare, objective=by, rule=rule or VerdictRule(), shortfall=shortfall
    )


@pytest.mark.parametrize(("focal", "rivals", "weights"), list(product(OUTCOMES, repeat=3)))
def test_the_first_question_answered_better_decides(focal, rivals, weights):
    if focal == "better":
        expected = ("use_focal", "focal_gamma")
    elif rivals == "better":
        expected = ("use_class_weights", "class_weighted")
    elif weights == "better":
        expected = ("use_decision_weights", "cross_entropy")
    elif focal == rivals == "not_better":
        expected = ("keep_cross_entropy", "cross_entropy")
    else:
        expected = ("not_enough_data", "cross_entropy")
    _, verdict = verdict_of(SWEEP, answers(focal=focal, rivals=rivals, weights=weights))
    assert (verdict.decision, verdict.arm) == expected


@pytest.mark.parametrize(("focal", "rivals", "weights"), list(product(OUTCOMES, repeat=3)))
def test_nothing_is_claimed_where_too_little_was_tried(focal, rivals, weights):
    short = "1 of 12 trials done; the same command with `minutes=20` goes on"
    comparisons, verdict = verdict_of(
        SWEEP, answers(focal=focal, rivals=rivals, weights=weights), shortfall=short
    )
    assert (verdict.decision, verdict.arm) == ("budget_too_small", "cross_entropy")
    assert verdict.text.startswith(f"Too little was tried to tell: {short}.")
    assert {comparison.outcome for comparison in comparisons} == {"undecided"}
    for claim in ("keep", "does not usefully", "do not usefully", "ot enough data", "robability"):
        assert claim not in verdict.text


def test_a_holdout_says_that_one_training_set_was_used():
    _, several = verdict_of(SWEEP, answers())
    _, one = verdict_of([arm(name, folds=1) for name in FAMILIES], answers())
    assert "One training set was used" in one.text
    assert "One training set was used" not in several.text


@pytest.mark.parametrize(
    ("best", "decision"),
    [
        ("class_weighted", "use_class_weights"),
        ("logit_adjusted", "use_logit_adjustment"),
        ("label_smoothing", "use_label_smoothing"),
        ("generalised_cross_entropy", "use_robust_loss"),
        ("smote", "use_resampling"),
        ("two_stage", "use_two_stage"),
        ("cross_entropy_cosine", "use_cosine_head"),
        ("ldam", "use_margin_loss"),
        ("focal_folklore", "use_focal"),
    ],
)
def test_a_better_rival_is_recommended_by_its_family(best, decision):
    names = set(FAMILIES) - {"focal_gamma_tau", "cross_entropy_cleaned"}
    arms = [arm(name, 0.6 if name == best else 0.5) for name in names]
    comparisons, verdict = verdict_of(arms, answers(rivals="better"))
    assert (verdict.decision, verdict.arm) == (decision, best)
    assert comparisons[0].right_arms == (best,) * 10


def test_copied_focal_loss_is_a_rival_and_never_stands_for_focal_loss():
    arms = [arm("cross_entropy"), arm("focal_folklore", 0.9), arm("focal_gamma", 0.1)]
    comparisons, verdict = verdict_of(arms, answers(focal="better"))
    assert comparisons[0].left_arms == ("focal_gamma",) * 10
    assert comparisons[0].right_arms == ("focal_folklore",) * 10
    assert verdict.arm == "focal_gamma"


def test_each_outer_fold_is_represented_by_its_best_inner_score():
    tau = np.where(np.arange(10) < 7, 0.8, 0.2)
    arms = [*SWEEP, arm("focal_gamma_tau", tau)]
    comparisons, verdict = verdict_of(arms, answers(focal="better"))
    assert comparisons[0].left_arms == ("focal_gamma_tau",) * 7 + ("focal_gamma",) * 3
    assert verdict.arm == "focal_gamma_tau"
    assert "most often `focal_gamma_tau`" in verdict.text


def test_decision_weights_stand_on_both_sides_of_every_loss_comparison():
    seen = []

    def compare(left, right):
        seen.append((left, right))
        return OUTCOMES["undecided"]

    verdict_of(SWEEP, compare)
    losses = [(left, right) for left, right in seen if left[0].arm != right[0].arm]
    assert len(losses) == 3
    assert all(pick.decision_weights for pair in losses for side in pair for pick in side)


def test_focal_loss_is_not_recommended_where_cross_entropy_alone_is_kept_against_it():
    contradicted = answers(focal="better", control="not_better")
    _, verdict = verdict_of(SWEEP, contradicted)
    assert (verdict.decision, verdict.arm) == ("not_enough_data", "cross_entropy")
    assert "does not usefully beat cross-entropy itself" in verdict.text
    _, verdict = verdict_of(SWEEP, answers(focal="better", control="undecided"))
    assert verdict.decision == "use_focal"
    assert "Whether focal loss beats cross-entropy itself is not settled" in verdict.text


def test_confidence_is_the_probability_behind_the_leading_statement():
    better, kept = OUTCOMES["better"], OUTCOMES["not_better"]
    for questions in ({"focal": "better"}, {"rivals": "better"}, {"weights": "better"}):
        _, verdict = verdict_of(SWEEP, answers(**questions))
        assert verdict.confidence == pytest.approx(better.probability_above(0.01))
    _, verdict = verdict_of(SWEEP, answers())
    assert verdict.confidence == pytest.approx(1 - kept.probability_above(0.03))
    _, verdict = verdict_of(SWEEP, answers(rivals="undecided"))
    assert verdict.confidence is None


def named(comparisons):
    return {comparison.question for comparison in comparisons}


@pytest.mark.parametrize(
    ("names", "decision", "arm_used", "said"),
    [
        (["cross_entropy"], "not_enough_data", "cross_entropy", "No other loss was compared"),
        (
            ["cross_entropy", "focal_gamma"],
            "keep_cross_entropy",
            "cross_entropy",
            "No class-weighted, resampled or other rival was in the sweep",
        ),
        (
            ["cross_entropy", "class_weighted"],
            "keep_cross_entropy",
            "cross_entropy",
            "No tuned focal arm was in the sweep",
        ),
        (
            ["class_weighted", "focal_gamma"],
            "use_class_weights",
            "class_weighted",
            "Cross-entropy was not in the sweep",
        ),
        (
            ["focal_gamma", "focal_gamma_tau"],
            "not_enough_data",
            "focal_gamma",
            "Only focal arms were in the sweep",
        ),
    ],
)
@pytest.mark.parametrize("by", ["macro_f1", "log_loss"])
def test_a_missing_side_is_left_out_and_said(names, decision, arm_used, said, by):
    arms = [arm(name) for name in names]
    comparisons, verdict = verdict_of(arms, answers(), by=objective(by))
    assert (verdict.decision, verdict.arm) == (decision, arm_used)
    assert said in verdict.text
    if "cross_entropy" not in names:
        assert not any("cross-entropy" in question for question in named(comparisons))


def test_the_kept_rival_of_a_sweep_without_cross_entropy_may_be_copied_focal_loss():
    arms = [arm("focal_folklore"), arm("focal_gamma")]
    _, verdict = verdict_of(arms, answers())
    assert (verdict.decision, verdict.arm) == ("use_focal", "focal_folklore")


def test_under_costs_the_text_speaks_of_the_decision_layer():
    compare = answers(weights="better")
    comparisons, verdict = verdict_of(SWEEP, compare, by=cost_objective([[0, 1], [5, 0]]))
    assert verdict.decision == "use_decision_weights"
    assert "let the decision layer (expected-cost rule or weights) decide" in verdict.text
    assert "The decision layer helps `cross_entropy`" in verdict.text
    assert "Does the decision layer help `cross_entropy`?" in named(comparisons)
    assert "decision weights" not in verdict.text


def test_a_saving_is_no_reason_to_keep_what_costs_four_times_as_much():
    """60 frauds of 200 in 18,000 rows: cross-entropy sees none, class weights see most."""
    wiggle = 0.1 * np.cos(np.arange(10))
    arms = [
        arm("cross_entropy", -0.667, scores=np.full(10, -0.667)),
        arm("class_weighted", -0.167, scores=-0.167 + wiggle),
        arm("focal_gamma", -0.667, scores=np.full(10, -0.667)),
    ]
    _, verdict = verdict_of(
        arms,
        compare_folds(arms, test_train_ratio=0.25),
        rule=VerdictRule().in_unit(0.667),
        by=cost_objective([[0, 200], [1, 0]]),
    )
    assert (verdict.decision, verdict.arm) == ("use_class_weights", "class_weighted")
    assert "beats cross-entropy: saves 0.504 a row (95% interval saves 0.4" in verdict.text
    assert "probability 0.99 of saving more than 0.00667" in verdict.text
    assert "(`class_weighted`; the decision layer on both sides): costs 0.504 more a row" in (
        verdict.text
    )


def test_nobody_is_told_to_keep_what_a_loss_is_surely_ahead_of():
    small = StudentPosterior(mean=0.005, scale=0.001, degrees=9.0)
    for asked in (
        ("focal_gamma", "class_weighted"),
        ("focal_gamma", "cross_entropy"),
        ("class_weighted", "cross_entropy"),
    ):

        def compare(left, right, *, asked=asked):
            return small if (left[0].arm, right[0].arm) == asked else OUTCOMES["not_better"]

        _, verdict = verdict_of(SWEEP, compare)
        assert (verdict.decision, verdict.confidence) == ("not_enough_data", None), asked
        assert verdict.text.startswith("A loss is ahead, but not surely by an amount that counts")
        assert "but by how much is not settled: +0.005 macro-F1 (95% interval" in verdict.text


def test_log_loss_compares_no_decision_weights_and_reads_in_its_own_direction():
    def compare(left, right):
        assert not any(pick.decision_weights for pick in [*left, *right])
        return OUTCOMES["better"]

    comparisons, verdict = verdict_of(SWEEP, compare, by=objective("log_loss"))
    assert verdict.decision == "use_focal"
    assert not any("decision weights" in question for question in named(comparisons))
    assert comparisons[0].mean == 0.05  # a utility: up is better
    assert "0.050 lower log-loss (95% interval 0.039 to 0.061 lower" in verdict.text
    assert "ecision weights" not in verdict.text


@pytest.mark.parametrize(("focal", "rivals", "weights"), list(product(OUTCOMES, repeat=3)))
def test_the_text_is_two_to_five_sentences_with_numbers_and_the_arm(focal, rivals, weights):
    _, verdict = verdict_of(SWEEP, answers(focal=focal, rivals=rivals, weights=weights))
    sentences = re.split(r"(?<=\.) ", verdict.text)
    assert 2 <= len(sentences) <= 5
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)
    assert f"`{verdict.arm}`" in sentences[0]
    assert f"{OUTCOMES[focal].mean:+.3f} macro-F1 (95% interval" in verdict.text
    settled = "Whether focal loss (`focal_gamma`) beats the best other loss (`class_weighted`;"
    assert (settled in verdict.text) == (focal == "undecided")
    help_words = {
        "better": f"Decision weights help `{verdict.arm}`",
        "not_better": f"Decision weights do not usefully help `{verdict.arm}`",
        "undecided": f"Whether decision weights help `{verdict.arm}` is not settled",
    }
    assert help_words[weights] in verdict.text


def test_probabilities_in_the_text_never_claim_more_than_was_found():
    just_short = StudentPosterior(mean=0.02811, scale=0.0099, degrees=9.0)
    assert 0.945 < just_short.probability_above(0.01) < 0.95
    _, verdict = verdict_of(SWEEP, lambda left, right: just_short)
    assert verdict.decision == "not_enough_data"
    assert "probability 0.94 of a gain above 0.01, 0.95 is asked" in verdict.text


def test_differences_without_spread_or_from_one_fold_are_said_to_be_so():
    exact = StudentPosterior(mean=0.05, scale=0.0, degrees=9.0)
    _, verdict = verdict_of(SWEEP, lambda left, right: exact)
    assert verdict.decision == "use_focal"
    assert verdict.confidence == 1.0
    assert "+0.050 macro-F1 (the same in all 10 folds, which no test can judge" in verdict.text
    one_fold = [arm(a.name, a.inner[0], folds=1) for a in SWEEP]
    _, verdict = verdict_of(one_fold, compare_folds(one_fold, test_train_ratio=0.25))
    assert verdict.decision == "not_enough_data"
    assert "a single fold, of unknown spread" in verdict.text
    assert not re.search(r"\b(inf|nan)\b", verdict.text)


@pytest.mark.parametrize(("folds", "decision"), [(2, "not_enough_data"), (10, "use_focal")])
def test_a_gain_that_is_the_same_in_two_small_folds_is_no_claim(folds, decision):
    arms = [
        arm(name, score, scores=np.full(folds, score), folds=folds)
        for name, score in (("cross_entropy", 0.5), ("focal_gamma", 0.6))
    ]
    comparisons, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
    assert verdict.decision == decision
    assert (comparisons[0].outcome == "better") == (decision == "use_focal")
    assert ("the same in both folds, too few to tell its spread" in verdict.text) == (folds == 2)


def test_a_tie_in_two_small_folds_does_not_show_that_there_is_no_gain():
    arms = [
        arm(name, 0.5, scores=np.full(2, 0.5), folds=2) for name in ("cross_entropy", "focal_gamma")
    ]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=1.0))
    assert verdict.decision == "not_enough_data"


@pytest.mark.parametrize(
    ("ahead", "decision"), [(1e-16, "keep_cross_entropy"), (1e-6, "not_enough_data")]
)
def test_rounding_is_no_lead(ahead, decision):
    arms = [
        arm(name, score, scores=np.full(10, score))
        for name, score in (("cross_entropy", 0.1), ("focal_gamma", 0.1 + ahead))
    ]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
    assert verdict.decision == decision
    assert ("is ahead" in verdict.text) == (decision == "not_enough_data")


CLEANED = [*SWEEP, arm("cross_entropy_cleaned", 0.99)]


def test_an_arm_without_suspects_is_on_no_side_of_the_questions_about_losses():
    comparisons, _ = verdict_of(CLEANED, answers())
    by_question = {comparison.question: comparison for comparison in comparisons}
    asked = by_question.pop("Does removing suspect labels help cross-entropy?")
    assert asked.left_arms == ("cross_entropy_cleaned",) * 10
    assert asked.right_arms == ("cross_entropy",) * 10
    for comparison in by_question.values():
        assert "cross_entropy_cleaned" not in comparison.left_arms + comparison.right_arms


@pytest.mark.parametrize("labels", OUTCOMES)
def test_labels_decide_only_where_removing_suspects_is_better_and_gains_most(labels):
    _, verdict = verdict_of(CLEANED, answers(labels=labels))
    fixed = ("fix_labels", "cross_entropy_cleaned")
    kept = ("keep_cross_entropy", "cross_entropy")
    assert (verdict.decision, verdict.arm) == (fixed if labels == "better" else kept)
    said = {
        "better": "Removing suspect labels (`cross_entropy_cleaned`) helps cross-entropy, and more "
        "than the best loss does (+0.000 against it, on average): +0.050 macro-F1",
        "not_better": "Removing suspect labels (`cross_entropy_cleaned`) does not usefully help",
        "undecided": "Whether removing suspect labels (`cross_entropy_cleaned`) helps "
        "cross-entropy is not settled",
    }
    assert said[labels] in verdict.text
    sentences = re.split(r"(?<=\.) ", verdict.text)
    assert 2 <= len(sentences) <= 6
    assert f"`{verdict.arm}`" in sentences[0]


@pytest.mark.parametrize("question", ["focal", "rivals"])
def test_a_loss_that_gains_as_much_as_removing_suspects_keeps_its_decision(question):
    _, verdict = verdict_of(CLEANED, answers(labels="better", **{question: "better"}))
    assert verdict.decision == {"focal": "use_focal", "rivals": "use_class_weights"}[question]
    assert "helps cross-entropy, but no more than the best loss does (+0.050" in verdict.text


def test_without_any_other_loss_removing_suspects_has_nothing_to_exceed():
    arms = [arm("cross_entropy"), arm("cross_entropy_cleaned")]
    _, verdict = verdict_of(arms, answers(labels="better"))
    assert (verdict.decision, verdict.arm) == ("fix_labels", "cross_entropy_cleaned")
    assert "best loss" not in verdict.text
    assert verdict.confidence == pytest.approx(OUTCOMES["better"].probability_above(0.01))
    _, verdict = verdict_of(arms, answers())
    assert (verdict.decision, verdict.arm) == ("not_enough_data", "cross_entropy")


def test_many_kinds_of_rivals_are_counted_and_few_are_named():
    few = [arm("cross_entropy"), arm("class_weighted"), arm("smote"), arm("ldam")]
    _, verdict = verdict_of(few, answers())
    assert "The best of class weighting, resampling and margin loss (" in verdict.text
    _, verdict = verdict_of([*few, arm("two_stage")], answers())
    assert "The best of 4 other kinds of training (" in verdict.text


# Ten folds that rise by 0.02 each, which pairing takes away, and a small wiggle, so that a planted
# gain is seen; a wild one hides it.
FOLDS, WIGGLE = 0.4 + 0.02 * np.arange(10), 0.002 * np.cos(np.arange(10))
WILD = 0.2 * np.cos(2.0 * np.arange(10))
PLANTED = {
    "no difference": ({}, None, "keep_cross_entropy", "cross_entropy"),
    "focal": ({"focal_gamma": 0.05}, None, "use_focal", "focal_gamma"),
    "focal, but by too little": ({"focal_gamma": 0.005}, None, "not_enough_data", None),
    "weights": ({"class_weighted": 0.05}, None, "use_class_weights", "class_weighted"),
    "both alike": (
        {"focal_gamma": 0.05, "class_weighted": 0.05},
        None,
        "use_class_weights",
        "class_weighted",
    ),
    "focal above a good rival": (
        {"focal_gamma": 0.1, "class_weighted": 0.05},
        None,
        "use_focal",
        "focal_gamma",
    ),
    "copied focal": ({"focal_folklore": 0.05}, None, "use_focal", "focal_folklore"),
    "sampling": ({"smote": 0.05}, None, "use_resampling", "smote"),
    "margins": ({"ldam": 0.05}, None, "use_margin_loss", "ldam"),
    "thresholds": ({"decision": 0.05}, None, "use_decision_weights", "cross_entropy"),
    "thresholds, and focal as much": (
        {"decision": 0.05, "focal_gamma": 0.05},
        None,
        "use_focal",
        "focal_gamma",
    ),
    "labels": ({"cross_entropy_cleaned": 0.05}, None, "fix_labels", "cross_entropy_cleaned"),
    "labels above a good loss": (
        {"cross_entropy_cleaned": 0.08, "generalised_cross_entropy": 0.05},
        None,
        "fix_labels",
        "cross_entropy_cleaned",
    ),
    "labels below a better loss": (
        {"cross_entropy_cleaned": 0.05, "generalised_cross_entropy": 0.08},
        None,
        "use_robust_loss",
        "generalised_cross_entropy",
    ),
    "a gain in wild folds": (
        {"focal_gamma": 0.05},
        "focal_gamma",
        "not_enough_data",
        "cross_entropy",
    ),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_fold_scores_end_in_the_decision_that_they_call_for(case):
    gains, wild, decision, used = PLANTED[case]
    arms = []
    for position, name in enumerate(FAMILIES):
        gain = gains.get(name, 0.0)
        scores = FOLDS + gain + np.roll(WILD if name == wild else WIGGLE, position)
        after = scores + gains.get("decision", 0.0)
        arms.append(arm(name, 0.5 + gain, scores=scores, decision=after))
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
    assert verdict.decision == decision
    assert verdict.arm == (used or "cross_entropy")


@pytest.mark.parametrize("arms", [[], [arm("cross_entropy", folds=2), arm("focal_gamma", folds=3)]])
def test_arms_over_other_folds_or_none_are_refused(arms):
    with pytest.raises(ValueError, match="`arms` must be"):
        verdict_of(arms, answers())


def simulated(rng, *, gain=0.0, weights_gain=0.0, names=("class_weighted", "focal_gamma"), sd=0.02):
    """Arms over ten outer folds (five, twice) whose scores share fold effects.

    An arm's own noise has the correlation 1/5 between folds that the corrected t assumes.
    """
    folds = 0.6 + 0.05 * rng.normal(size=10)

    def noise():
        return sd * (math.sqrt(0.2) * rng.normal() + math.sqrt(0.8) * rng.normal(size=10))

    arms = []
    for name in ("cross_entropy", *names):
        scores = folds + noise() + (gain if FAMILIES[name] == "focal" else 0.0)
        inner = scores.mean() + 0.01 * rng.normal(size=10)
        decision = scores + weights_gain + noise() / 2
        arms.append(arm(name, inner, scores=scores, decision=decision))
    return arms


def decisions(number, seed, **truth):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        arms = simulated(rng, **truth)
        _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
        found.append(verdict.decision)
    return found


def test_sweeps_without_any_true_difference_seldom_end_in_a_recommendation():
    # Three looks of at most 5% each would allow 15%; a null that is 0.01 below the threshold is
    # rarer. Of 300 sweeps at 5%, 99.9% have no more than 28.
    found = decisions(300, seed=7, names=("class_weighted", "logit_adjusted", "focal_gamma"))
    wrong = [name for name in found if name.startswith("use_")]
    assert len(wrong) <= 28
    assert "keep_cross_entropy" in found


def test_a_gain_of_just_the_smallest_difference_passes_one_time_in_twenty():
    # One rival, one focal arm, true gain 0.01: the rule's own level. Of 600 at 5%, 99.9% of counts
    # lie within 14 .. 49.
    found = decisions(600, seed=11, names=("focal_gamma",), gain=0.01)
    assert 14 <= found.count("use_focal") <= 49


def test_large_true_gains_are_found():
    assert decisions(40, seed=3, gain=0.1).count("use_focal") >= 38
    weights = decisions(40, seed=4, weights_gain=0.1)
    assert weights.count("use_decision_weights") >= 34  # few nulls of the losses pass by chance


def test_noisy_scores_of_equal_arms_are_not_enough_data():
    found = decisions(40, seed=5, sd=0.15)
    assert found.count("not_enough_data") >= 30


def test_a_holdout_reaches_its_verdict_through_the_same_rule():
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 3000, p=[0.7, 0.2, 0.1])

    def predicted(right):
        return np.where(rng.random((3, 3000)) < right, labels, rng.integers(0, 3, (3, 3000)))

    rows = {"cross_entropy": 0.6, "class_weighted": 0.62, "focal_gamma": 0.9}
    outputs = {
        Pick(name, weighted): predicted(right)
        for name, right in rows.items()
        for weighted in (True, False)
    }
    arms = [arm(name, right, folds=1) for name, right in rows.items()]
    compare = compare_test_rows(
        outputs, labels=labels, n_classes=3, objective=MACRO_F1, replicates=300
    )
    comparisons, verdict = verdict_of(arms, compare)
    assert (verdict.decision, verdict.arm) == ("use_focal", "focal_gamma")
    assert comparisons[0].left_arms == ("focal_gamma",)
    assert comparisons[0].right_arms == ("class_weighted",)


# The arm that stands highest in the table ---------------------------------------------------------


def test_the_recommended_arm_says_why_it_is_not_the_top_row():
    folds = np.array([0.30, -0.20, 0.25, -0.15, 0.10] * 2)
    arms = [
        arm("focal_gamma", 0.3, scores=np.full(10, 0.3)),
        arm("cross_entropy", 0.5),
        arm("class_weighted", 0.6, scores=0.5 + folds),
    ]
    compare = compare_folds(arms, test_train_ratio=0.25)
    comparisons, verdict = verdict_of(arms, compare)
    assert verdict.arm == "cross_entropy"
    why = r"`class_weighted` has the best score in the table.*?asked\)\."
    (sentence,) = re.findall(why, verdict.text)
    assert "+0.060 against `cross_entropy`" in sentence
    assert "that lead is not sure enough (probability 0." in sentence
    assert all(not each.question.startswith("Is `") for each in comparisons)


def test_a_top_row_that_validation_rows_did_not_pick_is_luck_in_part():
    noise = np.array([0.01, -0.01] * 5)
    arms = [
        arm("focal_gamma", 0.3, scores=np.full(10, 0.3)),
        arm("cross_entropy", 0.4, scores=np.full(10, 0.4)),
        arm("class_weighted", 0.6, scores=0.5 + noise),
        arm("logit_adjusted", 0.5, scores=0.6 + noise),
    ]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
    assert (verdict.decision, verdict.arm) == ("use_class_weights", "class_weighted")
    assert verdict.text.count("best score in the table") == 1
    assert "arms are picked on validation rows, where others were ahead of it" in verdict.text


@pytest.mark.parametrize(("name", "lead"), [("log_loss", "0.060 lower"), ("cost", "saves 0.06")])
def test_where_lower_is_better_the_top_rows_lead_says_so(name, lead):
    by = cost_objective([[0, 1], [4, 0]]) if name == "cost" else objective(name)
    noise = np.array([0.30, -0.20, 0.25, -0.15, 0.10] * 2)
    arms = [
        arm("focal_gamma", -0.9, scores=np.full(10, -0.9)),
        arm("cross_entropy", -0.5, scores=np.full(10, -0.5)),
        arm("class_weighted", -0.4, scores=noise - 0.5),
    ]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25), by=by)
    assert f"`class_weighted` has the best score in the table ({lead} against" in verdict.text


def test_a_recommended_arm_on_top_needs_no_excuse():
    arms = [arm("focal_gamma", 0.3, scores=np.full(10, 0.3)), arm("cross_entropy", 0.5)]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=0.25))
    assert "in the table" not in verdict.text


def test_a_lead_of_unknown_spread_has_no_probability():
    arms = [
        arm("focal_gamma", 0.3, scores=np.full(2, 0.3), folds=2),
        arm("cross_entropy", 0.5, folds=2),
        arm("class_weighted", 0.6, scores=np.full(2, 0.6), folds=2),
    ]
    _, verdict = verdict_of(arms, compare_folds(arms, test_train_ratio=1.0))
    assert "not sure enough (the same in both folds, too few to tell its spread)" in verdict.text
    assert "probability 0.50" not in verdict.text
