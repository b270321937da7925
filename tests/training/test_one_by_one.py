import keras
import numpy as np
import pytest

from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp
from focalsweep.models.residual_mlp import residual_mlp
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer
from focalsweep.training.randomness import batch_order, dropout_key, initial_weights

pytestmark = pytest.mark.usefixtures("float64")

BATCH = 16
# Seen: 2e-15. A number that is rounded to float32 on one side only shows as 1e-9 or more.
TOLERANCE = 1e-10


def build_linear(n_features):
    return linear(n_features=n_features, n_classes=3)


def build_mlp(n_features, *, normalization="none"):
    return mlp(
        n_features=n_features,
        n_classes=3,
        hidden=(6,),
        activation="tanh",
        normalization=normalization,
    )


def build_residual(n_features, *, normalization="layer"):
    return residual_mlp(
        n_features=n_features, n_classes=3, width=5, blocks=1, normalization=normalization
    )


def build_with(normalization, *, residual=False):
    build = build_residual if residual else build_mlp
    return lambda n_features: build(n_features, normalization=normalization)


# Model, optimiser, then (loss, view, epochs, whether trained through Keras too: that takes 2 s).
# The others are company: members of one chunk differ in all that they can differ in.
CASES = {
    "linear, momentum": (
        build_linear,
        Optimizer(kind="sgd", momentum=0.875),
        [("adjusted", 2, 3, True), ("focal", 0, 4, False)],
    ),
    "mlp, AdamW, softened": (
        build_mlp,
        Optimizer(kind="adamw"),
        [("smoothed", 1, 4, True), ("everything", 2, 2, False), ("generalised", 0, 3, True)],
    ),
    "mlp with layer normalisation, Adam, log-loss": (
        build_with("layer"),
        Optimizer(kind="adam"),
        [("cross_entropy", 2, 2, False), ("everything", 0, 3, True)],
    ),
    "mlp with batch normalisation, AdamW": (
        build_with("batch"),
        Optimizer(kind="adamw"),
        [("focal", 1, 4, True), ("weighted", 0, 2, False)],
    ),
    "residual mlp, momentum": (
        build_with("layer", residual=True),
        Optimizer(kind="sgd"),
        [("weighted", 1, 3, True), ("everything", 2, 1, False)],
    ),
    "residual mlp with batch normalisation, AdamW": (
        build_with("batch", residual=True),
        Optimizer(kind="adamw"),
        [("adjusted", 0, 2, False), ("focal", 2, 3, True)],
    ),
}


