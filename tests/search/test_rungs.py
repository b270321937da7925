"""Pruning at rungs: who leaves, who goes on and how, what a study stores, what was trained."""

from dataclasses import replace
from functools import partial

import numpy as np
import optuna
import pytest
from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner, ThresholdPruner
from optuna.trial import TrialState

from focalsweep.evidence.pruning_facts import pruning_facts
from focalsweep.losses import arms as families
from focalsweep.metrics.objective import objective
from focalsweep.search import samplers
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.pruners import Pruning
from focalsweep.search.rounds import Budget, Search
from focalsweep.search.studies import StudyStore
from focalsweep.search.trials_table import trials_table

PLAIN = Arm(name="plain", label="plain", family="cross_entropy", make_loss=families.cross_entropy)
FOCAL = Arm(
    name="focal",
    label="focal",
    family="focal",
    make_loss=families.focal,
    search={"gamma": Range(low=0.0, high=5.0)},
)
HALVING = Pruning(make=partial(SuccessiveHalvingPruner, 2, 2), rungs=(2, 4))
LOOKS_ONLY = Pruning(make=NopPruner, rungs=(2, 4))
EPOCHS, TRIALS, INNER_FOLDS = 6, 6, 2


@pytest.fixture
def search(folds) -> Search:
    return Search(
        arms=(PLAIN, FOCAL),
        folds=folds,
        nuisance=Nuisance(
            defaults={"learning_rate": 3e-3, "weight_decay": 1e-2},
            search={"learning_rate": Range(low=3e-4, high=3e-2, log=True)},
        ),
        objective=objective("macro_f1"),
        budget=Budget(trials=TRIALS, epochs=EPOCHS, pruning=HALVING),
        make_sampler=samplers.random,
        seed=11,
    )


def with_pruning(search: Search, pruning: Pruning) -> Search:
    return replace(search, budget=replace(search.budget, pruning=pruning))


def run(search: Search, folder, trainer, **settings):
    return search.run(
        store=StudyStore(folder / "studies.journal"),
        chunks=ChunkStore(folder / "chunks", trainer),
        chunk_size=trainer.size,
        **settings,
    )


def outcomes(studies):
    return {
        (open_.study.name, trial.number): trial.outcome
        for open_ in studies
        for trial in open_.study.finished()
    }


def trained_epochs(trainer) -> int:
    return sum(m.epochs - m.first_epoch for chunk in trainer.asked for m in chunk)


def test_looking_at_rungs_without_stopping_anybody_changes_no_outcome(search, trainer, tmp_path):
    plain = outcomes(run(with_pruning(search, Pruning()), tmp_path / "plain", trainer))
    looked = outcomes(run(with_pruning(search, LOOKS_ONLY), tmp_path / "looked", trainer))
    assert looked == plain
    assert {outcome.trained for outcome in plain.values()} == {EPOCHS}


def test_without_a_pruner_members_are_trained_in_one_go_as_before(search, trainer, tmp_path):
    run(with_pruning(search, Pruning()), tmp_path, trainer)
    members = [member for chunk in trainer.asked for member in chunk]
    assert all((m.epochs, m.begin, m.keep_state) == (EPOCHS, None, False) for m in members)
    assert len({member.key for member in members}) == len(members)


def test_survivors_show_what_they_show_without_pruning(search, trainer, tmp_path):
    pruned = outcomes(run(search, tmp_path / "pruned", trainer))
    undisturbed = outcomes(run(with_pruning(search, Pruning()), tmp_path / "plain", trainer))
    survivors = {key: outcome for key, outcome in pruned.items() if outcome.pruned is None}
    assert 0 < len(survivors) < len(pruned)
    assert survivors == {key: undisturbed[key] for key in survivors}
    for key, outcome in pruned.items():
        assert outcome.curve == undisturbed[key].curve[: outcome.trained]


def test_survivors_fill_chunks_again_and_begin_where_they_stopped(search, trainer, tmp_path):
    run(search, tmp_path, trainer)
    parts = {}
    for chunk in trainer.asked:
        parts.setdefault((chunk[0].key.trial, chunk[0].first_epoch), []).append(chunk)
    fewer = 0
    for (trial, first), chunks in parts.items():
        assert all(len(chunk) == trainer.size for chunk in chunks[:-1])
        assert {member.first_epoch for chunk in chunks for member in chunk} == {first}
        if first:
            earlier = {2: 0, 4: 2}[first]
            before = sum(map(len, parts[trial, earlier]))
            fewer += sum(map(len, chunks)) < before
    assert fewer > 0


def test_a_trial_leaves_with_all_its_folds(search, trainer, tmp_path):
    pruned = outcomes(run(search, tmp_path, trainer))
    ends = {}
    for chunk in trainer.asked:
        for m in chunk:
            folds = ends.setdefault((m.key.study, m.key.trial), {})
            folds[m.key.fold] = max(m.epochs, folds.get(m.key.fold, 0))
    assert ends == {
        key: dict.fromkeys(range(INNER_FOLDS), outcome.trained) for key, outcome in pruned.items()
    }


def test_optuna_stores_pruned_trials_as_pruned_with_values_at_rungs_and_the_reason(
    search, trainer, tmp_path
):
    studies = run(search, tmp_path, trainer)
    storage = StudyStore(tmp_path / "studies.journal").storage
    states = []
    for open_ in studies:
        study = optuna.load_study(study_name=open_.study.name, storage=storage)
        for trial in study.trials:
            curve = trial.user_attrs["curve"]
            rungs = [rung for rung in (2, 4) if rung <= trial.user_attrs["trained"]]
            assert trial.intermediate_values == {rung: max(curve[:rung]) for rung in rungs}
            states.append(trial.state)
            if trial.state == TrialState.PRUNED:
                assert trial.value == trial.intermediate_values[rungs[-1]]
                assert f"after epoch {rungs[-1]} of {EPOCHS}" in trial.user_attrs["pruned"]
    assert set(states) == {TrialState.PRUNED, TrialState.COMPLETE}


