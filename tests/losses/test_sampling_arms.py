"""Sampling arms: cross-entropy whose classes are drawn by strength."""

import numpy as np
import pytest

from focalsweep.losses import arms
from focalsweep.losses.recipe import class_mass
from focalsweep.losses.sampling_arms import sampled

COUNTS = np.array([120, 60, 15, 5])


@pytest.mark.parametrize("strength", [0.0, 0.4, 1.0])
def test_the_loss_is_cross_entropy_and_only_the_draws_differ(strength):
    recipe = sampled(COUNTS, strength=strength)
    (stage,) = recipe.stages
    for role in ("weight", "gamma", "scale", "offset", "margin"):
        found = getattr(stage.loss, role)
        np.testing.assert_array_equal(found, getattr(arms.cross_entropy(COUNTS), role))
    assert (stage.sampling, recipe.head) == (strength, "linear")


def test_strength_goes_from_the_classes_as_they_are_to_all_alike():
    np.testing.assert_array_equal(class_mass(COUNTS, 0.0), COUNTS)
    np.testing.assert_array_equal(class_mass(COUNTS, 1.0), np.full(4, 120.0))


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_strength_out_of_range_is_refused(strength):
    with pytest.raises(ValueError, match=r"`strength` must be in \[0, 1\]. Received: strength="):
        sampled(COUNTS, strength=strength)
