"""Train members one after another through a compiled Keras loop: for models that cannot be stacked.

The same interface, random numbers, batches and records as the population trainer; of a sweep's
programs only one a kind of loss is traced (see `keras_loop`), whatever the number of trials.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba, two_class_logits
from focalsweep.losses.recipe import Point
from focalsweep.models.cosine_head import with_cosine_head
from focalsweep.models.last_dense import last_layer
from focalsweep.training.best_constant import with_output_bias
from focalsweep.training.class_counts import MOST_BY_PAIR, ClassCounts
from focalsweep.training.divergence import divergence
from focalsweep.training.keras_loop import Loop, Network
from focalsweep.training.keras_pause import keras_state, restore
from focalsweep.training.loss_variables import kind_of, takes_tensors, variable_loss
from focalsweep.training.member import Member, MemberRecord, View
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.randomness import fresh_weights, initial_weights, keras_seed
from focalsweep.training.row_order import epoch_rows
from focalsweep.training.scoring import scored_as

Weights = list[NDArray[np.floating]]


class _Form(NamedTuple):
    """Name one form of the model: its columns, its head, and what of it is trained."""

    width: int
    head: str
    head_only: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class OneByOneTrainer:
    """Train each member by itself, in the shared batch order.

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
    best_constant : bool
        Whether the last layer's bias starts at each member's best constant logits instead of 0.
    counts_pairs : bool
        See `focalsweep.training.population.PopulationTrainer`.
    """

    build_model: Callable[[int], keras.Model]
    views: Sequence[View]
    optimizer: Optimizer
    batch_size: int
    best_constant: bool = False
    counts_pairs: bool = False
    _spent: list[float] = field(default_factory=list, init=False, repr=False)
    _networks: dict[_Form, Network] = field(default_factory=dict, init=False, repr=False)
    _loops: dict[tuple[_Form, Hashable], Loop] = field(default_factory=dict, init=False, repr=False)
    _starts: dict[tuple[_Form, str, int], Weights] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def kernel_seconds(self) -> float:
        """Wall time spent in training and prediction."""
        return sum(self._spent)

    @property
    def traces(self) -> int:
        """How often a training program has been traced so far."""
        return sum(loop.traces for loop in self._loops.values())

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

    def _fit(
        self, member: Member, *, each_epoch: bool, progress: Callable[[int], None]
    ) -> MemberRecord:
        view = self.views[member.view]
        # For what Keras draws itself: dropout masks, weights of layers with their own initialisers.
        seed = keras_seed(seed=member.key.seed, view=view.name) >> 1
        form = _Form(view.features.shape[1], member.recipe.head, False)
        network, stage, loop = self._network(form), None, None
        initial = self._initial(form, view, member.key.seed)
        if self.best_constant:
            initial = with_output_bias(
                initial, network.in_head, point=member.stage(0).loss, counts=view.train_counts
            )
        self._begin(network, member, initial, seed=seed)
        if member.begin is not None:
            stage = member.stage_before(member.first_epoch)
        if member.begin is not None and stage is not None:
            if stage.head_only:
                form = form._replace(head_only=True)
                before, network = network, self._network(form)
                self._begin(network, member, before.weights(), seed=seed)
            restore(member.begin, network.model, network.optimizer)
            loop = self._loop(form, stage.loss)
            loop.take(stage.loss, seed=seed)
        features = tf.constant(view.features[: view.n_train], network.rows_spec.dtype)
        labels = tf.constant(view.labels[: view.n_train], _label_type(view))
        weights = None if view.train_weights is None else tf.constant(view.train_weights)
        confusions, log_losses, finite, train_losses = [], [], [], []
        logits = np.empty((0, len(view.natural_counts)), network.dtype)
        for epoch in range(member.first_epoch, member.epochs):
            if loop is None or member.stage(epoch) is not stage:
                stage = member.stage(epoch)
                if stage.head_only:
                    form = form._replace(head_only=True)
                    network = self._with_fresh_head(network, form, view, member, seed=seed)
                # The same optimiser goes on otherwise, with all that it remembers.
                loop = self._loop(form, stage.loss)
                loop.take(stage.loss, seed=seed)
            order = epoch_rows(view, sampling=stage.sampling, seed=member.key.seed, epoch=epoch)
            started = time.perf_counter()
            train_losses.append(
                loop.epoch(order, features=features, labels=labels, weights=weights, seed=seed)
            )
            if each_epoch or epoch == member.epochs - 1:
                if len(view.eval_labels):
                    logits = network.predict(view.features[view.n_train :])
                confusions.append(_confusion(view, logits, counts_pairs=self.counts_pairs))
                finite.append(np.isfinite(logits).all(axis=1).sum())
                log_losses.append(_log_loss(view, logits, *scored_as(member, view, epoch=epoch)))
            self._spent.append(time.perf_counter() - started)
            progress(1)
        train_loss = np.array(train_losses)
        return MemberRecord(
            key=member.key,
            confusion=np.stack(confusions),
            log_loss=np.array(log_losses),
            train_loss=train_loss,
            logits=logits if member.keep_logits else None,
            weights=tuple(network.weights()) if member.keep_weights else None,
            failure=divergence(
                train_loss=train_loss,
                seen=np.array(finite),
                n_eval=len(view.eval_labels),
                first_epoch=member.first_epoch,
            ),
            state=keras_state(network.model, network.optimizer, epoch=member.epochs)
            if member.keep_state
            else None,
        )

    @staticmethod
    def _begin(network: Network, member: Member, weights: Weights, *, seed: int) -> None:
        network.start(
            weights,
            learning_rate=member.learning_rate,
            weight_decay=member.weight_decay,
            seed=seed,
        )

    def _network(self, form: _Form) -> Network:
        if form not in self._networks:
            self._networks[form] = Network(self._model(form), self.optimizer)
        return self._networks[form]

    def _model(self, form: _Form) -> keras.Model:
        model = self.build_model(form.width)
        if form.head == "cosine":
            model = with_cosine_head(model)
        if form.head_only:
            head = last_layer(model)
            for layer in model._flatten_layers(include_self=False):
                if not layer._layers:
                    layer.trainable = layer is head
        return model

    def _loop(self, form: _Form, point: Point) -> Loop:
        key = (form, kind_of(point))
        if key not in self._loops:
            if isinstance(point, KerasPoint) and not takes_tensors(point):
                # Each such program serves one point: the last one is of no more use.
                self._forget_constants(point)
            network = self._network(form)
            loss = variable_loss(point, dtype=network.dtype)
            self._loops[key] = Loop(network=network, loss=loss, batch_size=self.batch_size)
        return self._loops[key]

    def _forget_constants(self, point: KerasPoint) -> None:
        for form, kind in list(self._loops):
            if isinstance(kind, tuple) and kind[0] == point.path:
                del self._loops[form, kind]

    def _initial(self, form: _Form, view: View, seed: int) -> Weights:
        """Draw the weights of a fold and seed, once for all trials."""
        key = (form, view.name, seed)
        if key not in self._starts:
            model = self._network(form).model
            self._starts[key] = initial_weights(
                model, seed=seed, view=view.name, anew=lambda: self._model(form)
            )
        return self._starts[key]

    def _with_fresh_head(
        self, before: Network, form: _Form, view: View, member: Member, *, seed: int
    ) -> Network:
        """Draw the last layer anew and go on with it alone; the optimiser forgets."""
        network = self._network(form)
        head = last_layer(network.model)
        if head is None:
            raise ValueError("`head_only` needs a model whose last layer can be told")
        fresh = iter(fresh_weights(head, seed=member.key.seed, view=view.name))
        weights = [
            next(fresh) if renewed else value
            for renewed, value in zip(network.in_head, before.weights(), strict=True)
        ]
        generators = [variable.numpy() for variable in before.seeds]
        self._begin(network, member, weights, seed=seed)
        for variable, value in zip(network.seeds, generators, strict=True):
            variable.assign(value)
        return network


def _label_type(view: View) -> tf.DType:
    return tf.int8 if view.multi_label else tf.int32


def _confusion(view: View, logits: NDArray[np.float32], *, counts_pairs: bool) -> ClassCounts:
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
    truth, said = view.eval_labels[finite], logits[finite].argmax(axis=1)
    if classes > MOST_BY_PAIR and not counts_pairs:
        right = truth == said
        of_right = None if weights is None else weights[right]
        sides = ((truth[right], of_right), (said, weights), (truth, weights))
        return np.stack([np.bincount(codes, mass, classes) for codes, mass in sides])
    cells = truth * classes + said
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
