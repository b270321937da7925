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

from focalsweep.training.divergence import divergence
from focalsweep.training.kernel import (
    LARGEST_EVALUATION_BATCH,
    Kernel,
    LossTensors,
    Rates,
    Rows,
    State,
)
from focalsweep.training.member import Member, MemberRecord, View
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.randomness import batch_order, dropout_key, initial_weights
from focalsweep.training.stacking import StackedModel

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
    scores_log_loss : bool
        Whether records carry the corrected log-loss of every epoch (NaN otherwise).
    softened : bool
        Whether members use label smoothing or generalised cross-entropy. Fixed here and not read
        off each chunk, so that all chunks run one and the same compiled program.
    threads : int
        Chunks in training at a time.
    dtype : str
        ``float32``, or ``float64`` for proofs.
    """

    build_model: BuildModel
    views: Sequence[View]
    optimizer: Optimizer
    batch_size: int
    scores_log_loss: bool = False
    softened: bool = False
    threads: int = min(2, os.cpu_count() or 1)
    dtype: str = "float32"
    _drawn: dict[tuple[int, int], list[NDArray[np.floating]]] = field(
        default_factory=dict, init=False, repr=False
    )
    _spent: list[float] = field(default_factory=list, init=False, repr=False)

    @property
    def n_classes(self) -> int:
        return len(self.views[0].natural_counts)

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
        width = sum(int(layer.output.shape[-1]) for layer in self._stacked.model.layers)
        itemsize = np.dtype(self.dtype).itemsize
        member_bytes = itemsize * (4 * values + 2 * self.batch_size * width)
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
    def _kernel(self) -> Kernel:
        return Kernel(
            model=self._stacked,
            optimizer=self.optimizer,
            n_classes=self.n_classes,
            scores_log_loss=self.scores_log_loss,
        )

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        """Where each view's rows start among all rows."""
        return np.cumsum([0, *(len(view.labels) for view in self.views)])

    @cached_property
    def _rows(self) -> Rows:
        width = max(self._models)
        features = np.zeros((self._offsets[-1] + 1, width), self.dtype)
        for start, view in zip(self._offsets[:-1], self.views, strict=True):
            features[start : start + len(view.labels), : view.features.shape[1]] = view.features
        labels = np.concatenate([*(view.labels for view in self.views), [0]])
        return Rows(tf.constant(features), tf.constant(labels, tf.int32))

    @cached_property
    def _steps(self) -> int:
        longest = max(view.n_train for view in self.views)
        return -(-longest // self.batch_size)

    @cached_property
    def _evaluation_shape(self) -> tuple[int, int]:
        """Steps and rows a step that cover the longest evaluation part with little padding."""
        longest = max(len(view.eval_labels) for view in self.views)
        steps = -(-longest // LARGEST_EVALUATION_BATCH)
        return steps, -(-longest // steps)

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
        loss, rates = self._loss_tensors(padded), self._rates(padded)
        state = self._initial_state(padded)
        last_epoch = max(member.epochs for member in padded)
        evaluation = self._evaluation_index(padded)
        confusions, log_losses, train_losses = [], [], []
        n_steps = tf.constant(self._steps_of(padded))
        for epoch in range(last_epoch):
            if abandoned.is_set():
                raise CancelledError
            index = tf.constant(self._epoch_index(padded, epoch))
            started = time.perf_counter()
            state, loss_sum = kernel.epoch(state, rows, loss, rates, index=index, n_steps=n_steps)
            if each_epoch or epoch == last_epoch - 1:
                confusion, log_loss = kernel.evaluate(state.weights, rows, loss, index=evaluation)
                confusions.append(confusion.numpy())
                log_losses.append(log_loss.numpy())
            train_losses.append(loss_sum.numpy())
            self._spent.append(time.perf_counter() - started)
            progress(sum(epoch < member.epochs for member in chunk))
        logits = None
        if any(member.keep_logits for member in chunk):
            logits = self._logits(state, evaluation)
        return [
            self._record(
                member,
                confusion=np.stack([c[i] for c in confusions]),
                log_loss=np.stack([value[i] for value in log_losses]),
                train_loss=np.stack([value[i] for value in train_losses]),
                logits=logits[i] if logits is not None and member.keep_logits else None,
            )
            for i, member in enumerate(chunk)
        ]

    def _record(
        self,
        member: Member,
        *,
        confusion: NDArray[np.floating],
        log_loss: NDArray[np.floating],
        train_loss: NDArray[np.floating],
        logits: NDArray[np.float32] | None,
    ) -> MemberRecord:
        view = self.views[member.view]
        n_eval = len(view.eval_labels)
        counts = np.rint(confusion[: member.epochs]).astype(np.int64)
        mean_loss = train_loss[: member.epochs].astype(np.float64) / view.n_train
        return MemberRecord(
            key=member.key,
            confusion=counts,
            log_loss=log_loss[: member.epochs].astype(np.float64) / n_eval
            if self.scores_log_loss
            else np.full(len(counts), np.nan),
            train_loss=mean_loss,
            logits=None if logits is None else logits[:n_eval],
            failure=divergence(train_loss=mean_loss, confusion=counts, n_eval=n_eval),
        )

    def _initial_state(self, members: Sequence[Member]) -> State:
        per_member = [self._initial_weights(member.view, member.key.seed) for member in members]
        weights = [
            tf.constant(np.stack(values), self.dtype) for values in zip(*per_member, strict=True)
        ]
        trainable = [w for w, kept in zip(weights, self._stacked.trainable, strict=True) if kept]
        slots = [[tf.zeros_like(w) for w in trainable] for _ in range(self.optimizer.n_slots)]
        return State(weights, slots, tf.zeros((len(members),), self.dtype))

    def _initial_weights(self, view: int, seed: int) -> list[NDArray[np.floating]]:
        """Draw a view's initial weights, padded with zeros to the widest view's shapes.

        Kept, because every trial of every arm starts from them again.
        """
        if (view, seed) in self._drawn:
            return self._drawn[view, seed]
        model = self._models[self.views[view].features.shape[1]]
        drawn = initial_weights(model, seed=seed, view=self.views[view].name)
        padded = [
            np.pad(value, [(0, full - own) for full, own in zip(shape, value.shape, strict=True)])
            for value, shape in zip(drawn, self._stacked.shapes, strict=True)
        ]
        return self._drawn.setdefault((view, seed), padded)

    def _epoch_index(self, members: Sequence[Member], epoch: int) -> NDArray[np.int32]:
        """Lay out each member's batches; one that has finished its epochs gets no rows."""
        index = np.full((len(members), self._steps * self.batch_size), -1, np.int32)
        orders: dict[tuple[int, int], NDArray[np.int32]] = {}
        for i, member in enumerate(members):
            if epoch >= member.epochs:
                continue
            key = (member.view, member.key.seed)
            if key not in orders:
                view = self.views[member.view]
                order = batch_order(
                    seed=member.key.seed, view=view.name, epoch=epoch, n_train=view.n_train
                )
                orders[key] = order + np.int32(self._offsets[member.view])
            index[i, : len(orders[key])] = orders[key]
        return index.reshape(len(members), self._steps, self.batch_size)

    def _steps_of(self, members: Sequence[Member]) -> int:
        longest = max(self.views[member.view].n_train for member in members)
        return -(-longest // self.batch_size)

    def _evaluation_index(self, members: Sequence[Member]) -> tf.Tensor:
        steps, batch = self._evaluation_shape
        index = np.full((len(members), steps * batch), -1, np.int32)
        for i, member in enumerate(members):
            view = self.views[member.view]
            start = self._offsets[member.view] + view.n_train
            n_eval = len(view.eval_labels)
            index[i, :n_eval] = np.arange(start, start + n_eval)
        return tf.constant(index.reshape(len(members), steps, batch))

    def _logits(self, state: State, evaluation: tf.Tensor) -> NDArray[np.float32]:
        parts = [
            self._kernel.predict(state.weights, self._rows, index=evaluation[:, i]).numpy()
            for i in range(self._evaluation_shape[0])
        ]
        return np.concatenate(parts, axis=1)

    def _rates(self, members: Sequence[Member]) -> Rates:
        keys = [
            dropout_key(seed=member.key.seed, view=self.views[member.view].name)
            for member in members
        ]
        return Rates(
            tf.constant([member.learning_rate for member in members], self.dtype),
            tf.constant([member.weight_decay for member in members], self.dtype),
            tf.constant(np.array(keys, np.uint32).view(np.int32)),
        )

    def _loss_tensors(self, members: Sequence[Member]) -> LossTensors:
        points = [member.loss for member in members]
        if not self.softened and any(point.smoothing or point.power for point in points):
            raise ValueError("a loss with `smoothing` or `power` needs a trainer with `softened`")

        def per_class(values: list[NDArray[np.float64]]) -> tf.Tensor:
            return tf.constant(np.stack(values)[:, None, :], self.dtype)

        def per_member(values: list[float]) -> tf.Tensor | None:
            return tf.constant(np.array(values)[:, None], self.dtype) if self.softened else None

        return LossTensors(
            weight=per_class([point.weight for point in points]),
            gamma=per_class([point.gamma for point in points]),
            scale=per_class([point.scale for point in points]),
            offset=per_class([point.offset for point in points]),
            margin=per_class([point.margin for point in points]),
            smoothing=per_member([point.smoothing for point in points]),
            power=per_member([point.power for point in points]),
            log_prior_shift=per_class([self.views[m.view].log_prior_shift for m in members]),
        )
