"""Rows of an epoch: permutations where nothing is resampled, systematic samples elsewhere."""

from dataclasses import replace

import numpy as np
import pytest

from focalsweep.training.member import View
from focalsweep.training.randomness import batch_order
from focalsweep.training.row_order import epoch_rows, row_mass

COUNTS = np.array([60, 30, 7])
STRENGTHS = [0.0, 0.2, 0.7, 1.0]


def view(counts=COUNTS, *, made=None, removed=()) -> View:
    """Training rows class by class in shuffled order, then synthetic ones."""
    labels = np.random.default_rng(3).permutation(np.repeat(np.arange(3), counts))
    kept = np.setdiff1d(np.arange(len(labels)), removed)
    made = np.zeros(0, int) if made is None else np.repeat(np.arange(3), made)
    labels = np.concatenate([labels[kept], made, [0, 1, 2]])
    return View(
        name="fold",
        features=np.zeros((len(labels), 1), np.float32),
        labels=labels.astype(np.int32),
        n_train=len(kept) + len(made),
        natural_counts=np.asarray(counts),
        counts=np.asarray(counts),
        n_synthetic=len(made),
    )


def drawn(given: View, sampling: float, *, seed=0, epoch=0) -> np.ndarray:
    return epoch_rows(given, sampling=sampling, seed=seed, epoch=epoch)


def class_counts(given: View, rows: np.ndarray) -> np.ndarray:
    return np.bincount(given.labels[rows], minlength=3)


@pytest.mark.parametrize("made", [None, (0, 30, 53)], ids=["own rows", "synthetic rows"])
def test_strength_0_is_the_plain_batch_order(made):
    given = view(made=made)
    for epoch in range(3):
        plain = batch_order(seed=4, view="fold", epoch=epoch, n_train=97)
        np.testing.assert_array_equal(drawn(given, 0.0, seed=4, epoch=epoch), plain)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("removed", [(), range(0, 90, 2)], ids=["all rows", "half of them"])
@pytest.mark.parametrize("made", [None, (0, 30, 53)], ids=["own rows", "synthetic rows"])
def test_every_epoch_draws_as_many_rows_as_there_were(strength, removed, made):
    given = view(made=made, removed=removed)
    for epoch in range(20):
        rows = drawn(given, strength, epoch=epoch)
        assert len(rows) == given.epoch_rows == 97
        assert rows.dtype == np.int32
        assert 0 <= rows.min() <= rows.max() < given.n_train


@pytest.mark.parametrize("made", [None, (0, 30, 53)], ids=["own rows", "synthetic rows"])
def test_strength_1_draws_every_class_equally_often(made):
    given = view(made=made)
    for epoch in range(50):
        counts = class_counts(given, drawn(given, 1.0, epoch=epoch))
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_row_is_drawn_as_often_as_its_mass_rounded_up_or_down(strength):
    given = view()
    mass = row_mass(given, sampling=strength)
    expected = 97 * mass / mass.sum()
    for epoch in range(20):
        times = np.bincount(drawn(given, strength, epoch=epoch), minlength=97)
        assert np.all(np.abs(times - expected) < 1 + 1e-9)


def test_rows_of_a_class_are_drawn_equally_often_over_many_epochs():
    given, epochs = view(), 2000
    times = np.zeros(97)
    for epoch in range(epochs):
        times += np.bincount(drawn(given, 1.0, epoch=epoch), minlength=97)
    for k in range(3):
        expected = epochs * 97 / 3 / COUNTS[k]
        own = times[given.labels[:97] == k]
        # Shares of at most one half either way: five standard deviations of a binomial.
        assert np.abs(own - expected).max() < 5 * np.sqrt(epochs / 4)
        assert own.sum() == pytest.approx(epochs * 97 / 3, abs=epochs)


def test_synthetic_rows_share_what_exceeds_the_own_rows():
    given = view(made=(0, 30, 53))
    mass = row_mass(given, sampling=1.0)
    np.testing.assert_allclose(mass, 1.0)
    half = row_mass(given, sampling=0.5)
    np.testing.assert_allclose(half[: given.n_own], 1.0)
    assert np.all(half[given.n_own :] < 1.0)


def test_fewer_synthetic_rows_are_drawn_more_often_each():
    given = view(made=(0, 10, 0))
    mass = row_mass(given, sampling=1.0)
    np.testing.assert_allclose(mass[given.n_own :], 3.0)
    # The class without synthetic rows has its own drawn more often.
    np.testing.assert_allclose(mass[: given.n_own][given.labels[: given.n_own] == 2], 60 / 7)


def test_rows_that_remain_fill_up_for_those_of_their_class_that_were_removed():
    given = view(removed=range(0, 97, 3))
    np.testing.assert_array_equal(given.train_counts, COUNTS)
    assert given.own_counts.sum() < 97
    for epoch in range(10):
        counts = class_counts(given, drawn(given, 0.0, epoch=epoch))
        assert np.abs(counts - COUNTS).max() <= 1


def test_a_class_of_which_all_rows_were_removed_is_not_drawn():
    labels = view().labels[:97]
    given = view(removed=np.flatnonzero(labels == 2))
    rows = drawn(given, 1.0)
    assert len(rows) == 97
    assert class_counts(given, rows)[2] == 0


def test_nearby_strengths_draw_nearly_the_same_rows():
    given = view()
    rows = drawn(given, 0.50)
    assert np.mean(rows == drawn(given, 0.51)) > 0.75
    assert np.mean(rows == drawn(given, 0.0)) > 0.5
    assert np.mean(rows == drawn(given, 0.50, seed=1)) < 0.1


def test_epochs_and_seeds_draw_other_rows_and_the_same_ones_twice():
    given = view()
    rows = drawn(given, 1.0)
    np.testing.assert_array_equal(rows, drawn(given, 1.0))
    for changed in (drawn(given, 1.0, epoch=1), drawn(given, 1.0, seed=1)):
        assert not np.array_equal(np.sort(rows), np.sort(changed))


def test_evaluation_rows_change_nothing():
    given = view(made=(0, 30, 53))
    labels = given.labels.copy()
    labels[given.n_train :] = 0
    other = replace(given, labels=labels)
    np.testing.assert_array_equal(drawn(given, 0.6), drawn(other, 0.6))
