"""Every file of conf/model: a new one is tested without being named here."""

import inspect
import tempfile
from pathlib import Path

import keras
import pytest
from omegaconf import OmegaConf

from focalsweep.config.target import load
from focalsweep.models.frozen_features import parts
from focalsweep.training.stacking import unpaddable_layers, unstackable_layers

FILES = sorted((Path(__file__).parents[2] / "conf" / "model").glob("*.yaml"))


def of_nothing():
    """What `model=frozen_features` embeds with here."""
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])


def build(path, *, n_features, **numbers):
    given = OmegaConf.to_container(OmegaConf.load(path))
    function = load(given.pop("_target_"), at="model")
    if "embedding" in given:
        own = Path(tempfile.mkdtemp()) / "embedding.keras"
        body = of_nothing()
        body.build((None, n_features))
        body.save(own)
        given |= {"embedding": str(own), "embedding_options": {}}
    elif "input_shape" in inspect.signature(function).parameters:
        numbers["input_shape"] = (n_features // 2, 2, 1)
    return function(**{**given, **numbers, "n_features": n_features})


def test_there_are_models():
    assert {"linear", "mlp", "resnet_mlp", "cnn"} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configured_model_gives_one_logit_a_class(path):
    assert build(path, n_features=6, n_classes=5).output.shape == (None, 5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configured_model_trains_as_a_population_in_all_its_forms(path):
    narrow = build(path, n_features=4, n_classes=3)
    split = parts(narrow)
    assert unstackable_layers(narrow if split is None else split[1]) == []
    if split is None and path.stem != "cnn":  # images have the same pixels in every fold
        assert unpaddable_layers(narrow, build(path, n_features=6, n_classes=3)) == []
    for normalization in ("none", "batch", "layer"):
        form = {"dropout": 0.2, "normalization": normalization}
        if form.keys() <= OmegaConf.load(path).keys():
            model = build(path, n_features=4, n_classes=3, **form)
            split = parts(model)
            assert unstackable_layers(model if split is None else split[1]) == []
