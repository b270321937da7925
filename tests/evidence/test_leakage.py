"""No test row reaches a choice: noise in its place leaves everything that was chosen, bit by bit.

Real searches and refits through the population trainer. In the second run all but a few test rows
of one outer fold are noise, features and labels; the few show that refitted weights are the same.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from focalsweep.data import nested_splits
from focalsweep.data.dataset import Dataset
from focalsweep.data.splits import Split, inner_splits, outer_splits
from focalsweep.evidence.predictions import own_decision_weights
from focalsweep.evidence.refit import Chosen, refit
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.metrics.objective import objective
from focalsweep.models.mlp import mlp
from focalsweep.search import samplers
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.rounds import Budget, OpenStudy, Search
from focalsweep.search.studies import StudyStore, Trial
from focalsweep.training.choice import make_trainer
from focalsweep.training.member import Member, MemberKey, View
from focalsweep.training.optimizer import Optimizer

COUNTS = [70, 40, 16]
EVALUATION = Evaluation(
    kind="nested", folds=2, repeats=1, inner_folds=2, refit_seeds=2, test_fraction=0.25
)
RATES = Nuisance(
    defaults={"learning_rate": 0.01, "weight_decay": 0.01},
    search={"learning_rate": Range(low=1e-3, high=0.1, log=True)},
)
ARMS = (
    Arm(name="plain", label="", family="cross_entropy", make_loss=families.cross_entropy),
    Arm(
        name="focal",
        label="",
        family="focal",
        make_loss=families.focal,
        search={
            "gamma": Range(low=0.0, high=5.0),
            "tau": Range(low=0.0, high=1.5),
            "delta": Range(low=-1.0, high=1.0, vector=True),
        },
    ),
)
F1 = objective("macro_f1")
NOISY_FOLD, UNTOUCHED = "0", 9


def dataset() -> Dataset:
    """Numbers with gaps, a category, and classes that overlap."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(3), COUNTS)).astype(np.int32)
    numbers = rng.normal(size=(len(labels), 3)) + 0.8 * np.eye(3)[labels]
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    features = pd.DataFrame(numbers, columns=["a", "b", "c"])
    features["kind"] = np.array(["x", "y", "z"])[(labels + rng.integers(0, 2, len(labels))) % 3]
    return Dataset(
        name="leaky",
        features=features,
        labels=labels,
        class_names=("0", "1", "2"),
        origin="made here",
    )


def with_noise(data: Dataset, rows: np.ndarray) -> Dataset:
    """Replace rows: far-off numbers, shuffled gaps and categories, shuffled labels."""
    rng = np.random.default_rng(1)
    features, labels = data.features.copy(), data.labels.copy()
    for name in ("a", "b", "c"):
        noise = rng.normal(scale=50.0, size=len(rows))
        noise[rng.random(len(rows)) < 0.1] = np.nan
        features.loc[rows, name] = noise
    features.loc[rows, "kind"] = rng.permutation(features.loc[rows, "kind"].to_numpy())
    labels[rows] = rng.permutation(labels[rows])
    return replace(data, features=features, labels=labels)


def build_model(n_features: int) -> keras.Model:
    return mlp(n_features=n_features, n_classes=3, hidden=(8,), dropout=0.1, normalization="batch")


@dataclass(frozen=True, kw_only=True)
class Searched:
    """Hold what a search and its refits found."""

    folds: Folds
    trials: dict[str, list[Trial]]
    chosen: dict[str, Chosen]


