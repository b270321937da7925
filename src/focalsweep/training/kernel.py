"""The compiled part: one epoch of a chunk of members, and what the chunk predicts.

Everything of an epoch happens inside one XLA program: a loop over batches gathers each member's
rows, runs the stacked model, differentiates the members' losses and steps the optimiser. XLA
compiles one program for each shape, so a chunk always has the same number of members, and rows are
padded with -1 and masked.

Two chunks run in two threads at a time (see `population`): XLA's parallelism inside one program
leaves cores idle between its small matrix products, and a second program fills them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from focalsweep.training.optimizer import Optimizer
from focalsweep.training.stacked_call import Pass
from focalsweep.training.stacking import StackedModel
from focalsweep.training.task import LossTensors, SigmoidTensors, Task

LARGEST_EVALUATION_BATCH = 256
"""Rows a step when predicting: no gradients are kept, so larger batches stay in cache."""


class Rows(NamedTuple):
    """All rows of all views end to end, shared by every member."""

    features: tf.Tensor
    """Shape (rows + 1, columns); the last row is zero and stands in for padding."""
    labels: tf.Tensor
    """Shape (rows + 1,), or of multi-label data (rows + 1, labels)."""
    weights: tf.Tensor | None = None
    """What each row's loss is multiplied by in training, and what it counts for when it is scored,
    shape (rows + 1,). None where every row counts once: then no program has them."""


class _Batch(NamedTuple):
    """One batch of each member, each tensor of shape (members, rows, ...)."""

    features: tf.Tensor
    labels: tf.Tensor
    mask: tf.Tensor
    weights: tf.Tensor | None


class Rates(NamedTuple):
    """The members' optimisation numbers, each of shape (members,)."""

    learning_rate: tf.Tensor
    weight_decay: tf.Tensor
    dropout_key: tf.Tensor


