"""The layout of a chunk's batches: every row in its view's place, padding where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from focalsweep.training.row_index import RowIndex
from focalsweep.training.row_order import epoch_rows


@pytest.fixture
def index(views):
    return RowIndex(views=views, batch_size=16)


def test_batches_are_the_rows_of_the_epoch_in_their_order_and_then_padding(
    index, views, make_member
):
    members = [make_member(view=i, seed=i, epochs=3) for i in range(3)]
    batches = index.epoch(members, 1)
    assert batches.shape == (3, 4, 16)  # 50 rows at most
    for i, view in enumerate(views):
        order = epoch_rows(view, sampling=0.0, seed=i, epoch=1)
        own = batches[i].ravel()
        np.testing.assert_array_equal(own[: view.n_train] - index.offsets[i], order)
        assert np.all(own[view.n_train :] == -1)


def test_a_member_that_has_finished_gets_no_rows(index, make_member):
    members = [make_member(epochs=2), make_member(epochs=3)]
    assert np.all(index.epoch(members, 2)[0] == -1)
    assert np.any(index.epoch(members, 2)[1] >= 0)


def test_a_member_gets_the_rows_that_it_gets_alone(index, make_member, recipes):
    members = [
        make_member(recipe=recipe, schedule=4, epochs=4, view=view, seed=seed)
        for recipe in (None, "balanced", "everything")
        for view, seed in ((0, 0), (0, 1), (2, 0))
    ]
    for epoch in range(4):
        together = index.epoch(members, epoch)
        for member, own in zip(members, together, strict=True):
            np.testing.assert_array_equal(own, index.epoch([member], epoch)[0])


def test_as_many_steps_whatever_is_done_to_the_rows(views, make_member):
    view = views[0]
    treated = replace(view, n_train=40, n_synthetic=10, counts=view.train_counts)
    index = RowIndex(views=[view, treated], batch_size=16)
    assert index.steps_of([make_member(view=0)]) == index.steps_of([make_member(view=1)]) == 4


def test_evaluation_rows_are_those_after_the_training_rows(index, views, make_member):
    rows = index.evaluation([make_member(view=1), make_member(view=2)])
    assert rows.shape == (2, *index.evaluation_shape)
    for own, number in zip(rows, (1, 2), strict=True):
        view, there = views[number], own[own >= 0]
        start = index.offsets[number]
        np.testing.assert_array_equal(
            there, np.arange(start + view.n_train, start + len(view.labels))
        )
