"""Recipes in training: what changes on the way, what is held, and that both trainers agree."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.models.cosine_head import with_cosine_head
from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer
from focalsweep.training.randomness import batch_order, fresh_weights, initial_weights

BATCH = 16
SIZE = 3
TOLERANCE = 1e-10
FEATURES = {"cosine_head": True, "head_only": True}


def build_mlp(n_features, *, normalization="none", dropout=0.0):
    return mlp(
        n_features=n_features,
        n_classes=3,
        hidden=(6,),
        activation="tanh",
        normalization=normalization,
        dropout=dropout,
    )


def build_with_batch_statistics(n_features):
    return build_mlp(n_features, normalization="batch")


def build_leaky(n_features):
    """Everything whose state could leak from one member into another."""
    return build_mlp(n_features, normalization="batch", dropout=0.25)


def build_linear(n_features):
    return linear(n_features=n_features, n_classes=3)


@pytest.fixture(scope="module")
def trainer(views):
    return PopulationTrainer(
        build_model=build_leaky,
        views=views,
        optimizer=Optimizer(),
        batch_size=BATCH,
        exact_log_loss=True,
        **FEATURES,
    )


@pytest.fixture(scope="module")
def members(make_member, recipes):
    """A member of each recipe, with other views, rates and lengths."""
    return [
        make_member(
            recipe=name, view=i % 3, seed=i, epochs=2 + i % 3, schedule=4, learning_rate=0.01 * i
        )
        for i, name in enumerate(recipes, 1)
    ] + [make_member("focal", view=1, epochs=4)]


@pytest.fixture(scope="module")
def records(trainer, members, train):
    return train(trainer, members, size=SIZE)


# Identities ---------------------------------------------------------------------------------------


def test_company_and_place_in_a_chunk_change_nothing(
    trainer, members, records, train, assert_identical
):
    order = [5, 0, 4, 2, 3, 1]
    shuffled = train(trainer, [members[i] for i in order], size=SIZE)
    for i, record in zip(order, shuffled, strict=True):
        assert_identical(record, records[i])


def test_a_second_stage_with_the_same_loss_is_one_stage(
    trainer, make_member, points, train, assert_identical
):
    loss = points["everything"]
    stages = (Stage(loss=loss), Stage(loss=loss, start=0.25), Stage(loss=loss, start=0.5))
    staged = make_member(recipe=Recipe(stages=stages), epochs=4)
    plain, staged = train(trainer, [make_member("everything", epochs=4), staged], size=SIZE)
    assert_identical(plain, staged)


def test_before_its_second_stage_a_member_trains_as_if_there_were_none(
    trainer, make_member, recipes, train, assert_identical
):
    # Half of 4 epochs is 2: a refit of 2 epochs never sees the second stage.
    short = make_member(recipe="deferred", epochs=2, schedule=4)
    staged, plain = train(trainer, [short, make_member("focal", epochs=2)], size=SIZE)
    assert_identical(staged, plain)
    one_more, plain = train(
        trainer, [replace(short, epochs=3), make_member("focal", epochs=3)], size=SIZE
    )
    np.testing.assert_array_equal(one_more.train_loss[:2], plain.train_loss[:2])
    assert not np.array_equal(one_more.logits, plain.logits)


def test_a_shorter_schedule_changes_losses_earlier(trainer, make_member, train):
    numbers = {"recipe": "deferred", "epochs": 3}
    late, early = train(
        trainer, [make_member(**numbers, schedule=6), make_member(**numbers, schedule=3)], size=SIZE
    )
    assert late.train_loss[1] == early.train_loss[1]
    assert late.train_loss[2] != early.train_loss[2]


def test_sampling_of_strength_0_is_plain_training_with_and_without_synthetic_rows(
    trainer, views, make_member, points, train, assert_identical
):
    view = views[0]
    made = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    with_made = replace(
        view,
        features=np.concatenate([view.features[:50], made, view.features[50:]]),
        labels=np.concatenate([view.labels[:50], np.full(30, 2), view.labels[50:]]).astype(
            np.int32
        ),
        n_train=80,
        counts=view.train_counts,
        n_synthetic=30,
    )
    wider = replace(trainer, views=[*views, with_made])
    weak = Recipe(stages=(Stage(loss=points["focal"], sampling=0.0),))
    plain, own, synthetic = train(
        wider,
        [
            make_member("focal"),
            make_member(recipe=weak, epochs=3),
            make_member(recipe=weak, epochs=3, view=3),
        ],
    )
    assert_identical(plain, own)
    assert_identical(plain, synthetic)
    full = Recipe(stages=(Stage(loss=points["focal"], sampling=1.0),))
    strong, strong_synthetic, _ = train(
        wider,
        [make_member(recipe=full), make_member(recipe=full, view=3), make_member()],
    )
    assert not np.array_equal(strong.logits, plain.logits)
    assert not np.array_equal(strong.logits, strong_synthetic.logits)


def test_a_cosine_head_in_the_program_leaves_linear_members_as_they_were(
    trainer, make_member, train
):
    without = replace(trainer, cosine_head=False, head_only=False)
    members = [make_member("everything", view=2, epochs=4), make_member("focal"), make_member()]
    for record, expected in zip(train(trainer, members), train(without, members), strict=True):
        np.testing.assert_allclose(record.logits, expected.logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("recipe", "need"), [("ldam", "cosine_head"), ("two_stage", "head_only")])
def test_a_recipe_is_refused_where_the_program_leaves_it_out(
    recipe, need, views, make_member, train
):
    plain = PopulationTrainer(
        build_model=build_linear, views=views, optimizer=Optimizer(), batch_size=BATCH
    )
    with pytest.raises(ValueError, match=need):
        train(plain, [make_member(recipe=recipe, epochs=4)])


# The last layer alone -----------------------------------------------------------------------------


def test_all_but_the_last_layer_is_held_bit_for_bit(views, make_member):
    trainer = PopulationTrainer(
        build_model=build_with_batch_statistics,
        views=views,
        optimizer=Optimizer(),
        batch_size=BATCH,
        **FEATURES,
    )
    kernel, states = trainer._kernel, []
    run = kernel.epoch

    def epoch(state, *given, **named):
        after, loss = run(state, *given, **named)
        states.append((state, after))
        return after, loss

    object.__setattr__(kernel, "epoch", epoch)
    members = [make_member(recipe="two_stage", epochs=4), make_member("focal", epochs=4)]
    list(trainer.train([members], size=2))
    in_head = trainer._stacked.in_head
    assert sum(in_head) == 2
    for number, (before, after) in enumerate(states):
        for old, new, head in zip(before.weights, after.weights, in_head, strict=True):
            held = number >= 2 and not head
            assert np.array_equal(old[0], new[0]) == held
            assert not np.array_equal(old[1], new[1])
    # Drawn anew between the second and the third epoch, with an optimiser that remembers nothing.
    (_, second), (third, _) = states[1:3]
    fresh = trainer._starts.fresh_head(0, 0)
    drawn = [w for w, head in zip(third.weights, in_head, strict=True) if head]
    for own, expected in zip(drawn, fresh, strict=True):
        np.testing.assert_array_equal(own[0], expected)
    assert (float(third.step[0]), float(third.step[1])) == (0.0, float(second.step[1]))
    kept = np.flatnonzero(trainer._stacked.trainable)
    for slot, old_slot in zip(third.slots, second.slots, strict=True):
        for i, own, old in zip(kept, slot, old_slot, strict=True):
            np.testing.assert_array_equal(own[0], 0.0 * old[0] if in_head[i] else old[0])
            np.testing.assert_array_equal(own[1], old[1])


def test_the_last_layer_begins_anew_with_other_weights_the_same_for_every_arm(views):
    model = build_mlp(4)
    first = initial_weights(model, seed=3, view="fold")[-2]
    anew = fresh_weights(model.layers[-1], seed=3, view="fold")[0]
    assert first.shape == anew.shape
    assert not np.array_equal(first, anew)
    again = fresh_weights(with_cosine_head(build_mlp(4)).layers[-1], seed=3, view="fold")[0]
    np.testing.assert_array_equal(anew, again)
    for changed in ({"seed": 4, "view": "fold"}, {"seed": 3, "view": "other"}):
        assert not np.array_equal(anew, fresh_weights(model.layers[-1], **changed)[0])


# The cosine head ----------------------------------------------------------------------------------


def test_logits_of_a_cosine_head_are_cosines_and_a_margin_arm_learns(trainer, make_member, train):
    records = train(
        trainer,
        [make_member(recipe="ldam", view=view, epochs=12, learning_rate=0.03) for view in range(3)],
    )
    for record in records:
        assert np.abs(record.logits).max() <= 1.0 + 1e-6
        assert record.train_loss[-1] < 0.8 * record.train_loss[0]


def test_a_row_without_features_does_not_harm_a_cosine_head(views, make_member, train):
    empty = replace(views[0], features=views[0].features * (np.arange(70) % 3 > 0)[:, None])
    trainer = PopulationTrainer(
        build_model=build_linear,
        views=[replace(empty, features=empty.features.astype(np.float32))],
        optimizer=Optimizer(),
        batch_size=BATCH,
        cosine_head=True,
    )
    (record,) = train(trainer, [make_member(recipe="ldam")])
    assert record.failure is None
    assert np.isfinite(record.logits).all()


# Like an earlier trainer --------------------------------------------------------------------------


def test_a_trainer_like_an_earlier_one_uses_its_programs_and_gives_the_same_bits(
    trainer, views, members, records, train, assert_identical
):
    alike = replace(trainer, views=views[::-1], like=trainer)
    assert alike._kernel is trainer._kernel
    turned = [replace(member, view=2 - member.view) for member in members]
    for record, expected in zip(train(alike, turned, size=SIZE), records, strict=True):
        assert_identical(record, expected)


@pytest.mark.parametrize(
    "changed",
    [
        {"build_model": lambda n: mlp(n_features=n, n_classes=3, hidden=(5,))},
        {"build_model": build_with_batch_statistics},
        {"optimizer": Optimizer(kind="sgd")},
        {"exact_log_loss": False},
    ],
    ids=["width", "dropout", "optimizer", "log-loss"],
)
def test_another_architecture_or_optimiser_has_its_own_programs(changed, trainer):
    other = replace(trainer, like=trainer, **changed)
    assert other._kernel is not trainer._kernel


# Against Keras ------------------------------------------------------------------------------------

# From here on in float64, for the rest of the module.
CASES = {
    "sampling, Adam": (build_mlp, "adam", "balanced", 2),
    "the last layer alone after batch statistics, momentum": (
        build_with_batch_statistics,
        "sgd",
        "two_stage",
        2,
    ),
    "everything, AdamW": (build_with_batch_statistics, "adamw", "everything", 0),
    "a cosine head without hidden layers": (build_linear, "adamw", "ldam", 1),
}


# "everything" holds what these two hold; each compiles for ten seconds.
SLOW = {
    "the last layer alone after batch statistics, momentum",
    "a cosine head without hidden layers",
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES]
)
def test_a_member_of_a_population_equals_itself_trained_by_keras(case, views, make_member, train):
    build_model, kind, recipe, view = CASES[case]
    shared = {
        "build_model": build_model,
        "views": views,
        "optimizer": Optimizer(kind=kind),
        "batch_size": BATCH,
    }
    member = make_member(recipe=recipe, view=view, epochs=4, seed=5)
    company = [make_member("everything", view=2, epochs=5), make_member(recipe="ldam", view=1)]
    population = PopulationTrainer(**shared, dtype="float64", exact_log_loss=True, **FEATURES)
    alone = OneByOneTrainer(**shared)
    record, *_ = train(population, [member, *company])
    (expected,) = train(alone, [member])
    np.testing.assert_array_equal(record.confusion, expected.confusion)
    for field in ("logits", "train_loss", "log_loss"):
        np.testing.assert_allclose(
            getattr(record, field), getattr(expected, field), rtol=0, atol=TOLERANCE
        )
    assert np.ptp(expected.logits) > 0.05  # not the trivial agreement of constants


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("head_only", [False, True])
def test_two_stages_equal_two_keras_fits_one_after_the_other(
    head_only, views, make_member, points, train
):
    view, weight = views[2], points["weighted"].weight
    recipe = Recipe(
        stages=(
            Stage(loss=points["cross_entropy"]),
            Stage(loss=points["weighted"], start=0.5, head_only=head_only),
        )
    )
    member = make_member(recipe=recipe, view=2, seed=3, epochs=4)
    trainer = PopulationTrainer(
        build_model=build_mlp,
        views=views,
        optimizer=Optimizer(),
        batch_size=BATCH,
        dtype="float64",
        head_only=head_only,
    )
    record, _ = train(trainer, [member, make_member("focal", epochs=5)])

    def compiled(model):
        model.compile(
            keras.optimizers.AdamW(member.learning_rate, weight_decay=member.weight_decay),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def fit(model, epochs, **weights):
        for epoch in epochs:
            order = batch_order(seed=3, view=view.name, epoch=epoch, n_train=view.n_train)
            features, labels = view.features[order], view.labels[order]
            model.fit(features, labels, batch_size=BATCH, shuffle=False, verbose=0, **weights)

    model = compiled(build_mlp(view.features.shape[1]))
    model.set_weights(initial_weights(model, seed=3, view=view.name))
    fit(model, [0, 1])
    if head_only:
        model.layers[-1].set_weights(fresh_weights(model.layers[-1], seed=3, view=view.name))
        for layer in model.layers[:-1]:
            layer.trainable = False
        compiled(model)
    fit(model, [2, 3], class_weight=dict(enumerate(weight)))
    expected = model(view.features[view.n_train :]).numpy()
    np.testing.assert_allclose(record.logits, expected, rtol=0, atol=TOLERANCE)