class State(NamedTuple):
    """What training changes. Lists run over the model's weights, members first."""

    weights: list[tf.Tensor]
    slots: list[list[tf.Tensor]]
    step: tf.Tensor
    """Optimiser steps taken, float tensor of shape (members,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """Hold the compiled functions for one architecture and optimiser."""

    model: StackedModel
    optimizer: Optimizer
    task: Task
    """Whether rows have one class or any number of labels, and how many there are."""
    exact_log_loss: bool
    """Whether `evaluate` adds up the corrected log-loss to its last digit, for an objective that
    reads it; otherwise quickly, for breaking ties."""

    def __post_init__(self) -> None:
        for name in ("epoch", "evaluate", "predict"):
            compiled = tf.function(getattr(self, name), jit_compile=True, autograph=False)
            object.__setattr__(self, name, compiled)

    def equals(self, other: Kernel) -> bool:
        """Tell whether the compiled functions of both do the same."""
        return (
            self.model.architecture == other.model.architecture
            and self.optimizer == other.optimizer
            and self.task == other.task
            and self.exact_log_loss == other.exact_log_loss
        )

    def epoch(
        self,
        state: State,
        rows: Rows,
        loss: LossTensors | SigmoidTensors,
        rates: Rates,
        *,
        index: tf.Tensor,
        n_steps: tf.Tensor,
        cosine: tf.Tensor | None = None,
        held: tf.Tensor | None = None,
    ) -> tuple[State, tf.Tensor]:
        """Train one epoch.

        Parameters
        ----------
        index : int32 tensor of shape (members, steps, batch)
            Rows of each batch, -1 for padding. A member without rows in a batch stays exactly as
            it is.
        n_steps : int32 scalar
            Steps to take, at most ``index.shape[1]``.
        cosine, held : float tensor of shape (members,), optional
            See `focalsweep.training.stacked_call.Pass`.

        Returns
        -------
        state, loss_sum : State and tensor of shape (members,)
            `loss_sum` adds the loss of every row seen, times its weight.

        Notes
        -----
        A step follows the gradient of ``sum_i weight_i loss_i / rows`` of its batch. It divides by
        the number of rows and not by the sum of their weights, so that batches which happen to
        draw light rows do not count for more: the mean over batches is the weighted loss of all
        rows. Weights of mean 1 leave the learning rate its meaning, and weights of 1 everything.
        """

        def body(
            i: tf.Tensor, state: State, loss_sum: tf.Tensor
        ) -> tuple[tf.Tensor, State, tf.Tensor]:
            state, batch_loss = self._step(
                state,
                self._batch(rows, index[:, i]),
                loss=loss,
                rates=rates,
                cosine=cosine,
                held=held,
            )
            return i + 1, state, loss_sum + batch_loss

        start = (tf.constant(0), state, tf.zeros_like(state.step))
        _, state, loss_sum = tf.while_loop(lambda i, *_: i < n_steps, body, start)
        return state, loss_sum

    def evaluate(
        self,
        weights: list[tf.Tensor],
        rows: Rows,
        scored: LossTensors,
        *,
        index: tf.Tensor,
        cosine: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Count right and wrong decisions on each member's evaluation rows.

        Parameters
        ----------
        scored : LossTensors
            The losses that corrected probabilities undo.

        Returns
        -------
        confusion : tensor of shape (members, classes, classes), or (members, labels, 2, 2)
            True class down, argmax of z across; of multi-label data for each label. Rows with a NaN
            or infinite logit are left out, so that a member that diverged shows by its sum.
        log_loss_sum : tensor of shape (members,)
        seen : tensor of shape (members,), or None
            Rows whose logits are finite, where sums of weights cannot show them.
        """
        members = index.shape[0]
        dtype = rows.features.dtype

        def body(i: tf.Tensor, confusion: tf.Tensor, log_loss: tf.Tensor, *seen: tf.Tensor) -> Any:
            # `seen` is one tensor with weights and none without, where programs lack it.
            features, labels, mask, row_weights = self._batch(rows, index[:, i])
            logits = self._logits(weights, features, mask, cosine)
            confusion += self.task.counts(logits, labels, mask, weights=row_weights)
            log_loss += self.task.log_loss(
                logits,
                labels,
                mask,
                scored=scored,
                exact=self.exact_log_loss,
                weights=row_weights,
            )
            return i + 1, confusion, log_loss, *(n + _finite_rows(logits, mask) for n in seen)

        nothing = tf.zeros((members,), dtype)
        start = (
            tf.constant(0),
            tf.zeros((members, *self.task.counts_shape), dtype),
            nothing,
            *(() if rows.weights is None else (nothing,)),
        )
        _, confusion, log_loss, *seen = tf.while_loop(lambda i, *_: i < index.shape[1], body, start)
        return confusion, log_loss, seen[0] if seen else None

    def predict(
        self,
        weights: list[tf.Tensor],
        rows: Rows,
        *,
        index: tf.Tensor,
        cosine: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Return the logits z of one batch of rows, shape (members, rows, classes)."""
        batch = self._batch(rows, index)
        return self._logits(weights, batch.features, batch.mask, cosine)

    def _step(
        self,
        state: State,
        batch: _Batch,
        *,
        loss: LossTensors | SigmoidTensors,
        rates: Rates,
        cosine: tf.Tensor | None,
        held: tf.Tensor | None,
    ) -> tuple[State, tf.Tensor]:
        features, labels, mask, row_weights = batch
        n_rows = tf.reduce_sum(mask, axis=1)
        active = tf.cast(n_rows > 0, mask.dtype)
        step = state.step + active
        # 0x9E3779B1 spreads consecutive steps over the 32-bit keys of the dropout hash.
        spread = tf.cast(step, tf.int32) * tf.constant(-1640531535, tf.int32)
        seed = tf.bitwise.bitwise_xor(rates.dropout_key, spread)
        run = Pass(training=True, mask=mask, dropout_seed=seed, cosine=cosine, held=held)
        trainable = [w for w, kept in zip(state.weights, self.model.trainable, strict=True) if kept]
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            logits, after = self.model(state.weights, features, run)
            row_loss = self.task.row_loss(logits, labels, loss)
            if row_weights is not None:
                row_loss *= row_weights
            sums = tf.reduce_sum(tf.where(mask > 0, row_loss, 0.0), axis=1)
            # Members do not share weights, so the gradient of the sum is each one's own.
            objective = tf.reduce_sum(sums / tf.maximum(n_rows, 1.0))
        moved, slots = self._update(
            trainable,
            tape.gradient(objective, trainable),
            state.slots,
            step=step,
            rates=rates,
            active=active,
            held=held,
        )
        updated = iter(moved)
        weights = [
            next(updated) if kept else statistic
            for kept, statistic in zip(self.model.trainable, after, strict=True)
        ]
        return State(weights, slots, step), sums

    def _update(
        self,
        weights: list[tf.Tensor],
        gradients: list[tf.Tensor],
        slots: list[list[tf.Tensor]],
        *,
        step: tf.Tensor,
        rates: Rates,
        active: tf.Tensor,
        held: tf.Tensor | None,
    ) -> tuple[list[tf.Tensor], list[list[tf.Tensor]]]:
        """Step the optimiser; members whose body is held take the step with their head alone."""
        in_head = [
            head
            for head, kept in zip(self.model.in_head, self.model.trainable, strict=True)
            if kept
        ]
        if held is None:
            parts = [(list(range(len(weights))), active)]
        else:
            parts = [
                ([i for i, head in enumerate(in_head) if not head], active * (1.0 - held)),
                ([i for i, head in enumerate(in_head) if head], active),
            ]
        moved, moved_slots = list(weights), [list(slot) for slot in slots]
        for part, active_in_part in parts:
            stepped, stepped_slots = self.optimizer.update(
                [weights[i] for i in part],
                [gradients[i] for i in part],
                [[slot[i] for i in part] for slot in slots],
                step=step,
                learning_rate=rates.learning_rate,
                weight_decay=rates.weight_decay,
                active=active_in_part,
            )
            for place, i in enumerate(part):
                moved[i] = stepped[place]
                for old, new in zip(moved_slots, stepped_slots, strict=True):
                    old[i] = new[place]
        return moved, moved_slots

    def _logits(
        self,
        weights: list[tf.Tensor],
        batch: tf.Tensor,
        mask: tf.Tensor,
        cosine: tf.Tensor | None,
    ) -> tf.Tensor:
        seed = tf.zeros((mask.shape[0],), tf.int32)
        run = Pass(training=False, mask=mask, dropout_seed=seed, cosine=cosine)
        return self.model(weights, batch, run)[0]

    @staticmethod
    def _batch(rows: Rows, index: tf.Tensor) -> _Batch:
        mask = tf.cast(index >= 0, rows.features.dtype)
        position = tf.where(index >= 0, index, tf.shape(rows.labels)[0] - 1)
        return _Batch(
            tf.gather(rows.features, position),
            tf.gather(rows.labels, position),
            mask,
            None if rows.weights is None else tf.gather(rows.weights, position),
        )


def _finite_rows(logits: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
    return tf.reduce_sum(tf.where(finite, mask, 0.0), axis=1)
