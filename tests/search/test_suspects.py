from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.models.linear import linear
from focalsweep.search import suspects as suspects_module
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.suspects import PARTS, count_members, find_suspects
from focalsweep.training.member import View
from focalsweep.training.optimizer import Optimizer

EVALUATION = Evaluation(
    kind="holdout", folds=1, repeats=1, inner_folds=2, refit_seeds=1, test_fraction=0.25
)
COUNTS = [120, 90, 4]
FLIPPED = 16


@pytest.fixture(scope="module")
def folds() -> Folds:
    """Views of two classes far apart and a tiny one; some labels of the first two are wrong."""
    rng = np.random.default_rng(0)
    true = np.repeat(np.arange(3), COUNTS)
    features = rng.normal(size=(len(true), 2))
    features[:, 0] += 9.0 * (true == 1)
    features[:, 1] += 9.0 * (true == 2)
    labels = true.astype(np.int32)
    wrong = rng.choice(210, FLIPPED, replace=False)
    labels[wrong] = 1 - labels[wrong]
    data = Dataset(
        name="planted",
        features=pd.DataFrame({"x": features[:, 0], "y": features[:, 1]}),
        labels=labels,
        class_names=("a", "b", "few"),
        origin="test",
    )
    return lay_out(data, evaluation=EVALUATION, profile=Profile(), seed=0)


def build(n_features: int) -> keras.Model:
    return linear(n_features=n_features, n_classes=3)


def find(folds: Folds, folder: Path) -> list[np.ndarray]:
    return find_suspects(
        folds,
        build_model=build,
        optimizer=Optimizer(),
        rates={"learning_rate": 0.05, "weight_decay": 0.0},
        batch_size=32,
        epochs=40,
        folder=folder,
        seed=0,
    )


def is_wrong(view: View) -> np.ndarray:
    """Tell wrong labels by the features: `a` and `b` lie far apart along the first column."""
    x, labels = view.features[: view.n_train, 0], view.labels[: view.n_train]
    ordered = np.sort(x[labels < 2])
    gap = np.argmax(np.diff(ordered))
    return (labels < 2) & ((x > ordered[gap : gap + 2].mean()) != (labels == 1))


@pytest.fixture(scope="module")
def found(folds, tmp_path_factory) -> list[np.ndarray]:
    return find(folds, tmp_path_factory.mktemp("chunks"))


def test_most_planted_flips_are_found_in_every_view(folds, found):
    assert [mask.shape for mask in found] == [(view.n_train,) for view in folds.views]
    for view, mask in zip(folds.views, found, strict=True):
        wrong = is_wrong(view)
        assert mask[wrong].any()
        assert mask[~wrong].mean() < 0.02
    everywhere = np.concatenate([is_wrong(view) for view in folds.views])
    assert np.concatenate(found)[everywhere].mean() > 0.8


def test_a_class_too_small_to_be_judged_loses_no_row(folds, found):
    for view, mask in zip(folds.views, found, strict=True):
        assert not mask[view.labels[: view.n_train] == 2].any()


def test_evaluation_rows_play_no_part(folds, found, tmp_path):
    rng = np.random.default_rng(9)

    def with_noise(view: View) -> View:
        features, labels = view.features.copy(), view.labels.copy()
        features[view.n_train :] = rng.normal(size=features[view.n_train :].shape)
        labels[view.n_train :] = rng.permutation(labels[view.n_train :])
        return replace(view, features=features, labels=labels)

    noisy = find(replace(folds, views=tuple(map(with_noise, folds.views))), tmp_path)
    for before, after in zip(found, noisy, strict=True):
        assert np.array_equal(before, after)


def test_no_model_predicts_a_row_that_it_was_trained_on(folds):
    view = folds.views[0]
    parts = suspects_module._parts(0, view, seed=0)
    assert len(parts) == PARTS
    held_out = np.concatenate([part.rows for part in parts])
    assert np.array_equal(
        np.sort(held_out), np.flatnonzero(view.labels[: view.n_train] < 2)
    )  # each once, the tiny class never
    for part in parts:
        assert part.view.n_train == view.n_train - len(part.rows)
        assert np.array_equal(part.view.features[part.view.n_train :], view.features[part.rows])
        trained = np.setdiff1d(np.arange(view.n_train), part.rows)
        assert np.array_equal(part.view.features[: part.view.n_train], view.features[trained])
        assert (part.view.train_counts > 0).all()


def test_what_was_trained_is_not_trained_again(folds, found, tmp_path, monkeypatch):
    first = find(folds, tmp_path)
    for before, after in zip(found, first, strict=True):
        assert np.array_equal(before, after)
    make = suspects_module.make_trainer

    def no_training(**given):
        trainer, message = make(**given)
        monkeypatch.setattr(type(trainer), "train", lambda self, chunks, **_: iter(_none(chunks)))
        return trainer, message

    def _none(chunks):
        assert not list(chunks)
        return []

    monkeypatch.setattr(suspects_module, "make_trainer", no_training)
    for before, after in zip(first, find(folds, tmp_path), strict=True):
        assert np.array_equal(before, after)


def test_as_many_models_are_announced_as_are_trained(folds, tmp_path):
    told = []
    find_suspects(
        folds,
        build_model=build,
        optimizer=Optimizer(),
        rates={"learning_rate": 0.05, "weight_decay": 0.0},
        batch_size=32,
        epochs=2,
        folder=tmp_path,
        seed=0,
        progress=told.append,
    )
    assert sum(told) == 2 * count_members(folds)


def test_a_view_in_which_training_diverges_suspects_nothing(folds, tmp_path):
    masks = find_suspects(
        folds,
        build_model=build,
        optimizer=Optimizer(kind="sgd"),
        rates={"learning_rate": 1e38, "weight_decay": 0.0},
        batch_size=32,
        epochs=2,
        folder=tmp_path,
        seed=0,
    )
    assert not any(mask.any() for mask in masks)
