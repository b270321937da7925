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
from focalsweep.losses.sigmoid_point import SigmoidPoint

FOLDER = Path(__file__).parents[2] / "conf" / "loss"
ARMS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
COUNTS = np.array([300, 80, 20, 5])
LABEL_COUNTS = np.stack([500 - COUNTS, COUNTS], axis=1)


ROLES = {
    "single_label": ("weight", "gamma", "scale", "offset", "margin"),
    "multi_label": ("weight", "gamma", "offset", "clip"),
}


def read(name):
    text = (FOLDER / f"{name}.yaml").read_text()
    assert text.startswith(f"# @package loss.{name}\n#")
    return ArmConfig.model_validate(yaml.safe_load(text))


def counts_of(arm):
    return LABEL_COUNTS if arm.task == "multi_label" else COUNTS


def make(arm, numbers):
    made = load(arm.target, at="loss")(counts_of(arm), **arm.options, **numbers)
    if arm.task == "multi_label":
        assert isinstance(made, SigmoidPoint)
    else:
        assert isinstance(made, LossPoint | Recipe)
    return made if isinstance(made, Recipe) else Recipe.plain(made)


def corners_of(arm):
    """Return both ends of every searched number, in all combinations."""
    size = free_dimensions(len(COUNTS), equal_priors=False)
    ends = [
        [[bound] * size if limits.vector else bound for bound in (limits.low, limits.high)]
        for limits in arm.search.values()
    ]
    return [dict(zip(arm.search, corner, strict=True)) for corner in product(*ends)]


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
    counts = counts_of(arm)
    for numbers in (*corners_of(arm), *arm.baselines):
        if arm.options.keys() | numbers.keys() >= arm.search.keys() - {"delta"}:
            for stage in make(arm, numbers).stages:
                point = stage.loss
                for role in ROLES[arm.task]:
                    assert np.isfinite(getattr(point, role)).all()
                assert np.sum(counts * point.weight) / counts.sum() == pytest.approx(1.0)
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
    family = SigmoidPoint if arm.task == "multi_label" else LossPoint
    (stage,), plain = recipe.stages, family.cross_entropy(len(COUNTS))
    assert (recipe.head, stage.sampling) == ("linear", 0.0)
    assert stage.loss.smoothing == 0.0
    if arm.task == "single_label":
        assert stage.loss.power == 0.0
    for role in set(ROLES[arm.task]) - {"offset"}:
        np.testing.assert_allclose(getattr(stage.loss, role), getattr(plain, role), atol=1e-12)
    # An offset that all classes share is none; one that all labels share is one.
    offset = stage.loss.offset if arm.task == "multi_label" else np.ptp(stage.loss.offset)
    np.testing.assert_allclose(offset, 0.0, atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_has_baselines_where_it_searches_anything(name):
    arm = read(name)
    assert bool(arm.baselines) == bool(arm.search)


@pytest.mark.parametrize(
    ("sweep", "task", "control"),
    [
        ("loss_comparison", "single_label", "cross_entropy"),
        ("multi_label", "multi_label", "binary_cross_entropy"),
    ],
)
def test_the_comparison_of_all_losses_of_a_task_names_every_arm(sweep, task, control):
    content = yaml.safe_load((FOLDER.parents[1] / "sweeps" / f"{sweep}.yaml").read_text())
    assert sorted(content["arms"]) == [name for name in ARMS if read(name).task == task]
    assert content["arms"][0] == control
