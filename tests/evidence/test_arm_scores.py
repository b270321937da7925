from typing import get_args

import numpy as np
import pytest

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_scores import (
    SIMPLEST_FIRST,
    ArmScores,
    Pick,
    fold_scores,
    most_often,
    representatives,
    simplest_first,
)
from focalsweep.evidence.result import Decision
from focalsweep.evidence.verdict import DECISION_OF_FAMILY
from focalsweep.evidence.verdict_text import RIVAL_NAMES


def arm(name, family, inner, argmax=None, decision=None, inner_decision=None):
    inner = np.array(inner, dtype=float)
    return ArmScores(
        name=name,
        label=name,
        family=family,
        inner=inner,
        argmax=inner if argmax is None else np.array(argmax),
        decision=inner if decision is None else np.array(decision),
        inner_decision=None if inner_decision is None else np.array(inner_decision),
    )


def test_the_best_inner_score_represents_a_side_whatever_the_outer_scores():
    one = arm("one", "focal", [0.5, 0.7], decision=[0.0, 0.0])
    two = arm("two", "focal", [0.6, 0.6], decision=[1.0, 1.0])
    assert representatives([one, two]) == ("two", "one")


def test_a_side_is_represented_by_the_rule_that_it_is_judged_by():
    # By argmax the first is ahead; with decision weights, which judge, the second is.
    plain = arm("plain", "cross_entropy", [0.60, 0.60], inner_decision=[0.61, 0.66])
    weighted = arm("weighted", "class_weights", [0.55, 0.55], inner_decision=[0.65, 0.65])
    assert representatives([plain, weighted]) == ("weighted", "plain")
    np.testing.assert_array_equal(plain.judged, [0.61, 0.66])
    np.testing.assert_array_equal(arm("x", "focal", [0.6]).judged, [0.6])


@pytest.mark.parametrize("reverse", [False, True])
def test_ties_go_to_the_simplest_family(reverse):
    families = SIMPLEST_FIRST
    arms = [arm(family, family, [0.5, 0.5 + 1e-15]) for family in families]
    for simplest in range(len(families)):
        some = arms[simplest:][::-1] if reverse else arms[simplest:]
        assert representatives(some) == (families[simplest],) * 2
        assert most_often([a.name for a in some], some).name == families[simplest]


def test_every_family_has_a_place_a_decision_and_a_name():
    families = set(get_args(Family))
    assert len(SIMPLEST_FIRST) == len(families)
    assert set(SIMPLEST_FIRST) == set(DECISION_OF_FAMILY) == families
    assert set(RIVAL_NAMES) == families - {"cross_entropy", "focal", "labels"}
    unsettled = {"not_enough_data", "budget_too_small", "use_decision_weights"}
    assert set(DECISION_OF_FAMILY.values()) | unsettled == set(get_args(Decision))


def test_ties_inside_a_family_go_to_the_first_given():
    arms = [arm("b", "focal", [0.5]), arm("a", "focal", [0.5]), arm("c", "class_weights", [0.4])]
    assert representatives(arms) == ("b",)
    assert [a.name for a in simplest_first(arms)] == ["c", "b", "a"]


def test_the_arm_named_most_often_wins_over_a_simpler_one():
    arms = [arm("simple", "class_weights", [0.5]), arm("focal", "focal", [0.5])]
    assert most_often(["focal", "simple", "focal"], arms).name == "focal"


def test_a_pick_reads_the_score_with_or_without_decision_weights():
    arms = {"a": arm("a", "focal", [0, 0, 0], [1, 2, 3], [4, 5, 6])}
    picks = [Pick("a", True), Pick("a", False), Pick("a", True)]
    np.testing.assert_array_equal(fold_scores(arms, picks), [4, 2, 6])


@pytest.mark.parametrize("decision", [[0.1], [0.1, np.nan], [[0.1, 0.2]]])
def test_scores_of_other_shape_or_not_finite_are_refused_with_the_arms_name(decision):
    with pytest.raises(ValueError, match="arm `x`"):
        arm("x", "focal", [0.1, 0.2], decision=decision)
