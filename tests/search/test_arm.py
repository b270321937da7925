"""Arms: which numbers a study searches, where it starts, and what loss they make."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from focalsweep.config.arm_schema import ArmConfig
from focalsweep.config.target import load
from focalsweep.losses.arms import focal
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.search.arm import Arm, Nuisance, Range

CONF = Path(__file__).parents[2] / "conf" / "loss"
ARMS = sorted(path.stem for path in CONF.glob("*.yaml"))
LABEL_ARMS = [
    name
    for name in ARMS
    if yaml.safe_load((CONF / f"{name}.yaml").read_text()).get("task") == "multi_label"
]
CLASS_ARMS = [name for name in ARMS if name not in LABEL_ARMS]
NUISANCE = Nuisance(
    defaults={"learning_rate": 3e-3, "weight_decay": 1e-2},
    search={
        "learning_rate": Range(low=3e-4, high=3e-2, log=True),
        "weight_decay": Range(low=1e-4, high=0.3, log=True),
    },
)
RATES = {"learning_rate": 3e-3, "weight_decay": 1e-2}
TWO, THREE, EIGHT = [90, 10], [70, 20, 10], [80, 70, 60, 50, 40, 30, 20, 10]
NINE, EQUAL = [90, *EIGHT], [50, 50, 49]


def shipped(name: str) -> Arm:
    config = ArmConfig.model_validate(yaml.safe_load((CONF / f"{name}.yaml").read_text()))
    return Arm(
        name=name,
        label=config.label,
        family=config.family,
        make_loss=partial(load(config.target, at=name), **config.options),
        search={key: Range(**value.model_dump()) for key, value in config.search.items()},
        baselines=config.baselines,
    )


def own_numbers(arm: Arm, counts: list[int]) -> list[str]:
    return [name for name in arm.space(np.array(counts), NUISANCE) if name not in RATES]


def test_the_arms_of_the_config_were_found():
    assert {"cross_entropy", "focal_gamma", "focal_gamma_alpha"} <= set(ARMS)


def test_every_arm_searches_the_nuisance_numbers():
    for name in ARMS:
        space = shipped(name).space(np.array(THREE), NUISANCE)
        assert list(space)[:2] == ["learning_rate", "weight_decay"]
        assert (space["learning_rate"].low, space["learning_rate"].high) == (3e-4, 3e-2)
        assert space["learning_rate"].log


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (TWO, ["gamma", "tau"]),
        (THREE, ["gamma", "tau", "delta_0"]),
        (EIGHT, ["gamma", "tau", *(f"delta_{i}" for i in range(6))]),
        (NINE, ["gamma", "tau", *(f"delta_{i}" for i in range(4))]),
        (EQUAL, ["gamma", "delta_0", "delta_1"]),
        ([20] * 2, ["gamma", "delta_0"]),
        ([20] * 9, ["gamma", *(f"delta_{i}" for i in range(5))]),
    ],
)
def test_a_free_vector_has_one_number_for_each_direction_that_is_left(counts, expected):
    assert own_numbers(shipped("focal_gamma_alpha"), counts) == expected


def test_tau_stays_where_there_is_no_free_vector_even_with_equal_priors():
    assert own_numbers(shipped("focal_gamma_tau"), EQUAL) == ["gamma", "tau"]


def test_only_the_free_vector_is_left_out_with_two_classes_and_the_reason_names_its_equal():
    reasons = {name: shipped(name).left_out(np.array(TWO)) for name in ARMS}
    assert {name for name, reason in reasons.items() if reason} == {"focal_gamma_alpha"}
    assert "focal_gamma_tau" in str(reasons["focal_gamma_alpha"])
    assert not any(shipped(name).left_out(np.array(THREE)) for name in ARMS)


@pytest.mark.parametrize("counts", [TWO, THREE, NINE, EQUAL], ids=str)
@pytest.mark.parametrize("name", ARMS)
def test_first_trials_are_the_baselines_inside_the_space(name, counts):
    arm = shipped(name)
    space = arm.space(np.array(counts), NUISANCE)
    points = arm.first_trials(space, NUISANCE)
    assert points
    for point in points:
        assert list(point) == list(space)
        assert all(space[key].low <= value <= space[key].high for key, value in point.items())
        assert {key: point[key] for key in RATES} == RATES
        assert all(value == 0.0 for key, value in point.items() if key.startswith("delta_"))
    searched = [
        {key: value for key, value in baseline.items() if key in space}
        for baseline in arm.baselines or ({},)
    ]
    started = [{key: point[key] for key in searched[0]} for point in points]
    assert started == [each for i, each in enumerate(searched) if each not in searched[:i]]


def test_a_number_that_no_baseline_names_starts_at_the_value_of_its_range_nearest_to_zero():
    arm = shipped("effective_number")
    arm = replace(arm, baselines=())
    (point,) = arm.first_trials(arm.space(np.array(THREE), NUISANCE), NUISANCE)
    assert point == {**RATES, "beta_gap": 1e-5}


def test_baselines_that_equal_priors_make_the_same_are_tried_once():
    arm = shipped("focal_gamma_alpha")
    points = arm.first_trials(arm.space(np.array(EQUAL), NUISANCE), NUISANCE)
    assert [point["gamma"] for point in points] == [0.0, 2.0]


@pytest.mark.parametrize("counts", [TWO, THREE, NINE, EQUAL], ids=str)
@pytest.mark.parametrize("name", CLASS_ARMS)
def test_every_point_of_the_space_makes_a_usable_loss(name, counts):
    arm, rng = shipped(name), np.random.default_rng(0)
    space = arm.space(np.array(counts), NUISANCE)
    equal = max(counts) / min(counts) < 1.05
    prior = np.array(counts) / sum(counts)
    for _ in range(20):
        point = {key: float(rng.uniform(limits.low, limits.high)) for key, limits in space.items()}
        loss = arm.recipe(np.array(counts), point, equal_priors=equal).last.loss
        assert prior @ loss.weight == pytest.approx(1.0)
        assert np.isfinite([loss.weight, loss.gamma, loss.scale, loss.offset, loss.margin]).all()


@pytest.mark.parametrize("name", LABEL_ARMS)
def test_every_point_of_the_space_makes_a_usable_loss_of_labels(name):
    arm, rng = shipped(name), np.random.default_rng(0)
    counts = np.array([[90, 10], [30, 70], [99.5, 0.5]])
    space = arm.space(counts, NUISANCE)
    for _ in range(20):
        point = {key: float(rng.uniform(limits.low, limits.high)) for key, limits in space.items()}
        loss = arm.recipe(counts, point, equal_priors=False).last.loss
        assert (counts * loss.weight).sum() / counts.sum() == pytest.approx(1.0)
        assert np.isfinite([*loss.weight.ravel(), *loss.gamma.ravel(), *loss.offset]).all()


def test_the_loss_reads_the_counts_it_is_given_and_the_numbers_of_the_trial():
    arm = shipped("focal_gamma_alpha")
    numbers = {**RATES, "gamma": 1.5, "tau": 0.5, "delta_0": 0.3}
    loss = arm.recipe(np.array(THREE), numbers, equal_priors=False).last.loss
    expected = focal(THREE, gamma=1.5, tau=0.5, delta=[0.3])
    assert np.array_equal(loss.weight, expected.weight)
    assert np.array_equal(loss.gamma, [1.5] * 3)
    other = arm.recipe(np.array([10, 20, 70]), numbers, equal_priors=False).last.loss
    assert not np.allclose(loss.weight, other.weight)


def test_a_fold_with_slightly_unequal_counts_keeps_the_vector_of_its_study():
    arm = shipped("focal_gamma_alpha")
    numbers = {**RATES, "gamma": 0.0, "delta_0": 0.2, "delta_1": -0.1}
    loss = arm.recipe(np.array([50, 50, 45]), numbers, equal_priors=True).last.loss
    assert len(loss.weight) == 3


def test_an_arm_that_can_smooth_labels_says_so_and_others_do_not():
    def smoothed(counts, *, smoothing=0.0):
        point = LossPoint.cross_entropy(len(counts))
        return replace(point, smoothing=smoothing)

    counts = np.array([50, 30, 20])
    searched = {"smoothing": Range(low=0.0, high=0.2)}
    plain = Arm(name="a", label="a", family="cross_entropy", make_loss=smoothed)
    softened = replace(plain, search=searched)
    fixed = replace(plain, make_loss=partial(smoothed, smoothing=0.1))
    assert [arm.softens(counts) for arm in (plain, softened, fixed)] == [False, True, True]


def test_a_loss_point_becomes_a_recipe_of_one_stage_and_a_recipe_stays_what_it_is():
    point = LossPoint.cross_entropy(3)
    made = Recipe(stages=(Stage(loss=point), Stage(loss=point, start=0.5)), head="cosine")
    for given, stages in ((point, 1), (made, 2)):
        arm = Arm(
            name="a", label="a", family="cross_entropy", make_loss=lambda counts, given=given: given
        )
        recipe = arm.recipe(np.array(THREE), RATES, equal_priors=False)
        assert len(recipe.stages) == stages
        assert recipe.last.loss is point
    assert recipe is made


def test_an_arm_says_which_last_layer_it_needs():
    def staged(counts, *, late=0.5):
        loss = LossPoint.cross_entropy(len(counts))
        return Recipe(stages=(Stage(loss=loss), Stage(loss=loss, start=late, head_only=late > 0)))

    def cosine(counts):
        return replace(Recipe.plain(LossPoint.cross_entropy(len(counts))), head="cosine")

    def plain(counts):
        return LossPoint.cross_entropy(len(counts))

    counts = np.array(THREE)
    arms = [
        Arm(name="a", label="a", family="cross_entropy", make_loss=make)
        for make in (plain, cosine, staged)
    ]
    assert [arm.has_cosine_head(counts) for arm in arms] == [False, True, False]
    assert [arm.trains_head_only(counts) for arm in arms] == [False, False, True]
    # One end of the range is enough.
    searched = replace(arms[2], search={"late": Range(low=0.0, high=0.9)})
    assert searched.trains_head_only(counts)
