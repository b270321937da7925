"""A row of weight 2 counts as two rows: in training, in counts and in scores of both trainers."""

from dataclasses import replace

import numpy as np
import pytest

from focalsweep.losses.binary_arms import binary_focal
from focalsweep.losses.recipe import Recipe, class_mass
from focalsweep.models.mlp import mlp
from focalsweep.training.class_counts import class_counts, mean_one
from focalsweep.training.member import View
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer
from focalsweep.training.row_order import epoch_rows, row_mass

pytestmark = pytest.mark.usefixtures("float64")

FULL_BATCH = 200
TWICE = (3, 4, 17)  # training rows
SCORED_TWICE = (51, 55, 60)  # evaluation rows


def build_mlp(n_features):
    return mlp(n_features=n_features, n_classes=3, hidden=(6,), activation="tanh")


def labelled(view):
    """The same rows with three labels each: having class 0, having class 1, being even."""
    even = np.arange(len(view.labels)) % 2
    labels = np.stack([view.labels == 0, view.labels == 1, even], axis=1).astype(np.int8)
    counts = class_counts(labels[: view.n_train], n_classes=3)
    return replace(view, labels=labels, natural_counts=counts)


def weighted(view, weights):
    """The view with weights, of training rows in their own unit as the layout makes them."""
    train = mean_one(np.asarray(weights)[: view.n_train])
    both = np.concatenate([train, weights[view.n_train :]]).astype(np.float32)
    natural = class_counts(view.labels[: view.n_train], n_classes=3, weights=train)
    return replace(view, weights=both, natural_counts=natural)


def twice(view):
    """A view in which some rows weigh 2, and one in which they are there twice."""
    rows = np.arange(len(view.labels))
    weights = np.ones(len(rows))
    weights[[*TWICE, *SCORED_TWICE]] = 2.0
    train = np.sort([*rows[: view.n_train], *TWICE])
    order = np.concatenate([train, np.sort([*rows[view.n_train :], *SCORED_TWICE])])
    labels = view.labels[order]
    copied = replace(
        view,
        features=view.features[order],
        labels=labels,
        n_train=len(train),
        natural_counts=class_counts(labels[: len(train)], n_classes=3),
    )
    return weighted(view, weights), copied


@pytest.fixture
def make_trainer():
    def make(views, *, alone=False, batch_size=FULL_BATCH, dtype="float64"):
        shared = {
            "build_model": build_mlp,
            "views": views,
            "optimizer": Optimizer(),
            "batch_size": batch_size,
        }
        if alone:
            return OneByOneTrainer(**shared)
        return PopulationTrainer(**shared, dtype=dtype, exact_log_loss=True)

    return make


def binary(make_member, **numbers):
    point = binary_focal([[1, 1], [2, 1], [1, 3]], gamma=1.0, tau=0.5)
    return make_member(recipe=Recipe.plain(point), **numbers)


@pytest.mark.parametrize(
    ("alone", "multi_label"),
    [
        pytest.param(False, False, id="population"),
        pytest.param(False, True, id="population, labels"),
        pytest.param(True, True, id="one by one, labels", marks=pytest.mark.slow),
    ],
)
def test_doubling_a_weight_equals_doubling_the_row(
    alone, multi_label, make_view, make_member, make_trainer, train
):
    view = make_view("outer-0", n_train=50, n_eval=20)
    heavy, copied = twice(labelled(view) if multi_label else view)
    make = binary if multi_label else lambda make, **numbers: make("focal", **numbers)
    members = [make(make_member, view=index, epochs=5) for index in (0, 1)]
    trainer = make_trainer([heavy, copied], alone=alone)
    first, second = (train(trainer, [member], size=1)[0] for member in members)
    assert first.confusion.dtype == np.float64
    np.testing.assert_array_equal(first.confusion, second.confusion)
    np.testing.assert_allclose(first.log_loss, second.log_loss, rtol=0, atol=1e-10)
    np.testing.assert_allclose(first.train_loss, second.train_loss, rtol=0, atol=1e-10)
    scored = np.sort([*range(50, 70), *SCORED_TWICE])
    once = np.searchsorted(scored, np.arange(50, 70))
    np.testing.assert_allclose(first.logits, second.logits[once], rtol=0, atol=1e-10)
    assert np.ptp(first.logits) > 0.1


@pytest.mark.parametrize("multi_label", [False, True], ids=["classes", "labels"])
def test_weights_of_one_equal_no_weights_bit_for_bit(
    multi_label, make_view, make_member, make_trainer, train, assert_identical
):
    view = make_view("outer-0", n_train=50, n_eval=20)
    view = labelled(view) if multi_label else view
    make = binary if multi_label else lambda make, **numbers: make("focal", **numbers)
    records = [
        train(make_trainer([each], batch_size=16), [make(make_member, seed=2)])[0]
        for each in (view, weighted(view, np.full(70, 3.0)))
    ]
    np.testing.assert_array_equal(records[1].confusion, 3 * records[0].confusion)
    in_rows = replace(records[1], confusion=records[0].confusion)
    np.testing.assert_allclose(in_rows.log_loss, records[0].log_loss, rtol=1e-12)
    assert_identical(replace(in_rows, log_loss=records[0].log_loss), records[0])


