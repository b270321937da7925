"""A kept model is the one that was scored, whichever trainer made it."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from focalsweep.models.cosine_head import with_cosine_head
from focalsweep.models.mlp import mlp
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer


def build(n_features):
    return mlp(n_features=n_features, n_classes=3, hidden=[5], normalization="batch")


@pytest.fixture(scope="module", params=["population", "one_by_one"])
def trainer(request, views):
    nothing = replace(views[0], name="all/refit", labels=views[0].labels[:50])
    nothing = replace(nothing, features=views[0].features[:50])
    shared = {
        "build_model": build,
        "views": [*views, nothing],
        "optimizer": Optimizer(kind="adamw"),
        "batch_size": 16,
    }
    if request.param == "one_by_one":
        return OneByOneTrainer(**shared)
    return PopulationTrainer(**shared, cosine_head=True, head_only=True)


@pytest.mark.parametrize("recipe", [None, "ldam", "two_stage"])
def test_kept_weights_give_the_logits_that_were_scored(trainer, recipe, make_member, train):
    members = [
        replace(make_member(recipe=recipe, view=v, epochs=2), keep_weights=True) for v in (0, 2)
    ]
    for member, record in zip(members, train(trainer, members, size=2), strict=True):
        view = trainer.views[member.view]
        model = build(view.features.shape[1])
        if member.recipe.head == "cosine":
            model = with_cosine_head(model)
        variables = [v for layer in model.layers for v in layer.weights]
        for variable, value in zip(variables, record.weights, strict=True):
            variable.assign(value)
        logits = keras.ops.convert_to_numpy(model(view.features[view.n_train :]))
        np.testing.assert_allclose(logits, record.logits, rtol=1e-4, atol=1e-5)


def test_weights_are_kept_only_where_asked(trainer, make_member, train):
    asked = replace(make_member(epochs=1), keep_weights=True)
    (without, kept) = train(trainer, [make_member(epochs=1, seed=1), asked], size=2)
    assert without.weights is None
    assert kept.weights is not None


def test_a_view_without_evaluation_rows_trains_the_same_model(trainer, make_member, train):
    """Only its name is another, which the initial weights and the batch order depend on."""
    member = replace(make_member(view=3, epochs=2, keep_logits=False), keep_weights=True)
    (record,) = train(trainer, [member], size=2)
    assert record.failure is None
    assert record.confusion.sum() == 0
    assert all(np.isfinite(weight).all() for weight in record.weights)
    assert np.isfinite(record.train_loss).all()
