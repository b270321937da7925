"""A loss whose numbers are variables: one traced program then serves every trial.

With constants, each alpha and gamma would be another program, and tracing takes longer than
training a small model does.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from focalsweep.errors import UserError
from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Point
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.models.refusal import first_sentence

_CLASS = ("weight", "gamma", "scale", "offset", "margin")
_SIGMOID = ("weight", "gamma", "offset")


class VariableLoss(Protocol):
    """Compute the loss of rows by the point that was assigned last."""

    @property
    def variables(self) -> Mapping[str, tf.Variable]:
        """The numbers."""
        ...

    def assign(self, point: Any) -> None:
        """Take the numbers of a point of the same kind."""
        ...

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """Return the loss of each row, shape (rows,)."""
        ...


def kind_of(point: Point) -> Hashable:
    """Return what two points share that one program serves: all but their numbers."""
    if isinstance(point, KerasPoint):
        shape = tuple((name, np.shape(value)) for name, value in sorted(point.numbers.items()))
        constants = None if takes_tensors(point) else point.digest()
        return (point.path, repr(sorted(point.options.items())), shape, constants)
    return (type(point).__name__, point.softened)


def variable_loss(point: Point, *, dtype: str) -> VariableLoss:
    """Make the loss of a point's kind, with the point's numbers.

    Parameters
    ----------
    point : LossPoint, SigmoidPoint or KerasPoint
    dtype : str
        Of the logits that it will see.
    """
    made: VariableLoss
    if isinstance(point, KerasPoint):
        made = _KerasLoss(point, dtype=dtype)
    elif isinstance(point, SigmoidPoint):
        names = (*_SIGMOID, *(("clip", "smoothing") if point.softened else ()))
        made = _SigmoidLoss(_variables(point, names, dtype=dtype))
    else:
        names = (*_CLASS, *(("smoothing", "power") if point.softened else ()))
        made = _ClassLoss(_variables(point, names, dtype=dtype))
    return made


def check_keras_point(
    point: KerasPoint, *, arm: str, multi_label: bool, counts: NDArray[np.generic]
) -> None:
    """Compute a loss outside the family once, before training.

    Parameters
    ----------
    point : KerasPoint
    arm : str
        Named in the message.
    multi_label : bool
        Whether targets are labels.
    counts : array of shape (classes,), or (labels, 2)
        Says how many outputs there are.

    Raises
    ------
    UserError
        If the loss cannot be made of its arguments, cannot be computed from logits and targets, or
        is not finite at logits of 0.
    """
    n_outputs = len(counts)
    labels = np.eye(n_outputs, dtype=np.int8) if multi_label else np.arange(n_outputs)
    logits = tf.zeros((n_outputs, n_outputs))
    try:
        values = variable_loss(point, dtype="float32")(tf.constant(labels), logits).numpy()
    except Exception as error:
        # The loss is the user's own and may raise anything.
        raise UserError(
            f"The loss of `loss.{arm}`, `{point.path}`, cannot be computed on logits and "
            f"{'class codes' if point.sparse else 'one-hot targets'} of {n_outputs} outputs: "
            f"{first_sentence(error)}."
        ) from error
    if not np.isfinite(values).all():
        raise UserError(
            f"The loss of `loss.{arm}`, `{point.path}`, must be finite where all logits are 0. "
            f"Received: {values.tolist()[:3]}; where it can take probabilities too, set "
            "`from_logits: true` among its `options`."
        )


def takes_tensors(point: KerasPoint) -> bool:
    """Tell whether a Keras loss can be made of tensors: then its numbers need not be constants.

    Its constructor runs inside the traced program, so whatever it computes of its arguments follows
    them. One that compares them or turns them into Python numbers cannot be made so.
    """
    if not point.numbers:
        return True
    given = {name: tf.TensorSpec(np.shape(v), "float32") for name, v in point.numbers.items()}
    width = max([np.size(value) for value in point.numbers.values()])
    width = width if width > 1 else 3

    def call(**numbers: tf.Tensor) -> Any:
        truth = tf.zeros((2,), tf.int32) if point.sparse else tf.zeros((2, width))
        return point.build(numbers).call(truth, tf.zeros((2, width)))

    try:
        tf.function(call, autograph=False).get_concrete_function(**given)
    except Exception:
        # Whatever a stranger's constructor raises means the same: constants it is.
        return False
    return True


def _variables(
    point: LossPoint | SigmoidPoint, names: tuple[str, ...], *, dtype: str
) -> dict[str, tf.Variable]:
    return {name: tf.Variable(getattr(point, name), dtype=dtype) for name in names}


class _Numbers:
    """Hold the variables of a point of one of the families."""

    def __init__(self, variables: Mapping[str, tf.Variable]) -> None:
        self.variables = variables

    def assign(self, point: Any) -> None:
        for name, variable in self.variables.items():
            variable.assign(getattr(point, name))


class _ClassLoss(_Numbers):
    def __call__(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return sparse_family_loss(logits, labels, **self.variables)


class _SigmoidLoss(_Numbers):
    def __call__(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return sigmoid_loss(logits, labels, **self.variables)


class _KerasLoss:
    """Make a Keras loss inside the traced program, of variables where it can be."""

    def __init__(self, point: KerasPoint, *, dtype: str) -> None:
        self._point = point
        self._constant = not takes_tensors(point)
        self.variables: dict[str, tf.Variable] = {}
        if not self._constant:
            self.variables = {
                name: tf.Variable(value, dtype=dtype) for name, value in point.numbers.items()
            }

    def assign(self, point: KerasPoint) -> None:
        for name, variable in self.variables.items():
            variable.assign(point.numbers[name])

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        numbers = {name: tf.identity(variable) for name, variable in self.variables.items()}
        loss = self._point.build(self._point.numbers if self._constant else numbers)
        if not self._point.sparse:
            one_hot = len(labels.shape) == 1
            labels = tf.one_hot(labels, logits.shape[-1]) if one_hot else labels
            labels = tf.cast(labels, logits.dtype)
        values = keras.ops.convert_to_tensor(loss.call(labels, logits))
        # One loss for the whole batch is each row's share of it; places inside a row are averaged.
        if len(values.shape) == 0:
            return tf.broadcast_to(values, tf.shape(logits)[:1])
        return tf.reduce_mean(values, axis=list(range(1, len(values.shape))))
