"""Find what made `y_pred`: the logits behind a softmax or a sigmoid, or a linear layer.

Keras keeps logits on the tensor that its activations return; behind casts and reshapes TensorFlow's
graph is followed. Other backends, and eager calls, know only what Keras kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras

from focalsweep.losses.margins import Tensor

Kind = Literal["softmax", "sigmoid", "activation", "linear", "unknown"]

_PASSED_THROUGH = frozenset({"Cast", "Identity", "Reshape"})
_LINEAR = frozenset({"BatchMatMulV2", "Conv1D", "Conv2D", "Conv3D", "Einsum", "MatMul"})


@dataclass(frozen=True, kw_only=True)
class LastOperation:
    """Hold what is known of the operation that made `y_pred`.

    Parameters
    ----------
    kind : {"softmax", "sigmoid", "activation", "linear", "unknown"}
        "activation" is one of the first two where only the logits say so; "linear" is a layer's
        ``x @ kernel + bias``.
    logits : tensor or None
        What went into the activation, where its shape is that of `y_pred`.
    """

    kind: Kind
    logits: Tensor | None


def last_operation(y_pred: Tensor) -> LastOperation:
    """Tell what made a tensor, "unknown" where nothing can be seen."""
    kept, operation = getattr(y_pred, "_keras_logits", None), _operation(y_pred)
    kind: Kind = "unknown" if kept is None else "activation"
    if operation is not None and operation.type in ("Softmax", "Sigmoid"):
        kind = "softmax" if operation.type == "Softmax" else "sigmoid"
        kept = operation.inputs[0] if kept is None else kept
    elif kept is None and operation is not None and _is_biased_linear(operation):
        kind = "linear"
    if kept is not None and kept.shape != y_pred.shape:
        kept = None
    return LastOperation(kind=kind, logits=kept)


def _operation(tensor: Tensor) -> Any:
    """Return the graph operation that made a TensorFlow tensor, None where there is none."""
    if keras.backend.backend() != "tensorflow":
        return None
    operation = getattr(tensor, "op", None)
    while operation is not None and operation.type in _PASSED_THROUGH:
        operation = operation.inputs[0].op
    return operation


def _is_biased_linear(operation: Any) -> bool:
    """Tell a layer's ``x @ kernel + bias`` from a mixture of probabilities, ``p @ matrix``."""
    if operation.type == "BiasAdd":
        return True
    is_sum = operation.type in {"Add", "AddV2"}
    return is_sum and any(_type(_operation(summand)) in _LINEAR for summand in operation.inputs)


def _type(operation: Any) -> str:
    return "" if operation is None else str(operation.type)
