"""Every file of conf/model: a new one is tested without being named here."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from focalsweep.config.target import load
from focalsweep.training.stacking import unpaddable_layers, unstackable_layers

FILES = sorted((Path(__file__).parents[2] / "conf" / "model").glob("*.yaml"))


def build(path, **numbers):
    given = dict(OmegaConf.load(path))
    return load(given.pop("_target_"), at="model")(**{**given, **numbers})


def test_there_are_models():
    assert {"linear", "mlp", "residual_mlp"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configured_model_gives_one_logit_a_class(path):
    assert build(path, n_features=6, n_classes=5).output.shape == (None, 5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configured_model_trains_as_a_population_in_all_its_forms(path):
    narrow = build(path, n_features=4, n_classes=3)
    assert unstackable_layers(narrow) == []
    assert unpaddable_layers(narrow, build(path, n_features=6, n_classes=3)) == []
    for normalization in ("none", "batch", "layer"):
        form = {"dropout": 0.2, "normalization": normalization}
        if form.keys() <= OmegaConf.load(path).keys():
            assert unstackable_layers(build(path, n_features=4, n_classes=3, **form)) == []