def test_both_trainers_agree_on_weighted_rows(views, make_member, make_trainer, train):
    rng = np.random.default_rng(0)
    heavy = [weighted(view, rng.exponential(size=len(view.labels)) + 0.1) for view in views]
    members = [
        make_member(recipe=recipe, view=view, epochs=3, seed=5)
        for view, recipe in ((0, "deferred"), (2, "balanced"))
    ]
    together = train(make_trainer(heavy, batch_size=16), members)
    for member, record in zip(members, together, strict=True):
        (alone,) = train(make_trainer(heavy, alone=True, batch_size=16), [member])
        np.testing.assert_allclose(record.confusion, alone.confusion, rtol=1e-10)
        np.testing.assert_allclose(record.logits, alone.logits, rtol=0, atol=1e-10)
        np.testing.assert_allclose(record.log_loss, alone.log_loss, rtol=0, atol=1e-10)
        np.testing.assert_allclose(record.train_loss, alone.train_loss, rtol=0, atol=1e-10)


def test_a_view_without_weights_trains_beside_one_with_them_as_alone(
    make_view, make_member, make_trainer, train
):
    plain = make_view("outer-0")
    heavy = weighted(make_view("outer-1"), np.linspace(0.5, 1.5, 70))
    member = make_member(view=1, seed=3)
    (alone,) = train(make_trainer([heavy, plain], batch_size=16), [member])
    (expected,) = train(make_trainer([plain, plain], batch_size=16), [member])
    assert alone.confusion.dtype == np.int64
    np.testing.assert_array_equal(alone.confusion, expected.confusion)
    np.testing.assert_array_equal(alone.logits, expected.logits)


def test_weights_of_evaluation_rows_do_not_touch_training(
    make_view, make_member, make_trainer, train
):
    view = make_view("outer-0", n_train=50, n_eval=20)
    weights = np.linspace(0.5, 1.5, 70)
    heavy, other = weights.copy(), weights.copy()
    other[50:] = weights[50:][::-1] ** 3
    records = [
        train(make_trainer([weighted(view, each)], batch_size=16), [make_member("focal")])[0]
        for each in (heavy, other)
    ]
    np.testing.assert_array_equal(records[0].logits, records[1].logits)
    np.testing.assert_array_equal(records[0].train_loss, records[1].train_loss)
    assert not np.allclose(records[0].confusion, records[1].confusion)


@pytest.mark.parametrize("alone", [False, True], ids=["population", "one by one"])
def test_a_weighted_row_without_a_finite_logit_is_a_failure(
    alone, make_view, make_member, make_trainer, train
):
    view = make_view("outer-0", n_train=50, n_eval=20)
    # A row that weighs next to nothing leaves no trace in the sum of weights.
    weights = np.full(70, 1.0)
    weights[60] = 1e-9
    features = view.features.copy()
    features[60] = np.nan
    view = replace(weighted(view, weights), features=features)
    (record,) = train(make_trainer([view], alone=alone, dtype="float32"), [make_member()])
    assert record.failure == "the logits of 1 of 20 evaluation rows became NaN or infinite"


def test_counts_and_priors_are_those_of_weights(make_view):
    view = make_view("outer-0", n_train=50, n_eval=20)
    weights = np.where(view.labels == 2, 4.0, 1.0)
    heavy = weighted(view, weights)
    rows = view.own_counts
    expected = rows * [1, 1, 4] * (50 / (rows @ [1, 1, 4]))
    np.testing.assert_allclose(heavy.own_counts, expected, rtol=1e-6)
    np.testing.assert_allclose(heavy.train_counts, expected, rtol=1e-6)
    np.testing.assert_allclose(heavy.log_prior_shift, 0.0, atol=1e-6)
    assert heavy.epoch_rows == heavy.natural_rows == 50
    assert heavy.eval_mass == weights[50:].sum()
    assert view.eval_mass == 20


def test_a_label_that_all_or_no_rows_have_counts_exactly_nothing_on_the_other_side():
    labels = np.stack([np.ones(9), np.zeros(9)], axis=1).astype(np.int8)
    counts = class_counts(labels, n_classes=2, weights=np.full(9, 0.1))
    assert counts[0, 0] == counts[1, 1] == 0.0
    np.testing.assert_allclose([counts[0, 1], counts[1, 0]], 0.9)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_sampling_balances_what_classes_weigh(strength, make_view):
    view = make_view("outer-0", n_train=50, n_eval=20)
    heavy = weighted(view, np.random.default_rng(0).exponential(size=70) + 0.1)
    mass = row_mass(heavy, sampling=strength)
    pull = np.bincount(heavy.labels[:50], weights=mass * heavy.weights[:50], minlength=3)
    np.testing.assert_allclose(pull, class_mass(heavy.train_counts, strength), rtol=1e-6)


def test_without_sampling_every_weighted_row_is_seen_once(make_view):
    heavy = weighted(make_view("outer-0", n_train=50), np.linspace(0.5, 1.5, 70))
    rows = epoch_rows(heavy, sampling=0.0, seed=0, epoch=0)
    np.testing.assert_array_equal(np.sort(rows), np.arange(50))


def test_the_correction_undoes_sampling_of_weighted_rows(make_view, make_member):
    # A class that weighs less than one row still has a share.
    view = View(
        name="light",
        features=np.zeros((6, 1), np.float32),
        labels=np.array([0, 0, 0, 0, 1, 2], np.int32),
        n_train=6,
        natural_counts=np.array([4.9, 1.0, 0.1]),
        weights=np.array([1.225, 1.225, 1.225, 1.225, 1.0, 0.1], np.float32),
    )
    point = make_member(recipe="balanced").posterior_point(view.train_counts)
    drawn = class_mass(view.train_counts, 0.7) / view.train_counts
    own = make_member("focal").recipe.last.loss.weight
    np.testing.assert_allclose(point.weight / point.weight[0], drawn * own / (drawn * own)[0])


def test_equal_weights_become_exactly_one():
    np.testing.assert_array_equal(mean_one(np.full(7, 0.1, np.float32)), np.ones(7))
    assert mean_one(np.array([1.0, 3.0])).tolist() == [0.5, 1.5]
