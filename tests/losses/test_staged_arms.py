"""Arms of two stages: what changes, when, and what stays."""

import numpy as np

from focalsweep.losses import arms
from focalsweep.losses.staged_arms import deferred_class_weighted, two_stage

COUNTS = np.array([120, 60, 15, 5])


def test_deferred_weights_are_those_of_the_class_weighted_arm_from_their_start_on():
    recipe = deferred_class_weighted(COUNTS, start=0.8, tau=0.7)
    weights = [recipe.stage_at(epoch, epochs=20).loss.weight for epoch in (0, 15, 16, 19)]
    for weight in weights[:2]:
        np.testing.assert_array_equal(weight, np.ones(4))
    for weight in weights[2:]:
        np.testing.assert_array_equal(weight, arms.class_weighted(COUNTS, tau=0.7).weight)
    assert recipe.head == "linear"
    assert not any(stage.head_only or stage.sampling for stage in recipe.stages)


def test_the_second_stage_trains_a_new_last_layer_on_balanced_draws():
    recipe = two_stage(COUNTS, start=0.5, strength=0.9)
    first, second = recipe.stages
    assert (first.start, first.sampling, first.head_only) == (0.0, 0.0, False)
    assert (second.start, second.sampling, second.head_only) == (0.5, 0.9, True)
    for stage in recipe.stages:
        np.testing.assert_array_equal(stage.loss.weight, np.ones(4))


def test_balanced_draws_are_the_default_of_the_second_stage():
    assert two_stage(COUNTS, start=0.9).last.sampling == 1.0
