"""Models and losses of a user's own, by both paths; figures of Keras itself are the yardstick."""

import keras
import numpy as np
import pytest
from own_models import OwnLoss, OwnModel, StubbornLoss, small_resnet
from sklearn.datasets import load_digits

from focalsweep.losses.keras_point import KerasPoint, keras_point
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.models.cnn import cnn
from focalsweep.models.flat_rows import with_flat_rows
from focalsweep.models.linear import linear
from focalsweep.training.choice import make_trainer
from focalsweep.training.loss_variables import takes_tensors
from focalsweep.training.member import View
from focalsweep.training.mixed import MixedTrainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer
from focalsweep.training.randomness import batch_order, initial_weights
from focalsweep.training.stacking import unstackable_layers

BATCH = 16
IMAGE = (6, 6, 1)
SHARED = {"optimizer": Optimizer(kind="adamw"), "batch_size": BATCH}


@pytest.fixture(scope="module")
def image_views(make_view):
    return [make_view(f"outer-{i}", n_train=40 - 7 * i, n_eval=12, columns=36) for i in range(2)]


def build_resnet(n_features, *, custom=False):
    model = small_resnet(n_classes=3, input_shape=IMAGE, custom=custom)
    return with_flat_rows(model, n_features=n_features, image_shape=IMAGE)


def build_cnn(n_features):
    return cnn(
        n_features=n_features,
        n_classes=3,
        input_shape=IMAGE,
        filters=(3, 4),
        normalization="batch",
    )


def build_linear(n_features):
    return linear(n_features=n_features, n_classes=3)


