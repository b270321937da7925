"""The compiled Keras loop: one traced function trains one model after another.

`keras.Model.fit` traces its step anew for every compiled model. Here the model, its optimiser and
the loss are made once; what differs between trials is assigned: weights, the optimiser's state, the
learning rate, the weight decay and the loss's numbers. An epoch is one call, a loop over batches in
the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.losses.recipe import Point
from focalsweep.models.last_dense import last_layer
from focalsweep.training.loss_variables import VariableLoss
from focalsweep.training.optimizer import Optimizer

PREDICTION_BATCH = 1024

Arrays = Sequence[NDArray[np.generic]]


class Network:
    """Hold a Keras model and its optimiser, whose values are assigned from trial to trial.

    Parameters
    ----------
    model : keras.Model
        From flat rows to logits, built.
    optimizer : Optimizer
        Its Keras class is used.
    """

    def __init__(self, model: keras.Model, optimizer: Optimizer) -> None:
        self.model = model
        self.dtype = keras.backend.standardize_dtype(model.output.dtype)
        self.optimizer = optimizer.to_keras(learning_rate=1e-3, weight_decay=0.0)
        # A number here would be a constant of the traced program.
        self._decay = tf.Variable(0.0, dtype="float64")
        if self.optimizer.weight_decay is not None:
            self.optimizer.weight_decay = self._decay
        self.optimizer.build(model.trainable_variables)
        self._fresh = [variable.numpy() for variable in self.optimizer.variables]
        own = {id(variable) for variable in model.weights}
        self.seeds = [variable for variable in model.variables if id(variable) not in own]
        head = last_layer(model)
        last = () if head is None else head.weights
        self.in_head = [any(variable is each for each in last) for variable in model.weights]
        width = model.input.shape[-1]
        self.rows_spec = tf.TensorSpec((None, width), model.input.dtype)
        self._predict = tf.function(
            lambda rows: self.model(rows, training=False),
            input_signature=[self.rows_spec],
            autograph=False,
        )

    def start(
        self, weights: Arrays, *, learning_rate: float, weight_decay: float, seed: int
    ) -> None:
        """Begin a training: initial weights, an optimiser without a past, generators of one seed.

        Parameters
        ----------
        weights : sequence of arrays
            In the order of the model's ``weights``.
        learning_rate, weight_decay : float
        seed : int
            Of what the model draws itself, such as dropout masks.
        """
        for variable, value in zip(self.model.weights, weights, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        self.optimizer.learning_rate.assign(learning_rate)
        self._decay.assign(weight_decay)
        words = np.random.SeedSequence(seed).generate_state(max(1, len(self.seeds)))
        for variable, word in zip(self.seeds, words, strict=False):
            if tuple(variable.shape) == (2,):
                variable.assign(np.array([word >> 1, 0]))

    def weights(self) -> list[NDArray[np.floating]]:
        """Return the model's weights, in the order of its ``weights``."""
        return [variable.numpy() for variable in self.model.weights]

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits of rows (rows, columns)."""
        parts = [
            self._predict(tf.constant(rows[i : i + PREDICTION_BATCH], self.rows_spec.dtype)).numpy()
            for i in range(0, len(rows), PREDICTION_BATCH)
        ]
        return np.concatenate(parts)


@dataclass(eq=False)
class Loop:
    """Train a network by one kind of loss.

    Parameters
    ----------
    network : Network
    loss : VariableLoss
    batch_size : int
        Rows an optimiser step; the last batch of an epoch may be smaller.
    """

    network: Network
    loss: VariableLoss
    batch_size: int
    traces: int = field(default=0, init=False)
    """How often the program was traced: once for rows with weights and once for rows without."""

    def __post_init__(self) -> None:
        self._programs: dict[int, Any] = {}
        self._strays: dict[int, tuple[tf.Variable, NDArray[np.generic]]] = {}

    def take(self, point: Point, *, seed: int) -> None:
        """Train by this point from now on; what the model draws elsewhere starts at `seed`."""
        self.loss.assign(point)
        for variable, value in self._strays.values():
            is_generator = tuple(variable.shape) == (2,) and variable.dtype.is_integer
            variable.assign(np.array([seed, 0]) if is_generator else value)

    def epoch(
        self,
        order: NDArray[np.integer],
        *,
        features: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor | None,
        seed: int,
    ) -> float:
        """Train on the rows that `order` names, in that order, and return their mean loss.

        Parameters
        ----------
        order : int array of shape (rows drawn,)
        features : tensor of shape (rows, columns)
        labels : tensor of shape (rows,), or (rows, labels)
        weights : tensor of shape (rows,), optional
            What each row's loss is multiplied by. As in `focalsweep.training.kernel.Kernel.epoch`
            a batch divides by its rows, not by their weights.
        seed : int
            See `take`.
        """
        rows = tf.constant(order, tf.int32)
        given = [rows, features, labels, *(() if weights is None else (weights,))]
        if len(given) not in self._programs:
            self._programs[len(given)] = self._traced(given, seed=seed)
        total = self._programs[len(given)](*given)
        return float(total.numpy()) / len(order)

    def _traced(self, given: Sequence[tf.Tensor], *, seed: int) -> Any:
        """Trace for any number of rows, and note variables that nobody here knows.

        Keras's global generator, or a variable that a user's layer keeps to itself: they must not
        carry over from one model to the next.
        """
        specs = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in given]
        program = tf.function(self._steps, input_signature=specs, autograph=False)
        graph = program.get_concrete_function().graph
        network = self.network
        known = {
            id(variable.value)
            for variable in (*network.model.variables, *network.optimizer.variables)
        }
        known |= {id(variable) for variable in self.loss.variables.values()}
        known.add(id(network._decay))
        for variable in graph.variables:
            if id(variable) not in known:
                self._strays[id(variable)] = (variable, variable.numpy())
                if tuple(variable.shape) == (2,) and variable.dtype.is_integer:
                    variable.assign(np.array([seed, 0]))
        return program

    def _steps(
        self,
        order: tf.Tensor,
        features: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        self.traces += 1
        n_rows = tf.shape(order)[0]

        def body(start: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = order[start : start + self.batch_size]
            batch_loss = self._step(
                tf.gather(features, rows),
                tf.gather(labels, rows),
                None if weights is None else tf.gather(weights, rows),
            )
            seen = tf.cast(tf.shape(rows)[0], tf.float64)
            return start + self.batch_size, total + seen * tf.cast(batch_loss, tf.float64)

        first = (tf.constant(0), tf.constant(0.0, tf.float64))
        _, total = tf.while_loop(
            lambda start, _: start < n_rows, body, first, parallel_iterations=1
        )
        return total

    def _step(self, features: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
        model = self.network.model
        with tf.GradientTape() as tape:
            logits = model(features, training=True)
            logits.set_shape((None, model.output.shape[-1]))
            row_loss = self.loss(labels, logits)
            if weights is not None:
                row_loss *= tf.cast(weights, row_loss.dtype)
            loss = tf.reduce_mean(row_loss)
            # What regularisers and `add_loss` ask for, as in `fit`.
            for extra in model.losses:
                loss += tf.cast(extra, loss.dtype)
        trainable = model.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in trainable])
        self.network.optimizer.apply(gradients, trainable)
        return loss
