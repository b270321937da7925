"""Small views, members and trainers; float64 where two ways of training are held together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.training.member import Member, MemberKey, MemberRecord, Trainer, View

# `own_models` is imported by its name, as a user's file in the working directory is.
sys.path.append(str(Path(__file__).parent))

N_CLASSES = 3


@pytest.fixture(scope="module")
def float64() -> Iterator[None]:
    """Keras makes float64 models inside, as the proofs to 1e-8 need."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # else the first layer of the process decides
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="session")
def make_view() -> Callable[..., View]:
    """Views of random rows in three classes, every class in training rows."""

    def make(
        name: str,
        *,
        n_train: int = 50,
        n_eval: int = 20,
        columns: int = 4,
        natural_counts: list[int] | None = None,
        seed: int = 0,
    ) -> View:
        rng = np.random.default_rng([seed, n_train, columns])
        # Classes of 1/2, 1/3 and 1/6 of the rows.
        labels = np.array([0, 0, 0, 1, 1, 2])[rng.permutation(n_train + n_eval) % 6]
        centres = rng.normal(size=(N_CLASSES, columns))
        features = centres[labels] + rng.normal(size=(n_train + n_eval, columns))
        if natural_counts is None:
            natural = np.bincount(labels[:n_train], minlength=N_CLASSES)
        else:
            natural = np.array(natural_counts)
        return View(
            name=name,
            features=features.astype(np.float32),
            labels=labels.astype(np.int32),
            n_train=n_train,
            natural_counts=natural,
        )

    return make


@pytest.fixture(scope="session")
def views(make_view: Callable[..., View]) -> list[View]:
    """Last batches padded at 16 rows a batch, fewer rows than a batch, other columns."""
    return [
        make_view("outer-0", n_train=50, n_eval=20, columns=4),
        make_view("outer-1", n_train=11, n_eval=7, columns=4),
        make_view("outer-2", n_train=38, n_eval=13, columns=6),
    ]


@pytest.fixture(scope="session")
def points() -> dict[str, LossPoint]:
    """Points all over the family, by name; the last two need a `softened` trainer."""
    plain = LossPoint.cross_entropy(N_CLASSES)
    weight = np.array([0.5, 1.0, 2.5])
    gamma = np.array([0.5, 2.0, 3.0])
    offset = np.array([-0.5, -1.0, -2.0])

    def changed(**numbers: object) -> LossPoint:
        roles = ("weight", "gamma", "scale", "offset", "margin", "smoothing", "power")
        return LossPoint(**{role: numbers.get(role, getattr(plain, role)) for role in roles})

    return {
        "cross_entropy": plain,
        "weighted": changed(weight=weight),
        "focal": changed(weight=weight, gamma=gamma),
        "adjusted": changed(offset=offset),
        "everything": changed(
            weight=weight,
            gamma=gamma,
            scale=np.array([1.0, 0.8, 0.6]),
            offset=offset,
            margin=np.array([0.1, 0.3, 0.5]),
        ),
        "smoothed": changed(weight=weight, gamma=gamma, smoothing=0.1),
        "generalised": changed(offset=offset, power=0.5),
    }


@pytest.fixture(scope="session")
def recipes(points: dict[str, LossPoint]) -> dict[str, Recipe]:
    """Recipes by name: all that a plain loss from start to end is not."""
    first, late = Stage(loss=points["focal"]), points["weighted"]
    ldam = replace(points["cross_entropy"], scale=np.full(3, 8.0), margin=np.array([0.5, 1.0, 2.0]))
    return {
        "deferred": Recipe(stages=(first, Stage(loss=late, start=0.5))),
        "balanced": Recipe(stages=(Stage(loss=points["focal"], sampling=0.7),)),
        "two_stage": Recipe(stages=(first, Stage(loss=late, start=0.5, head_only=True))),
        "ldam": Recipe(stages=(Stage(loss=ldam),), head="cosine"),
        "everything": Recipe(
            stages=(
                Stage(loss=ldam),
                Stage(loss=replace(ldam, weight=late.weight), start=0.25),
                Stage(loss=ldam, start=0.5, sampling=1.0, head_only=True),
            ),
            head="cosine",
        ),
    }


@pytest.fixture(scope="session")
def make_member(points: dict[str, LossPoint], recipes: dict[str, Recipe]) -> Callable[..., Member]:
    """Members by name of their loss; two numbers of which Keras's float32 rounding is exact."""

    def make(
        loss: str = "cross_entropy",
        *,
        view: int = 0,
        seed: int = 0,
        trial: int = 0,
        study: str = "study",
        learning_rate: float = 2.0**-6,
        weight_decay: float = 2.0**-7,
        epochs: int = 3,
        keep_logits: bool = True,
        recipe: str | Recipe | None = None,
        schedule: int | None = None,
    ) -> Member:
        if isinstance(recipe, str):
            recipe = recipes[recipe]
        return Member(
            key=MemberKey(study, trial, view, seed),
            view=view,
            recipe=recipe or Recipe.plain(points[loss]),
            schedule=schedule or epochs,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            epochs=epochs,
            keep_logits=keep_logits,
        )

    return make


@pytest.fixture(scope="session")
def train() -> Callable[..., list[MemberRecord]]:
    """Train members in chunks of `size`, in their order, and return all records."""

    def records(
        trainer: Trainer, members: list[Member], *, size: int | None = None, each_epoch: bool = True
    ) -> list[MemberRecord]:
        size = size or len(members)
        chunks = [members[i : i + size] for i in range(0, len(members), size)]
        trained = trainer.train(chunks, size=size, each_epoch=each_epoch)
        return [record for chunk in trained for record in chunk]

    return records


@pytest.fixture(scope="session")
def assert_identical() -> Callable[[MemberRecord, MemberRecord], None]:
    """Check two records of one training bit for bit."""

    def check(left: MemberRecord, right: MemberRecord) -> None:
        for field in ("confusion", "log_loss", "train_loss", "logits"):
            np.testing.assert_array_equal(getattr(left, field), getattr(right, field), field)
        assert left.failure == right.failure

    return check