def build_subclassed(n_features):
    return with_flat_rows(OwnModel(3), n_features=n_features, image_shape=IMAGE)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "build",
    [pytest.param(build_resnet, marks=pytest.mark.slow), build_cnn],
    ids=["ResNet", "cnn"],
)
def test_a_convolutional_member_of_a_population_equals_itself_trained_alone(
    build, image_views, make_member, train
):
    assert unstackable_layers(build(36)) == []
    members = [
        make_member("focal", view=0, epochs=2, seed=1),
        make_member("weighted", view=1, epochs=3, seed=2, learning_rate=2.0**-5),
    ]
    together = train(
        PopulationTrainer(build_model=build, views=image_views, dtype="float64", **SHARED), members
    )
    alone = train(OneByOneTrainer(build_model=build, views=image_views, **SHARED), members, size=1)
    for record, expected in zip(together, alone, strict=True):
        np.testing.assert_allclose(record.logits, expected.logits, rtol=0, atol=1e-9)
        np.testing.assert_allclose(record.train_loss, expected.train_loss, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(record.confusion, expected.confusion)
        assert np.ptp(expected.logits) > 0.05


@pytest.mark.usefixtures("float64")
def test_an_output_bias_at_the_best_constant_starts_alike_by_both_paths(
    image_views, make_member, train
):
    members = [make_member("focal", view=0, epochs=1), make_member("weighted", view=1, epochs=1)]
    shared = {"build_model": build_linear, "views": image_views, **SHARED}
    started = {"best_constant": True, **shared}
    together = train(PopulationTrainer(dtype="float64", **started), members)
    alone = train(OneByOneTrainer(**started), members, size=1)
    at_zero = train(OneByOneTrainer(**shared), members, size=1)
    for record, expected, other in zip(together, alone, at_zero, strict=True):
        np.testing.assert_allclose(record.logits, expected.logits, rtol=0, atol=1e-9)
        np.testing.assert_allclose(record.train_loss, expected.train_loss, rtol=0, atol=1e-9)
        assert np.abs(record.logits - other.logits).max() > 0.05


@pytest.mark.usefixtures("float64")
def test_the_compiled_loop_equals_keras_fit(image_views, make_member, train):
    member = make_member("cross_entropy", view=1, seed=3, epochs=2)
    trainer = OneByOneTrainer(build_model=build_resnet, views=image_views, **SHARED)
    # Two other members first: nothing of theirs may be left over.
    *_, record = train(
        trainer, [make_member("focal", view=0), make_member("focal", view=1), member], size=1
    )
    view = image_views[1]
    model = build_resnet(36)
    model.set_weights(initial_weights(model, seed=3, view=view.name))
    model.compile(
        keras.optimizers.AdamW(member.learning_rate, weight_decay=member.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for epoch in range(2):
        order = batch_order(seed=3, view=view.name, epoch=epoch, n_train=view.n_train)
        model.fit(
            view.features[order], view.labels[order], batch_size=BATCH, shuffle=False, verbose=0
        )
    expected = model(view.features[view.n_train :]).numpy()
    np.testing.assert_allclose(record.logits, expected, rtol=0, atol=1e-9)


def test_a_custom_layer_and_a_subclassed_model_train_one_by_one_and_are_named(image_views):
    for build, name in ((lambda n: build_resnet(n, custom=True), "Scaled"), (build_subclassed, "")):
        trainer, message = make_trainer(
            build_model=build, views=image_views, exact_log_loss=True, **SHARED
        )
        assert isinstance(trainer, OneByOneTrainer)
        assert message.startswith("Models train one by one, in a Keras loop that is compiled once")
        assert name in message


def test_no_program_is_traced_from_trial_to_trial(image_views, make_member, train):
    trainer = OneByOneTrainer(build_model=build_subclassed, views=image_views, **SHARED)
    members = [
        make_member(
            loss,
            view=view,
            trial=trial,
            learning_rate=10.0**-trial,
            weight_decay=0.1 * trial,
            epochs=1 + trial % 2,
        )
        for trial, loss in enumerate(("cross_entropy", "weighted", "focal", "adjusted"))
        for view in (0, 1)
    ]
    records = train(trainer, members, size=1)
    assert trainer.traces == 1
    assert len({record.train_loss[0] for record in records}) == len(members)


def test_a_subclassed_model_repeats_itself_bit_for_bit_whatever_was_trained_before(
    image_views, make_member, train, assert_identical
):
    trainer = OneByOneTrainer(build_model=build_subclassed, views=image_views, **SHARED)
    member = make_member("focal", view=1, seed=5, epochs=2)
    first, _, again = train(trainer, [member, make_member("weighted"), member], size=1)
    assert_identical(first, again)
    fresh = OneByOneTrainer(build_model=build_subclassed, views=image_views, **SHARED)
    assert_identical(first, train(fresh, [member])[0])


def keras_member(make_member, make=None, *, counts=(25, 16, 9), **numbers):
    made = keras_point(
        np.array(counts),
        make_keras_loss=make or keras.losses.CategoricalFocalCrossentropy,
        fixed={} if make else {"from_logits": True},
        **numbers,
    )
    return make_member(recipe=Recipe.plain(made), epochs=2)


def test_kerass_focal_loss_trains_as_the_same_point_of_the_family(image_views, make_member, train):
    trainer = OneByOneTrainer(build_model=build_linear, views=image_views, **SHARED)
    theirs = [keras_member(make_member, alpha=1.0, gamma=g) for g in (0.0, 2.0, 3.0)]
    records = train(trainer, theirs, size=1)
    assert trainer.traces == 1
    (ours,) = train(trainer, [make_member("cross_entropy", epochs=2)])
    # Keras clips probabilities, which shows in float32 only by rounding here.
    np.testing.assert_allclose(records[0].logits, ours.logits, atol=2e-3)
    assert np.abs(records[1].logits - records[2].logits).max() > 1e-4


def test_a_loss_of_ones_own_is_compiled_once_and_told_the_class_counts(
    image_views, make_member, train
):
    trainer = OneByOneTrainer(build_model=build_linear, views=image_views, **SHARED)
    members = [keras_member(make_member, OwnLoss, strength=s) for s in (0.5, 1.0, 2.0)]
    point = members[0].recipe.last.loss
    assert point.numbers == {"strength": 0.5, "class_counts": (25.0, 16.0, 9.0)}
    losses = [record.train_loss[0] for record in train(trainer, members, size=1)]
    assert trainer.traces == 1
    assert len(set(losses)) == 3


def test_a_loss_whose_constructor_wants_python_numbers_is_compiled_for_every_trial(
    image_views, make_member, train
):
    members = [keras_member(make_member, StubbornLoss, strength=s) for s in (0.5, 2.0)]
    stubborn, own = members[0].recipe.last.loss, keras_member(make_member, OwnLoss, strength=0.5)
    assert not takes_tensors(stubborn)
    trainer, message = make_trainer(
        build_model=build_linear,
        views=image_views,
        exact_log_loss=True,
        outside={"stubborn": stubborn},
        **SHARED,
    )
    assert "The loss of `stubborn` is compiled anew for every trial" in message
    alone = trainer.one_by_one
    first, second = train(alone, members, size=1)
    assert first.train_loss[0] != second.train_loss[0]
    # The same numbers as by variables.
    np.testing.assert_allclose(first.logits, train(alone, [own])[0].logits, atol=1e-6)


def test_a_mixed_sweep_gives_every_member_the_record_of_its_own_trainer(
    image_views, make_member, train, assert_identical
):
    outside = keras_member(make_member, OwnLoss, strength=2.0)
    inside = [make_member("focal", view=1, epochs=2), make_member("weighted", epochs=1)]
    trainer, message = make_trainer(
        build_model=build_linear,
        views=image_views,
        exact_log_loss=True,
        outside={"own": outside.recipe.last.loss},
        **SHARED,
    )
    assert isinstance(trainer, MixedTrainer)
    assert message.startswith("Models of `own` train one by one")
    records = train(trainer, [inside[0], outside, inside[1]], size=2)
    of_family = train(trainer.population, inside, size=2)
    for record, expected in zip(
        records, (of_family[0], train(trainer.one_by_one, [outside])[0], of_family[1]), strict=True
    ):
        assert record.key == expected.key
        np.testing.assert_allclose(record.logits, expected.logits, atol=1e-6)


def test_points_of_a_keras_loss_differ_by_their_numbers_and_options():
    def digest(**changed):
        given = {"make": OwnLoss, "options": {"from_logits": True}, "numbers": {"strength": 1.0}}
        return KerasPoint(**{**given, **changed}).digest()

    digests = {
        digest(),
        digest(numbers={"strength": 2.0}),
        digest(options={}),
        digest(make=OwnModel),
    }
    assert len(digests) == 4
    assert digest() == digest()


def right_by_path(make_member, train, *, features, labels, n_train, seeds, epochs, strides):
    """Return right answers on held-out images: of each path, of each seed.

    The mean over the last third of the epochs: rounding makes single epochs of batch normalisation
    jump by a tenth.
    """
    n_classes = int(labels.max()) + 1
    counts = np.bincount(labels[:n_train], minlength=n_classes)
    view = View(
        name="images",
        features=features.reshape(len(labels), -1).astype(np.float32),
        labels=labels.astype(np.int32),
        n_train=n_train,
        natural_counts=counts,
    )
    side = features.shape[1]

    def build(n_features):
        model = small_resnet(n_classes=n_classes, input_shape=(side, side, 1), first=strides)
        return with_flat_rows(model, n_features=n_features, image_shape=(side, side, 1))

    plain = Recipe.plain(LossPoint.cross_entropy(n_classes))
    members = [
        make_member(recipe=plain, seed=seed, learning_rate=0.003, epochs=epochs)
        for seed in range(seeds)
    ]
    shared = {"build_model": build, "views": [view], **SHARED}
    return [
        [
            np.trace(record.confusion[-(epochs // 3) :], axis1=1, axis2=2).mean()
            for record in train(trainer(**shared), members)
        ]
        for trainer in (PopulationTrainer, OneByOneTrainer)
    ]


def assert_alike(left, right):
    """Check that means over seeds differ by no more than three standard errors."""
    error = np.hypot(*(np.std(seeds, ddof=1) / np.sqrt(len(seeds)) for seeds in (left, right)))
    assert abs(np.mean(left) - np.mean(right)) < 3 * error + 1


@pytest.mark.slow
def test_both_paths_learn_digits_equally_well(make_member, train):
    digits = load_digits()
    rows = np.random.default_rng(0).permutation(len(digits.data))[:900]
    right = right_by_path(
        make_member,
        train,
        features=digits.images[rows] / 16,
        labels=digits.target[rows],
        n_train=600,
        seeds=4,
        epochs=24,
        strides=1,
    )
    assert np.min(right) > 200  # of 300; 30 by chance
    assert_alike(*right)


@pytest.mark.slow
def test_both_paths_learn_drawn_shapes_of_28_pixels_from_a_file(make_member, train, tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 2], [200, 100, 60]))
    images = rng.normal(0, 0.1, (360, 28, 28))
    for image, shape in zip(images, labels, strict=True):
        top, left = rng.integers(2, 12, 2)
        box = image[top : top + 14, left : left + 14]
        box[[np.s_[:], np.s_[::2], np.s_[::2, ::2]][shape]] += 1
    np.savez(tmp_path / "shapes.npz", X=images, y=labels)
    given = np.load(tmp_path / "shapes.npz")
    right = right_by_path(
        make_member,
        train,
        features=given["X"],
        labels=given["y"],
        n_train=240,
        seeds=2,
        epochs=12,
        strides=2,
    )
    assert np.min(right) > 100  # of 120; 67 by naming the largest class
    assert_alike(*right)
