"""Chosen points whose logits are given: outer folds with two inner folds each."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from scipy.special import log_softmax

from focalsweep.evidence.refit import Chosen
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Folds, Scope
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, View


class Rows(NamedTuple):
    """Rows with a known log-posterior and labels drawn from it."""

    log_eta: np.ndarray
    labels: np.ndarray


def draw_rows(n: int, *, prior: Sequence[float], seed: int, spread: float = 1.5) -> Rows:
    """Draw labels from the posterior that the model is then said to know."""
    rng = np.random.default_rng(seed)
    log_eta = np.log(prior) + rng.normal(scale=spread, size=(n, len(prior)))
    log_eta = log_softmax(log_eta, axis=1)
    labels = (rng.random((n, 1)) > np.exp(log_eta).cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Rows(log_eta, labels.astype(np.int32))


def make_chosen(
    folds: Sequence[tuple[Rows, Rows]],
    *,
    counts: Sequence[int],
    logits: Callable[[np.ndarray], np.ndarray] = lambda log_eta: log_eta,
    point: LossPoint | None = None,
    n_seeds: int = 2,
) -> tuple[list[Chosen], Folds]:
    """Make one chosen point an outer fold from its inner rows and its test rows.

    `logits` turns the rows' log-posterior into what the model is said to put out; seeds agree.
    """
    rows_of_class = np.array(counts)
    n_classes, n_train = len(rows_of_class), int(rows_of_class.sum())
    point = point or LossPoint.cross_entropy(n_classes)
    views: list[View] = []

    def add_member(name: str, labels: np.ndarray, seed: int) -> Member:
        train = np.repeat(np.arange(n_classes), rows_of_class)
        views.append(
            View(
                name=name,
                features=np.zeros((n_train + len(labels), 1), np.float32),
                labels=np.concatenate([train, labels]).astype(np.int32),
                n_train=n_train,
                natural_counts=rows_of_class,
            )
        )
        return Member(
            key=MemberKey(f"arm/{name}", 0, -1, seed),
            view=len(views) - 1,
            recipe=Recipe.plain(point),
            schedule=1,
            learning_rate=1e-3,
            weight_decay=0.0,
            epochs=1,
        )

    chosen = []
    for number, (inner, test) in enumerate(folds):
        parts = np.array_split(inner.labels, 2)
        refit = add_member(f"{number}/refit", test.labels, 1)
        chosen.append(
            Chosen(
                arm=Arm(name="arm", label="", family="focal", make_loss=families.focal),
                scope=Scope(name=str(number), counts=rows_of_class, inner=(), refit=refit.view),
                trial=Trial(
                    number=0, parameters={}, outcome=Outcome(value=0.5, epochs=1, curve=(0.5,))
                ),
                recipe=Recipe.plain(point),
                point=point,
                failed_trials=0,
                inner_logits=logits(inner.log_eta).astype(np.float32),
                inner_labels=inner.labels,
                inner_members=tuple(
                    add_member(f"{number}/inner-{i}", part, 0) for i, part in enumerate(parts)
                ),
                test_logits=np.stack([logits(test.log_eta)] * n_seeds).astype(np.float32),
                test_labels=test.labels,
                refit_members=(refit,) * n_seeds,
            )
        )
    return chosen, Folds(views=tuple(views), scopes=tuple(entry.scope for entry in chosen))


@pytest.fixture(name="draw_rows")
def _draw_rows() -> Callable[..., Rows]:
    return draw_rows


@pytest.fixture(name="make_chosen")
def _make_chosen() -> Callable[..., tuple[list[Chosen], Folds]]:
    return make_chosen
