"""What a sweep leaves behind predicts from raw columns what its trained weights say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import log_softmax, softmax

from focalsweep.data.dataset import Dataset
from focalsweep.evidence.final_model import load_final_model
from focalsweep.evidence.keep_models import keep_models
from focalsweep.evidence.model_facts import PREPROCESSOR_FILE, SAMPLE_FILE, read_facts
from focalsweep.evidence.predictions import own_decision_weights
from focalsweep.evidence.refit import refit
from focalsweep.losses import arms as families
from focalsweep.metrics.objective import objective
from focalsweep.models.linear import linear
from focalsweep.search.arm import Arm, Nuisance
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Evaluation, Profile, lay_out
from focalsweep.search.rounds import OpenStudy
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import PopulationTrainer

SEED, EPOCHS = 3, 4
ARMS = (
    Arm(name="plain", label="", family="cross_entropy", make_loss=families.cross_entropy),
    Arm(name="weighted", label="", family="class_weights", make_loss=families.class_weighted),
)
NUISANCE = Nuisance(defaults={"learning_rate": 0.05, "weight_decay": 0.0}, search={})


class ToldStudy:
    def __init__(self, name):
        self.name = name

    def finished(self):
        outcome = Outcome(value=0.5, epochs=EPOCHS, curve=(0.1, 0.2, 0.3, 0.5))
        return [Trial(number=0, parameters={}, outcome=outcome)]


def build_model(n_features):
    return linear(n_features=n_features, n_classes=2)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1] * 16, np.int32)
    features = pd.DataFrame(
        {
            "size": rng.normal(size=64) + 2 * labels,
            "rooms": rng.integers(1, 9, size=64),
            "kind": pd.Categorical(np.where(labels + rng.integers(0, 2, 64) > 0, "flat", "house")),
        }
    )
    features.loc[3, "size"] = np.nan
    return Dataset(
        name="homes", features=features, labels=labels, class_names=("old", "new"), origin="made"
    )


@pytest.fixture(scope="module")
def kept(dataset, tmp_path_factory):
    return keep(dataset, tmp_path_factory.mktemp("kept"))


def keep(dataset, folder):
    """Train both arms' final models on really laid out folds and write them."""
    folds = lay_out(
        dataset,
        evaluation=Evaluation(
            kind="nested", folds=2, repeats=1, inner_folds=2, refit_seeds=1, test_fraction=0.2
        ),
        profile=Profile(),
        seed=SEED,
        with_whole=True,
    )
    trainer = PopulationTrainer(
        build_model=build_model,
        views=folds.views,
        optimizer=Optimizer(kind="adam"),
        batch_size=16,
    )
    studies = [
        OpenStudy(
            arm=arm,
            scope=scope,
            study=ToldStudy(f"{arm.name}/{scope.name}"),
            equal_priors=False,
            epochs=EPOCHS,
        )
        for arm in ARMS
        for scope in folds.scopes
    ]
    chosen = refit(
        studies,
        folds=folds,
        nuisance=NUISANCE,
        chunks=ChunkStore(folder / "chunks", trainer),
        chunk_size=4,
        seed=SEED,
        n_seeds=1,
    )
    diverged = keep_models(
        chosen,
        folds=folds,
        dataset=dataset,
        objective=objective("macro_f1"),
        build_model=build_model,
        into=folder / "models",
    )
    assert diverged == []
    return folds, chosen, folder / "models"


def load(folder, arm):
    return load_final_model(
        folder / f"{arm}.keras",
        facts=folder / f"{arm}.json",
        preprocessor=folder / PREPROCESSOR_FILE,
    )


