"""A member that stops at a rung and goes on in another chunk equals one that never stopped."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from focalsweep.losses.recipe import Recipe
from focalsweep.models.mlp import mlp
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer

EPOCHS, RUNGS, SIZE = 6, (2, 3), 3
OPTIMIZERS = {"adamw": Optimizer(kind="adamw"), "momentum": Optimizer(kind="sgd", momentum=0.9)}


def build(n_features: int) -> keras.Model:
    return mlp(
        n_features=n_features,
        n_classes=3,
        hidden=(5, 4),
        activation="relu",
        normalization="batch",
        dropout=0.3,
    )


@pytest.fixture(scope="module", params=OPTIMIZERS)
def population(request, views) -> PopulationTrainer:
    return PopulationTrainer(
        build_model=build,
        views=views,
        optimizer=OPTIMIZERS[request.param],
        batch_size=16,
        exact_log_loss=True,
        cosine_head=True,
        head_only=True,
    )


def members(make_member):
    """Nine members: all kinds of recipes, of which stages begin before, at and after a rung."""
    kinds = ["deferred", "balanced", "two_stage", "ldam", "everything", None, None]
    made = [
        make_member("weighted", view=i % 3, trial=i, epochs=EPOCHS, schedule=EPOCHS, recipe=kind)
        for i, kind in enumerate(kinds)
    ]
    late = made[2].recipe
    at_rung = Recipe(stages=(late.stages[0], replace(late.stages[1], start=1 / 3)))
    return [*made, replace(made[2], key=made[2].key._replace(trial=8), recipe=at_rung)]


def paused_and_resumed(trainer, chosen, *, leaving, train, size):
    """Train to each rung, drop some members there, and go on in another order."""
    going, so_far, states = list(chosen), {}, {}
    for end in (*RUNGS, EPOCHS):
        part = [
            replace(m, epochs=end, begin=states.get(m.key), keep_state=end < EPOCHS) for m in going
        ]
        for record in train(trainer, part, size=size):
            before = so_far.get(record.key)
            so_far[record.key] = record if before is None else before.followed_by(record)
            states[record.key] = record.state
        going = [m for m in going if m.key.trial not in leaving.get(end, ())][::-1]
    return {m.key: so_far[m.key] for m in going}


def test_survivors_of_a_population_are_identical_to_members_that_never_stopped(
    population, make_member, train, assert_identical
):
    chosen = members(make_member)
    undisturbed = {record.key: record for record in train(population, chosen, size=SIZE)}
    survivors = paused_and_resumed(
        population, chosen, leaving={2: {0, 5}, 3: {6}}, train=train, size=SIZE
    )
    assert len(survivors) == len(chosen) - 3
    for key, record in survivors.items():
        assert len(record.train_loss) == EPOCHS
        assert_identical(record, undisturbed[key])


@pytest.mark.parametrize(("optimizer", "kind"), [("adamw", "two_stage"), ("momentum", None)])
def test_one_by_one_survivors_are_identical_too(
    optimizer, kind, views, make_member, train, assert_identical
):
    trainer = OneByOneTrainer(
        build_model=build, views=views, optimizer=OPTIMIZERS[optimizer], batch_size=16
    )
    member = make_member("weighted", epochs=EPOCHS, schedule=EPOCHS, recipe=kind)
    (undisturbed,) = train(trainer, [member])
    survivors = paused_and_resumed(trainer, [member], leaving={}, train=train, size=1)
    assert_identical(survivors[member.key], undisturbed)


def test_a_state_is_small_and_its_own(population, make_member, train):
    chosen = [replace(m, epochs=2, keep_state=True) for m in members(make_member)]
    records = train(population, chosen, size=SIZE)
    values = sum(int(np.prod(shape)) for shape in population._stacked.shapes)
    for record in records:
        assert record.state.epoch == 2
        assert sum(array.size for array in record.state.arrays) <= 3 * values + 1
        assert all(array.base is None for array in record.state.arrays)


def test_divergence_after_a_rung_names_the_epoch_of_the_whole_training(
    population, make_member, train
):
    first = replace(make_member("weighted", epochs=2, schedule=EPOCHS), keep_state=True)
    (record,) = train(population, [first], size=SIZE)
    broken = tuple(np.full_like(array, np.nan) for array in record.state.arrays)
    later = replace(first, epochs=4, keep_state=False, begin=replace(record.state, arrays=broken))
    (failed,) = train(population, [later], size=SIZE)
    assert failed.failure == "the training loss became nan in epoch 3"


def test_members_of_a_chunk_must_begin_and_pause_together(population, make_member, train):
    first = replace(make_member(epochs=2, schedule=EPOCHS), keep_state=True)
    (record,) = train(population, [first], size=SIZE)
    later = replace(first, epochs=4, begin=record.state, keep_state=False)
    with pytest.raises(ValueError, match=r"must begin in the same epoch. Received: \[0, 2\]"):
        train(population, [first, later], size=SIZE)
    longer = make_member(epochs=4, schedule=EPOCHS, trial=1)
    with pytest.raises(ValueError, match="end in the same epoch"):
        train(population, [first, longer], size=SIZE)
