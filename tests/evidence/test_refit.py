"""From chosen points to logits: who is trained, for how long, with which seed, and who fails."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from focalsweep.errors import UserError
from focalsweep.evidence.refit import Chosen, refit, refit_seeds
from focalsweep.losses import arms as families
from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import ALL_ROWS, Folds, Scope
from focalsweep.search.rounds import STREAM_SEEDS, OpenStudy
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberRecord, View

SEED, N_SEEDS = 5, 3
NUISANCE = Nuisance(defaults={"learning_rate": 1e-3, "weight_decay": 0.1}, search={})
ARMS = (
    Arm(name="plain", label="", family="cross_entropy", make_loss=families.cross_entropy),
    Arm(
        name="focal",
        label="",
        family="focal",
        make_loss=families.focal,
        search={"gamma": Range(low=0.0, high=5.0), "tau": Range(low=0.0, high=1.5)},
    ),
)


class ToldStudy:
    """Hold trials as a finished study does."""

    def __init__(self, name: str, outcomes: Sequence[Outcome]) -> None:
        self.name = name
        self._outcomes = outcomes

    def finished(self) -> list[Trial]:
        return [
            Trial(number=n, parameters={"gamma": 0.5 * n, "tau": 1.0}, outcome=outcome)
            for n, outcome in enumerate(self._outcomes)
        ]


class SigningTrainer:
    """Return logits that say which member gave them, for which row."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views
        self.members: list[Member] = []
        self.each_epoch: set[bool] = set()
        self.diverging: Callable[[Member], bool] = lambda member: False
        self.exploding: Callable[[Member], bool] = lambda member: False

    def chunk_size(self, n_members: int) -> int:
        return n_members

    def train(self, chunks, *, size, each_epoch=True, progress=lambda members: None):
        self.each_epoch.add(each_epoch)
        for chunk in chunks:
            self.members += chunk
            yield [self._record(member) for member in chunk]

    def _record(self, member: Member) -> MemberRecord:
        logits = sign(
            self.views, member.view, seed=member.key.seed, gamma=member.recipe.last.loss.gamma[0]
        )
        if self.exploding(member):
            logits[0] = np.nan
        return MemberRecord(
            key=member.key,
            confusion=np.zeros((1, 2, 2), np.int64),
            log_loss=np.zeros(1),
            train_loss=np.zeros(member.epochs),
            logits=logits,
            failure="the training loss became nan in epoch 1" if self.diverging(member) else None,
        )


def sign(views: Sequence[View], view: int, *, seed: int, gamma: float) -> np.ndarray:
    rows = views[view].features[views[view].n_train :, 0]
    return np.stack([rows, 1000 * view + 10 * seed + gamma + rows * 0], axis=1).astype(np.float32)


def view(name: str, rows: Sequence[int]) -> View:
    rows = np.array([0, 1, 2, *rows])
    return View(
        name=name,
        features=rows[:, None].astype(np.float32),
        labels=(rows % 2).astype(np.int32),
        n_train=3,
        natural_counts=np.array([2, 1]),
    )


@pytest.fixture
def folds() -> Folds:
    """Inner folds of different sizes, so that a wrong order of them cannot go unseen."""
    views = (
        view("0/inner-0", range(10, 15)),
        view("0/inner-1", range(20, 24)),
        view("0/refit", range(30, 36)),
        view("all/inner-0", range(40, 47)),
        view("all/inner-1", range(50, 53)),
    )
    counts = np.array([30, 10])
    return Folds(
        views=views,
        scopes=(
            Scope(name="0", counts=counts, inner=(0, 1), refit=2),
            Scope(name=ALL_ROWS, counts=counts, inner=(3, 4), refit=None),
        ),
    )


def value(utility: float, *, epochs: int = 2) -> Outcome:
    return Outcome(value=utility, epochs=epochs, curve=(utility,))


FAILED = Outcome(value=None, epochs=0, curve=(), failure="the training loss became inf in epoch 2")
OUTCOMES = {
    "plain/0": [value(0.2, epochs=4), value(0.1)],
    "focal/0": [FAILED, value(0.2), value(0.3, epochs=7), value(0.3, epochs=1)],
    "plain/all": [value(0.5, epochs=1)],
    "focal/all": [value(0.0, epochs=3), FAILED, FAILED],
}


def studies(folds: Folds, outcomes=OUTCOMES) -> list[OpenStudy]:
    return [
        OpenStudy(
            arm=arm,
            scope=scope,
            study=ToldStudy(f"{arm.name}/{scope.name}", outcomes[f"{arm.name}/{scope.name}"]),
            equal_priors=False,
            epochs=10,
        )
        for scope in folds.scopes
        for arm in ARMS
    ]


