"""The shuffled grid, asked and told through Optuna."""

import optuna
import pytest
from optuna.distributions import FloatDistribution

from focalsweep.search.grid import ShuffledGrid

POINTS = {"x": [0.0, 0.5, 1.0], "y": [1.0, 10.0]}
SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(1.0, 10.0, log=True)}


def visited(number: int, *, seed: int = 0) -> list[tuple[float, float]]:
    study = optuna.create_study(sampler=ShuffledGrid(POINTS, seed=seed))
    points = []
    for _ in range(number):
        trial = study.ask(fixed_distributions=dict(SPACE))
        points.append((trial.params["x"], trial.params["y"]))
        study.tell(trial, 0.0)
    return points


def test_as_many_trials_as_points_visit_every_point_once():
    assert sorted(visited(6)) == [(x, y) for x in POINTS["x"] for y in POINTS["y"]]


def test_a_grid_that_is_exhausted_starts_again_and_does_not_stop_the_study():
    points = visited(9)
    assert points[6:] == points[:3]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_is_shuffled_by_the_seed_alone(seed):
    assert visited(6, seed=seed) == visited(6, seed=seed)
    assert visited(6, seed=seed) != visited(6, seed=0)


def test_trials_that_were_enqueued_take_the_place_of_a_point():
    study = optuna.create_study(sampler=ShuffledGrid(POINTS, seed=0))
    study.enqueue_trial({"x": 0.123, "y": 2.0})
    asked = [study.ask(fixed_distributions=dict(SPACE)).params for _ in range(3)]
    assert asked[0] == {"x": 0.123, "y": 2.0}
    assert [(point["x"], point["y"]) for point in asked[1:]] == visited(3)[1:]
