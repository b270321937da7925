"""Every file of conf/loss is an arm that can be made at the corners of its search space."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml

from focalsweep.config.arm_schema import ArmConfig
from focalsweep.config.target import load
from focalsweep.losses.free_directions import free_dimensions
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe

FOLDER = Path(__file__).parents[2] / "conf" / "loss"
ARMS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
COUNTS = np.array([300, 80, 20, 5])


def read(name):
    text = (FOLDER / f"{name}.yaml").read_text()
    assert text.startswith(f"# @package loss.{name}\n#")
    return ArmConfig.model_validate(yaml.safe_load(text))


def make(arm, numbers):
    made = load(arm.target, at="loss")(COUNTS, **arm.options, **numbers)
    assert isinstance(made, LossPoint | Recipe)
    return made if isinstance(made, Recipe) else Recipe.plain(made)


def test_every_rival_that_the_readme_promises_is_there():
    assert set(ARMS) >= {
        "adasyn",
        "borderline_smote",
        "class_balanced_sampling",
        "class_weighted",
        "class_weighted_tuned",
        "cross_entropy",
        "cross_entropy_cleaned",
        "cross_entropy_cosine",
        "deferred_class_weighted",
        "effective_number",
        "focal_folklore",
        "focal_gamma",
        "focal_gamma_alpha",
        "focal_gamma_tau",
        "focal_gamma_vector",
        "generalised_cross_entropy",
        "label_smoothing",
        "ldam",
        "ldam_drw",
        "logit_adjusted",
        "random_over_sampling",
        "smote",
        "smote_enn",
        "two_stage",
        "vector_scaling",
    }


@pytest.mark.parametrize("name", ARMS)
def test_the_corners_of_the_search_space_and_the_baselines_are_points(name):
    arm = read(name)
    size = free_dimensions(len(COUNTS), equal_priors=False)
    ends = [
        [[bound] * size if limits.vector else bound for bound in (limits.low, limits.high)]
        for limits in arm.search.values()
    ]
    corners = [dict(zip(arm.search, corner, strict=True)) for corner in product(*ends)]
    for numbers in (*corners, *arm.baselines):
        if arm.options.keys() | numbers.keys() >= arm.search.keys() - {"delta"}:
            for stage in make(arm, numbers).stages:
                point = stage.loss
                for vector in (point.weight, point.gamma, point.scale, point.offset, point.margin):
                    assert np.isfinite(vector).all()
                assert COUNTS @ point.weight / COUNTS.sum() == pytest.approx(1.0)
                assert 0.0 <= stage.sampling <= 1.0
                assert point.gamma.max() <= 10.0


def contains_cross_entropy(name):
    """Whether the plain point is in the searched space: every number may be 0."""
    search = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["search"]
    return bool(search) and all(each["low"] <= 0.0 <= each["high"] for each in search.values())


@pytest.mark.parametrize("name", [name for name in ARMS if contains_cross_entropy(name)])
def test_cross_entropy_is_a_baseline_of_every_arm_that_contains_it(name):
    arm = read(name)
    zeros = dict.fromkeys(arm.search.keys() - {"delta"}, 0.0)
    assert zeros in arm.baselines
    recipe = make(arm, zeros)
    (stage,), plain = recipe.stages, LossPoint.cross_entropy(len(COUNTS))
    assert (recipe.head, stage.sampling) == ("linear", 0.0)
    assert (stage.loss.smoothing, stage.loss.power) == (0.0, 0.0)
    for role in ("weight", "gamma", "scale", "margin"):
        np.testing.assert_allclose(getattr(stage.loss, role), getattr(plain, role), atol=1e-12)
    np.testing.assert_allclose(np.ptp(stage.loss.offset), 0.0, atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_has_baselines_where_it_searches_anything(name):
    arm = read(name)
    assert bool(arm.baselines) == bool(arm.search)


def test_the_comparison_of_all_losses_names_every_arm():
    sweep = yaml.safe_load((FOLDER.parents[1] / "sweeps" / "loss_comparison.yaml").read_text())
    assert sorted(sweep["arms"]) == ARMS
    assert sweep["arms"][0] == "cross_entropy"