@pytest.fixture
def trainer(folds) -> SigningTrainer:
    return SigningTrainer(folds.views)


def run(folds: Folds, trainer, folder, **changed) -> dict[str, Chosen]:
    chosen = refit(
        changed.get("studies", studies(folds)),
        folds=folds,
        nuisance=NUISANCE,
        chunks=ChunkStore(folder, trainer),
        chunk_size=changed.get("chunk_size", 3),
        seed=SEED,
        n_seeds=N_SEEDS,
        selection=changed.get("selection", "best"),
    )
    return {f"{each.arm.name}/{each.scope.name}": each for each in chosen}


def test_refit_seeds_are_not_the_seed_of_the_search():
    assert SEED not in refit_seeds(SEED, number=10)
    assert len(set(refit_seeds(SEED, number=10))) == 10


def test_the_best_trial_of_each_study_is_chosen_in_the_order_of_studies(folds, trainer, tmp_path):
    chosen = run(folds, trainer, tmp_path)
    assert list(chosen) == ["plain/0", "focal/0", "plain/all", "focal/all"]
    assert [each.trial.number for each in chosen.values()] == [0, 2, 0, 0]
    assert [each.failed_trials for each in chosen.values()] == [0, 1, 0, 2]


def test_by_one_standard_error_the_simplest_trial_that_is_as_good_is_trained(
    folds, trainer, tmp_path
):
    unsure = Outcome(value=0.3, epochs=7, curve=(0.3,), standard_error=0.1)
    outcomes = {**OUTCOMES, "focal/0": [value(0.1), value(0.2), value(0.25), unsure]}
    chosen = {
        selection: run(
            folds,
            trainer,
            tmp_path / selection,
            studies=studies(folds, outcomes),
            selection=selection,
        )
        for selection in ("best", "one_standard_error")
    }
    assert chosen["best"]["focal/0"].trial.number == 3
    simple = chosen["one_standard_error"]["focal/0"]
    assert simple.trial.number == 1
    assert simple.inner_score == 0.2
    assert {member.recipe.last.loss.gamma[0] for member in simple.refit_members} == {0.5}
    for name in ("plain/0", "plain/all", "focal/all"):
        numbers = [each[name].trial.number for each in chosen.values()]
        assert numbers[0] == numbers[1]


def test_the_chosen_point_is_trained_on_every_inner_fold_with_the_seed_of_the_search(
    folds, trainer, tmp_path
):
    chosen = run(folds, trainer, tmp_path)
    for each in chosen.values():
        members = each.inner_members
        assert [member.view for member in members] == list(each.scope.inner)
        assert {member.key.seed for member in members} == {SEED}


def test_outer_folds_are_refitted_with_other_seeds_and_the_search_on_all_rows_is_not(
    folds, trainer, tmp_path
):
    chosen = run(folds, trainer, tmp_path)
    for name in ("plain/0", "focal/0"):
        members = chosen[name].refit_members
        assert {member.view for member in members} == {2}
        assert [member.key.seed for member in members] == refit_seeds(SEED, number=N_SEEDS)
    for name in ("plain/all", "focal/all"):
        assert chosen[name].refit_members == ()
        assert chosen[name].test_logits.shape == (0, 0, 2)
        assert len(chosen[name].test_labels) == 0


def test_members_train_exactly_as_long_as_the_pooled_curve_chose_and_are_scored_at_the_end(
    folds, trainer, tmp_path
):
    chosen = run(folds, trainer, tmp_path)
    epochs = {
        name: {m.epochs for m in (*each.inner_members, *each.refit_members)}
        for name, each in chosen.items()
    }
    assert epochs == {"plain/0": {4}, "focal/0": {7}, "plain/all": {1}, "focal/all": {3}}
    assert trainer.each_epoch == {False}
    assert all(member.keep_logits for member in trainer.members)
    # Members of one chunk train as long as its longest, so they are sorted by epochs.
    assert [m.epochs for m in trainer.members] == sorted(m.epochs for m in trainer.members)


def test_members_have_the_numbers_of_the_trial_and_the_loss_of_their_own_rows(
    folds, trainer, tmp_path
):
    chosen = run(folds, trainer, tmp_path)["focal/0"]
    for member in (*chosen.inner_members, *chosen.refit_members):
        assert (member.learning_rate, member.weight_decay) == (1e-3, 0.1)
        expected = families.focal(folds.views[member.view].train_counts, gamma=1.0, tau=1.0)
        assert np.array_equal(member.recipe.last.loss.weight, expected.weight)
    assert np.array_equal(chosen.point.weight, families.focal([30, 10], gamma=1, tau=1).weight)
    assert np.array_equal(chosen.point.gamma, [1.0, 1.0])


