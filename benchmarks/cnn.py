"""What a small convolutional model costs: stacked, in the compiled loop, and by `keras.Model.fit`.

Digits of 8 x 8 pixels, or enlarged to others, `model=cnn`; every trial has its own gamma and
learning rate. The first trial of each side, which compiles, is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

EPOCHS, BATCH_SIZE = 3, 64
SIDE = 8
"""Pixels of a digit's side."""


def time_cnn(*, trials: int, side: int = SIDE) -> dict[str, float]:
    """Return seconds a trial for each way of training the same members.

    Parameters
    ----------
    trials : int
    side : int, default 8
        Height and width of the images. Larger ones are digits with pixels repeated, of
        which fewer rows are trained on.
    """
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
    train = 1200 if side == SIDE else 256
    order = np.random.default_rng(0).permutation(len(digits.target))
    pixels = np.arange(side) * SIDE // side
    images = digits.images[order][:, pixels][:, :, pixels] / 16
    features = images.reshape(len(images), -1).astype(np.float32)
    labels = digits.target[order].astype(np.int32)
    features, labels = features[: train + train // 2], labels[: train + train // 2]
    counts = np.bincount(labels[:train], minlength=10)
    view = View(
        name="digits", features=features, labels=labels, n_train=train, natural_counts=counts
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
        return cnn(n_features=width, n_classes=10, input_shape=(side, side, 1))

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
        model = build(side * side)
        model.compile(
            keras.optimizers.AdamW(1e-3 * (1 + trial), weight_decay=1e-4),
            CategoricalFocalCrossentropy(gamma=trial / trials, from_logits=True),
        )
        for _ in range(EPOCHS):
            model.fit(features[:train], one_hot[:train], batch_size=BATCH_SIZE, verbose=0)
            model.predict(features[train:], batch_size=1024, verbose=0)
    spent["keras.Model.fit"] = (time.perf_counter() - start) / fitted
    return spent


def print_cnn(console: Console, *, trials: int, side: int = SIDE) -> None:
    """Time and print."""
    spent = time_cnn(trials=trials, side=side)
    slowest = spent["keras.Model.fit"]
    table = Table(f"small CNN, {side} x {side} pixels", "seconds a trial", "times faster than fit")
    for name, each in spent.items():
        table.add_row(name, f"{each:.3f}", f"{slowest / each:.1f}")
    console.print(table)
