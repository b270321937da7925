from functools import partial

import keras
import numpy as np
import pytest

from focalsweep.models.linear import linear
from focalsweep.training.choice import make_trainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer

build_linear = partial(linear, n_classes=3)


def build_convolution(n_features):
    inputs = keras.Input((n_features,))
    tensor = keras.layers.Reshape((n_features, 1))(inputs)
    tensor = keras.layers.Conv1DTranspose(2, 3, name="window")(tensor)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(tensor)))


@pytest.fixture
def choose(views):
    def make(build_model, **more):
        return make_trainer(
            build_model=build_model,
            optimizer=Optimizer(),
            batch_size=16,
            exact_log_loss=True,
            **{"views": views, **more},
        )

    return make


def by_position(build):
    return lambda n_features: build(n_features=n_features)


def test_a_model_that_can_be_stacked_trains_as_a_population(choose):
    trainer, message = choose(by_position(build_linear), softened=True)
    assert isinstance(trainer, PopulationTrainer)
    assert trainer.softened
    assert trainer.exact_log_loss
    assert message.startswith("Models train side by side in a population")


def test_a_model_that_cannot_trains_one_by_one_and_the_log_says_why(choose):
    trainer, message = choose(build_convolution)
    assert isinstance(trainer, OneByOneTrainer)
    assert message.startswith("Models train one by one, in a Keras loop that is compiled once")
    assert "window (Conv1DTranspose)" in message
    assert message.endswith("cannot be stacked into a population.")


def test_padding_that_would_change_the_model_means_one_by_one(choose, views):
    def build(n_features):
        inputs = keras.Input((n_features,))
        tensor = keras.layers.LayerNormalization(name="of_inputs")(inputs)
        return keras.Model(inputs, keras.layers.Dense(3)(tensor))

    trainer, message = choose(build)
    assert isinstance(trainer, OneByOneTrainer)
    assert "of_inputs (LayerNormalization, folds differ in columns)" in message
    trainer, message = choose(build, views=views[:2])
    assert isinstance(trainer, PopulationTrainer)
    assert "one by one" not in message


def test_records_of_both_trainers_look_the_same(choose, make_member, train):
    member = make_member("focal", view=2, epochs=2)
    records = [
        train(choose(build)[0], [member])[0]
        for build in (build_convolution, by_position(build_linear))
    ]
    shapes = {"confusion": (2, 3, 3), "log_loss": (2,), "train_loss": (2,), "logits": (13, 3)}
    types = dict.fromkeys(shapes, np.float64) | {"confusion": np.int64, "logits": np.float32}
    for record in records:
        assert record.key == member.key
        assert record.failure is None
        assert {name: getattr(record, name).shape for name in shapes} == shapes
        assert {name: getattr(record, name).dtype for name in types} == types
