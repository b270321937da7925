"""Every way in which Keras models are written, by both paths: the same network trains alike."""

from dataclasses import replace
from functools import partial

import keras_forms
import numpy as np
import pytest

from focalsweep.config.schema import ModelConfig
from focalsweep.models.build import build_model
from focalsweep.models.last_dense import last_dense
from focalsweep.models.logits_check import check_logits
from focalsweep.training.choice import make_trainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer

pytestmark = pytest.mark.usefixtures("float64")

SHARED = {"optimizer": Optimizer(kind="adamw"), "batch_size": 16}
FORMS = {
    **{form.__name__: (form, PopulationTrainer) for form in keras_forms.IN_A_POPULATION},
    **{form.__name__: (form, OneByOneTrainer) for form in keras_forms.ONE_BY_ONE},
}


def builder(form):
    """Return what the sweep builds of a config that names the form."""
    config = ModelConfig.model_validate({"_target_": f"keras_forms.{form.__name__}"})
    return partial(build_model, config, n_classes=3, image_shape=None)


@pytest.fixture(scope="module")
def two_views(make_view):
    return [make_view("outer-0", n_train=40), make_view("outer-1", n_train=23)]


@pytest.fixture(scope="module")
def records(two_views, make_member, train):
    members = [make_member("focal", view=0, epochs=2), make_member("weighted", view=1, epochs=2)]

    def train_with(trainer):
        return train(trainer, members, size=1 if isinstance(trainer, OneByOneTrainer) else 2)

    return train_with


@pytest.fixture(scope="module")
def population(two_views):
    build = builder(keras_forms.functional)
    return PopulationTrainer(build_model=build, views=two_views, dtype="float64", **SHARED)


@pytest.fixture(scope="module")
def expected(records, two_views):
    build = builder(keras_forms.functional)
    return records(OneByOneTrainer(build_model=build, views=two_views, **SHARED))


@pytest.mark.parametrize("name", FORMS)
def test_a_model_trains_alike_however_it_is_written(name, two_views, records, expected, population):
    form, kind = FORMS[name]
    build = builder(form)
    check_logits(build(4), two_views[0].features, n_classes=3)
    chosen, message = make_trainer(
        build_model=build, views=two_views, exact_log_loss=False, **SHARED
    )
    assert type(chosen) is kind, message
    trainers = [OneByOneTrainer(build_model=build, views=two_views, **SHARED)]
    if kind is PopulationTrainer:
        assert last_dense(build(4)).units == 3
        # A program that was compiled for the same layers serves again.
        trainers.append(replace(population, build_model=build, like=population))
    for trainer in trainers:
        for record, one in zip(records(trainer), expected, strict=True):
            np.testing.assert_allclose(record.logits, one.logits, rtol=0, atol=1e-9)
            np.testing.assert_allclose(record.train_loss, one.train_loss, rtol=0, atol=1e-9)
            assert np.ptp(one.logits) > 0.5