# Their layers and optimisers are those of other cases; each compiles for ten seconds.
SLOW = {"linear, momentum", "residual mlp with batch normalisation, AdamW"}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case in SLOW)) for case in CASES]
)
def test_a_member_of_a_population_equals_itself_trained_by_keras(case, views, make_member, train):
    build_model, optimizer, rows = CASES[case]
    members = [
        make_member(loss, view=view, epochs=epochs, seed=7 + epochs)
        for loss, view, epochs, _ in rows
    ]
    shared = {
        "build_model": build_model,
        "views": views,
        "optimizer": optimizer,
        "batch_size": BATCH,
    }
    population = PopulationTrainer(
        **shared,
        dtype="float64",
        exact_log_loss="log-loss" in case,
        softened="softened" in case,
    )
    records = train(population, members)
    alone = OneByOneTrainer(**shared)
    for member, record, (_, _, epochs, checked) in zip(members, records, rows, strict=True):
        assert record.logits.dtype == np.float64
        assert record.confusion.shape == (epochs, 3, 3)
        if not checked:
            continue
        (expected,) = train(alone, [member])
        assert expected.logits.dtype == np.float64
        assert record.key == expected.key == member.key
        np.testing.assert_array_equal(record.confusion, expected.confusion)
        np.testing.assert_allclose(record.logits, expected.logits, rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(record.train_loss, expected.train_loss, rtol=0, atol=TOLERANCE)
        last_digit = TOLERANCE if population.exact_log_loss else 1e-4
        np.testing.assert_allclose(record.log_loss, expected.log_loss, rtol=0, atol=last_digit)
        assert np.ptp(expected.logits) > 0.1  # not the trivial agreement of constants


def test_a_member_equals_a_loop_written_with_keras_alone(views, make_member, train):
    member = make_member("cross_entropy", view=2, seed=3, epochs=3)
    company = make_member("cross_entropy", view=0, seed=4, epochs=5)
    trainer = PopulationTrainer(
        build_model=build_mlp,
        views=views,
        optimizer=Optimizer(kind="adamw"),
        batch_size=BATCH,
        dtype="float64",
    )
    record, _ = train(trainer, [member, company])

    view = views[2]
    model = build_mlp(view.features.shape[1])
    model.set_weights(initial_weights(model, seed=3, view=view.name))
    model.compile(
        keras.optimizers.AdamW(member.learning_rate, weight_decay=member.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    losses = []
    for epoch in range(3):
        order = batch_order(seed=3, view=view.name, epoch=epoch, n_train=view.n_train)
        history = model.fit(
            view.features[order], view.labels[order], batch_size=BATCH, shuffle=False, verbose=0
        )
        losses += history.history["loss"]
    expected = model(view.features[view.n_train :]).numpy()
    np.testing.assert_allclose(record.logits, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(record.train_loss, losses, rtol=0, atol=TOLERANCE)


class DropoutByHash(keras.layers.Layer):
    """Dropout in eager Keras with the population's masks, computed by NumPy."""

    def __init__(self, *, key, number, rate):
        super().__init__()
        self.key, self.number, self.rate = key, number, rate
        self.steps = 0

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, inputs, training=False):
        if not training:
            return inputs
        self.steps += 1
        rows, units = inputs.shape
        spread = self.steps * 0x9E3779B1 % 2**32
        position = np.arange(rows * units, dtype=np.uint32)
        position += np.uint32(self.number * 0x3C6EF372 % 2**32)
        bits = murmur(murmur(position) ^ murmur(np.array([self.key ^ spread], np.uint32)))
        kept = (bits >> np.uint32(8)) * 2.0**-24 >= self.rate
        return inputs * kept.reshape(rows, units) / (1.0 - self.rate)


def murmur(bits):
    """The 32-bit finaliser of MurmurHash3."""
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    bits = (bits ^ (bits >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return bits ^ (bits >> np.uint32(16))


def test_a_member_with_dropout_equals_keras_with_the_same_masks(views, make_member, train):
    member = make_member("cross_entropy", view=2, seed=9, epochs=3)
    view, hidden, rate = views[2], (6, 4), 0.3
    trainer = PopulationTrainer(
        build_model=lambda n: mlp(n_features=n, n_classes=3, hidden=hidden, dropout=rate),
        views=views,
        optimizer=Optimizer(kind="adamw"),
        batch_size=BATCH,
        dtype="float64",
    )
    # The company has fewer rows, then fewer epochs: the member's masks must not notice.
    record, _, _ = train(
        trainer, [member, make_member(view=1, epochs=4), make_member(view=0, epochs=1)]
    )

    inputs = keras.Input((view.features.shape[1],))
    tensor = inputs
    for number, units in enumerate(hidden):
        tensor = keras.layers.Dense(units, activation="relu")(tensor)
        key = dropout_key(seed=9, view=view.name)
        tensor = DropoutByHash(key=key, number=number, rate=rate)(tensor)
    model = keras.Model(inputs, keras.layers.Dense(3)(tensor))
    model.set_weights(initial_weights(model, seed=9, view=view.name))
    model.compile(
        keras.optimizers.AdamW(member.learning_rate, weight_decay=member.weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    losses = []
    for epoch in range(3):
        order = batch_order(seed=9, view=view.name, epoch=epoch, n_train=view.n_train)
        history = model.fit(
            view.features[order], view.labels[order], batch_size=BATCH, shuffle=False, verbose=0
        )
        losses += history.history["loss"]
    expected = model(view.features[view.n_train :]).numpy()
    np.testing.assert_allclose(record.logits, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(record.train_loss, losses, rtol=0, atol=TOLERANCE)


class Scaled(keras.layers.Layer):
    """A layer of a user's own: no stacked rule, no `factor_initializer` attribute."""

    def build(self, input_shape):
        self.factor = self.add_weight(
            name="factor", shape=(input_shape[-1],), initializer=keras.initializers.RandomNormal()
        )

    def call(self, inputs):
        return inputs * self.factor


def build_unstackable(n_features):
    inputs = keras.Input((n_features,))
    tensor = keras.layers.Dropout(0.5)(keras.layers.Dense(8)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3)(Scaled()(tensor)))


@pytest.fixture(scope="module")
def unstackable(float64, views):
    return OneByOneTrainer(
        build_model=build_unstackable, views=views, optimizer=Optimizer(), batch_size=BATCH
    )


def test_the_same_seed_gives_the_same_bits_with_dropout_and_layers_of_the_users_own(
    unstackable, make_member, train, assert_identical
):
    first, second = train(unstackable, [make_member(epochs=1), make_member(epochs=1)], size=1)
    assert_identical(first, second)


def test_a_diverged_member_says_why(unstackable, make_member, train):
    (record,) = train(unstackable, [make_member(learning_rate=1e200, epochs=2)], each_epoch=False)
    assert record.failure is not None
    assert record.failure.startswith("the training loss became")
    assert record.train_loss.shape == (2,)
    assert record.confusion.shape == (1, 3, 3)


def test_one_model_is_a_chunk(unstackable):
    assert unstackable.chunk_size(500) == 1
