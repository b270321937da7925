"""The schema documents itself, and its values cannot be changed."""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from focalsweep.config.compose import compose_sweep
from focalsweep.config.schema import SweepConfig
from focalsweep.errors import UserError


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models(inner)


MODELS = list(dict.fromkeys(models(SweepConfig)))


def test_the_walk_reaches_every_part():
    assert {model.__name__ for model in MODELS} == {
        "SweepConfig",
        "DatasetConfig",
        "ArmConfig",
        "RangeConfig",
        "ModelConfig",
        "OptimizerConfig",
        "EvaluationConfig",
        "SamplerConfig",
        "PrunerConfig",
        "TrackingConfig",
        "VerdictConfig",
        "DecisionConfig",
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_described(model: type[BaseModel]):
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_a_config_cannot_be_changed():
    config = compose_sweep("smoke").config
    with pytest.raises(ValidationError, match="frozen"):
        config.trials = 3
    with pytest.raises(ValidationError, match="frozen"):
        config.dataset.name = "other"


def test_a_source_gets_its_name_and_the_keys_that_the_schema_does_not_know():
    dataset = compose_sweep("smoke").config.dataset
    assert set(dataset.parameters) == {"name", "file", "origin"}


def test_a_model_is_registered_only_where_models_are_kept():
    overrides = ["tracking=mlflow", "tracking.register=yeast_loss"]
    assert compose_sweep("smoke", overrides).config.tracking.register_as == "yeast_loss"
    with pytest.raises(UserError, match=r"`register`, which needs a model"):
        compose_sweep("smoke", [*overrides, "tracking.models=false"])


def test_columns_with_a_task_reach_the_source_where_they_are_given():
    given = ["dataset=csv", "dataset.path=t.csv", "dataset.target=y"]
    plain = compose_sweep("smoke", given).config.dataset
    assert not {"groups", "split", "time", "weights"} & plain.parameters.keys()
    assert (plain.groups, plain.split, plain.time, plain.weights) == (None,) * 4


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("null", None), ("NA", ("NA",)), ("[NA,-999,nan,1.50]", ("NA", "-999", "nan", "1.50"))],
)
def test_words_for_missing_reach_the_source_as_text(typed: str, expected: tuple[str, ...] | None):
    given = ["dataset=csv", "dataset.path=t.csv", "dataset.target=y", f"dataset.missing={typed}"]
    dataset = compose_sweep("smoke", given).config.dataset
    assert dataset.missing == expected
    assert dataset.parameters.get("missing") == (None if expected is None else list(expected))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["groups=a", "time=b"], "both `groups` and `time`"),
        (["split=a", "time=b"], "both `split` and `time`"),
        (["groups=a", "weights=a"], "the column `a` as `groups` and as `weights`"),
        (["groups=''"], "`dataset.groups`"),
        (["groups=[a,b]"], "`dataset.groups`"),
        (["rare_classes=leave"], "`dataset.rare_classes`"),
    ],
)
def test_columns_that_contradict_are_refused_in_one_sentence(overrides: list[str], words: str):
    given = ["dataset=csv", "dataset.path=t.csv", "dataset.target=y"]
    with pytest.raises(UserError) as caught:
        compose_sweep("smoke", [*given, *(f"dataset.{each}" for each in overrides)])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_source_without_columns_says_that_it_has_none():
    with pytest.raises(UserError, match=r"`dataset\.groups` names a column of a table, and this"):
        compose_sweep("smoke", ["dataset=digits", "dataset.groups=patient"])
