"""Config as text and as a fingerprint."""

from pathlib import Path
from typing import Any

import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.config.record import (
    WITHOUT_EFFECT,
    changed_keys,
    describe,
    fingerprint,
    load_config,
    validate,
)
from focalsweep.config.schema import SweepConfig
from focalsweep.errors import UserError


@pytest.fixture(scope="module")
def smoke() -> SweepConfig:
    return compose_sweep("smoke").config


def content(config: SweepConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True)


def test_a_described_config_reads_back_equal(tmp_path: Path):
    for overrides in ([], ["vary={seed: [1, 2]}", "tracking=none", "minutes=2", "question='1e5'"]):
        config = compose_sweep("smoke", overrides).config
        (tmp_path / "config.yaml").write_text(describe(config))
        assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize(
    ("name", "value"),
    [("tracking", {"kind": "none"}), ("question", "Why?"), ("minutes", 9.0)],
)
def test_what_changes_no_number_keeps_the_fingerprint(smoke: SweepConfig, name: str, value: Any):
    other = validate({**content(smoke), name: value})
    assert other != smoke
    assert fingerprint(other) == fingerprint(smoke)


def test_every_other_part_changes_the_fingerprint(smoke: SweepConfig):
    parts = content(smoke)
    others = {
        "name": "other",
        "arms": [*reversed(parts["arms"])],
        "trials": 3,
        "epochs": 3,
        "about_minutes": 9.0,
        "stop_after": 2,
        "objective": "mcc",
        "seed": 1,
        "references": not parts["references"],
        "trials_per_round": 7,
        "dataset": {**parts["dataset"], "factor": 2.0},
        "loss": {**parts["loss"], "focal_gamma": {**parts["loss"]["focal_gamma"], "label": "x"}},
        "model": {**parts["model"], "dropout": 0.5},
        "optimizer": {**parts["optimizer"], "learning_rate": 0.004},
        "evaluation": {**parts["evaluation"], "refit_seeds": 5},
        "sampler": {**parts["sampler"], "_target_": "some.other"},
        "pruner": {**parts["pruner"], "rungs": [0.5]},
        "verdict": {**parts["verdict"], "confidence": 0.9},
        "selection": "one_standard_error",
        "decision": {"costs": None, "priors": {"clinic": [0.5, 0.5]}},
        "vary": {"seed": [1, 2]},
    }
    assert set(others) == set(parts) - WITHOUT_EFFECT
    found = {fingerprint(validate({**parts, name: value})) for name, value in others.items()}
    assert len(found | {fingerprint(smoke)}) == len(others) + 1


def test_the_order_of_overrides_does_not_change_the_fingerprint():
    overrides = ["trials=3", "dataset=ecoli", "arms=[cross_entropy,focal_gamma]"]
    forward, backward = (compose_sweep("smoke", each) for each in (overrides, overrides[::-1]))
    assert forward == backward


def test_a_fingerprint_is_8_hex_digits(smoke: SweepConfig):
    digits = fingerprint(smoke)
    assert len(digits) == 8
    assert int(digits, 16) >= 0


def test_changed_keys_names_what_differs_and_nothing_else(smoke: SweepConfig):
    parts = content(smoke)
    longer = {**parts["model"], "hidden": [*parts["model"]["hidden"], 8]}
    new = validate({**parts, "trials": 3, "question": "Why?", "model": longer})
    assert changed_keys(smoke, smoke) == []
    assert changed_keys(smoke, new) == ["trials", "model.hidden.2"]


def test_a_file_that_is_no_config_is_one_sentence(tmp_path: Path, smoke: SweepConfig):
    path = tmp_path / "config.yaml"
    with pytest.raises(UserError, match="cannot be read; expected the config of a sweep"):
        load_config(path)
    path.write_text("a: [")
    with pytest.raises(UserError, match="it is not YAML"):
        load_config(path)
    path.write_text("[1, 2]")
    with pytest.raises(UserError, match=r"config\.yaml"):
        load_config(path)
    path.write_text(describe(smoke).replace("trials: 2", "trials: few"))
    with pytest.raises(UserError, match="`trials` must be a whole number"):
        load_config(path)
