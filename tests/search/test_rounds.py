"""Rounds: equal budgets, fixed order, pooled values, and going on after an interruption."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from focalsweep.losses import arms as families
from focalsweep.metrics.objective import cost_objective, multi_label_objective, objective
from focalsweep.search import samplers
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.rounds import STREAM_SEEDS, Budget, Search, pooled
from focalsweep.search.studies import Outcome, StudyStore, Trial
from focalsweep.training.member import MemberKey, MemberRecord

NUISANCE = Nuisance(
    defaults={"learning_rate": 3e-3, "weight_decay": 1e-2},
    search={"learning_rate": Range(low=3e-4, high=3e-2, log=True)},
)
PLAIN = Arm(name="plain", label="plain", family="cross_entropy", make_loss=families.cross_entropy)
FOCAL = Arm(
    name="focal",
    label="focal",
    family="focal",
    make_loss=families.focal,
    search={"gamma": Range(low=0.0, high=5.0), "tau": Range(low=0.0, high=1.5)},
    baselines=({"gamma": 0.0, "tau": 0.0}, {"gamma": 2.0, "tau": 1.0}),
)
F1 = objective("macro_f1")
LOG_LOSS = objective("log_loss")


@pytest.fixture
def search(folds) -> Search:
    return Search(
        arms=(PLAIN, FOCAL),
        folds=folds,
        nuisance=NUISANCE,
        objective=F1,
        budget=Budget(trials=5, epochs=3),
        make_sampler=partial(samplers.tpe, n_startup_trials=2),
        seed=11,
    )


def run(search: Search, folder: Path, trainer, **settings):
    store = StudyStore(folder / "studies.journal")
    chunks = ChunkStore(folder / "chunks", trainer)
    return search.run(store=store, chunks=chunks, chunk_size=trainer.size, **settings)


def told(studies) -> dict[str, list[Trial]]:
    return {each.study.name: each.study.finished() for each in studies}


def asked(trainer) -> list[MemberKey]:
    return [member.key for chunk in trainer.asked for member in chunk]


class Killed(Exception):
    """Stand in for a process that ends."""


def kill_before_chunk(trainer, number: int) -> None:
    """Let a trainer end the process before it trains one more chunk than `number`."""
    train = type(trainer).train

    def killed(chunks, **settings):
        for records in train(trainer, chunks, **settings):
            if len(trainer.asked) > number:
                raise Killed
            yield records

    trainer.train = killed


def test_every_arm_and_scope_gets_the_same_number_of_trials(search, trainer, tmp_path):
    trials = told(run(search, tmp_path, trainer))
    assert set(trials) == {f"{arm}/{scope}" for arm in ("plain", "focal") for scope in "01"} | {
        "plain/all",
        "focal/all",
    }
    for finished in trials.values():
        assert [trial.number for trial in finished] == [0, 1, 2, 3, 4]


def test_a_trial_trains_once_on_each_inner_fold_of_its_scope_with_the_seed_of_the_sweep(
    search, trainer, tmp_path
):
    run(search, tmp_path, trainer)
    expected = {
        MemberKey(f"{arm}/{scope}", trial, fold, 11)
        for arm in ("plain", "focal")
        for scope in ("0", "1", "all")
        for trial in range(5)
        for fold in range(2)
    }
    assert sorted(asked(trainer)) == sorted(expected)
    views = {member.key: member.view for chunk in trainer.asked for member in chunk}
    for scope in search.folds.scopes:
        for fold, view in enumerate(scope.inner):
            assert views["focal/" + scope.name, 0, fold, 11] == view


def test_baselines_come_first_with_the_default_rates(search, trainer, tmp_path):
    trials = told(run(search, tmp_path, trainer))
    for scope in ("0", "1", "all"):
        first, second, third, *_ = [trial.parameters for trial in trials[f"focal/{scope}"]]
        assert first == {"learning_rate": 3e-3, "gamma": 0.0, "tau": 0.0}
        assert second == {"learning_rate": 3e-3, "gamma": 2.0, "tau": 1.0}
        assert third["learning_rate"] != 3e-3
        assert trials[f"plain/{scope}"][0].parameters == {"learning_rate": 3e-3}


def test_fewer_trials_than_baselines_try_the_first_baselines(search, trainer, tmp_path):
    trials = told(run(replace(search, budget=Budget(trials=1, epochs=3)), tmp_path, trainer))
    assert [trial.parameters["gamma"] for trial in trials["focal/0"]] == [0.0]


def test_rates_that_are_not_searched_have_their_defaults(search, trainer, tmp_path):
    run(search, tmp_path, trainer)
    assert {member.weight_decay for chunk in trainer.asked for member in chunk} == {1e-2}
    assert len({member.learning_rate for chunk in trainer.asked for member in chunk}) > 5


def test_losses_are_made_from_the_training_counts_of_each_view(search, trainer, tmp_path, folds):
    thinner = replace(folds.views[0], labels=np.where(np.arange(70) < 30, 0, folds.views[0].labels))
    views = (thinner, *folds.views[1:])
    trainer.views = views
    run(replace(search, folds=replace(folds, views=views)), tmp_path, trainer)
    for chunk in trainer.asked:
        for member in chunk:
            if member.key.study.startswith("focal") and member.key.trial == 1:
                expected = families.focal(views[member.view].train_counts, gamma=2.0, tau=1.0)
                assert np.array_equal(member.recipe.last.loss.weight, expected.weight)


def test_members_know_how_long_the_search_trains(search, trainer, tmp_path):
    run(search, tmp_path, trainer)
    epochs = search.budget.epochs
    assert {m.schedule for chunk in trainer.asked for m in chunk} == {epochs}


def test_an_arm_of_another_stream_is_the_same_but_for_its_random_numbers(search, trainer, tmp_path):
    twin = replace(PLAIN, name="twin", stream=2)
    run(replace(search, arms=[PLAIN, twin]), tmp_path, trainer)
    members = {m.key: m for chunk in trainer.asked for m in chunk}
    seeds = {key.study.split("/")[0]: key.seed for key in members}
    assert seeds == {"plain": 11, "twin": 11 + 2 * STREAM_SEEDS}
    for scope in ("0", "all"):
        own = members[MemberKey(f"plain/{scope}", 0, 0, 11)]
        other = members[MemberKey(f"twin/{scope}", 0, 0, seeds["twin"])]
        assert (own.view, own.learning_rate) == (other.view, other.learning_rate)


def test_an_arm_that_treats_rows_trains_on_the_variant_of_each_view(
    search, trainer, tmp_path, monkeypatch
):
    def variant(folds, view, rows):
        return view if rows is None else (view + 1) % len(folds.views)

    monkeypatch.setattr(type(search.folds), "variant", variant)
    twin = replace(PLAIN, name="twin", rows=lambda features, labels: None)
    run(replace(search, arms=[PLAIN, twin]), tmp_path, trainer)
    members = {m.key: m for chunk in trainer.asked for m in chunk}
    for key, member in members.items():
        if key.study.startswith("twin"):
            own = members[key._replace(study=key.study.replace("twin", "plain"))]
            assert member.view == (own.view + 1) % len(search.folds.views)


def test_members_of_one_view_stand_next_to_each_other(search, trainer, tmp_path):
    run(search, tmp_path, trainer)
    first_round = [m.view for chunk in trainer.asked for m in chunk if m.key.trial == 0]
    assert first_round == sorted(first_round)


@pytest.mark.parametrize(("trials", "per_round"), [(5, 1), (4, 2), (5, 2), (3, 4)])
def test_two_trials_a_round_do_the_same_number_of_trials(
    trials, per_round, search, trainer, tmp_path
):
    budget = Budget(trials=trials, epochs=3, trials_per_round=per_round)
    search = replace(search, budget=budget)
    assert budget.rounds == int(np.ceil(trials / per_round))
    finished = told(run(search, tmp_path, trainer))
    assert {len(each) for each in finished.values()} == {trials}
    assert len(asked(trainer)) == 2 * 6 * trials


@pytest.mark.parametrize("per_round", [1, 2])
def test_a_search_that_is_killed_before_any_chunk_ends_as_if_it_had_not_been(
    per_round, search, trainer, tmp_path
):
    search = replace(search, budget=Budget(trials=5, epochs=3, trials_per_round=per_round))
    undisturbed = told(run(search, tmp_path / "undisturbed", trainer))
    n_chunks = len(trainer.asked)
    for number in range(n_chunks):
        folder = tmp_path / f"killed-{number}"
        trainer.asked.clear()
        kill_before_chunk(trainer, number)
        with pytest.raises(Killed):
            run(search, folder, trainer)
        done = len(trainer.asked) - 1
        trainer.asked.clear()
        del trainer.train
        assert told(run(search, folder, trainer)) == undisturbed
        assert len(trainer.asked) == n_chunks - done


def test_a_kill_at_the_commit_of_a_round_leaves_its_chunks(search, trainer, tmp_path, monkeypatch):
    undisturbed = told(run(search, tmp_path / "undisturbed", trainer))
    n_chunks = len(trainer.asked)
    trainer.asked.clear()

    def killed(store: StudyStore, study: object, number: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(StudyStore, "commit", killed)
        with pytest.raises(Killed):
            run(search, tmp_path, trainer)
    assert told(run(search, tmp_path, trainer)) == undisturbed
    assert len(trainer.asked) == n_chunks


@pytest.mark.parametrize(("trials", "per_round"), [(4, 1), (4, 2), (5, 2), (3, 4)])
def test_a_finished_search_trains_nothing_when_it_is_opened_again(
    trials, per_round, search, trainer, tmp_path
):
    budget = Budget(trials=trials, epochs=3, trials_per_round=per_round)
    search = replace(search, budget=budget)
    first = told(run(search, tmp_path, trainer))
    trainer.asked.clear()
    assert told(run(search, tmp_path, trainer)) == first
    assert trainer.asked == []


def test_a_round_that_is_in_the_journal_leaves_no_chunks(search, trainer, tmp_path):
    run(search, tmp_path, trainer)
    assert list((tmp_path / "chunks").iterdir()) == []


def test_a_search_ends_for_all_arms_alike_where_it_may_not_go_on(search, trainer, tmp_path):
    asked = []

    def goes_on(trials):
        asked.append(trials)
        return trials < 3

    trials = told(run(search, tmp_path, trainer, goes_on=goes_on))
    assert asked == [1, 2, 3]
    assert {len(finished) for finished in trials.values()} == {3}


def test_trials_after_which_it_stops_are_the_first_of_a_longer_search(search, trainer, tmp_path):
    undisturbed = told(run(search, tmp_path / "undisturbed", trainer))
    stopped = replace(search, budget=Budget(trials=5, epochs=3, stop_after=2))
    found = told(run(stopped, tmp_path, trainer))
    assert found == {name: trials[:2] for name, trials in undisturbed.items()}
    # The same folder goes on with all of them.
    assert told(run(search, tmp_path, trainer)) == undisturbed


@pytest.mark.parametrize(("trials", "per_round"), [(5, 1), (4, 2)])
def test_progress_adds_up_to_the_whole_search_from_wherever_it_starts(
    trials, per_round, search, trainer, tmp_path
):
    budget = Budget(trials=trials, epochs=3, trials_per_round=per_round)
    search = replace(search, budget=budget)
    expected = search.members_per_round * budget.rounds * 3
    for _ in range(2):
        told_of = []
        run(search, tmp_path, trainer, progress=told_of.append)
        assert sum(told_of) == expected


def test_a_trial_with_one_diverged_fold_fails_with_its_reason_and_alone(search, trainer, tmp_path):
    undisturbed = told(run(search, tmp_path / "undisturbed", trainer))
    bad = MemberKey("focal/0", 1, 0, 11)
    trainer.diverging = lambda member: member.key == bad
    trials = told(run(search, tmp_path, trainer))
    failed = trials["focal/0"][1]
    assert failed.outcome == Outcome(
        value=None, epochs=0, curve=(), failure="the training loss became nan in epoch 1", trained=3
    )
    assert [trial.outcome.failure for trial in trials["focal/0"]].count(None) == 4
    for name, finished in trials.items():
        assert finished[0] == undisturbed[name][0]
        if name != "focal/0":
            assert finished == undisturbed[name]


# Pooling ------------------------------------------------------------------------------------------


def record(fold: int, confusion, log_loss=0.0, failure=None) -> MemberRecord:
    confusion = np.array(confusion)
    return MemberRecord(
        key=MemberKey("arm/0", 0, fold, 0),
        confusion=confusion,
        log_loss=np.broadcast_to(np.array(log_loss, float), len(confusion)),
        train_loss=np.zeros(len(confusion)),
        failure=failure,
    )


def test_a_value_is_the_score_of_pooled_counts_and_not_the_mean_of_folds():
    # The second fold has no row of class 1: alone it would score 1.
    records = [record(0, [[[8, 2], [1, 1]]]), record(1, [[[5, 0], [0, 0]]])]
    outcome = pooled(records, rows=[12, 5], objective=F1)
    assert outcome.value == pytest.approx(F1.score(np.array([[13, 2], [1, 1]])))


def test_the_epoch_is_the_first_best_on_the_pooled_curve():
    good, better, best = [[6, 4], [4, 6]], [[8, 2], [2, 8]], [[9, 1], [1, 9]]
    # Each fold alone would choose another epoch: the first its second, the second its fourth.
    one = record(0, [good, best, better, better, good])
    two = record(1, [good, good, better, better, best])
    outcome = pooled([one, two], rows=[20, 20], objective=F1)
    assert outcome.epochs == 3
    assert outcome.value == outcome.curve[2] == max(outcome.curve)
    assert len(outcome.curve) == 5


# Nothing rare is called, by any of these epochs: every score of decisions is the same for all.
CALLS_NOTHING = np.repeat([[[95, 0], [5, 0]]], 4, axis=0)


@pytest.mark.parametrize(
    "name", ["macro_f1", "balanced_accuracy", "mcc", "geometric_mean", "worst_class_recall", "cost"]
)
def test_of_epochs_that_decide_the_same_the_smallest_pooled_log_loss_is_taken(name):
    goal = cost_objective([[0, 1], [3, 0]]) if name == "cost" else objective(name)
    one = record(0, CALLS_NOTHING, [0.7, 0.2, 0.1, 0.4])
    two = record(1, CALLS_NOTHING, [0.7, 0.3, 0.8, 0.4])  # heavier: its third epoch counts
    outcome = pooled([one, two], rows=[100, 300], objective=goal)
    assert np.ptp(outcome.curve) == 0.0
    assert outcome.epochs == 2
    assert outcome.log_loss == pytest.approx((0.2 * 100 + 0.3 * 300) / 400)


def test_of_epochs_that_call_no_label_the_smallest_pooled_log_loss_is_taken():
    nothing = np.repeat([[[[90, 0], [10, 0]], [[80, 0], [20, 0]]]], 3, axis=0)
    outcome = pooled(
        [record(0, nothing, [0.5, 0.4, 0.45])],
        rows=[100],
        objective=multi_label_objective("macro_f1"),
    )
    assert outcome.epochs == 2


def test_the_standard_error_is_that_of_the_mean_of_fold_scores_at_the_chosen_epoch():
    first, second, third = [[8, 2], [4, 6]], [[9, 1], [2, 8]], [[5, 5], [5, 5]]
    records = [record(i, [third, counts]) for i, counts in enumerate((first, second, third))]
    outcome = pooled(records, rows=[20, 20, 20], objective=F1)
    assert outcome.epochs == 2
    scores = [F1.score(np.array(counts)) for counts in (first, second, third)]
    assert outcome.standard_error == pytest.approx(stats.sem(scores))


def test_folds_that_agree_leave_no_standard_error():
    records = [record(fold, [[[8, 2], [1, 9]]], 0.3) for fold in range(3)]
    none = pytest.approx(0.0, abs=1e-12)
    assert pooled(records, rows=[20] * 3, objective=F1).standard_error == none
    assert pooled(records, rows=[20] * 3, objective=LOG_LOSS).standard_error == none
    assert pooled(records[:1], rows=[20], objective=F1).standard_error == 0.0


def test_log_loss_is_pooled_over_rows():
    records = [record(0, [[[1, 0], [0, 1]]], 0.3), record(1, [[[1, 0], [0, 1]]], 0.9)]
    outcome = pooled(records, rows=[30, 10], objective=LOG_LOSS)
    assert outcome.value == pytest.approx(-(0.3 * 30 + 0.9 * 10) / 40)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_curve_that_is_not_finite_fails_the_trial_and_says_why(bad):
    outcome = pooled([record(0, [np.eye(2)] * 2, [0.5, bad])], rows=[2], objective=LOG_LOSS)
    assert outcome.value is None
    assert outcome.curve == ()
    assert outcome.failure == "the validation log-loss was not finite in epoch 2"


def test_a_failed_fold_fails_the_trial_whatever_the_others_say():
    records = [record(0, [np.eye(2)]), record(1, [np.eye(2)], failure="it diverged")]
    outcome = pooled(records, rows=[2, 2], objective=F1)
    assert (outcome.value, outcome.failure) == (None, "it diverged")
