import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from focalsweep.losses.recipe import Recipe
from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import CHUNK_BYTES, LARGEST_CHUNK, PopulationTrainer

SIZE = 3
FIELDS = ("logits", "train_loss", "log_loss")


def build_model(n_features):
    """Everything whose state could leak from one member into another."""
    return mlp(n_features=n_features, n_classes=3, hidden=(6,), dropout=0.25, normalization="batch")


def build_linear(n_features):
    return linear(n_features=n_features, n_classes=3)


@pytest.fixture(scope="module")
def trainer(views):
    return PopulationTrainer(
        build_model=build_model,
        views=views,
        optimizer=Optimizer(),
        batch_size=16,
        exact_log_loss=True,
        threads=2,
    )


@pytest.fixture(scope="module")
def linear_trainer(views):
    return PopulationTrainer(
        build_model=build_linear,
        views=views,
        optimizer=Optimizer(kind="sgd"),
        batch_size=16,
        threads=1,
    )


@pytest.fixture(scope="module")
def members(make_member):
    """Six members that differ in loss, view, seed, rates and epochs."""
    return [
        make_member("cross_entropy", view=0, seed=0, epochs=3),
        make_member("focal", view=1, seed=1, epochs=5, learning_rate=0.05),
        make_member("everything", view=2, seed=2, epochs=2, weight_decay=0.3),
        make_member("adjusted", view=0, seed=3, epochs=4),
        make_member("weighted", view=2, seed=0, epochs=3, learning_rate=0.003),
        make_member("focal", view=1, seed=1, epochs=1),
    ]


@pytest.fixture(scope="module")
def records(trainer, members, train):
    return train(trainer, members, size=SIZE)


def test_company_and_place_in_a_chunk_change_nothing(
    trainer, members, records, train, assert_identical
):
    order = [5, 0, 4, 2, 3, 1]
    shuffled = train(trainer, [members[i] for i in order], size=SIZE)
    for i, record in zip(order, shuffled, strict=True):
        assert_identical(record, records[i])


def test_a_chunk_that_is_not_full_changes_nothing(
    trainer, members, records, train, assert_identical
):
    shorter = train(trainer, members[:5], size=SIZE)
    for record, expected in zip(shorter, records, strict=False):
        assert_identical(record, expected)


def test_the_size_of_chunks_changes_nothing_beyond_rounding(trainer, members, records, train):
    for record, expected in zip(train(trainer, members, size=6), records, strict=True):
        for field in FIELDS:
            np.testing.assert_allclose(
                getattr(record, field), getattr(expected, field), rtol=1e-4, atol=1e-5
            )


def test_the_same_seed_gives_the_same_bits_twice(
    trainer, members, records, train, assert_identical
):
    for record, expected in zip(train(trainer, members, size=SIZE), records, strict=True):
        assert_identical(record, expected)


def test_one_thread_gives_the_same_bits_as_two(trainer, members, records, train, assert_identical):
    alone = replace(trainer, threads=1)  # with its own compiled program
    for record, expected in zip(train(alone, members, size=SIZE), records, strict=True):
        assert_identical(record, expected)


def test_records_come_in_the_order_of_the_members(members, records):
    assert [record.key for record in records] == [member.key for member in members]


def test_a_record_has_one_entry_an_epoch_of_its_member(members, records, views):
    for member, record in zip(members, records, strict=True):
        n_eval = len(views[member.view].eval_labels)
        assert record.confusion.shape == (member.epochs, 3, 3)
        assert record.log_loss.shape == record.train_loss.shape == (member.epochs,)
        assert record.logits.shape == (n_eval, 3)


def test_every_evaluation_row_is_counted_once_in_its_true_class(members, records, views):
    for member, record in zip(members, records, strict=True):
        true = np.bincount(views[member.view].eval_labels, minlength=3)
        np.testing.assert_array_equal(record.confusion.sum(axis=2), [true] * member.epochs)


def test_the_last_counts_are_those_of_the_logits(members, records, views):
    for member, record in zip(members, records, strict=True):
        expected = np.zeros((3, 3), int)
        decided = record.logits.argmax(axis=1)
        np.add.at(expected, (views[member.view].eval_labels, decided), 1)
        np.testing.assert_array_equal(record.confusion[-1], expected)


def test_the_first_training_loss_is_the_mean_over_all_training_rows(
    linear_trainer, views, make_member, train
):
    members = [make_member(view=view, learning_rate=1e-12, epochs=1) for view in range(3)]
    for record, view in zip(train(linear_trainer, members), views, strict=True):
        # Weights have not moved: the logits of evaluation rows give the linear map back.
        rows = np.column_stack([view.features.astype(np.float64), np.ones(len(view.labels))])
        layer = np.linalg.lstsq(rows[view.n_train :], record.logits, rcond=None)[0]
        logits = rows[: view.n_train] @ layer
        expected = log_loss(view.labels[: view.n_train], softmax(logits), labels=[0, 1, 2])
        np.testing.assert_allclose(record.train_loss, [expected], rtol=1e-5)


