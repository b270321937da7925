"""Every file of conf/dataset is a source that can be called, with the keys all sources share."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = sorted((Path(__file__).parents[2] / "conf" / "dataset").glob("*.yaml"))
TREATMENT = {"rare_classes", "profile", "factor", "label_noise", "drop_suspects"}


def test_there_is_a_config_for_every_source() -> None:
    known = {"csv", "digits", "ecoli", "glass", "page_blocks", "synthetic", "yeast"}
    assert known <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_config_names_its_source_and_exactly_its_parameters(file: Path) -> None:
    text = file.read_text()
    values: dict[str, Any] = yaml.safe_load(text)
    module, name = values.pop("_target_").rsplit(".", 1)
    source = getattr(importlib.import_module(module), name)
    assert text.startswith("# ")
    assert values.keys() >= TREATMENT
    assert values.keys() - TREATMENT == inspect.signature(source).parameters.keys()
    assert values["name"] == file.stem
    assert isinstance(values["factor"], float)
