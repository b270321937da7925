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