@pytest.mark.parametrize("arm", [arm.name for arm in ARMS])
def test_a_kept_model_gives_the_logits_of_the_trained_weights(dataset, kept, arm):
    folds, chosen, folder = kept
    (entry,) = (c for c in chosen if c.arm.name == arm and c.scope.refit is None)
    kernel, bias = entry.final_weights
    whole = folds.views[folds.whole]
    assert whole.n_train == dataset.n_rows
    expected = whole.features @ kernel + bias
    logits = load(folder, arm).logits(dataset.features)
    # The view's rows are all rows, in their order.
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_dates_text_and_wide_columns_go_into_a_kept_model_as_one_table(dataset, tmp_path):
    words = [f"word{i}" for i in range(9)]
    rng = np.random.default_rng(1)
    features = dataset.features.assign(
        when=pd.Timestamp(2024, 1, 1) + pd.to_timedelta(np.arange(64), "D"),
        text=pd.Series([" ".join(rng.choice(words, 4)) for _ in range(64)], dtype="str"),
    )
    wide = csr_array(rng.poisson(0.1, (64, 300)).astype(np.float64))
    rich = replace(dataset, features=features, sparse=wide)
    folds, chosen, folder = keep(rich, tmp_path)
    (entry,) = (c for c in chosen if c.arm.name == "plain" and c.scope.refit is None)
    kernel, bias = entry.final_weights
    expected = folds.views[folds.whole].features @ kernel + bias
    names = [f"sparse_{i}" for i in range(300)]
    table = features.join(pd.DataFrame(wide.toarray(), columns=names))
    model = load(folder, "plain")
    np.testing.assert_allclose(model.logits(table), expected, rtol=1e-4, atol=1e-5)
    # The first row of each class, as read from the file beside the model.
    sample = pd.read_csv(folder / SAMPLE_FILE)
    np.testing.assert_allclose(model.logits(sample), expected[[0, 3]], rtol=1e-4, atol=1e-5)


def test_a_kept_model_says_how_it_was_trained(kept):
    folder = kept[2]
    facts = read_facts(folder, "plain")
    assert (facts.epochs, facts.seed, facts.rows) == (EPOCHS, SEED + 1, 64)
    assert facts.classes == ("old", "new")
    assert facts.columns == ("size", "rooms", "kind")
    assert read_facts(folder, "focal") is None


def test_only_the_search_on_all_rows_keeps_a_model(kept):
    _, chosen, _ = kept
    assert {c.scope.name for c in chosen if c.final_weights is not None} == {"all"}
    assert all(c.final_member not in c.refit_members for c in chosen)


def test_probabilities_of_cross_entropy_are_its_softmax(dataset, kept):
    model = load(kept[2], "plain")
    expected = softmax(model.logits(dataset.features).astype(float), axis=1)
    np.testing.assert_allclose(model.probabilities(dataset.features), expected, atol=1e-6)


def test_class_weights_are_undone_in_the_probabilities(dataset, kept):
    """A weight w on a class multiplies its odds by w: the correction divides."""
    model = load(kept[2], "weighted")
    weight = np.array(model.facts.loss["weight"])
    tilted = softmax(model.logits(dataset.features).astype(float), axis=1) / weight
    expected = tilted / tilted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(dataset.features), expected, atol=1e-5)


def test_decisions_are_those_of_the_decision_layer(dataset, kept):
    _, chosen, folder = kept
    model = load(folder, "plain")
    (entry,) = (c for c in chosen if c.arm.name == "plain" and c.scope.refit is None)
    weights = own_decision_weights(entry, objective=objective("macro_f1"))
    own = log_softmax(model.logits(dataset.features).astype(float), axis=1)
    expected = np.array(dataset.class_names)[(own + weights).argmax(axis=1)]
    assert model.decide(dataset.features).tolist() == expected.tolist()


def test_columns_are_taken_by_name_and_a_missing_one_is_named(dataset, kept):
    model = load(kept[2], "plain")
    shuffled = dataset.features[["kind", "size", "rooms"]].assign(other=1)
    np.testing.assert_array_equal(model.logits(shuffled), model.logits(dataset.features))
    with pytest.raises(ValueError, match=r"Missing: \['rooms'\]"):
        model.logits(dataset.features.drop(columns="rooms"))


def test_the_sample_shows_every_class_and_goes_into_the_model(dataset, kept):
    sample = pd.read_csv(kept[2] / SAMPLE_FILE)
    assert len(sample) == 2
    proba = load(kept[2], "plain").probabilities(sample)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
