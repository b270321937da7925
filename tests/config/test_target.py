"""Calling a function by its dotted path, with a user's own module."""

from pathlib import Path
from typing import Any

import pytest

from focalsweep.config.schema import DatasetConfig, SamplerConfig
from focalsweep.config.target import build, factory, load
from focalsweep.errors import UserError

MODULE = """
from __future__ import annotations
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

number = 3

def source(
    *, name: str, path: Path, column: str = "y", kind: Literal["a", "b"] = "a",
    share: float = 0.5, rows: int = 1, widths: Sequence[int] = (1,), free=None,
):
    return locals()

def anything(**given: Any):
    return given
"""


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_source_module.py").write_text(MODULE)
    (tmp_path / "my_broken_module.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def dataset(target: str = "my_source_module.source", **parameters: Any) -> DatasetConfig:
    return DatasetConfig.model_validate(
        {
            "_target_": target,
            "name": "mine",
            "rare_classes": "error",
            "profile": "none",
            "factor": 1.0,
            **parameters,
        }
    )


def sentence(config: DatasetConfig, **extra: Any) -> str:
    with pytest.raises(UserError) as caught:
        build(config, **extra)
    return str(caught.value)


def test_a_target_is_called_with_plain_values_of_the_annotated_types():
    given = build(dataset(path="a.csv", share=1, widths=[2, 3], kind="b", free={"x": [1]}))
    assert given == {
        "name": "mine",
        "path": Path("a.csv"),
        "column": "y",
        "kind": "b",
        "share": 1.0,
        "rows": 1,
        "widths": [2, 3],
        "free": {"x": [1]},
    }
    assert isinstance(given["share"], float)


def test_a_column_may_be_called_by_a_number():
    assert build(dataset(path="a.csv", column=8))["column"] == "8"


def test_arguments_of_the_program_are_added():
    sampler = SamplerConfig.model_validate({"_target_": "my_source_module.anything", "a": 1})
    assert build(sampler, seed=3) == {"a": 1, "seed": 3}


def test_a_factory_is_called_later_and_more_than_once():
    sampler = SamplerConfig.model_validate({"_target_": "my_source_module.anything", "a": 1})
    make = factory(sampler)
    assert [make(seed=seed) for seed in (1, 2)] == [{"a": 1, "seed": 1}, {"a": 1, "seed": 2}]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"pth": "a"},
            "`dataset.pth` is not a known key; the nearest known name is `dataset.path`.",
        ),
        ({}, "`dataset.path` has no value; add `dataset.path=FILE`."),
        ({"path": "a", "rows": "many"}, "`dataset.rows` must be a whole number; received"),
        ({"path": "a", "rows": True}, "`dataset.rows` must be a whole number; received"),
        ({"path": "a", "share": "3"}, "`dataset.share` must be a number; received"),
        ({"path": "a", "kind": "c"}, "`dataset.kind` must be 'a' or 'b'; received"),
        ({"path": "a", "column": True}, "`dataset.column` must be text; received"),
        ({"path": "a", "widths": 3}, "`dataset.widths` must be "),
    ],
)
def test_a_wrong_parameter_is_one_sentence_with_its_full_key(
    parameters: dict[str, Any], expected: str
):
    assert expected in sentence(dataset(**parameters))


def test_what_the_program_sets_cannot_be_set_in_the_config():
    assert sentence(dataset(path="a", rows=3), rows=4) == (
        "`dataset.rows` is set by focalsweep; remove it."
    )


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (
            "my_source_module.sorce",
            "no function of its module; the nearest known name is `source`.",
        ),
        ("my_source_module.number", "which is no function of its module"),
        ("my_sorce_module.source", "but Python finds no module `my_sorce_module`."),
        ("my_source_module.inner.source", "but Python finds no module `my_source_module.inner`."),
    ],
)
def test_a_target_that_does_not_exist_is_named(target: str, expected: str):
    message = sentence(dataset(target=target))
    assert message.startswith(f"`dataset._target_` names `{target}`")
    assert expected in message


def test_a_module_that_lacks_something_itself_is_not_called_missing():
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        load("my_broken_module.source", at="dataset")
