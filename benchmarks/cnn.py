"""What a small convolutional model costs: stacked, in the compiled loop, and by `keras.Model.fit`.

Digits of 8 x 8 pixels, 1,200 training rows, `model=cnn`; every trial has its own gamma and learning
rate. The first trial of each side, which compiles, is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

EPOCHS, BATCH_SIZE, TRAIN = 3, 64, 1200


def time_cnn(*, trials: int) -> dict[str, float]:
    """Return seconds a trial for each way of training the same members."""
    import keras

    from focalsweep.losses import CategoricalFocalCrossentropy
    from focalsweep.losses.point import LossPoint
    from focalsweep.losses.recipe import Recipe
    from focalsweep.models.cnn import cnn
    from focalsweep.training.member import Member, MemberKey, Trainer, View
    from focalsweep.training.one_by_one import OneByOneTrainer
    from focalsweep.training.optimizer import Optimizer
    from focalsweep.training.population import PopulationTrainer

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    features = (digits.data[order] / 16).astype(np.float32)
    labels = digits.target[order].astype(np.int32)
    counts = np.bincount(labels[:TRAIN], minlength=10)
    view = View(
        name="digits", features=features, labels=labels, n_train=TRAIN, natural_counts=counts
    )
    one, zero = np.ones(10), np.zeros(10)

    def member(trial: int) -> Member:
        gamma = np.full(10, trial / trials)
        point = LossPoint(weight=one, gamma=gamma, scale=one, offset=zero, margin=zero)
        return Member(
            key=MemberKey("cnn", trial, 0, 0),
            view=0,
            recipe=Recipe.plain(point),
            schedule=EPOCHS,
            learning_rate=1e-3 * (1 + trial),
            weight_decay=1e-4,
            epochs=EPOCHS,
        )

    def build(width: int) -> keras.Model:
        return cnn(n_features=width, n_classes=10, input_shape=(8, 8, 1))

    def seconds(trainer: Trainer, chunks: Sequence[Sequence[Member]], size: int) -> float:
        list(trainer.train(chunks[:1], size=size))
        start = time.perf_counter()
        list(trainer.train(chunks, size=size))
        return (time.perf_counter() - start) / trials

    members = [member(trial) for trial in range(trials)]
    shared = {
        "build_model": build,
        "views": [view],
        "optimizer": Optimizer(kind="adamw"),
        "batch_size": BATCH_SIZE,
        "scores_log_loss": False,
    }
    population = PopulationTrainer(**shared)
    size = population.chunk_size(trials)
    chunks = [members[start : start + size] for start in range(0, trials, size)]
    spent = {
        f"population, {size} side by side": seconds(population, chunks, size),
        "compiled loop": seconds(OneByOneTrainer(**shared), [[each] for each in members], 1),
    }
    one_hot = np.eye(10, dtype=np.float32)[labels]
    start = time.perf_counter()
    fitted = min(trials, 4)
    for trial in range(fitted):
        model = build(64)
        model.compile(
            keras.optimizers.AdamW(1e-3 * (1 + trial), weight_decay=1e-4),
            CategoricalFocalCrossentropy(gamma=trial / trials, from_logits=True),
        )
        for _ in range(EPOCHS):
            model.fit(features[:TRAIN], one_hot[:TRAIN], batch_size=BATCH_SIZE, verbose=0)
            model.predict(features[TRAIN:], batch_size=1024, verbose=0)
    spent["keras.Model.fit"] = (time.perf_counter() - start) / fitted
    return spent


def print_cnn(console: Console, *, trials: int) -> None:
    """Time and print."""
    spent = time_cnn(trials=trials)
    slowest = spent["keras.Model.fit"]
    table = Table("small CNN on digits", "seconds a trial", "times faster than fit")
    for name, each in spent.items():
        table.add_row(name, f"{each:.3f}", f"{slowest / each:.1f}")
    console.print(table)
