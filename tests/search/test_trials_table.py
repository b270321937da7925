"""The table of trials: one row a trial, one column a number."""

import pytest

from focalsweep.losses import arms as families
from focalsweep.metrics.objective import objective
from focalsweep.search import samplers
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.rounds import Budget, Search
from focalsweep.search.studies import StudyStore
from focalsweep.search.trials_table import trials_table

FIRST = [
    *("arm", "fold", "trial", "state", "value", "log_loss"),
    *("standard_error", "epochs", "trained_epochs", "failure", "pruned"),
]
RATES = {
    "learning_rate": Range(low=1e-4, high=1e-2, log=True),
    "weight_decay": Range(low=1e-4, high=0.1, log=True),
}


@pytest.fixture
def table(folds, trainer, tmp_path):
    trainer.diverging = lambda member: member.key[:3] == ("focal/1", 1, 0)
    search = Search(
        arms=(
            Arm(name="plain", label="", family="cross_entropy", make_loss=families.cross_entropy),
            Arm(
                name="focal",
                label="",
                family="focal",
                make_loss=families.focal,
                search={
                    "gamma": Range(low=0.0, high=5.0),
                    "delta": Range(low=-1.0, high=1.0, vector=True),
                },
            ),
        ),
        folds=folds,
        nuisance=Nuisance(defaults=dict.fromkeys(RATES, 1e-3), search=RATES),
        objective=objective("macro_f1"),
        budget=Budget(trials=2, epochs=3),
        make_sampler=samplers.random,
        seed=0,
    )
    studies = search.run(
        store=StudyStore(tmp_path / "j"), chunks=ChunkStore(tmp_path / "c", trainer), chunk_size=9
    )
    return trials_table(studies)


def test_columns_are_what_every_trial_has_then_rates_then_searched_numbers(table):
    assert list(table) == [*FIRST, "learning_rate", "weight_decay", "gamma", "delta_0"]


def test_there_is_one_row_for_each_trial_of_each_study(table):
    keys = table[["arm", "fold", "trial"]].apply(tuple, axis=1).tolist()
    assert keys == [
        (arm, fold, trial)
        for fold in ("0", "1", "all")
        for arm in ("plain", "focal")
        for trial in range(2)
    ]


def test_an_arm_has_nothing_in_the_columns_of_numbers_it_does_not_search(table):
    assert table.loc[table.arm == "plain", ["gamma", "delta_0"]].isna().all(axis=None)
    assert table.loc[table.arm == "focal", ["gamma", "delta_0"]].notna().all(axis=None)


def test_a_failed_trial_has_its_reason_and_no_value(table):
    failed = table[table.state == "failed"]
    assert failed[["arm", "fold", "trial"]].to_numpy().tolist() == [["focal", "1", 1]]
    assert failed.failure.item() == "the training loss became nan in epoch 1"
    assert failed[["value", "log_loss", "standard_error"]].isna().all(axis=None)
    complete = table[table.state == "complete"]
    assert complete.failure.isna().all()
    assert complete.value.between(0, 1).all()
    assert complete.standard_error.between(0, 0.5).all()
    assert complete.epochs.between(1, 3).all()
