"""Scores of the plain arms, made a second time: scikit-learn's rows, weights and F1, Keras's fit.

A real search chooses a point in each outer fold. The refits of that point are then trained as a
user would, by `keras.Model.fit` on rows that scikit-learn scaled, with scikit-learn's balanced
weights, and scored by scikit-learn. Only what is drawn is shared: folds, initial weights, order.
"""

from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.preprocessing import RobustScaler
from sklearn.utils.class_weight import compute_class_weight

from focalsweep.data.dataset import Dataset
from focalsweep.data.splits import outer_splits
from focalsweep.evidence.predictions import predict
from focalsweep.evidence.refit import Chosen, refit, refit_seeds
from focalsweep.losses import arms as families
from focalsweep.metrics.objective import objective
from focalsweep.models.mlp import mlp
from focalsweep.search import samplers
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.rounds import Budget, Search
from focalsweep.search.studies import StudyStore
from focalsweep.training.choice import make_trainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.randomness import batch_order, initial_weights

SEED, BATCH, COUNTS = 3, 16, [70, 40, 16]
EVALUATION = Evaluation(
    kind="nested", folds=2, repeats=1, inner_folds=2, refit_seeds=2, test_fraction=0.25
)
RATES = Nuisance(
    defaults={"learning_rate": 0.01, "weight_decay": 0.01},
    search={"learning_rate": Range(low=1e-3, high=0.1, log=True)},
)
ARMS = (
    Arm(name="plain", label="", family="cross_entropy", make_loss=families.cross_entropy),
    Arm(name="weighted", label="", family="class_weights", make_loss=families.class_weighted),
)


def overlapping_rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(3), COUNTS)).astype(np.int32)
    rows = rng.normal(3.0, 2.0, size=(len(labels), 4))
    rows[:, :3] += 1.5 * np.eye(3)[labels]
    return rows, labels


ROWS, LABELS = overlapping_rows()


def build_model(n_features: int) -> keras.Model:
    return mlp(n_features=n_features, n_classes=3, hidden=(8,))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folds, dict[str, Chosen]]:
    """Search and refit both arms; what they chose, by study."""
    folder: Path = tmp_path_factory.mktemp("sweep")
    dataset = Dataset(
        name="overlapping",
        features=pd.DataFrame(ROWS, columns=list("abcd")),
        labels=LABELS,
        class_names=("0", "1", "2"),
        origin="made here",
    )
    folds = lay_out(dataset, evaluation=EVALUATION, profile=Profile(), seed=SEED)
    trainer, _ = make_trainer(
        build_model=build_model,
        views=folds.views,
        optimizer=Optimizer(),
        batch_size=BATCH,
        exact_log_loss=False,
    )
    search = Search(
        arms=ARMS,
        folds=folds,
        nuisance=RATES,
        objective=objective("macro_f1"),
        budget=Budget(trials=3, epochs=6),
        make_sampler=partial(samplers.tpe, n_startup_trials=2),
        seed=SEED,
    )
    chunks = ChunkStore(folder / "chunks", trainer)
    size = trainer.chunk_size(search.members_per_round)
    studies = search.run(
        store=StudyStore(folder / "studies.journal"), chunks=chunks, chunk_size=size
    )
    chosen = refit(
        studies,
        folds=folds,
        nuisance=RATES,
        chunks=chunks,
        chunk_size=size,
        seed=SEED,
        n_seeds=EVALUATION.refit_seeds,
    )
    return folds, {f"{each.arm.name}/{each.scope.name}": each for each in chosen}


def squashed(scaled: np.ndarray) -> np.ndarray:
    """Clip smoothly at 3, as arXiv:2407.04491 describes it."""
    return (scaled / np.sqrt(1.0 + (scaled / 3.0) ** 2)).astype(np.float32)


def by_keras_and_scikit_learn(
    train: np.ndarray, test: np.ndarray, *, chosen: Chosen, view: str, seed: int
) -> np.ndarray:
    """Train one refit without this package's losses, weights, preprocessing or trainers."""
    scaler = RobustScaler().fit(ROWS[train])
    x_train, x_test = (squashed(scaler.transform(ROWS[rows])) for rows in (train, test))
    y_train = LABELS[train]
    class_weight = None
    if chosen.arm.name == "weighted":
        classes = np.arange(3)
        balanced = compute_class_weight("balanced", classes=classes, y=y_train)
        class_weight = dict(zip(classes.tolist(), balanced.tolist(), strict=True))
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)]
    )
    model.set_weights(initial_weights(build_model(4), seed=seed, view=view))
    rate = chosen.trial.parameters["learning_rate"]
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for epoch in range(chosen.trial.outcome.epochs):
        order = batch_order(seed=seed, view=view, epoch=epoch, n_train=len(train))
        model.fit(
            x_train[order],
            y_train[order],
            batch_size=BATCH,
            shuffle=False,
            class_weight=class_weight,
            verbose=0,
        )
    return np.asarray(model.predict(x_test, verbose=0))


@pytest.mark.parametrize("arm", ["plain", "weighted"])
def test_scores_of_a_plain_arm_are_those_of_keras_and_scikit_learn(arm, swept):
    folds, chosen_by_name = swept
    chosen = chosen_by_name[f"{arm}/0"]
    split = outer_splits(LABELS, folds=2, repeats=1, seed=SEED, class_names=("0", "1", "2"))[0]
    logits = np.stack(
        [
            by_keras_and_scikit_learn(
                split.train,
                split.test,
                chosen=chosen,
                view=folds.views[chosen.scope.refit].name,
                seed=seed,
            )
            for seed in refit_seeds(SEED, number=2)
        ]
    )
    np.testing.assert_array_equal(chosen.test_labels, LABELS[split.test])
    np.testing.assert_allclose(chosen.test_logits, logits, rtol=1e-3, atol=1e-3)
    predicted = logits.argmax(axis=-1)
    for name, score in (
        ("macro_f1", partial(f1_score, average="macro")),
        ("balanced_accuracy", balanced_accuracy_score),
    ):
        measured = objective(name)
        reported = predict(chosen, folds=folds, objective=measured).score(measured, decision=False)
        by_seed = [score(LABELS[split.test], codes) for codes in predicted]
        assert reported == pytest.approx(np.mean(by_seed), abs=1e-9)
        assert 0.4 < reported < 0.99  # neither constant guesses nor a task that all solve