def test_a_study_of_one_arm_prunes_the_same_whatever_other_arms_are_there(
    search, trainer, tmp_path
):
    together = outcomes(run(search, tmp_path / "together", trainer))
    alone = outcomes(run(replace(search, arms=(FOCAL,)), tmp_path / "alone", trainer))
    assert alone == {key: together[key] for key in alone}


def test_a_trial_that_diverged_leaves_at_the_first_rung_and_counts_as_failed(
    search, trainer, tmp_path
):
    trainer.diverging = lambda member: member.key[:2] == ("focal/0", 1)
    studies = run(search, tmp_path, trainer)
    failed = outcomes(studies)["focal/0", 1]
    assert (failed.trained, failed.pruned) == (2, None)
    assert failed.failure == "the training loss became nan in epoch 1"
    table = trials_table(studies)
    assert (table["state"] == "failed").sum() == 1


def test_progress_ends_where_it_would_without_pruning(search, trainer, tmp_path):
    told = []
    run(search, tmp_path, trainer, progress=told.append)
    assert sum(told) == search.members_per_round * TRIALS * EPOCHS


def test_what_was_saved_is_what_the_trainer_did_not_train(search, trainer, tmp_path):
    table = trials_table(run(search, tmp_path, trainer))
    facts = pruning_facts(table, pruning=HALVING, epochs=EPOCHS, inner_folds=INNER_FOLDS)
    assert facts.pruner == "SuccessiveHalvingPruner"
    assert facts.total.member_epochs == trained_epochs(trainer)
    assert facts.total.all_member_epochs == search.members_per_round * TRIALS * EPOCHS
    assert facts.total.pruned_trials == (table["state"] == "pruned").sum() > 0
    assert sum(saving.saved for saving in facts.arms.values()) == facts.total.saved
    assert {saving.trials for saving in facts.arms.values()} == {3 * TRIALS}


def test_the_saved_share_of_a_threshold_that_stops_half_of_one_arm_is_right(
    search, trainer, tmp_path
):
    # Nothing reaches a score of 2: every trial ends after 2 of 6 epochs.
    nobody = Pruning(make=partial(ThresholdPruner, lower=2.0), rungs=(2,))
    table = trials_table(run(with_pruning(search, nobody), tmp_path, trainer))
    facts = pruning_facts(table, pruning=nobody, epochs=EPOCHS, inner_folds=INNER_FOLDS)
    assert facts.total.saved_share == pytest.approx(4 / 6)
    assert facts.total.pruned_trials == facts.total.trials == 6 * TRIALS
    assert pruning_facts(table, pruning=Pruning(), epochs=6, inner_folds=2) is None


class Killed(Exception):
    """Stand in for a process that ends."""


@pytest.mark.parametrize("chunk", [1, 4, 9, 14, 20])
@pytest.mark.parametrize("pruner", [HALVING.make, partial(MedianPruner, 1)])
def test_a_search_that_is_killed_inside_a_rung_goes_on_with_what_it_lacks(
    search, trainer, tmp_path, chunk, pruner
):
    search = with_pruning(search, Pruning(make=pruner, rungs=(2, 4)))
    search = replace(search, make_sampler=partial(samplers.tpe, n_startup_trials=2))
    undisturbed = run(search, tmp_path / "undisturbed", trainer)
    trained = [sorted((m.key, m.epochs) for m in each) for each in trainer.asked]
    trainer.asked.clear()

    def killed(chunks, **settings):
        for records in type(trainer).train(trainer, chunks, **settings):
            yield records
            if len(trainer.asked) == chunk:
                raise Killed

    trainer.train = killed
    with pytest.raises(Killed):
        run(search, tmp_path / "killed", trainer)
    del trainer.train
    studies = run(search, tmp_path / "killed", trainer)
    assert outcomes(studies) == outcomes(undisturbed)
    # The chunk that was being written when the process ended may be trained twice, no other.
    again = [sorted((m.key, m.epochs) for m in each) for each in trainer.asked]
    assert {str(each) for each in again} == {str(each) for each in trained}
    assert len(again) <= len(trained) + 1
    assert list((tmp_path / "killed" / "chunks").glob("round-*")) == []


def test_states_survive_the_disk_bit_by_bit(search, trainer, tmp_path):
    values = (np.array([np.pi, np.nextafter(1, 2)]), np.arange(3, dtype=np.uint32))
    record_of = type(trainer)._record

    def with_state(member, *, each_epoch):
        record = record_of(trainer, member, each_epoch=each_epoch)
        return replace(record, state=replace(record.state, arrays=values))

    trainer._record = with_state
    member = next(iter(_members(search)))
    store = ChunkStore(tmp_path, trainer)
    for _ in range(2):
        record = store.train("round", [member], size=1)[0]
        assert record.state.epoch == member.epochs
        for kept, value in zip(record.state.arrays, values, strict=True):
            np.testing.assert_array_equal(kept, value)
            assert kept.dtype == value.dtype
    assert len(trainer.asked) == 1


def _members(search: Search):
    from focalsweep.losses.point import LossPoint
    from focalsweep.losses.recipe import Recipe, Stage
    from focalsweep.training.member import Member, MemberKey

    yield Member(
        key=MemberKey("arm/0", 0, 0, 1),
        view=0,
        recipe=Recipe(stages=(Stage(loss=LossPoint.cross_entropy(3)),)),
        schedule=4,
        learning_rate=1e-3,
        weight_decay=0.0,
        epochs=2,
        keep_state=True,
    )