def late(counts, *, gamma, tau):
    """Cross-entropy, then focal loss from the sixth of ten epochs on."""
    first = Stage(loss=families.cross_entropy(counts))
    return Recipe(stages=(first, Stage(loss=families.focal(counts, gamma=gamma), start=0.5)))


@pytest.mark.parametrize(("epochs", "gamma"), [(5, 0.0), (6, 1.0), (10, 1.0)])
def test_a_refit_changes_losses_in_the_epoch_in_which_the_search_did(
    epochs, gamma, folds, trainer, tmp_path
):
    outcomes = {**OUTCOMES, "focal/0": [FAILED, FAILED, value(0.3, epochs=epochs)]}
    opened = [
        replace(each, arm=replace(each.arm, make_loss=late)) if each.arm.name == "focal" else each
        for each in studies(folds, outcomes)
    ]
    chosen = run(folds, trainer, tmp_path, studies=opened)["focal/0"]
    assert len(chosen.recipe.stages) == 2
    assert np.array_equal(chosen.point.gamma, [gamma, gamma])
    for member in (*chosen.inner_members, *chosen.refit_members):
        assert (member.epochs, member.schedule) == (epochs, 10)
        assert member.stage(4).loss.gamma[0] == 0.0
        assert member.posterior_point(chosen.scope.counts).gamma[0] == gamma


def test_refits_of_another_stream_have_other_seeds(folds, trainer, tmp_path):
    opened = [replace(each, arm=replace(each.arm, stream=1)) for each in studies(folds)]
    plain, other = (
        run(folds, trainer, tmp_path),
        run(folds, trainer, tmp_path / "1", studies=opened),
    )
    for name in plain:
        for members in ("inner_members", "refit_members"):
            for one, two in zip(
                getattr(plain[name], members), getattr(other[name], members), strict=True
            ):
                assert two.key == one.key._replace(seed=one.key.seed + STREAM_SEEDS)


@pytest.mark.parametrize("chunk_size", [1, 3, 100])
def test_logits_stand_beside_their_labels_whatever_the_chunks(chunk_size, folds, trainer, tmp_path):
    for name, each in run(folds, trainer, tmp_path, chunk_size=chunk_size).items():
        gamma = 0.5 * each.trial.number if name.startswith("focal") else 0.0
        inner = [sign(folds.views, v, seed=SEED, gamma=gamma) for v in each.scope.inner]
        assert np.array_equal(each.inner_logits, np.concatenate(inner))
        assert np.array_equal(each.inner_logits[:, 0] % 2, each.inner_labels)
        if each.scope.refit is not None:
            test = [sign(folds.views, 2, seed=SEED + 1 + i, gamma=gamma) for i in range(N_SEEDS)]
            assert np.array_equal(each.test_logits, np.stack(test))
            assert np.array_equal(each.test_logits[0][:, 0] % 2, each.test_labels)


@pytest.mark.parametrize("how", ["diverging", "exploding"])
def test_a_refit_that_diverged_finds_all_classes_alike_and_leaves_the_others(
    how, folds, trainer, tmp_path
):
    good = run(folds, trainer, tmp_path / "good")
    setattr(trainer, how, lambda m: m.key.study == "focal/0" and m.key.seed == SEED + 2)
    chosen = run(folds, trainer, tmp_path / "bad")
    assert not chosen["focal/0"].test_logits[1].any()
    assert np.array_equal(chosen["focal/0"].test_logits[::2], good["focal/0"].test_logits[::2])
    assert np.array_equal(chosen["plain/0"].test_logits, good["plain/0"].test_logits)


def test_a_study_in_which_every_trial_failed_is_named_with_the_reason_and_a_way_out(
    folds, trainer, tmp_path
):
    outcomes = {**OUTCOMES, "focal/0": [FAILED, FAILED]}
    with pytest.raises(UserError) as caught:
        run(folds, trainer, tmp_path, studies=studies(folds, outcomes))
    message = str(caught.value)
    assert "`focal`" in message
    assert FAILED.failure in message
    assert "`optimizer.search.learning_rate.high`" in message


def test_a_second_refit_reads_what_the_first_one_trained(folds, trainer, tmp_path):
    first = run(folds, trainer, tmp_path)
    trainer.members.clear()
    second = run(folds, trainer, tmp_path)
    assert trainer.members == []
    for name in first:
        assert np.array_equal(first[name].test_logits, second[name].test_logits)
        assert np.array_equal(first[name].inner_logits, second[name].inner_logits)
