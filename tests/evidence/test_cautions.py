"""What makes a result less trustworthy, in sentences."""

import pytest

from focalsweep.evidence.arm_facts import ArmResult, BestPoint, Search
from focalsweep.evidence.cautions import cautions
from focalsweep.evidence.facts import ClassFacts, Interval
from focalsweep.evidence.result import ReferenceResult

CLASSES = (
    ClassFacts(name="common", count=90, share=0.9),
    ClassFacts(name="rare", count=10, share=0.1),
)
UNKNOWN = Interval(low=0.0, high=1.0)


def arm(name="focal_gamma", *, argmax=0.5, decision=0.5, searched=True, **changed) -> ArmResult:
    search = Search(
        **{
            "best_so_far": (0.5,),
            "best_so_far_low": (0.5,),
            "best_so_far_high": (0.5,),
            "estimator": "order",
            "failed_share": 0.0,
            "at_edge": (),
            "optimism": 0.0,
            "worse_than_control": False,
        }
        | changed
    )
    best = BestPoint(
        trial=0,
        inner_score=0.5,
        epochs=1,
        parameters={},
        learning_rate=1e-3,
        weight_decay=0.0,
        alpha=(1.0, 1.0),
        gamma=(0.0, 0.0),
        alpha_negative=(),
        gamma_negative=(),
        clip=0.0,
        offset=(0.0, 0.0),
        decision_weights=None,
        thresholds=(),
        curve=(0.5,),
        scale=(),
        margin=(),
        smoothing=0.0,
        power=0.0,
        sampling=0.0,
        switch_epoch=None,
        head="linear",
        head_only=False,
        rows=None,
        expected_cost_temperature=None,
        posterior_weight=None,
    )
    # Only what the warnings read: the other numbers are another module's.
    return ArmResult.model_construct(
        name=name,
        argmax_score=argmax,
        decision_score=decision,
        best=best,
        search=search if searched else None,
    )


def reference(score: float, label="Gradient boosting") -> ReferenceResult:
    return ReferenceResult(name="x", label=label, score=score, interval=UNKNOWN)


def found(
    *arms: ArmResult, references=(), classes=CLASSES, regrettable=0.03, judged=True, decides=True
):
    return cautions(
        arms or (arm(),),
        references=references,
        classes=classes,
        smallest_difference=0.01,
        regrettable_difference=regrettable,
        judged=judged,
        decides=decides,
    )


def test_a_sweep_without_trouble_has_no_warnings():
    assert found(arm(), arm("cross_entropy"), references=[reference(0.5)]) == ()


def test_an_arm_whose_search_is_not_known_is_checked_for_nothing():
    assert found(arm(searched=False)) == ()


@pytest.mark.parametrize(("rows", "warned"), [(9, True), (10, False)])
def test_a_class_of_fewer_than_ten_rows_is_named(rows, warned):
    classes = (CLASSES[0], ClassFacts(name="rare", count=rows, share=0.1))
    sentences = found(classes=classes)
    assert bool(sentences) is warned
    assert all("`rare` has 9 rows" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("edge", "key", "side"),
    [
        ("gamma.high", "`loss.focal_gamma.search.gamma.high`", "upper"),
        ("delta.low", "`loss.focal_gamma.search.delta.low`", "lower"),
        ("learning_rate.low", "`optimizer.search.learning_rate.low`", "lower"),
        ("weight_decay.high", "`optimizer.search.weight_decay.high`", "upper"),
    ],
)
def test_an_edge_is_named_with_the_key_that_widens_it(edge, key, side):
    (sentence,) = found(arm(at_edge=(edge,)))
    assert key in sentence
    assert f"`{edge.split('.')[0]}` at the {side} end" in sentence


def test_arms_at_the_edge_of_one_shared_range_are_one_sentence():
    sentences = found(
        arm("a", at_edge=("learning_rate.high", "gamma.high")),
        arm("b", at_edge=("learning_rate.high",)),
    )
    assert len(sentences) == 2
    assert "Most searches of `a` and `b` chose `learning_rate`" in sentences[0]