def test_scoring_the_last_epoch_only_gives_the_last_entries(trainer, members, records, train):
    last = train(trainer, members, size=SIZE, each_epoch=False)
    for record, expected in zip(last, records, strict=True):
        np.testing.assert_array_equal(record.confusion, expected.confusion[-1:])
        np.testing.assert_array_equal(record.log_loss, expected.log_loss[-1:])
        np.testing.assert_array_equal(record.train_loss, expected.train_loss)
        np.testing.assert_array_equal(record.logits, expected.logits)


def test_a_finished_member_stays_as_it_was_while_others_go_on(
    trainer, make_member, train, assert_identical
):
    short = make_member("focal", view=2, seed=4, epochs=2, weight_decay=0.3)
    company = [make_member("weighted", view=0), make_member("adjusted", view=1)]
    expected = train(trainer, [short, *(replace(m, epochs=2) for m in company)])[0]
    beside = train(trainer, [short, *(replace(m, epochs=9) for m in company)])[0]
    assert_identical(beside, expected)


def test_a_diverging_member_fails_alone(trainer, members, records, train, assert_identical):
    wild = replace(members[1], learning_rate=1e30)
    first, failed, last = train(trainer, [members[0], wild, members[2]])
    assert failed.failure is not None
    assert records[1].failure is None
    assert_identical(first, records[0])
    assert_identical(last, records[2])


def test_divergence_in_the_last_step_is_a_failure_too(trainer, make_member, train):
    # One step: its loss is taken before it, only the logits show what it did.
    (record,) = train(trainer, [make_member(view=1, epochs=1, learning_rate=1e30)], size=SIZE)[:1]
    assert np.isfinite(record.train_loss).all()
    assert record.failure == "the logits of 7 of 7 evaluation rows became NaN or infinite"


def test_arms_on_one_view_and_seed_start_from_the_same_weights(linear_trainer, make_member, train):
    still = {"learning_rate": 1e-30, "weight_decay": 0.0, "epochs": 1}
    first, other_arm, other_seed = train(
        linear_trainer,
        [
            make_member("cross_entropy", study="a", trial=1, **still),
            make_member("everything", study="b", trial=9, **still),
            make_member("cross_entropy", study="a", trial=1, seed=1, **still),
        ],
    )
    np.testing.assert_array_equal(first.logits, other_arm.logits)
    assert np.abs(first.logits - other_seed.logits).max() > 0.1


def test_arms_on_one_view_and_seed_see_the_same_batches(linear_trainer, make_member, points, train):
    # Doubled weights at half the rate are the same steps under SGD, if the batches are the same.
    one = make_member("weighted", weight_decay=0.0, learning_rate=0.5, trial=1)
    doubled = replace(points["weighted"], weight=2.0 * points["weighted"].weight)
    two = replace(one, key=one.key._replace(study="other", trial=2), recipe=Recipe.plain(doubled))
    two = replace(two, learning_rate=0.25)
    first, second, _ = train(linear_trainer, [one, two, one])
    np.testing.assert_array_equal(first.logits, second.logits)
    np.testing.assert_array_equal(2.0 * first.train_loss, second.train_loss)


def test_only_view_and_seed_make_members_of_one_point_differ(
    trainer, views, make_member, train, assert_identical
):
    twin = replace(views[0], name="outer-0-again")  # the same rows under another name
    with_twin = replace(trainer, views=[*views, twin], exact_log_loss=False)
    first, other_trial, other_view = train(
        with_twin, [make_member(), make_member(study="b", trial=5), make_member(view=3)]
    )
    assert_identical(first, other_trial)
    assert not np.allclose(first.logits, other_view.logits, atol=1e-2)


def test_rows_of_other_views_do_not_matter(linear_trainer, views, make_member, train):
    member = make_member(view=1)
    strange = replace(views[0], features=np.full_like(views[0].features, np.inf))
    others = replace(linear_trainer, views=[strange, *views[1:]])
    (expected, *_) = train(linear_trainer, [member], size=SIZE)
    (record, *_) = train(others, [member], size=SIZE)
    assert record.failure is None
    np.testing.assert_array_equal(record.logits, expected.logits)


def test_columns_that_only_other_views_have_change_nothing_beyond_rounding(
    linear_trainer, views, make_member, train
):
    members = [make_member(view=0), make_member(view=1), make_member(view=0, seed=1)]
    narrow = replace(linear_trainer, views=views[:2])
    for record, expected in zip(
        train(narrow, members), train(linear_trainer, members), strict=True
    ):
        np.testing.assert_allclose(record.logits, expected.logits, rtol=1e-5, atol=1e-6)


