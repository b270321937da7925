"""What goes into a trainer and what comes back: plain, picklable values without handles.

A `View` is one fold's preprocessed rows; a `Member` is one model to train on one view; a
`MemberRecord` is what its training showed. A member's identity is its `key`, never its row in a
population, so populations may be split, ordered and compacted freely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.recipe import Point, Recipe, Stage, class_mass, of_family
from focalsweep.training.class_counts import ClassCounts, class_counts, mean_one


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Hold one fold as the network sees it: training rows first, evaluation rows after them.

    Parameters
    ----------
    name : str
        What the fold is, for example ``outer-3/inner-1``; randomness in training depends on it.
    features : float32 array of shape (rows, columns)
        Preprocessed by a transformer that was fitted on the first `n_train` rows only.
    labels : int32 array of shape (rows,), or int8 array of shape (rows, labels)
        Class codes; of multi-label data 0 or 1 for each label.
    n_train : int
        Number of training rows, synthetic ones among them.
    natural_counts : array of shape (classes,), or (labels, 2)
        Training rows a class before an imbalance profile thinned them; equal to the training
        counts without a profile. Scored probabilities are moved to these priors. Of multi-label
        data the rows [without, with] each label, here and in all counts. With `weights`, rows
        count by them, here and in all counts.
    counts : array of shape (classes,), or (labels, 2), optional
        Training rows a class before rows were removed or made up, what `train_counts` returns;
        None counts the view's own training rows, which is right where nothing was.
    n_synthetic : int, default 0
        The last so many of the training rows are made up.
    weights : float32 array of shape (rows,), optional
        > 0: a row of weight 2 counts as two rows, in the loss, in all counts and in all scores.
        Those of training rows have mean 1 before any profile or treatment, whatever the others
        weigh. None: every row counts once. What describes columns instead of rows does not read
        them: preprocessing, and the batch statistics of a model that has such.
    n_before : int, optional
        Training rows before rows were removed or made up; None where nothing was.
    correctable : str, optional
        Why probabilities of models trained on these rows cannot be corrected to the data's
        posterior; None where they can.
    """

    name: str
    features: NDArray[np.float32]
    labels: NDArray[np.integer]
    n_train: int
    natural_counts: ClassCounts
    counts: ClassCounts | None = None
    n_synthetic: int = 0
    correctable: str | None = None
    weights: NDArray[np.float32] | None = None
    n_before: int | None = None

    @property
    def multi_label(self) -> bool:
        """Whether a row may have several labels, or none."""
        return self.labels.ndim == 2

    @property
    def n_own(self) -> int:
        """Number of training rows that are not synthetic; they stand before the synthetic ones."""
        return self.n_train - self.n_synthetic

    @property
    def own_counts(self) -> ClassCounts:
        """Training rows a class that are there and not synthetic, shape (classes,)."""
        return class_counts(
            self.labels[: self.n_own],
            n_classes=len(self.natural_counts),
            weights=None if self.weights is None else self.weights[: self.n_own],
        )

    @property
    def train_counts(self) -> ClassCounts:
        """Training rows a class as they were before any treatment, shape (classes,).

        Class weights and priors read these, whatever was then done to the rows.
        """
        return self.own_counts if self.counts is None else self.counts

    @property
    def epoch_rows(self) -> int:
        """Rows drawn an epoch: the same for every treatment, so that arms take equal steps."""
        if self.n_before is not None:
            return self.n_before
        if self.weights is not None:
            return self.n_train
        # Of multi-label data every label's two counts add up to the rows.
        return int(np.atleast_2d(self.train_counts)[0].sum())

    @property
    def natural_rows(self) -> int:
        """Training rows before an imbalance profile thinned them."""
        # Weights have mean 1 there, up to rounding.
        return round(float(np.atleast_2d(self.natural_counts)[0].sum()))

    @property
    def log_prior_shift(self) -> NDArray[np.float64]:
        """log of natural over training prior, shape (classes,): zero without a profile.

        Zero also for a class without training rows, of which nothing is known.
        """
        natural, training = self.natural_counts, self.train_counts
        natural_share = natural / natural.sum(axis=-1, keepdims=True)
        share = training / training.sum(axis=-1, keepdims=True)
        seen = (natural > 0) & (training > 0)
        shift = np.log(np.where(seen, natural_share, 1.0)) - np.log(np.where(seen, share, 1.0))
        return np.asarray(shift, np.float64)

    @property
    def eval_labels(self) -> NDArray[np.integer]:
        """Class codes, or labels, of the evaluation rows."""
        return self.labels[self.n_train :]

    @property
    def train_weights(self) -> NDArray[np.float64] | None:
        """What the loss of each training row is multiplied by: mean 1; None without weights."""
        return None if self.weights is None else mean_one(self.weights[: self.n_train])

    @property
    def eval_weights(self) -> NDArray[np.float64] | None:
        """Weights of the evaluation rows, on a scale that all views share; None without any."""
        return None if self.weights is None else self.weights[self.n_train :].astype(np.float64)

    @property
    def eval_mass(self) -> float:
        """How many rows the evaluation rows count for."""
        weights = self.eval_weights
        return float(len(self.eval_labels) if weights is None else weights.sum())