@pytest.mark.parametrize(("share", "warned"), [(0.1, False), (0.11, True)])
def test_more_than_a_tenth_of_failed_trials_is_too_much(share, warned):
    sentences = found(arm(failed_share=share))
    assert [sentence[:31] for sentence in sentences] == ["Up to 11% of the trials of `foc"] * warned


@pytest.mark.parametrize(("optimism", "warned"), [(0.03, False), (0.031, True), (-0.5, False)])
def test_an_inner_score_that_tests_do_not_bear_out_is_overfitted_validation(optimism, warned):
    sentences = found(arm(optimism=optimism))
    assert ["0.031 better than the scores on test rows" in each for each in sentences] == [
        True
    ] * warned


def test_log_loss_has_no_decision_rules_to_speak_of():
    worse, ahead = arm(worse_than_control=True), [reference(0.9)]
    assert all("decision rules" in each for each in found(worse, references=ahead))
    assert "decision" not in " ".join(found(worse, references=ahead, decides=False))


def test_nothing_is_said_of_what_searches_did_where_there_is_no_verdict():
    # "Fewer trials would help" beside "too little was tried", and harm that nobody measured.
    searched = arm(optimism=0.4, worse_than_control=True)
    assert len(found(searched)) == 2
    assert found(searched, judged=False) == ()
    (ahead,) = found(arm(), references=[reference(0.9)], judged=False)
    assert "the network may matter more than the loss" in ahead


def test_the_largest_number_stands_for_all_arms_of_one_sentence():
    (sentence,) = found(*(arm(name, optimism=0.04 + i / 100) for i, name in enumerate("abcdef")))
    assert "`a`, `b`, `c`, `d` and 2 more" in sentence
    assert "up to 0.09 better" in sentence


def test_arms_below_cross_entropy_are_named():
    (one,) = found(arm("a", worse_than_control=True), arm("b"))
    assert one.startswith("`a` is worse than cross-entropy by more than 0.03")
    (two,) = found(arm("a", worse_than_control=True), arm("b", worse_than_control=True))
    assert two.startswith("`a` and `b` are worse than cross-entropy by more than 0.03")


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (0.605, ()),
        (0.62, ("the network may matter more than the loss",)),
        (0.64, ("the network is the problem and not the loss",)),
    ],
)
def test_a_reference_above_every_arm_says_that_the_network_may_be_the_problem(score, said):
    references = [reference(0.1, "Logistic regression"), reference(score)]
    # References have no decision weights, so those of arms do not count either.
    for decided in (0.5, 0.9):
        sentences = found(arm(argmax=0.6, decision=decided), arm("b"), references=references)
        assert len(sentences) == len(said)
        for sentence, words in zip(sentences, said, strict=True):
            ahead = f"{score - 0.6:.3g} better than every arm, decision rules aside"
            assert sentence.startswith(f"Gradient boosting (scikit-learn) is {ahead}: {words}")


def test_a_plateau_of_equal_trials_is_named_with_what_helps():
    assert found(arm("a", equal_share=0.5)) == ()
    (sentence,) = found(arm("a", equal_share=0.8), arm("b", equal_share=1.0), arm("c"))
    assert sentence.startswith("Most trials of `a` and `b` are worth exactly the same")
    assert "smallest log-loss" in sentence


def test_log_losses_are_negative_and_compared_the_same_way():
    assert found(arm(argmax=-0.9, decision=-0.9), references=[reference(-0.895)]) == ()
    (sentence,) = found(arm(argmax=-0.9, decision=-0.9), references=[reference(-0.5)])
    assert "0.4 better than every arm" in sentence


def test_every_warning_is_one_sentence():
    classes = (CLASSES[0], ClassFacts(name="rare", count=3, share=0.1))
    sentences = found(
        arm(
            at_edge=("gamma.high",),
            failed_share=0.5,
            equal_share=1.0,
            optimism=0.2,
            worse_than_control=True,
        ),
        references=[reference(0.9)],
        classes=classes,
    )
    assert len(sentences) == 7
    for sentence in sentences:
        assert sentence.endswith(".")
        assert ". " not in sentence
