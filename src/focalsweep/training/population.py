"""Train many models at once: members are sorted into chunks of one shape, chunks are compiled.

Which members share a chunk is a function of the list of members alone, never of timing, and a
member's numbers depend on its key and view only (see `randomness`), so a chunk that is trained
again gives the same records.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.training.best_constant import with_output_bias
from focalsweep.training.chunk_tensors import flags, losses, rates, with_fresh_heads
from focalsweep.training.class_counts import MOST_BY_PAIR
from focalsweep.training.kernel import Kernel, Rows, State
from focalsweep.training.member import Member, MemberRecord, View
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.pause import first_epoch_of, paused, resumed
from focalsweep.training.record import record_of
from focalsweep.training.row_index import RowIndex
from focalsweep.training.stacking import StackedModel
from focalsweep.training.starts import Starts
from focalsweep.training.task import MultiLabel, SingleLabel, Task

BuildModel = Callable[[int], keras.Model]
"""Takes the number of input columns, returns a Keras model whose output is logits."""

CHUNK_BYTES = 12 * 2**20
"""Working set of one chunk, so that two fit a common last-level cache; larger ones were slower."""

LARGEST_CHUNK = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class PopulationTrainer:
    """Train members side by side, on views that are given once.

    Parameters
    ----------
    build_model : callable
        Makes the architecture for a number of input columns.
    views : sequence of View
        Every fold that a member may ask for.
    optimizer : Optimizer
        The update rule.
    batch_size : int
        Rows an optimiser step; the last batch of an epoch may be smaller.
    exact_log_loss : bool
        Whether the corrected log-loss of every epoch is right to its last digit, for an objective
        that reads it; otherwise it is good enough to break ties, and costs a fifth as much.
    softened : bool
        Whether members use label smoothing, generalised cross-entropy, or a clipped asymmetric
        loss. Fixed here and not read off each chunk, so that all chunks run one and the same
        compiled program.
    cosine_head, head_only : bool
        Whether members end in a cosine head, or train their last layer anew: fixed here too.
    best_constant : bool
        Whether the last layer's bias starts at each member's best constant logits instead of 0.
    counts_pairs : bool
        Whether decisions are counted by pairs of classes even where classes are many, which only
        costs need; by margins otherwise.
    threads : int
        Chunks in training at a time.
    dtype : str
        ``float32``, or ``float64`` for proofs.
    like : PopulationTrainer, optional
        An earlier trainer, whose compiled programs are used again where the architecture, the
        optimiser and what is scored are the same.
    """

    build_model: BuildModel
    views: Sequence[View]
    optimizer: Optimizer
    batch_size: int
    exact_log_loss: bool = False
    softened: bool = False
    cosine_head: bool = False
    head_only: bool = False
    best_constant: bool = False
    counts_pairs: bool = False
    threads: int = min(2, os.cpu_count() or 1)
    dtype: str = "float32"
    like: PopulationTrainer | None = None
    _spent: list[float] = field(default_factory=list, init=False, repr=False)

    @property
    def n_classes(self) -> int:
        """Number of classes, or of labels: the model's outputs."""
        return len(self.views[0].natural_counts)

    @property
    def task(self) -> Task:
        """What the views' rows are."""
        if self.views[0].multi_label:
            return MultiLabel(n_labels=self.n_classes)
        return SingleLabel(
            n_classes=self.n_classes,
            by_pair=self.counts_pairs or self.n_classes <= MOST_BY_PAIR,
        )

    @property
    def kernel_seconds(self) -> float:
        """Wall time spent inside compiled functions, as if all threads always had a chunk."""
        return sum(self._spent) / self.threads

    def chunk_size(self, n_members: int) -> int:
        """Choose the members a chunk: near the cache's size, and filling every chunk evenly.

        Parameters
        ----------
        n_members : int
            Members trained in one call; fewer than `chunk_size` later ones are padded.
        """
        values = sum(int(np.prod(shape)) for shape in self._stacked.shapes)
        itemsize = np.dtype(self.dtype).itemsize
        member_bytes = itemsize * (4 * values + 2 * self.batch_size * self._stacked.row_numbers)
        most = int(np.clip(CHUNK_BYTES // member_bytes, 1, LARGEST_CHUNK))
        # A multiple of the threads, so that no thread waits for the last chunk of a round.
        n_chunks = -(-n_members // most)
        n_chunks = -(-n_chunks // self.threads) * self.threads if n_members > 1 else 1
        return -(-n_members // n_chunks)

    def train(
        self,
        chunks: Sequence[Sequence[Member]],
        *,
        size: int,
        each_epoch: bool = True,
        progress: Callable[[int], None] = lambda members: None,
    ) -> Iterator[list[MemberRecord]]:
        """Train chunks, at most `threads` at a time, and yield their records in order.

        Parameters
        ----------
        chunks : sequence of sequences of Member
            Each at most `size` members long.
        size : int
            Members of the compiled shape; shorter chunks are padded.
        each_epoch : bool
            Whether evaluation rows are scored after every epoch or after the last one only.
        progress : callable
            Told, from a worker thread, how many member-epochs have been trained since.
        """
        # Made before the threads start, which could otherwise each make and compile their own.
        kernel, rows = self._kernel, self._rows
        pool, abandoned = ThreadPoolExecutor(self.threads), Event()
        try:
            jobs = [
                pool.submit(
                    self._train_chunk,
                    chunk,
                    kernel=kernel,
                    rows=rows,
                    size=size,
                    each_epoch=each_epoch,
                    progress=progress,
                    abandoned=abandoned,
                )
                for chunk in chunks
            ]
            for job in jobs:
                yield job.result()
        finally:
            # After ctrl-C: chunks in training end with their epoch, and nobody waits for it.
            abandoned.set()
            pool.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _stacked(self) -> StackedModel:
        return StackedModel(self._models[max(self._models)])

    @cached_property
    def _models(self) -> dict[int, keras.Model]:
        """One architecture for each number of columns: folds may differ in one-hot levels."""
        widths = {view.features.shape[1] for view in self.views}
        return {width: self.build_model(width) for width in sorted(widths)}

    @cached_property
    def _starts(self) -> Starts:
        return Starts(models=self._models, stacked=self._stacked, views=self.views)

    @cached_property
    def _kernel(self) -> Kernel:
        kernel = Kernel(
            model=self._stacked,
            optimizer=self.optimizer,
            task=self.task,
            exact_log_loss=self.exact_log_loss,
        )
        earlier = None if self.like is None else self.like._kernel
        return earlier if earlier is not None and earlier.equals(kernel) else kernel

    @cached_property
    def _index(self) -> RowIndex:
        return RowIndex(views=self.views, batch_size=self.batch_size)

    @cached_property
    def _rows(self) -> Rows:
        width = max(self._models)
        features = np.zeros((self._index.offsets[-1] + 1, width), self.dtype)
        for start, view in zip(self._index.offsets[:-1], self.views, strict=True):
            features[start : start + len(view.labels), : view.features.shape[1]] = view.features
        padding = np.zeros((1, *self.views[0].labels.shape[1:]), self.views[0].labels.dtype)
        labels = np.concatenate([*(view.labels for view in self.views), padding])
        # One byte a label: with many labels they are as wide as the features.
        dtype = tf.int8 if labels.ndim == 2 else tf.int32
        return Rows(tf.constant(features), tf.constant(labels, dtype), self._row_weights)

    @property
    def _row_weights(self) -> tf.Tensor | None:
        if all(view.weights is None for view in self.views):
            return None
        parts = [np.concatenate(_both_weights(view)) for view in self.views]
        return tf.constant(np.concatenate([*parts, [0.0]]), self.dtype)

    def _train_chunk(
        self,
        chunk: Sequence[Member],
        *,
        kernel: Kernel,
        rows: Rows,
        size: int,
        each_epoch: bool,
        progress: Callable[[int], None],
        abandoned: Event,
    ) -> list[MemberRecord]:
        padded = [*chunk, *[chunk[-1]] * (size - len(chunk))]
        own_rates = rates(padded, self.views, dtype=self.dtype)
        cosine = flags(
            [member.recipe.head == "cosine" for member in padded],
            in_program=self.cosine_head,
            need="cosine_head",
            dtype=self.dtype,
        )
        state = self._initial_state(padded)
        first_epoch = first_epoch_of(padded)
        stages = [member.stage_before(first_epoch) for member in padded]
        last_epoch = max(member.epochs for member in padded)
        evaluation = tf.constant(self._index.evaluation(padded))
        confusions, log_losses, seen, train_losses = [], [], [], []
        n_steps = tf.constant(self._index.steps_of(padded))
        for epoch in range(first_epoch, last_epoch):
            if abandoned.is_set():
                raise CancelledError
            # A member that has finished stays in its last stage.
            ends = [min(epoch, member.epochs - 1) for member in padded]
            now = [member.stage(end) for member, end in zip(padded, ends, strict=True)]
            begun = [stage is not before for stage, before in zip(now, stages, strict=True)]
            if any(begun) or epoch == first_epoch:
                stages = [*now]
                held = flags(
                    [stage.head_only for stage in now],
                    in_program=self.head_only,
                    need="head_only",
                    dtype=self.dtype,
                )
                loss, scored = losses(
                    padded,
                    [self.views[member.view] for member in padded],
                    epochs=ends,
                    softened=self.softened,
                    dtype=self.dtype,
                )
                state = with_fresh_heads(
                    state,
                    [
                        self._starts.fresh_head(member.view, member.key.seed)
                        if begins and stage.head_only
                        else None
                        for member, stage, begins in zip(padded, now, begun, strict=True)
                    ],
                    in_head=self._stacked.in_head,
                    trainable=self._stacked.trainable,
                )
            index = tf.constant(self._index.epoch(padded, epoch))
            started = time.perf_counter()
            state, loss_sum = kernel.epoch(
                state,
                rows,
                loss,
                own_rates,
                index=index,
                n_steps=n_steps,
                cosine=cosine,
                held=held,
            )
            if each_epoch or epoch == last_epoch - 1:
                confusion, log_loss, finite = kernel.evaluate(
                    state.weights, rows, scored, index=evaluation, cosine=cosine
                )
                confusions.append(confusion.numpy())
                log_losses.append(log_loss.numpy())
                if finite is not None:
                    seen.append(finite.numpy())
            train_losses.append(loss_sum.numpy())
            self._spent.append(time.perf_counter() - started)
            progress(sum(epoch < member.epochs for member in chunk))
        states = paused(state, chunk)
        logits = None
        if any(member.keep_logits for member in chunk):
            logits = self._logits(state, evaluation, cosine)
        weights: list[NDArray[np.floating]] = []
        if any(member.keep_weights for member in chunk):
            weights = [stacked.numpy() for stacked in state.weights]
        return [
            record_of(
                member,
                self.views[member.view],
                confusion=np.stack([c[i] for c in confusions]),
                log_loss=np.stack([value[i] for value in log_losses]),
                seen=np.stack([value[i] for value in seen]) if seen else None,
                train_loss=np.stack([value[i] for value in train_losses]),
                logits=logits[i] if logits is not None and member.keep_logits else None,
                weights=self._own_weights(member, [stacked[i] for stacked in weights])
                if member.keep_weights
                else None,
                state=states[i],
            )
            for i, member in enumerate(chunk)
        ]

    def _own_weights(
        self, member: Member, padded: Sequence[NDArray[np.floating]]
    ) -> tuple[NDArray[np.floating], ...]:
        """Cut a member's weights to its own columns, and to a cosine head where it has one."""
        model = self._models[self.views[member.view].features.shape[1]]
        shapes = [tuple(variable.shape) for variable in model.weights]
        cut = [
            value[tuple(slice(size) for size in shape)]
            for value, shape in zip(padded, shapes, strict=True)
        ]
        if member.recipe.head == "cosine":  # its class vectors are the kernel; it has no bias
            in_head = zip(cut, self._stacked.in_head, strict=True)
            cut = [value for value, head in in_head if not head or value.ndim == 2]
        return tuple(cut)

    def _initial_state(self, members: Sequence[Member]) -> State:
        if members[0].begin is not None:
            return resumed(members, n_slots=self.optimizer.n_slots, model=self._stacked)
        per_member = [self._start(member) for member in members]
        weights = [
            tf.constant(np.stack(values), self.dtype) for values in zip(*per_member, strict=True)
        ]
        trainable = [w for w, kept in zip(weights, self._stacked.trainable, strict=True) if kept]
        slots = [[tf.zeros_like(w) for w in trainable] for _ in range(self.optimizer.n_slots)]
        return State(weights, slots, tf.zeros((len(members),), self.dtype))

    def _start(self, member: Member) -> list[NDArray[np.floating]]:
        drawn = self._starts.weights(member.view, member.key.seed)
        if not self.best_constant:
            return drawn
        counts = self.views[member.view].train_counts
        point = member.stage(0).loss
        return with_output_bias(drawn, self._stacked.in_head, point=point, counts=counts)

    def _logits(
        self, state: State, evaluation: tf.Tensor, cosine: tf.Tensor | None
    ) -> NDArray[np.float32]:
        parts = [
            self._kernel.predict(
                state.weights, self._rows, index=evaluation[:, i], cosine=cosine
            ).numpy()
            for i in range(self._index.evaluation_shape[0])
        ]
        return np.concatenate(parts, axis=1)


def _both_weights(view: View) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what training rows are trained with, and what evaluation rows count for."""
    train, scored = view.train_weights, view.eval_weights
    if train is None or scored is None:
        return np.ones(view.n_train), np.ones(len(view.eval_labels))
    return train, scored
