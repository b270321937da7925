"""The rule by which a layer is applied to all members at once, chosen by the layer's type.

Rules stand in `stacked_layers` and `stacked_convolutions`; `stacking` walks a model with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch

import keras
import tensorflow as tf

Weights = list[tf.Tensor]


@dataclass(kw_only=True)
class Pass:
    """Hold what one forward pass needs beside weights and inputs.

    Parameters
    ----------
    training : bool
        Dropout drops and batch statistics are used.
    mask : float tensor of shape (members, rows)
        1 for real rows, 0 for padding.
    dropout_seed : int32 tensor of shape (members,)
        Differs from step to step.
    cosine : float tensor of shape (members,), optional
        1 for members whose last Dense layer gives cosines instead of products; None leaves that
        out of the program.
    held : float tensor of shape (members,), optional
        1 for members of which all but the last layer is held: their batch statistics neither
        serve nor move. None leaves that out of the program.
    """

    training: bool
    mask: tf.Tensor
    dropout_seed: tf.Tensor
    cosine: tf.Tensor | None = None
    held: tf.Tensor | None = None
    dropout_layers_seen: int = field(default=0)


@singledispatch
def stacked_call(
    layer: keras.Layer, weights: Weights, inputs: tf.Tensor, run: Pass
) -> tuple[tf.Tensor, Weights]:
    """Apply `layer` to all members; return its output and its weights after the pass.

    Parameters
    ----------
    layer : keras.Layer
        Whose type chooses the rule.
    weights : list of tensors of shape (members, ...)
        In the order of the layer's ``weights``.
    inputs : tensor of shape (members, rows, ...), or list of these
    run : Pass
    """
    raise TypeError(f"{type(layer).__name__} has no stacked rule")