def test_log_loss_is_that_of_the_corrected_probabilities(
    trainer, views, make_view, points, make_member, train
):
    thinned = make_view("thinned", n_train=40, n_eval=60, natural_counts=[1000, 600, 400])
    scored = replace(trainer, views=[*views[1:], thinned])
    names = ["cross_entropy", "everything", "focal"]
    records = train(scored, [make_member(name, view=2, epochs=4) for name in names])
    shift = np.log([0.5, 0.3, 0.2]) - np.log(thinned.train_counts / 40)
    assert np.abs(shift).max() > 0.1
    for name, record in zip(names, records, strict=True):
        proba = corrected(record.logits.astype(np.float64), points[name], shift)
        expected = log_loss(thinned.eval_labels, proba, labels=[0, 1, 2])
        np.testing.assert_allclose(record.log_loss[-1], expected, rtol=1e-5)
        uncorrected = log_loss(thinned.eval_labels, softmax(record.logits), labels=[0, 1, 2])
        assert abs(uncorrected - expected) > 1e-3


def test_the_quick_log_loss_is_the_exact_one_as_far_as_ties_need_it(
    trainer, members, records, train
):
    quick = train(replace(trainer, exact_log_loss=False), members, size=SIZE)
    for record, exact in zip(quick, records, strict=True):
        np.testing.assert_allclose(record.log_loss, exact.log_loss, rtol=1e-4)
        np.testing.assert_array_equal(record.confusion, exact.confusion)


def test_progress_adds_up_to_the_epochs_of_the_members(trainer, members):
    told = []
    chunks = [members[:3], members[3:]]
    list(trainer.train(chunks, size=SIZE, progress=told.append))
    assert sum(told) == sum(member.epochs for member in members)


def test_the_time_inside_compiled_functions_is_part_of_the_whole(
    linear_trainer, make_member, train
):
    before, started = linear_trainer.kernel_seconds, time.perf_counter()
    train(linear_trainer, [make_member(epochs=20)], size=SIZE)
    spent = linear_trainer.kernel_seconds - before
    assert 0.0 < spent < time.perf_counter() - started


def test_training_ends_with_the_running_epoch_when_the_caller_stops(linear_trainer, make_member):
    told, workers, stopped = [], [], threading.Event()

    def progress(members):
        told.append(members)
        workers.append(threading.current_thread())
        if len(told) > 1:  # in the second chunk
            stopped.wait(timeout=60)

    chunks = [[make_member(epochs=1)], [make_member(epochs=50)], [make_member(epochs=50)]]
    records = linear_trainer.train(chunks, size=SIZE, progress=progress)
    next(records)
    records.close()
    stopped.set()
    workers[0].join(timeout=60)
    assert not workers[0].is_alive()
    assert len(told) <= 2


def test_a_softened_loss_is_refused_where_the_program_leaves_it_out(
    linear_trainer, make_member, train
):
    with pytest.raises(ValueError, match="softened"):
        train(linear_trainer, [make_member("smoothed")], size=SIZE)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("n_members", [1, 2, 3, 7, 60, 450, 1000])
def test_chunks_are_bounded_and_evenly_filled(views, n_members, threads):
    trainer = PopulationTrainer(
        build_model=build_linear,
        views=views,
        optimizer=Optimizer(),
        batch_size=1024,
        threads=threads,
    )
    size = trainer.chunk_size(n_members)
    n_chunks = -(-n_members // size)
    assert 1 <= size <= LARGEST_CHUNK
    # Padding to full chunks costs less than one member a chunk.
    assert n_chunks * size - n_members < n_chunks
    # No thread trains two chunks more than another.
    assert n_chunks == 1 or n_members < 60 or n_chunks % threads == 0


def test_chunks_of_a_large_model_fit_the_cache_or_hold_one_member(views):
    def build_large(n_features):
        return mlp(n_features=n_features, n_classes=3, hidden=(1024,) * 3)

    def build_larger(n_features):
        return mlp(n_features=n_features, n_classes=3, hidden=(256,))

    numbers = {"views": views, "optimizer": Optimizer(), "batch_size": 64}
    assert PopulationTrainer(build_model=build_large, **numbers).chunk_size(100) == 1
    size = PopulationTrainer(build_model=build_larger, **numbers).chunk_size(1000)
    weights = 6 * 256 + 256 + 256 * 3 + 3
    assert 1 < size <= CHUNK_BYTES // (4 * 4 * weights)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def corrected(logits, point, log_prior_shift):
    """The posterior correction as its definition reads, in float64."""
    v = softmax(point.scale * logits + point.offset)
    d = 1 - v * (1 - np.exp(-point.margin))
    u = v * np.exp(-point.margin) / d
    g = point.gamma
    phi = (1 - u) ** g - g * (1 - u) ** (g - 1) * u * np.log(u)
    eta = v * d / (point.weight * phi) * np.exp(log_prior_shift)
    return eta / eta.sum(axis=1, keepdims=True)