def searched(data: Dataset, folder: Path) -> Searched:
    profile = Profile(kind="exp", factor=6.0)
    folds = lay_out(data, evaluation=EVALUATION, profile=profile, seed=0)
    trainer, _ = make_trainer(
        build_model=build_model,
        views=folds.views,
        optimizer=Optimizer(),
        batch_size=16,
        exact_log_loss=False,
    )
    search = Search(
        arms=ARMS,
        folds=folds,
        nuisance=RATES,
        objective=F1,
        budget=Budget(trials=5, epochs=4),
        make_sampler=partial(samplers.tpe, n_startup_trials=2),
        seed=0,
    )
    chunks = ChunkStore(folder / "chunks", trainer)
    size = trainer.chunk_size(search.members_per_round)
    studies: list[OpenStudy] = search.run(
        store=StudyStore(folder / "studies.journal"), chunks=chunks, chunk_size=size
    )
    chosen = refit(
        studies,
        folds=folds,
        nuisance=RATES,
        chunks=chunks,
        chunk_size=size,
        seed=0,
        n_seeds=EVALUATION.refit_seeds,
    )
    return Searched(
        folds=folds,
        trials={each.study.name: each.study.finished() for each in studies},
        chosen={f"{each.arm.name}/{each.scope.name}": each for each in chosen},
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[Searched, Searched]:
    """Search the data as they are, and with noise in the test rows of one outer fold."""
    data = dataset()
    splits = outer_splits(data.labels, folds=2, repeats=1, seed=0)

    def the_same_splits(labels: np.ndarray, **settings: object) -> tuple[Split, ...]:
        return splits  # stratification would otherwise follow the shuffled labels

    noisy = with_noise(data, splits[int(NOISY_FOLD)].test[UNTOUCHED:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nested_splits, "outer_splits", the_same_splits)
        return (
            searched(data, tmp_path_factory.mktemp("as_they_are")),
            searched(noisy, tmp_path_factory.mktemp("with_noise")),
        )


def own_views(found: Searched) -> list[View]:
    """The views of the noisy fold: its inner folds and its refit."""
    (scope,) = (scope for scope in found.folds.scopes if scope.name == NOISY_FOLD)
    return [found.folds.views[index] for index in (*scope.inner, scope.refit)]


def test_the_noise_reaches_every_other_search(both):
    before, after = both
    for scope in ("1", "all"):
        for arm in ARMS:
            name = f"{arm.name}/{scope}"
            assert before.trials[name] != after.trials[name]
    *_, tested = own_views(before)
    *_, noisy = own_views(after)
    assert not np.array_equal(tested.features[tested.n_train :], noisy.features[noisy.n_train :])
    assert not np.array_equal(tested.eval_labels, noisy.eval_labels)


def test_training_rows_priors_and_preprocessing_are_the_same(both):
    for before, after in zip(*map(own_views, both), strict=True):
        n = before.n_train
        assert n == after.n_train
        assert np.array_equal(before.features[:n], after.features[:n])
        assert np.array_equal(before.labels[:n], after.labels[:n])
        assert np.array_equal(before.natural_counts, after.natural_counts)
    # Untouched test rows go through the preprocessor that was fitted on training rows.
    *_, tested = own_views(both[0])
    *_, noisy = own_views(both[1])
    rows = slice(tested.n_train, tested.n_train + UNTOUCHED)
    assert np.array_equal(tested.features[rows], noisy.features[rows])


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_every_trial_its_numbers_and_its_curve_are_the_same(both, arm):
    before, after = (found.trials[f"{arm}/{NOISY_FOLD}"] for found in both)
    assert len(before) == 5
    assert before == after


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_the_chosen_point_its_epochs_and_its_decision_weights_are_the_same(both, arm):
    before, after = (found.chosen[f"{arm}/{NOISY_FOLD}"] for found in both)
    assert before.trial == after.trial
    for role in ("weight", "gamma", "scale", "offset", "margin"):
        assert np.array_equal(getattr(before.point, role), getattr(after.point, role))
    assert np.array_equal(before.inner_logits, after.inner_logits)
    assert np.array_equal(before.inner_labels, after.inner_labels)
    weights = own_decision_weights(before, objective=F1)
    assert weights.any()
    assert np.array_equal(weights, own_decision_weights(after, objective=F1))


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_refitted_models_say_the_same_of_a_test_row_that_is_no_noise(both, arm):
    before, after = (found.chosen[f"{arm}/{NOISY_FOLD}"] for found in both)
    assert np.array_equal(before.test_logits[:, :UNTOUCHED], after.test_logits[:, :UNTOUCHED])
    assert not np.array_equal(before.test_logits, after.test_logits)


# Validation rows ----------------------------------------------------------------------------------


def test_training_does_not_see_validation_rows(both):
    """Noise in some validation rows changes neither training losses nor what is said of others."""
    view = own_views(both[0])[0]
    kept = view.n_train + 6
    rng = np.random.default_rng(2)
    features, labels = view.features.copy(), view.labels.copy()
    features[kept:] = rng.normal(scale=3.0, size=features[kept:].shape)
    labels[kept:] = rng.permutation(labels[kept:])
    noisy = replace(view, features=features, labels=labels)
    members = [
        Member(
            key=MemberKey("arm/0", trial, 0, 0),
            view=0,
            recipe=Recipe.plain(loss),
            schedule=3,
            learning_rate=0.02,
            weight_decay=0.01,
            epochs=3,
            keep_logits=True,
        )
        for trial, loss in enumerate(
            [LossPoint.cross_entropy(3), families.focal(view.train_counts, gamma=2.0, tau=1.0)]
        )
    ]
    records = []
    for given in (view, noisy):
        trainer, _ = make_trainer(
            build_model=build_model,
            views=[given],
            optimizer=Optimizer(),
            batch_size=16,
            exact_log_loss=False,
        )
        (trained,) = trainer.train([members], size=2)
        records.append(trained)
    for before, after in zip(*records, strict=True):
        assert np.array_equal(before.train_loss, after.train_loss)
        assert np.array_equal(before.logits[:6], after.logits[:6])
        assert not np.array_equal(before.logits[6:], after.logits[6:])


def test_preprocessing_of_an_inner_fold_does_not_see_its_validation_rows():
    data = dataset()
    before = lay_out(data, evaluation=EVALUATION, profile=Profile(), seed=0)
    (scope, *_) = before.scopes
    view = before.views[scope.inner[0]]
    split = inner_splits(
        data.labels, outer_splits(data.labels, folds=2, repeats=1, seed=0)[0].train, folds=2, seed=0
    )[0]
    # Features only: labels decide who is in which fold.
    noisy = replace(with_noise(data, split.test), labels=data.labels)
    after = lay_out(noisy, evaluation=EVALUATION, profile=Profile(), seed=0)
    other = after.views[scope.inner[0]]
    assert np.array_equal(view.labels, other.labels)
    assert np.array_equal(view.features[: view.n_train], other.features[: view.n_train])
    assert not np.array_equal(view.features, other.features)
