"""By which loss probabilities are read: corrected where that holds, the raw softmax elsewhere."""

from dataclasses import replace

import numpy as np
import pytest

from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.training.scoring import scored_as

RAW = {"weight": 1.0, "gamma": 0.0, "scale": 1.0, "offset": 0.0, "margin": 0.0}


@pytest.fixture
def view(make_view):
    return make_view("fold", natural_counts=[400, 300, 300])


def test_a_correctable_loss_is_undone_and_priors_are_moved(view, make_member, points):
    point, shift = scored_as(make_member("everything"), view, epoch=2)
    assert point is points["everything"]
    np.testing.assert_array_equal(shift, view.log_prior_shift)
    assert shift.any()


@pytest.mark.parametrize("name", ["smoothed", "generalised"])
def test_a_loss_without_a_correction_is_scored_by_its_own_softmax(name, view, make_member):
    point, shift = scored_as(make_member(name), view, epoch=2)
    for role, value in RAW.items():
        np.testing.assert_array_equal(getattr(point, role), value)
    assert not shift.any()


def test_rows_that_cannot_be_corrected_are_scored_by_the_own_softmax_of_the_head(view, make_member):
    made_up = replace(view, correctable="some rows are made up")
    point, shift = scored_as(make_member("everything"), made_up, epoch=2)
    np.testing.assert_array_equal(point.scale, 1.0)  # a scale a class is a device of training
    cosine, _ = scored_as(make_member(recipe="ldam"), made_up, epoch=2)
    np.testing.assert_array_equal(cosine.scale, 8.0)
    np.testing.assert_array_equal(cosine.margin, 0.0)
    assert not shift.any()


def test_every_epoch_is_scored_by_the_loss_of_its_own_stage(view, make_member, points):
    member = make_member(recipe="deferred", epochs=4)
    scored = [scored_as(member, view, epoch=epoch)[0] for epoch in range(4)]
    assert scored[:2] == [points["focal"]] * 2
    assert scored[2:] == [points["weighted"]] * 2


def test_sampling_counts_as_weights_of_the_classes(view, make_member, points):
    balanced = Recipe(stages=(Stage(loss=points["cross_entropy"], sampling=1.0),))
    point, _ = scored_as(make_member(recipe=balanced), view, epoch=0)
    counts = view.train_counts
    np.testing.assert_allclose(point.weight * counts, (point.weight * counts)[0])
    assert counts @ point.weight == pytest.approx(counts.sum())
