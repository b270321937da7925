"""The contract of every sampler in conf/sampler/, asked as the search asks."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from optuna.distributions import FloatDistribution

from focalsweep.config.schema import SamplerConfig
from focalsweep.config.target import factory
from focalsweep.errors import UserError
from focalsweep.search import samplers
from focalsweep.search.studies import Outcome, Study, StudyStore

CONF = Path(__file__).parents[2] / "conf" / "sampler"
SAMPLERS = sorted(path.stem for path in CONF.glob("*.yaml"))
# The Gaussian process needs PyTorch, which is an extra: `gp` has its own test below.
WITHOUT_EXTRAS = [name for name in SAMPLERS if name != "gp"]
SPACES = {
    "one number": {"rate": FloatDistribution(1e-4, 1e-1, log=True)},
    "three numbers": {
        "rate": FloatDistribution(1e-4, 1e-1, log=True),
        "decay": FloatDistribution(1e-4, 0.3, log=True),
        "gamma": FloatDistribution(0.0, 5.0),
    },
}
TRIALS = 22


def make(name: str):
    return factory(
        SamplerConfig.model_validate(yaml.safe_load((CONF / f"{name}.yaml").read_text()))
    )


class NumberedTrial:
    """Stand in for a trial of which only the number is read."""

    def __init__(self, number: int) -> None:
        self.number = number


def value(parameters: dict[str, float]) -> float:
    """Utility of a point, best inside the space."""
    return -abs(np.log10(parameters["rate"]) + 2) - 0.1 * abs(parameters.get("gamma", 1.0) - 1.0)


def searched(
    store: StudyStore,
    sampler: str,
    *,
    space: str,
    rounds: range,
    per_round: int = 1,
    first_trials: int = 2,
    failing: bool = False,
    seed: int = 0,
    name: str = "arm/0",
) -> list[dict[str, float]]:
    """Ask, tell and commit some rounds; return what was asked."""
    middle = {
        key: float(np.sqrt(d.low * d.high)) if d.log else 2.5 for key, d in SPACES[space].items()
    }
    study = Study(
        name=name,
        storage=store.storage,
        space=SPACES[space],
        first_trials=[{**middle, "rate": 1e-3 * (1 + i)} for i in range(first_trials)],
        make_sampler=make(sampler),
        trials=TRIALS,
        seed=seed,
    )
    asked = []
    for index in rounds:
        numbers = range(index * per_round, (index + 1) * per_round)
        points = [study.ask(number) for number in numbers]
        for number, point in zip(numbers, points, strict=True):
            utility = None if failing else value(point)
            study.tell(number, Outcome(value=utility, epochs=1, curve=(), failure="x" * failing))
        store.commit(study, index)
        asked += points
    return asked


def distinct(points: list[dict[str, float]]) -> int:
    return len({tuple(point.values()) for point in points})


def test_the_samplers_of_the_config_were_found():
    assert set(SAMPLERS) == {"tpe", "random", "cmaes", "qmc", "grid", "gp"}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("sampler", WITHOUT_EXTRAS)
def test_every_proposal_lies_inside_the_bounds_and_names_every_number(sampler, space, tmp_path):
    asked = searched(StudyStore(tmp_path / "j"), sampler, space=space, rounds=range(TRIALS))
    for point in asked:
        assert list(point) == list(SPACES[space])
        for key, limits in SPACES[space].items():
            assert limits.low <= point[key] <= limits.high
    assert distinct(asked) >= TRIALS - 2


@pytest.mark.parametrize("sampler", WITHOUT_EXTRAS)
def test_the_first_trials_are_the_baselines_in_their_order(sampler, tmp_path):
    asked = searched(StudyStore(tmp_path / "j"), sampler, space="one number", rounds=range(4))
    assert [point["rate"] for point in asked[:2]] == [1e-3, 2e-3]
    assert asked[2]["rate"] not in (1e-3, 2e-3)


@pytest.mark.parametrize("per_round", [1, 2])
@pytest.mark.parametrize("sampler", WITHOUT_EXTRAS)
def test_a_study_that_is_interrupted_at_any_round_proposes_what_an_undisturbed_one_would(
    sampler, per_round, tmp_path
):
    plan = {"space": "three numbers", "per_round": per_round}
    rounds = TRIALS // per_round
    undisturbed = searched(StudyStore(tmp_path / "a"), sampler, rounds=range(rounds), **plan)
    interrupted = []
    for index in range(rounds):
        # Killed in the middle of the next round: what was asked and told since the commit is lost.
        lost = StudyStore(tmp_path / "b")
        lost.commit = lambda study, number: None
        searched(lost, sampler, rounds=range(index, index + 1), **plan)
        store = StudyStore(tmp_path / "b")
        interrupted += searched(store, sampler, rounds=range(index, index + 1), **plan)
    assert interrupted == undisturbed


@pytest.mark.parametrize("sampler", WITHOUT_EXTRAS)
def test_trials_that_all_fail_do_not_make_a_sampler_repeat_itself(sampler, tmp_path):
    asked = searched(
        StudyStore(tmp_path / "j"), sampler, space="three numbers", rounds=range(12), failing=True
    )
    assert distinct(asked) == 12


@pytest.mark.parametrize("sampler", WITHOUT_EXTRAS)
def test_studies_of_other_names_and_seeds_propose_other_points(sampler, tmp_path):
    plan = {"space": "three numbers", "rounds": range(4), "first_trials": 1}
    store = StudyStore(tmp_path / "a")
    one = searched(store, sampler, **plan)
    other_name = searched(store, sampler, name="arm/1", **plan)
    other_seed = searched(StudyStore(tmp_path / "b"), sampler, seed=1, **plan)
    assert one[0] == other_name[0] == other_seed[0]
    assert one[1:] != other_name[1:] != other_seed[1:]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_sampler_that_learns_ends_nearer_to_the_best_point_than_random_search(sampler, tmp_path):
    # Means over ten studies each; random search's own mean had a standard error of 0.03.
    def late(name: str) -> float:
        store = StudyStore(tmp_path / name)
        plan = {"space": "three numbers", "rounds": range(TRIALS), "first_trials": 1}
        runs = [searched(store, name, name=f"arm/{i}", **plan) for i in range(10)]
        return float(np.mean([value(point) for run in runs for point in run[-8:]]))

    assert late(sampler) > late("random") + 0.1


@pytest.mark.parametrize(("trials", "steps"), [(1, 1), (2, 2), (9, 3), (16, 4), (17, 5)])
def test_a_grid_has_the_fewest_steps_that_give_every_trial_its_own_point(trials, steps):
    space = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(1.0, 1e6, log=True)}
    grid = samplers.grid(seed=0, study_seed=0, space=space, trials=trials)
    values = [
        grid.sample_independent(None, NumberedTrial(n), "y", space["y"]) for n in range(steps**2)
    ]
    assert len(set(values)) == steps
    assert min(values) >= 1.0
    assert max(values) <= 1e6
    if steps > 1:
        ratios = np.diff(np.log(sorted(set(values))))
        assert ratios == pytest.approx(np.full(steps - 1, np.log(1e6) / (steps - 1)))


def test_a_grid_of_one_point_lies_in_the_middle():
    space = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(1.0, 1e6, log=True)}
    grid = samplers.grid(seed=0, study_seed=0, space=space, trials=1)
    assert grid.sample_independent(None, NumberedTrial(0), "x", space["x"]) == 0.5
    assert grid.sample_independent(None, NumberedTrial(0), "y", space["y"]) == pytest.approx(1e3)


def test_the_gaussian_process_without_pytorch_names_the_extra_and_a_way_out(without_torch):
    with pytest.raises(UserError, match=r"focalsweep\[gp\].*`sampler=tpe`"):
        make("gp")(seed=0, study_seed=0, space=SPACES["one number"], trials=4)
