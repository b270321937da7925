"""Which trial a study stands for."""

import math

import numpy as np
import pytest
from optuna.distributions import FloatDistribution

from focalsweep.search.arm import Range
from focalsweep.search.selection import choose, distance, neutral_point, place
from focalsweep.search.studies import Outcome, Trial

SPACE = {
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "gamma": FloatDistribution(0.0, 5.0),
    "tau": FloatDistribution(0.0, 1.5),
}
NEUTRAL = {"gamma": 0.0, "tau": 0.0}


def trial(number, value, *, gamma=0.0, tau=0.0, rate=1e-3, error=0.0, log_loss=math.nan) -> Trial:
    return Trial(
        number=number,
        parameters={"learning_rate": rate, "gamma": gamma, "tau": tau},
        outcome=Outcome(
            value=value,
            epochs=1,
            curve=(),
            failure="x" if value is None else None,
            standard_error=error,
            log_loss=log_loss,
        ),
    )


def chosen(trials, selection="one_standard_error", neutral=NEUTRAL):
    return choose(trials, space=SPACE, neutral=neutral, selection=selection)


def random_trials(seed: int, *, error: float) -> list[Trial]:
    random = np.random.default_rng(seed)
    return [
        trial(n, float(v), gamma=5 * g, tau=1.5 * t, error=error)
        for n, (v, g, t) in enumerate(random.random((20, 3)))
    ]


@pytest.mark.parametrize("selection", ["best", "one_standard_error"])
@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([0.1, 0.3, 0.2], 1),
        ([0.3, 0.1, 0.3], 0),
        ([None, -2.0, -1.0], 2),
        ([-0.5, 0.0, -0.1], 1),
        ([0.0, 0.0], 0),
        ([None, 0.0], 1),
    ],
)
def test_the_best_trial_has_the_largest_value_and_is_the_earliest_of_equals(
    selection, values, best
):
    trials = [trial(number, value) for number, value in enumerate(values)]
    assert chosen(trials, selection) is trials[best]


@pytest.mark.parametrize("selection", ["best", "one_standard_error"])
@pytest.mark.parametrize("error", [0.0, 0.1])
def test_of_equal_trials_the_one_with_the_smallest_log_loss_is_taken(selection, error):
    barely, trained, worse = (
        trial(number, value, error=error, log_loss=log_loss)
        for number, (value, log_loss) in enumerate([(0.5, 0.69), (0.5, 0.01), (0.4, 0.001)])
    )
    assert chosen([barely, trained, worse], selection) is trained
    assert chosen([barely, trained, worse], selection, neutral={}) is trained


@pytest.mark.parametrize("selection", ["best", "one_standard_error"])
def test_there_is_no_choice_where_all_failed(selection):
    assert chosen([trial(0, None)], selection) is None
    assert chosen([], selection) is None


@pytest.mark.parametrize("seed", range(5))
def test_without_a_standard_error_both_rules_choose_the_best(seed):
    trials = random_trials(seed, error=0.0)
    assert chosen(trials) is chosen(trials, "best")


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_standard_error_never_leads_away_from_the_neutral_point(seed):
    found = [chosen(random_trials(seed, error=error)) for error in (0.0, 0.05, 0.2, 0.5, 2.0)]
    far = [distance(each.parameters, space=SPACE, neutral=NEUTRAL) for each in found]
    assert far == sorted(far, reverse=True)
    every = random_trials(seed, error=0.0)
    nearest = min(distance(each.parameters, space=SPACE, neutral=NEUTRAL) for each in every)
    assert far[-1] == nearest


def test_a_standard_error_gives_up_a_little_for_a_simpler_loss():
    best, simpler, worse = trial(0, 0.6, gamma=3.0), trial(1, 0.59, gamma=1.0), trial(2, 0.5)
    assert chosen([best, simpler, worse]) is best
    unsure = trial(0, 0.6, gamma=3.0, error=0.02)
    assert chosen([unsure, simpler, worse]) is simpler
    assert chosen([unsure, simpler, worse], "best") is unsure


def test_the_standard_error_that_counts_is_the_best_trials():
    best, simple = trial(0, 0.6, gamma=2.0, error=0.01), trial(1, 0.55, error=0.5)
    assert chosen([best, simple]) is best
    assert chosen([trial(0, 0.6, gamma=2.0, error=0.06), simple]) is simple


def test_ties_in_distance_go_to_the_larger_value_and_then_to_the_earlier_trial():
    trials = [
        trial(0, 0.60, gamma=5.0, error=0.1),
        trial(1, 0.55, gamma=1.0),
        trial(2, 0.58, gamma=1.0, rate=1e-2),
        trial(3, 0.58, gamma=1.0),
    ]
    assert chosen(trials) is trials[2]


def test_rates_do_not_make_a_point_less_simple():
    far = trial(0, 0.6, gamma=0.1, rate=1e-3, error=0.1)
    near = trial(1, 0.59, gamma=0.0, rate=1e-2)
    assert chosen([far, near]) is near


def test_an_arm_without_numbers_of_its_own_keeps_its_best_trial():
    trials = [trial(0, 0.5), trial(1, 0.6, rate=1e-2, error=0.5)]
    assert chosen(trials, neutral={}) is trials[1]


def test_the_neutral_point_is_zero_or_what_is_nearest_to_it():
    space = SPACE | {
        "scale": FloatDistribution(5.0, 60.0, log=True),
        "delta_0": FloatDistribution(-1.0, 1.0),
        "below": FloatDistribution(-3.0, -2.0),
    }
    search = {name: Range(low=0.0, high=1.0) for name in ("gamma", "tau", "scale", "below")}
    search["delta"] = Range(low=-1.0, high=1.0, vector=True)
    assert neutral_point(space, search) == {
        "gamma": 0.0,
        "tau": 0.0,
        "scale": 5.0,
        "delta_0": 0.0,
        "below": -2.0,
    }


def test_a_range_may_name_another_neutral_value():
    search = {"gamma": Range(low=0.0, high=5.0, neutral=2.0)}
    assert neutral_point(SPACE, search) == {"gamma": 2.0}


def test_a_whole_range_counts_one_on_its_own_scale():
    at = {"learning_rate": 1e-3, "gamma": 5.0, "tau": 0.0}
    assert distance(at, space=SPACE, neutral=NEUTRAL) == 1.0
    assert distance(at | {"tau": 1.5}, space=SPACE, neutral=NEUTRAL) == pytest.approx(np.sqrt(2))
    assert place(1e-3, SPACE["learning_rate"]) == pytest.approx(0.5)
    assert [place(end, SPACE["learning_rate"]) for end in (1e-4, 1e-2)] == pytest.approx([0, 1])
