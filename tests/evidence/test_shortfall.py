from __future__ import annotations

from types import SimpleNamespace

import pytest

from focalsweep.evidence.shortfall import BudgetRule, Tried, cut_caution, shortfall, tried
from focalsweep.search.arm import Arm, Range
from focalsweep.search.folds import Evaluation
from focalsweep.search.rounds import OpenStudy
from focalsweep.search.studies import Outcome, Trial

RULE = BudgetRule()


def evaluation(kind="nested", folds=5, repeats=2):
    return Evaluation(
        kind=kind, folds=folds, repeats=repeats, inner_folds=3, refit_seeds=1, test_fraction=0.25
    )


def study(points, *, search=("gamma",), scope="0", failure=None, rates=True):
    """A study whose trials were asked at these numbers."""
    outcome = Outcome(value=None if failure else 0.5, epochs=1, curve=(0.5,), failure=failure)
    trials = [
        Trial(
            number=i,
            parameters={**point, "learning_rate": 0.1 + i} if rates else point,
            outcome=outcome,
        )
        for i, point in enumerate(points)
    ]
    return OpenStudy(
        arm=Arm(
            name="arm",
            label="Arm",
            family="focal",
            make_loss=lambda counts: None,
            search={name: Range(low=0.0, high=5.0, vector=name == "delta") for name in search},
        ),
        scope=SimpleNamespace(name=scope, refit=None if scope == "all" else 0),
        study=SimpleNamespace(finished=lambda: trials),
        equal_priors=False,
        epochs=1,
    )


GAMMAS = [{"gamma": value} for value in (0.0, 2.0, 1.0, 3.0, 4.0, 5.0)]


def said(told, *, asked=12, off=9, folds=10, minutes=None):
    found = Tried(asked=asked, told=told, off_default={"focal_gamma": off}, folds=folds)
    return shortfall(found, RULE, minutes=minutes)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            {"told": 1, "off": 0, "minutes": 20.0},
            "1 of 12 trials done; the same command with `minu",
        ),
        ({"told": 5, "off": 4}, "5 of 12 trials done; leave out `stop_after` for all of them"),
        ({"told": 6, "off": 5}, None),
        ({"told": 12}, None),
        (
            {"told": 6, "off": 2},
            "tried at 2 points other than its default, and 3 are asked; leave o",
        ),
        ({"told": 1, "asked": 1, "off": 0}, "tried at no point other than its default, and 3 are"),
        (
            {"told": 2, "asked": 2, "off": 1},
            "at 1 point other than its default, and 3 are asked; giv",
        ),
        ({"told": 4, "asked": 4, "off": 3}, None),
        ({"told": 12, "folds": 2}, "2 outer folds, and 5 are asked; give `evaluation=nested`"),
        ({"told": 12, "folds": 5}, None),
        ({"told": 12, "folds": None}, None),  # a holdout has no folds to count
        ({"told": 3, "folds": None, "off": 2}, "3 of 12 trials done"),
    ],
)
def test_a_verdict_asks_for_half_of_the_trials_three_off_the_default_and_five_folds(numbers, words):
    sentence = said(**numbers)
    assert (sentence is None) if words is None else (words in sentence)


def test_thresholds_are_the_users():
    found = Tried(asked=12, told=1, off_default={"focal_gamma": 0}, folds=2)
    assert shortfall(found, BudgetRule(fewest_share=0, fewest_tried=0, fewest_folds=1)) is None
    assert "6 outer folds, and 8 are asked" in str(
        shortfall(Tried(asked=1, told=1, off_default={}, folds=6), BudgetRule(fewest_folds=8))
    )


def test_the_worst_outer_fold_counts_and_the_search_on_all_rows_does_not():
    studies = [study(GAMMAS), study(GAMMAS[:4], scope="1"), study(GAMMAS[:1], scope="all")]
    assert tried(studies, asked=6, evaluation=evaluation()) == Tried(
        asked=6, told=4, off_default={"arm": 3}, folds=10
    )


def test_other_rates_are_no_other_points_of_the_arm():
    same = [{"gamma": 0.0}] * 6
    assert tried([study(same)], asked=6, evaluation=evaluation()).off_default == {"arm": 0}


def test_an_arm_without_numbers_of_its_own_is_tried_at_other_rates():
    found = tried([study([{}] * 6, search=())], asked=6, evaluation=evaluation())
    assert found.off_default == {"arm": 5}
    assert shortfall(found, RULE) is None
    once = tried([study([{}], search=())], asked=1, evaluation=evaluation())
    assert "`arm` was tried at no point other than its default" in str(shortfall(once, RULE))


def test_an_arm_that_searches_nothing_at_all_has_nothing_to_try():
    found = tried([study([{}], search=(), rates=False)], asked=1, evaluation=evaluation())
    assert found.off_default == {}
    assert shortfall(found, RULE) is None


@pytest.mark.parametrize(
    ("numbers", "way_out"),
    [
        # The folds that were asked for are too few, however long the search goes on.
        ({"told": 7, "folds": 2, "minutes": 20.0}, "give `evaluation=nested`, or more"),
        # So are the trials: the third one would be the second off the default.
        ({"told": 2, "asked": 3, "off": 1, "minutes": 20.0}, "give more `trials`"),
        ({"told": 1, "asked": 3, "off": 0, "minutes": 20.0}, "give more `trials`"),
        ({"told": 3, "asked": 4, "off": 2, "minutes": 20.0}, "with `minutes=20` goes on"),
    ],
)
def test_the_way_out_leads_to_a_verdict(numbers, way_out):
    assert way_out in said(**numbers)


def test_every_number_of_a_vector_is_the_arms_own():
    points = [{"delta_0": 0.0, "delta_1": value} for value in (0.0, 0.0, 1.0, 2.0, 3.0)]
    found = tried([study(points, search=("delta",))], asked=5, evaluation=evaluation())
    assert found.off_default == {"arm": 3}


def test_diverged_trials_count_as_tried():
    found = tried([study(GAMMAS, failure="diverged")], asked=6, evaluation=evaluation())
    assert (found.told, found.off_default) == (6, {"arm": 5})


def test_a_holdout_counts_trials_only():
    assert tried([study(GAMMAS)], asked=6, evaluation=evaluation("holdout", 1, 1)).folds is None


def test_a_budget_that_was_cut_and_suffices_is_a_caution():
    found = Tried(asked=12, told=8, off_default={}, folds=10)
    assert str(cut_caution(found)).startswith("Time allowed 8 of 12 trials an arm")
    sentence = str(cut_caution(found, given_up="1 repeat instead of 2, 8 trials instead of 12"))
    assert "(1 repeat instead of 2, 8 trials instead of 12): the verdict rests on" in sentence
    assert cut_caution(Tried(asked=8, told=8, off_default={}, folds=10)) is None
