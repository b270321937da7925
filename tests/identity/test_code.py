"""The identity of a sweep's code, from a config."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.identity import code
from focalsweep.identity.code import as_text, code_identity, differences, from_text

USER = {
    "id_net.py": "def build(n_features, n_classes):\n    pass\n",
    "id_rows.py": "def load():\n    pass\n",
    "id_sampler.py": (
        "def make(*, seed, study_seed, space, trials, **more):\n    import optuna\n"
        "    return optuna.samplers.RandomSampler(seed)\n"
    ),
    "id_loss.py": "def arm(counts, *, gamma):\n    pass\n",
}
LOSS = """# @package loss.own
label: Own
family: focal
_target_: id_loss.arm
options: {}
search: {gamma: {low: 0.0, high: 5.0}}
baselines: [{gamma: 2.0}]
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    for name, text in USER.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "conf" / "loss").mkdir(parents=True)
    (tmp_path / "conf" / "loss" / "own.yaml").write_text(LOSS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "body.keras").write_bytes(b"weights")
    overrides = ["model=frozen_features", "model.embedding=body.keras", "dataset=callable"]
    overrides += ["dataset.function=id_rows.load", "sampler._target_=id_sampler.make"]
    overrides += ["arms=[cross_entropy,own]", "+model.head=id_net.build"]
    found = compose_sweep("smoke", overrides, config_dir=tmp_path / "conf").config
    yield found
    for name in USER:
        sys.modules.pop(name.removesuffix(".py"), None)


@pytest.mark.parametrize("name", [*USER, "body.keras"])
def test_whatever_the_config_names_is_part_of_the_identity(name, config, tmp_path):
    before = code_identity(config)
    assert {*USER, "body.keras"} <= before.keys()
    (tmp_path / name).write_text("x = 2")
    assert differences(before, code_identity(config)) == [f"`{name}` was edited"]


def test_libraries_and_the_source_of_focalsweep_are_part_of_the_identity(config, monkeypatch):
    before = code_identity(config)
    for name in ("tensorflow", "keras", "optuna", "numpy", "scikit-learn"):
        assert before[name] == metadata.version(name)
    monkeypatch.setattr(code.metadata, "version", lambda name: "0.0")
    changed = differences(before, code_identity(config))
    assert f"`keras` {before['keras']} is now 0.0" in changed
    assert "0.1.0" not in before["focalsweep"]
    assert len(before["focalsweep"]) == 64


def test_the_source_of_focalsweep_is_hashed_whatever_its_version(tmp_path, monkeypatch):
    for folder in ("one", "two"):
        (tmp_path / folder / "identity").mkdir(parents=True)
    (tmp_path / "two" / "new.py").write_text("x = 1")
    found = []
    for folder in ("one", "two", "one"):
        monkeypatch.setattr(code, "__file__", str(tmp_path / folder / "identity" / "code.py"))
        found.append(code._own_hash())
    assert found[0] == found[2] != found[1]


def test_what_is_written_is_read_again_and_a_broken_file_is_nothing(config):
    identity = code_identity(config)
    assert from_text(as_text(identity)) == identity
    assert from_text("{half") == from_text("[]") == {}
    assert differences({}, {"own.py": "ab"}) == ["`own.py` is new"]
    assert differences({"own.py": "ab"}, {}) == ["`own.py` is gone"]
