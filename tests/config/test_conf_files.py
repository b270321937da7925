"""Contract of everything in conf/ and sweeps/: found by globbing, so that a new file is tested."""

import re
from itertools import zip_longest
from pathlib import Path

import pytest

from focalsweep.config.compose import compose_sweep, compose_variants
from focalsweep.config.places import config_dirs, options, sweeps
from focalsweep.config.record import load_config

DIRS = config_dirs()
SWEEPS = sweeps(DIRS)
GROUPS = ("dataset", "model", "optimizer", "evaluation", "sampler", "pruner", "tracking")
OPTIONS = [(group, name) for group in GROUPS for name in options(group, DIRS)]
ARMS = options("loss", DIRS)
# Several groups at a time: the n-th option of each, until every one was chosen.
CHOICES = [
    tuple(choice for choice in choices if choice)
    for choices in zip_longest(
        *([f"{group}={name}" for at, name in OPTIONS if at == group] for group in GROUPS)
    )
]
# What an option that reads the user's own data asks for.
NEEDED = {
    "dataset=arrays": ["dataset.path=a.npz"],
    "dataset=callable": ["dataset.function=mine.load"],
    "dataset=csv": ["dataset.path=a.csv", "dataset.target=y"],
    "dataset=image_folder": ["dataset.path=images"],
    "dataset=imbalanced_set": ["dataset.data_name=abalone_19"],
    "dataset=parquet": ["dataset.path=a.parquet", "dataset.target=y"],
    "dataset=tensorflow_set": ["dataset.data_name=wine_quality"],
    "model=frozen_features": ["model.embedding=mine.embed"],
}


def test_the_globs_found_what_the_readme_promises():
    assert {"smoke", "quickstart", "focal_gamma_alpha", "imbalance_ratio"} <= set(SWEEPS)
    assert {group for group, _ in OPTIONS} == set(GROUPS)
    assert sorted(each for choice in CHOICES for each in choice) == sorted(
        f"{group}={name}" for group, name in OPTIONS
    )
    assert {"yeast", "glass", "ecoli", "page_blocks", "digits", "csv", "synthetic"} <= {
        name for group, name in OPTIONS if group == "dataset"
    }
    assert {"tpe", "random", "cmaes", "qmc", "grid", "gp"} <= {
        name for group, name in OPTIONS if group == "sampler"
    }
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


def test_every_group_folder_is_tested_here():
    folders = {folder.name for place in DIRS for folder in place.iterdir() if folder.is_dir()}
    assert folders == {*GROUPS, "loss"}


@pytest.mark.parametrize("name", SWEEPS)
def test_every_sweep_composes_and_is_named_after_its_file(name: str):
    for composed in compose_variants(name):
        assert composed.config.name == name
        assert set(composed.config.loss) == set(composed.config.arms)


@pytest.mark.parametrize("name", SWEEPS)
def test_every_sweep_opens_with_question_command_minutes_result(name: str):
    file = next(place / f"{name}.yaml" for place in DIRS if (place / f"{name}.yaml").exists())
    opening = re.match(r"(#.*\n)+", file.read_text())
    assert opening is not None
    labels = re.findall(r"^# (Question|Command|Minutes|Result): +\S", opening[0], re.MULTILINE)
    assert labels == ["Question", "Command", "Minutes", "Result"]


@pytest.mark.parametrize("choice", CHOICES, ids=",".join)
def test_every_option_of_every_group_composes_and_reads_back(
    choice: tuple[str, ...], tmp_path: Path
):
    needed = [each for option in choice for each in NEEDED.get(option, [])]
    composed = compose_sweep("smoke", [*choice, *needed])
    (tmp_path / "config.yaml").write_text(composed.yaml)
    assert load_config(tmp_path / "config.yaml") == composed.config


def test_every_arm_composes():
    config = compose_sweep("smoke", [f"arms=[{','.join(ARMS)}]"]).config
    assert list(config.loss) == ARMS
    assert all(arm.label for arm in config.loss.values())
