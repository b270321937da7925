"""Every file of conf/loss is an arm that can be made at the corners of its search space."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml

from focalsweep.config.schema import ArmConfig
from focalsweep.config.target import load
from focalsweep.losses.free_directions import free_dimensions
from focalsweep.losses.point import LossPoint

FOLDER = Path(__file__).parents[2] / "conf" / "loss"
ARMS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
COUNTS = np.array([300, 80, 20, 5])


def read(name):
    text = (FOLDER / f"{name}.yaml").read_text()
    assert text.startswith(f"# @package loss.{name}\n#")
    return ArmConfig.model_validate(yaml.safe_load(text))


def make(arm, numbers):
    return load(arm.target, at="loss")(COUNTS, **arm.options, **numbers)


def test_the_arms_of_the_first_issue_are_there():
    assert {
        "cross_entropy",
        "class_weighted",
        "class_weighted_tuned",
        "effective_number",
        "focal_folklore",
        "focal_gamma",
        "focal_gamma_tau",
        "focal_gamma_alpha",
        "logit_adjusted",
    } <= set(ARMS)


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
            point = make(arm, numbers)
            assert isinstance(point, LossPoint)
            assert np.isfinite(point.weight).all()
            assert COUNTS @ point.weight / COUNTS.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", [name for name in ARMS if "tuned" in name or "focal_g" in name])
def test_cross_entropy_is_a_baseline_of_every_arm_that_contains_it(name):
    arm = read(name)
    zeros = dict.fromkeys(arm.search.keys() - {"delta"}, 0.0)
    assert zeros in arm.baselines
