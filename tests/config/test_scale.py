"""What is given up for time: in which order, down to what, and typed again."""

import itertools

import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.config.scale import Scale, changes, exceeds, in_words, scaled, smaller, typed

WHOLE = Scale(
    repeats=2,
    refit_seeds=3,
    inner_folds=5,
    folds=5,
    references=True,
    arms=(
        "cross_entropy",
        "class_weighted",
        "class_weighted_tuned",
        "focal_folklore",
        "focal_gamma",
        "focal_gamma_tau",
        "logit_adjusted",
    ),
    trials=12,
)
KEYS = ("repeats", "refit_seeds", "inner_folds", "folds", "references", "arms", "trials")


def config(*overrides):
    return compose_sweep("quickstart", overrides).config


def scales(whole=WHOLE, held=(), overrides=()):
    return list(smaller(whole, config(*overrides), held=held))


def order(found):
    """Name what changes from one scale to the next."""
    names = []
    for before, after in itertools.pairwise(found):
        (name,) = (key for key in KEYS if getattr(before, key) != getattr(after, key))
        names.append(name)
    return names


def test_things_are_given_up_one_at_a_time_in_the_stated_order():
    names = order(scales())
    assert names == sorted(names, key=KEYS.index)
    assert set(names) == set(KEYS) - {"folds"}  # five outer folds are what a verdict asks for


def test_the_least_still_pays_for_a_verdict():
    assert scales()[-1] == Scale(
        repeats=1,
        refit_seeds=1,
        inner_folds=2,
        folds=5,
        references=False,
        arms=("cross_entropy", "class_weighted", "focal_gamma"),
        trials=6,
    )


@pytest.mark.parametrize(
    ("overrides", "whole", "least"),
    [
        (("trials=6",), {"trials": 6}, {"trials": 4}),  # a default and three others
        (("trials=2",), {"trials": 2}, {"trials": 2}),  # nothing left to give up
        (("verdict.fewest_share=1",), {}, {"trials": 12}),
        (("verdict.fewest_folds=3",), {}, {"folds": 3}),
        ((), {"folds": 10}, {"folds": 5}),
        ((), {"folds": 1, "repeats": 1}, {"folds": 1, "repeats": 1}),  # a holdout
        ((), {"folds": 4, "repeats": 2}, {"folds": 3, "repeats": 2}),  # one repeat: four folds
        ((), {"folds": 3, "repeats": 5}, {"folds": 3, "repeats": 2}),
        ((), {"folds": 4, "repeats": 1}, {"folds": 4, "repeats": 1}),  # too few as it is
        (("trials_per_round=4",), {}, {"trials": 8}),  # whole rounds only
    ],
)
def test_what_a_verdict_asks_for_stays(overrides, whole, least):
    last = scales(WHOLE.model_copy(update=whole), overrides=overrides)[-1]
    assert {name: getattr(last, name) for name in least} == least


def test_suspect_labels_are_looked_for_as_long_as_the_user_asks():
    overrides = ("dataset.drop_suspects=true",)
    whole = WHOLE.model_copy(update={"arms": config(*overrides).arms})
    assert "cross_entropy_cleaned" in scales(whole, overrides=overrides)[-1].arms


@pytest.mark.parametrize(
    ("held", "stays"),
    [
        ("evaluation", {"repeats", "refit_seeds", "inner_folds", "folds"}),
        ("arms", {"arms"}),
        ("trials", {"trials"}),
        ("stop_after", {"trials"}),
        ("references", {"references"}),
        ("dataset", set()),
    ],
)
def test_what_the_user_typed_is_left_alone(held, stays):
    last = scales(held={held})[-1]
    assert all(getattr(last, name) == getattr(WHOLE, name) for name in stays)
    assert {name for name in KEYS if getattr(last, name) != getattr(WHOLE, name)} == (
        set(KEYS) - {"folds"} - stays
    )


def test_repeats_that_were_typed_leave_fewer_folds_to_be_given_up():
    last = scales(held={"evaluation.repeats"})[-1]
    assert (last.repeats, last.folds) == (2, 3)  # six outer folds


def test_what_was_carried_out_can_be_typed_and_is_the_same_config():
    for scale in scales():
        changed = changes(WHOLE, scale)
        again = config(*typed(changed))
        assert again == scaled(config("minutes=3"), changed)
        assert again.minutes is None
        assert again.about_minutes is None


def test_a_smaller_scale_is_exceeded_by_every_larger_one():
    found = scales()
    for i, one in enumerate(found):
        assert [exceeds(one, other) for other in found] == [j > i for j in range(len(found))]


def test_what_is_given_up_is_said_in_words():
    least = scales()[-1]
    assert in_words(WHOLE, WHOLE) == ""
    assert in_words(WHOLE, least) == (
        "1 repeat instead of 2, 1 refit seed instead of 3, 2 inner folds instead of 5, "
        "no reference rows, without `class_weighted_tuned`, `focal_folklore`, `focal_gamma_tau`, "
        "`logit_adjusted`, 6 trials instead of 12"
    )


def test_a_stored_scale_is_read_back():
    assert Scale.model_validate_json(WHOLE.model_dump_json()) == WHOLE
