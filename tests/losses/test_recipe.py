"""Recipes: which stage an epoch belongs to, and how often classes are drawn."""

import numpy as np
import pytest

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe, Stage, class_mass

LOSS = LossPoint.cross_entropy(3)


def recipe(*starts: float) -> Recipe:
    return Recipe(stages=tuple(Stage(loss=LOSS, start=start) for start in starts))


def stages_of(recipe: Recipe, epochs: int) -> list[int]:
    return [recipe.stages.index(recipe.stage_at(e, epochs=epochs)) for e in range(epochs)]


def test_a_plain_loss_is_one_stage_for_all_epochs():
    plain = Recipe.plain(LOSS)
    assert plain.head == "linear"
    assert stages_of(plain, 4) == [0, 0, 0, 0]
    assert plain.last.loss is LOSS


def test_a_stage_begins_after_its_share_of_the_epochs():
    assert stages_of(recipe(0.0, 0.8), 10) == [0] * 8 + [1] * 2
    assert stages_of(recipe(0.0, 0.25, 0.5), 4) == [0, 1, 2, 2]


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 20])
def test_every_recipe_ends_in_its_last_stage(epochs):
    late = recipe(0.0, 0.99)
    assert late.end(epochs, epochs=epochs) is late.last


def test_a_model_of_fewer_epochs_ends_in_the_stage_of_its_last_epoch():
    late = recipe(0.0, 0.8)
    assert late.end(8, epochs=10) is late.stages[0]
    assert late.end(9, epochs=10) is late.stages[1]


@pytest.mark.parametrize("starts", [(), (0.1,), (0.0, 0.5, 0.4)])
def test_stages_that_are_not_in_order_are_refused(starts):
    with pytest.raises(ValueError, match="in order"):
        recipe(*starts)


def test_a_stage_cannot_train_all_layers_after_one_that_held_them():
    head = Stage(loss=LOSS, start=0.5, head_only=True)
    after = Stage(loss=LOSS, start=0.7)
    with pytest.raises(ValueError, match="`head_only` too"):
        Recipe(stages=(Stage(loss=LOSS), head, after))


@pytest.mark.parametrize("numbers", [{"start": 1.0}, {"start": -0.1}, {"sampling": 1.5}])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match=next(iter(numbers))):
        Stage(loss=LOSS, **numbers)


def test_classes_are_drawn_as_they_are_at_0_and_equally_at_1():
    counts = [60, 30, 5]
    np.testing.assert_array_equal(class_mass(counts, 0.0), counts)
    np.testing.assert_allclose(class_mass(counts, 1.0), [60, 60, 60])
    between = class_mass(counts, 0.4)
    assert np.all(np.diff(between) < 0)
    assert np.all(between[1:] > counts[1:])


@pytest.mark.parametrize("sampling", [0.0, 0.5, 1.0])
def test_a_class_without_rows_is_never_drawn(sampling):
    assert class_mass([10, 0, 5], sampling)[1] == 0.0


@pytest.mark.parametrize(
    ("start", "trained", "expected"), [(0.5, 4, None), (0.5, 6, 5), (0.0, 1, 0), (0.01, 3, 0)]
)
def test_a_switch_in_epoch_0_is_a_switch_and_a_stage_that_is_not_reached_is_none(
    start, trained, expected
):
    assert recipe(0.0, start).switch_epoch(trained, epochs=10) == expected
    assert Recipe.plain(LOSS).switch_epoch(trained, epochs=10) is None
