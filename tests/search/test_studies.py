"""Studies: asked by number, told once, and the same after the store is opened again."""

from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution

from focalsweep.search import samplers
from focalsweep.search.studies import Outcome, Study, StudyStore

SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(1e-3, 1.0, log=True)}
GOOD = Outcome(value=0.1 + 0.2, epochs=2, curve=(1 / 3, 0.1 + 0.2), standard_error=1 / 7)
BAD = Outcome(value=None, epochs=0, curve=(), failure="the training loss became nan in epoch 1")


def study(store: StudyStore, name: str = "arm/0", **changed) -> Study:
    given = {
        "space": SPACE,
        "first_trials": [{"x": 0.5, "y": 0.1}],
        "make_sampler": samplers.random,
        "trials": 4,
        "seed": 0,
    }
    return Study(name=name, storage=store.storage, **{**given, **changed})


@pytest.fixture
def store(tmp_path: Path) -> StudyStore:
    return StudyStore(tmp_path / "studies.journal")


def test_a_finished_trial_comes_back_exactly_as_it_was_told(store, tmp_path):
    one = study(store)
    points = [one.ask(0), one.ask(1)]
    one.tell(0, GOOD)
    one.tell(1, BAD)
    store.commit(one, 1)
    for told in (one, study(StudyStore(tmp_path / "studies.journal"))):
        trials = told.finished()
        assert [trial.number for trial in trials] == [0, 1]
        assert [trial.parameters for trial in trials] == points
        assert [trial.outcome for trial in trials] == [GOOD, BAD]


def test_a_trial_that_was_asked_and_not_told_is_not_finished(store):
    one = study(store)
    one.ask(0)
    assert one.finished() == []


def test_an_ask_out_of_order_is_a_defect_and_not_another_trial(store):
    one = study(store)
    with pytest.raises(RuntimeError, match="holds 0 trials, not 1"):
        one.ask(1)


def test_studies_of_one_store_do_not_touch_each_other(store):
    one, two = study(store), study(store, "arm/1")
    one.ask(0)
    one.tell(0, GOOD)
    assert two.finished() == []
    assert two.ask(0) == {"x": 0.5, "y": 0.1}


def test_a_sampler_is_made_for_each_trial_with_the_seed_of_that_trial(store):
    made = []

    def recording(**arguments):
        made.append(arguments)
        return samplers.random(**arguments)

    for name in ("arm/0", "arm/1"):
        one = study(store, name, make_sampler=recording)
        for number in range(3):
            one.ask(number)
    seeds = [arguments["seed"] for arguments in made]
    assert len(set(seeds)) == 6
    assert len({arguments["study_seed"] for arguments in made[:3]}) == 1
    assert made[0]["study_seed"] != made[3]["study_seed"]
    assert all(arguments["space"] == SPACE and arguments["trials"] == 4 for arguments in made)


def test_a_study_without_anything_to_search_repeats_its_only_point(store):
    one = study(store, space={}, first_trials=[{}])
    assert [one.ask(0), one.ask(1)] == [{}, {}]
