"""What goes into a trainer and what comes back: plain, picklable values without handles.

A `View` is one fold's preprocessed rows; a `Member` is one model to train on one view; a
`MemberRecord` is what its training showed. A member's identity is its `key`, never its row in a
population, so populations may be split, ordered and compacted freely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.point import LossPoint


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Hold one fold as the network sees it: training rows first, evaluation rows after them.

    Parameters
    ----------
    name : str
        What the fold is, for example ``outer-3/inner-1``; randomness in training depends on it.
    features : float32 array of shape (rows, columns)
        Preprocessed by a transformer that was fitted on the first `n_train` rows only.
    labels : int array of shape (rows,)
        Class codes.
    n_train : int
        Number of training rows.
    natural_counts : int array of shape (classes,)
        Training rows a class before an imbalance profile thinned them; equal to the training
        counts without a profile. Scored probabilities are moved to these priors.
    """

    name: str
    features: NDArray[np.float32]
    labels: NDArray[np.int32]
    n_train: int
    natural_counts: NDArray[np.int64]

    @property
    def train_counts(self) -> NDArray[np.int64]:
        """Training rows a class, shape (classes,)."""
        return np.bincount(self.labels[: self.n_train], minlength=len(self.natural_counts))

    @property
    def log_prior_shift(self) -> NDArray[np.float64]:
        """log of natural over training prior, shape (classes,): zero without a profile."""
        natural, training = self.natural_counts, self.train_counts
        shift = np.log(natural / natural.sum()) - np.log(training / training.sum())
        return np.asarray(shift, np.float64)

    @property
    def eval_labels(self) -> NDArray[np.int32]:
        """Class codes of the evaluation rows."""
        return self.labels[self.n_train :]


class MemberKey(NamedTuple):
    """Name a member: the study, the trial in it, the fold and the seed of its training."""

    study: str
    trial: int
    fold: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """Hold one model to train: a loss point and the nuisance numbers, on one view.

    Parameters
    ----------
    key : MemberKey
        Identity; `key.seed` drives initial weights, batch order and dropout.
    view : int
        Index of its fold among the views given to the trainer.
    loss : LossPoint
        The loss.
    learning_rate, weight_decay : float
        > 0 and >= 0; decoupled decay as in `keras.optimizers.AdamW`.
    epochs : int
        Passes over the training rows, >= 1.
    keep_logits : bool
        Whether the record carries the final logits of the evaluation rows.
    """

    key: MemberKey
    view: int
    loss: LossPoint
    learning_rate: float
    weight_decay: float
    epochs: int
    keep_logits: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberRecord:
    """Hold what one member's training showed.

    Parameters
    ----------
    key : MemberKey
        The member's identity.
    confusion : int array of shape (epochs, classes, classes)
        Evaluation rows after each epoch: true class down, predicted class across.
    log_loss : float array of shape (epochs,)
        Mean negative log of the corrected probability of the true class on evaluation rows.
    train_loss : float array of shape (epochs,)
        Mean of the member's own loss over each epoch's batches.
    logits : float32 array of shape (evaluation rows, classes), optional
        Final logits z (without offset and margin), where the member asked for them.
    failure : str, optional
        Why the member is not usable: "loss became NaN in epoch 3".
    """

    key: MemberKey
    confusion: NDArray[np.int64]
    log_loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    logits: NDArray[np.float32] | None = None
    failure: str | None = None


class Trainer(Protocol):
    """Train chunks of members. The population trainer and the one-by-one trainer both are one."""

    @property
    def views(self) -> Sequence[View]:
        """Every fold that a member may ask for."""
        ...

    @property
    def kernel_seconds(self) -> float:
        """Wall time spent so far inside training itself, without preparation."""
        ...

    def chunk_size(self, n_members: int) -> int:
        """Choose how many members a chunk holds when `n_members` are trained at a time."""
        ...

    def train(
        self,
        chunks: Sequence[Sequence[Member]],
        *,
        size: int,
        each_epoch: bool = True,
        progress: Callable[[int], None] = ...,
    ) -> Iterator[list[MemberRecord]]:
        """Train chunks of at most `size` members and yield the records of each, in order.

        Parameters
        ----------
        chunks : sequence of sequences of Member
        size : int
            From `chunk_size`.
        each_epoch : bool
            Whether evaluation rows are scored after every epoch or after the last one only.
        progress : callable
            Told how many member-epochs have been trained since it was told last.
        """
        ...
