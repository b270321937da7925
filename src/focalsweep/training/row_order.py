"""Which training rows an epoch sees, in which order: plain, class-balanced, with synthetic rows.

An epoch always draws as many rows as the fold had before any treatment, so every arm takes the
same steps at the same batch size. Where each row is seen once, that is a permutation. Otherwise
every row has a mass and the epoch is a systematic sample: a row of mass m is drawn m times, rounded
up or down, and so is every class. All members of a fold and seed share the random numbers, so a
strength of 0 gives plain training bit for bit, and nearby strengths draw nearly the same rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.recipe import class_mass
from focalsweep.training.member import View
from focalsweep.training.randomness import batch_order, sampling_generator


class Queue(NamedTuple):
    """Hold the random numbers of an epoch's sample, the same for every strength."""

    order: NDArray[np.int32]
    """In which order the drawn rows are trained on."""
    start: float
    """Where the first draw falls, in [0, 1)."""
    rows: NDArray[np.int64]
    """Training rows, class after class, shuffled inside each class."""


def epoch_rows(
    view: View, *, sampling: float, seed: int, epoch: int, queue: Queue | None = None
) -> NDArray[np.int32]:
    """Return the training rows of one epoch in the order of training, shape (view.epoch_rows,).

    Parameters
    ----------
    view : View
        Its first `n_train` rows are drawn from.
    sampling : float
        Strength of class-balanced sampling in [0, 1], see `focalsweep.losses.recipe.class_mass`.
    seed : int
        The member's.
    epoch : int
        From 0.
    queue : Queue, optional
        From `sampling_queue`, where several strengths are drawn for one epoch.
    """
    if is_plain(view, sampling=sampling):
        return batch_order(seed=seed, view=view.name, epoch=epoch, n_train=view.epoch_rows)
    if queue is None:
        queue = sampling_queue(view, seed=seed, epoch=epoch)
    return _drawn(row_mass(view, sampling=sampling), queue)[queue.order]


def is_plain(view: View, *, sampling: float) -> bool:
    """Tell whether an epoch sees every own training row exactly once."""
    return sampling == 0.0 and np.array_equal(view.own_counts, view.train_counts)


def sampling_queue(view: View, *, seed: int, epoch: int) -> Queue:
    """Draw the random numbers of an epoch's sample."""
    generator = sampling_generator(seed=seed, view=view.name, epoch=epoch)
    # On a grid, so that adding whole numbers is exact and a row of mass 2 is drawn twice.
    start = float(generator.integers(2**20)) / 2**20
    keys = generator.random(view.n_train)
    rows = np.lexsort((keys, view.labels[: view.n_train]))
    order = batch_order(seed=seed, view=view.name, epoch=epoch, n_train=view.epoch_rows)
    return Queue(order, start, rows)


def row_mass(view: View, *, sampling: float) -> NDArray[np.float64]:
    """Return how often each training row is drawn, up to a common factor, shape (n_train,).

    A class's own rows share its `class_mass`, so that where rows were removed the others of their
    class fill up; where there are synthetic rows, these share what exceeds the class's rows.
    """
    labels, counts, own = view.labels[: view.n_train], view.train_counts, view.own_counts
    made = np.bincount(labels[view.n_own :], minlength=len(counts))
    # A class's rows pull by their weights, so that is what its share of the mass is spread over.
    mass = class_mass(counts, sampling)
    to_made = np.where(made > 0, np.where(own > 0, mass - counts, mass), 0.0)
    of_own = (mass - to_made) / np.where(own > 0, own, 1)
    of_made = to_made / np.maximum(made, 1)
    return np.concatenate([of_own[labels[: view.n_own]], of_made[labels[view.n_own :]]])


def _drawn(mass: NDArray[np.float64], queue: Queue) -> NDArray[np.int32]:
    """Draw rows systematically: the j-th draw takes the row under ``start + j`` of the masses."""
    number = len(queue.order)
    end = np.cumsum(mass[queue.rows])
    end = np.minimum(end * (number / end[-1]), number)
    before = np.ceil(end - queue.start)
    times = np.empty(len(mass), np.int64)
    times[queue.rows] = np.diff(before, prepend=0.0)
    # A row that is drawn stays in its own place, and what else is drawn fills the places of rows
    # that are not, so that the batches of two strengths differ in few rows.
    rows = np.arange(number, dtype=np.int32)
    stays = np.zeros(number, bool)
    stays[: len(mass)] = times[:number] > 0
    times[:number] -= stays[: len(mass)]
    rows[~stays] = np.repeat(np.arange(len(mass), dtype=np.int32), times)
    return rows
