"""A last layer that sees directions only: logits are cosines of features and class vectors.

A linear layer may give a frequent class larger logits by a longer class vector alone. Here every
class vector and every row's features have length 1, so margins between classes mean the same for
all of them (LDAM, arXiv:1906.07413). The cosines lie in [-1, 1]; the loss multiplies them by
`LossPoint.scale`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from focalsweep.models.graph import is_graph, last_call
from focalsweep.models.last_dense import last_dense


@keras.saving.register_keras_serializable(package="focalsweep")
class CosineHead(keras.layers.Layer):
    """Compute ``z_k = cos(features, w_k)`` for every class.

    Features of length 0 have no direction: their cosines are 0, and so are those of a class
    vector of length 0. No epsilon shortens the others.

    Parameters
    ----------
    units : int
        Number of classes.
    kernel_initializer : str or keras.Initializer, default "glorot_uniform"
        How the class vectors are drawn.
    """

    def __init__(
        self, units: int, kernel_initializer: Any = "glorot_uniform", **options: Any
    ) -> None:
        super().__init__(**options)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the class vectors, one a column."""
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.units), initializer=self.kernel_initializer
        )

    def call(self, inputs: Any) -> Any:
        """Return the cosines, shape (..., units)."""
        lengths = length(inputs, axis=-1) * length(self.kernel, axis=0)
        return ops.matmul(inputs, self.kernel) / lengths

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the cosines."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def with_cosine_head(model: keras.Model) -> keras.Model:
    """Return `model` with a cosine head in place of its last Dense layer.

    The other layers are those of `model`, weights included; the head is drawn like the layer that
    it replaces, whose bias is left out.

    Raises
    ------
    ValueError
        If the model does not end in a plain Dense layer (`check_last_dense` says so to users).
    """
    dense = last_dense(model)
    if dense is None:
        raise ValueError(f"`{model.name}` does not end in a plain Dense layer")
    # From its config, because an initialiser with a seed of its own warns when it is used twice.
    initializer = keras.initializers.serialize(dense.kernel_initializer)
    head = CosineHead(dense.units, kernel_initializer=initializer, name=dense.name)
    return _ending_in(model, head)


def _ending_in(model: keras.Model, head: CosineHead) -> keras.Model:
    last = last_call(model)
    if last is None:
        raise ValueError(f"`{model.name}` has no last layer")
    # The layer may lie in a model inside, which is the last thing called.
    inside = is_graph(last.operation)
    end = _ending_in(last.operation, head) if inside else head
    return keras.Model(model.inputs[0], end(last.inputs[0]), name=model.name)


def length(vectors: Any, *, axis: int) -> Any:
    """Compute Euclidean lengths along an axis, which is kept; 1 where the length is 0.

    So a quotient by it is 0 there, with a finite gradient.
    """
    squares = ops.sum(ops.square(vectors), axis=axis, keepdims=True)
    return ops.sqrt(ops.where(ops.equal(squares, 0.0), 1.0, squares))