class MemberKey(NamedTuple):
    """Name a member: the study, the trial in it, the fold and the seed of its training."""

    study: str
    trial: int
    fold: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberState:
    """Hold a model between two epochs: all that training changes, so that it can go on elsewhere.

    Parameters
    ----------
    epoch : int
        Epochs that were trained.
    arrays : tuple of arrays
        Weights, optimiser slots and counters, in an order that is the trainer's own: only the
        trainer that wrote a state reads it.
    """

    epoch: int
    arrays: tuple[NDArray[np.generic], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """Hold one model to train: a recipe and the nuisance numbers, on one view.

    Parameters
    ----------
    key : MemberKey
        Identity; `key.seed` drives initial weights, batch order and dropout.
    view : int
        Index of its fold among the views given to the trainer.
    recipe : Recipe
        The losses, and when they change.
    schedule : int
        Epochs of the sweep: the starts of the recipe's stages are shares of these, so that a
        refit of fewer epochs changes losses in the same epoch as the search did.
    learning_rate, weight_decay : float
        > 0 and >= 0; decoupled decay as in `keras.optimizers.AdamW`.
    epochs : int
        Passes over the training rows, in [1, schedule]: where this training ends.
    keep_logits : bool
        Whether the record carries the final logits of the evaluation rows.
    keep_weights : bool
        Whether the record carries the model's final weights.
    keep_state : bool
        Whether the record carries all that is needed to train on.
    begin : MemberState, optional
        Where an earlier training of this member ended, and this one goes on; None begins anew.
    """

    key: MemberKey
    view: int
    recipe: Recipe
    schedule: int
    learning_rate: float
    weight_decay: float
    epochs: int
    keep_logits: bool = False
    keep_weights: bool = False
    keep_state: bool = False
    begin: MemberState | None = None

    @property
    def first_epoch(self) -> int:
        """The epoch (from 0) that is trained first."""
        return 0 if self.begin is None else self.begin.epoch

    def stage(self, epoch: int) -> Stage:
        """Return the stage that an epoch (from 0) is trained with."""
        return self.recipe.stage_at(epoch, epochs=self.schedule)

    def stage_before(self, epoch: int) -> Stage | None:
        """Return the stage of the epoch before one (from 0); None before the first."""
        return self.stage(epoch - 1) if epoch else None

    def posterior_point(self, counts: ClassCounts, *, epoch: int | None = None) -> Point:
        """Return the loss that this member's scores minimise, for the posterior correction.

        Drawing a class r times as often is the same risk as weighting it by r: class-balanced
        sampling therefore multiplies the class weights, whose prior-weighted mean stays.

        Parameters
        ----------
        counts : array of shape (classes,)
            Training rows a class (`View.train_counts`).
        epoch : int, optional
            After which epoch (from 0); None means the last one.
        """
        stage = self.stage(self.epochs - 1 if epoch is None else epoch)
        if stage.sampling == 0.0:
            return stage.loss
        rows = np.asarray(counts, np.float64)
        loss = of_family(stage.loss)
        often = class_mass(rows, stage.sampling) / np.where(rows > 0, rows, 1.0)
        return replace(loss, weight=loss.weight * often * rows.sum() / (rows @ often))


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberRecord:
    """Hold what one member's training showed, in the epochs from its beginning to its end.

    Parameters
    ----------
    key : MemberKey
        The member's identity.
    confusion : array of shape (epochs, classes, classes), or (epochs, labels, 2, 2)
        Evaluation rows after each epoch: true class down, predicted class across; of multi-label
        data for each label without and with it. Integers, or sums of the rows' weights. Of many
        classes only hits, predicted and true rows, shape (epochs, 3, classes), see
        `focalsweep.metrics.confusion.counts_of`.
    log_loss : float array of shape (epochs,)
        Mean negative log of the corrected probability of the true class on evaluation rows; of
        multi-label data the mean over all (row, label) cells. Rows count by their weights.
    train_loss : float array of shape (epochs,)
        Mean of the member's own loss over each epoch's batches.
    logits : float32 array of shape (evaluation rows, classes or labels), optional
        Final logits z (without offset and margin), where the member asked for them.
    weights : tuple of float arrays, optional
        Final weights, where the member asked for them: those of the Keras model for the view's
        columns, layer after layer (of the model with a cosine head where the recipe has one).
    failure : str, optional
        Why the member is not usable: "loss became NaN in epoch 3".
    state : MemberState, optional
        Where it ended, where the member asked for it.
    """

    key: MemberKey
    confusion: ClassCounts
    log_loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    logits: NDArray[np.float32] | None = None
    weights: tuple[NDArray[np.floating], ...] | None = None
    failure: str | None = None
    state: MemberState | None = None

    def followed_by(self, later: MemberRecord) -> MemberRecord:
        """Return the record of both trainings as one: `later` began where this one ended."""
        return replace(
            later,
            confusion=np.concatenate([self.confusion, later.confusion]),
            log_loss=np.concatenate([self.log_loss, later.log_loss]),
            train_loss=np.concatenate([self.train_loss, later.train_loss]),
            failure=self.failure or later.failure,
        )


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
            The members of one chunk begin in the same epoch.
        size : int
            From `chunk_size`.
        each_epoch : bool
            Whether evaluation rows are scored after every epoch or after the last one only.
        progress : callable
            Told how many member-epochs have been trained since it was told last.
        """
        ...
