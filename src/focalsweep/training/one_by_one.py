"""Train members one after another through plain Keras: for models that cannot be stacked.

It is also the yardstick of the population trainer: the same initial weights, the same batches,
the same loss, but `keras.Model.fit` and Keras's optimizer, and the tests hold the two together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba, two_class_logits
from focalsweep.losses.recipe import Point
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.models.cosine_head import with_cosine_head
from focalsweep.training.class_counts import ClassCounts
from focalsweep.training.divergence import divergence
from focalsweep.training.keras_pause import keras_state, restore
from focalsweep.training.member import Member, MemberRecord, View
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.randomness import fresh_weights, initial_weights, keras_seed
from focalsweep.training.row_order import epoch_rows
from focalsweep.training.scoring import scored_as


@dataclass(frozen=True, kw_only=True, eq=False)
class OneByOneTrainer:
    """Train each member with `keras.Model.fit`, one epoch a call, in the shared batch order.

    Parameters
    ----------
    build_model : callable
        Makes the Keras model for a number of input columns; logits out.
    views : sequence of View
        Every fold that a member may ask for.
    optimizer : Optimizer
        Which Keras optimizer.
    batch_size : int
        Rows an optimiser step.
    """

    build_model: Callable[[int], keras.Model]
    views: Sequence[View]
    optimizer: Optimizer
    batch_size: int
    _spent: list[float] = field(default_factory=list, init=False, repr=False)

    @property
    def kernel_seconds(self) -> float:
        """Wall time spent in `keras.Model.fit` and `predict`."""
        return sum(self._spent)

    def chunk_size(self, n_members: int) -> int:
        """One: nothing is shared between members here."""
        return 1

    def train(
        self,
        chunks: Sequence[Sequence[Member]],
        *,
        size: int = 1,
        each_epoch: bool = True,
        progress: Callable[[int], None] = lambda members: None,
    ) -> Iterator[list[MemberRecord]]:
        """Train the chunks in order; see `focalsweep.training.member.Trainer`."""
        for chunk in chunks:
            yield [self._fit(member, each_epoch=each_epoch, progress=progress) for member in chunk]

    def _new_optimizer(self, member: Member) -> keras.Optimizer:
        return self.optimizer.to_keras(
            learning_rate=member.learning_rate, weight_decay=member.weight_decay
        )

    def _fit(
        self, member: Member, *, each_epoch: bool, progress: Callable[[int], None]
    ) -> MemberRecord:
        view, seed = self.views[member.view], member.key.seed
        # For what Keras draws itself: dropout masks, weights of layers with their own initialisers.
        keras.utils.set_random_seed(keras_seed(seed=seed, view=view.name))
        model = self.build_model(view.features.shape[1])
        if member.recipe.head == "cosine":
            model = with_cosine_head(model)
        for variable, value in zip(
            (v for layer in model.layers for v in layer.weights),
            initial_weights(model, seed=seed, view=view.name),
            strict=True,
        ):
            variable.assign(value)
        optimizer, stage = self._new_optimizer(member), member.stage_before(member.first_epoch)
        if member.begin is not None and stage is not None:
            if stage.head_only:
                _hold_body(model, seed=seed, view=view.name)
            restore(member.begin, model, optimizer)
            model.compile(optimizer, loss=_keras_loss(stage.loss))
        eval_features, row_weights = view.features[view.n_train :], view.train_weights
        confusions, log_losses, finite, train_losses = [], [], [], []
        logits = np.empty((0, len(view.natural_counts)), np.float32)
        for epoch in range(member.first_epoch, member.epochs):
            if member.stage(epoch) is not stage:
                stage = member.stage(epoch)
                if stage.head_only:
                    _hold_body(model, seed=seed, view=view.name)
                    optimizer = self._new_optimizer(member)
                # The same optimiser goes on, with all that it remembers.
                model.compile(optimizer, loss=_keras_loss(stage.loss))
            order = epoch_rows(view, sampling=stage.sampling, seed=seed, epoch=epoch)
            started = time.perf_counter()
            history = model.fit(
                view.features[order],
                view.labels[order],
                # Keras divides by the rows of a batch, not by their weights, as the kernel does.
                sample_weight=None if row_weights is None else row_weights[order],
                batch_size=self.batch_size,
                shuffle=False,
                verbose=0,
            )
            train_losses.append(history.history["loss"][0])
            if each_epoch or epoch == member.epochs - 1:
                if len(eval_features):  # Keras refuses to predict nothing
                    logits = model.predict(eval_features, batch_size=1024, verbose=0)
                confusions.append(_confusion(view, logits))
                finite.append(np.isfinite(logits).all(axis=1).sum())
                log_losses.append(_log_loss(view, logits, *scored_as(member, view, epoch=epoch)))
            self._spent.append(time.perf_counter() - started)
            progress(1)
        confusion, train_loss = np.stack(confusions), np.array(train_losses)
        return MemberRecord(
            key=member.key,
            confusion=confusion,
            log_loss=np.array(log_losses),
            train_loss=train_loss,
            logits=logits if member.keep_logits else None,
            weights=tuple(v.numpy() for layer in model.layers for v in layer.weights)
            if member.keep_weights
            else None,
            failure=divergence(
                train_loss=train_loss,
                seen=np.array(finite),
                n_eval=len(view.eval_labels),
                first_epoch=member.first_epoch,
            ),
            state=keras_state(model, optimizer, epoch=member.epochs) if member.keep_state else None,
        )


def _hold_body(model: keras.Model, *, seed: int, view: str) -> None:
    """Draw the last layer anew and freeze all others."""
    head = next(layer for layer in model.layers if layer.output is model.outputs[0])
    for layer in model.layers:
        layer.trainable = layer is head
    for variable, value in zip(
        head.weights, fresh_weights(head, seed=seed, view=view), strict=True
    ):
        variable.assign(value)


def _keras_loss(point: Point) -> Callable[[keras.KerasTensor, keras.KerasTensor], object]:
    return _sigmoid_loss(point) if isinstance(point, SigmoidPoint) else _class_loss(point)


def _sigmoid_loss(
    point: SigmoidPoint,
) -> Callable[[keras.KerasTensor, keras.KerasTensor], object]:
    def loss(y_true: keras.KerasTensor, logits: keras.KerasTensor) -> object:
        return sigmoid_loss(
            logits,
            y_true,
            weight=point.weight,
            gamma=point.gamma,
            offset=point.offset,
            clip=point.clip if point.clip else None,
            smoothing=point.smoothing if point.smoothing else None,
        )

    return loss


def _class_loss(point: LossPoint) -> Callable[[keras.KerasTensor, keras.KerasTensor], object]:
    softened = point.softened

    def loss(y_true: keras.KerasTensor, logits: keras.KerasTensor) -> object:
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        return sparse_family_loss(
            logits,
            labels,
            weight=point.weight,
            gamma=point.gamma,
            scale=point.scale,
            offset=point.offset,
            margin=point.margin,
            smoothing=point.smoothing if softened else None,
            power=point.power if softened else None,
        )

    return loss


def _confusion(view: View, logits: NDArray[np.float32]) -> ClassCounts:
    classes = len(view.natural_counts)
    finite = np.isfinite(logits).all(axis=1)
    weights = None if view.eval_weights is None else view.eval_weights[finite]
    if view.multi_label:
        # Counted as the pairs (label, truth, decision), each a cell of its label's table.
        pairs = 2 * (view.eval_labels[finite] > 0) + (logits[finite] > 0)
        cells = (4 * np.arange(classes) + pairs).ravel()
        of_cells = None if weights is None else np.repeat(weights, classes)
        counts = np.bincount(cells, weights=of_cells, minlength=4 * classes)
        return counts.reshape(classes, 2, 2)
    cells = view.eval_labels[finite] * classes + logits[finite].argmax(axis=1)
    counts = np.bincount(cells, weights=weights, minlength=classes**2)
    return counts.reshape(classes, classes)


def _log_loss(
    view: View, logits: NDArray[np.float32], point: LossPoint, shift: NDArray[np.float64]
) -> float:
    if not len(view.eval_labels):
        return 0.0
    log_proba = corrected_log_proba(
        two_class_logits(logits) if view.multi_label else logits,
        weight=point.weight,
        gamma=point.gamma,
        scale=point.scale,
        offset=point.offset,
        margin=point.margin,
        log_prior_shift=shift,
    )
    if view.multi_label:
        codes = view.eval_labels[..., None].astype(np.int64)
        own = np.take_along_axis(np.asarray(log_proba), codes, axis=-1)
    else:
        own = np.asarray(log_proba)[np.arange(len(view.eval_labels)), view.eval_labels]
    if view.eval_weights is None:
        return float(-own.mean())
    return float(-np.average(own.reshape(len(own), -1).mean(axis=1), weights=view.eval_weights))
