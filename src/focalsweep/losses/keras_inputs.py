"""What reaches a Keras loss: find the logits behind `y_pred`, refuse what was mixed up.

Shapes and the layer that made `y_pred` are checked while the loss is traced; values as
`focalsweep.losses.value_check` can.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from focalsweep.losses.margins import Tensor
from focalsweep.losses.value_check import require

_LOWEST = 1e-35
"""Smaller probabilities count as this one: its inverse times a weight still is a float32."""

_SUM_TOLERANCE = 0.01
"""How far rows of probabilities may be from 1: half precision and saved tables round."""

_PASSED_THROUGH = frozenset({"Cast", "Identity", "Reshape"})
_LINEAR = frozenset({"BatchMatMulV2", "Conv1D", "Conv2D", "Conv3D", "Einsum", "MatMul"})


def find_logits(y_pred: Tensor, *, from_logits: bool, axis: int) -> Tensor:
    """Return logits with the classes on the last axis.

    The logits behind a softmax are taken where Keras kept them, so that nothing is lost to
    rounding. Bare probabilities give ``log p``, whose softmax they are; below 1e-35 they lose
    their gradient.

    Parameters
    ----------
    y_pred : tensor
        What the model returned, classes on `axis`.
    from_logits : bool
        Whether the user says that `y_pred` holds logits.
    axis : int
        Axis of the classes.

    Raises
    ------
    ValueError
        If `y_pred` is not what `from_logits` says, or has fewer than two classes.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    if y_pred.shape[axis] is not None and y_pred.shape[axis] < 2:
        raise ValueError(
            "`y_pred` must have at least two classes. "
            f"Received: y_pred.shape={tuple(y_pred.shape)}, axis={axis}. For one sigmoid output, "
            "use `keras.losses.BinaryFocalCrossentropy`."
        )
    operation = _operation(y_pred)
    if operation is not None and operation.type == "Sigmoid":
        raise ValueError(
            "`y_pred` must come from a softmax or hold logits, because exactly one class of a row "
            "is true. Received: the output of a sigmoid. For several true labels a row, use "
            "`keras.losses.BinaryFocalCrossentropy`."
        )
    kept = getattr(y_pred, "_keras_logits", None)
    if kept is None and operation is not None and operation.type == "Softmax":
        kept = operation.inputs[0]
    if from_logits:
        if kept is not None:
            raise ValueError(
                "`y_pred` must hold logits because from_logits=True. Received: the output of a "
                "softmax. Pass from_logits=False, or drop the softmax."
            )
        return _classes_last(y_pred, axis)
    if operation is not None and _is_biased_linear(operation):
        raise ValueError(
            "`y_pred` must hold probabilities because from_logits=False. Received: the output of "
            "a linear layer. Pass from_logits=True, or end the model with a softmax."
        )
    probabilities = _classes_last(y_pred, axis)
    _require_rows_of_one(
        probabilities,
        expected="`y_pred` must hold probabilities, rows that sum to 1, because from_logits=False.",
        way_out="Pass from_logits=True for logits, or end the model with a softmax.",
    )
    if kept is not None and kept.shape == y_pred.shape:
        return _classes_last(ops.cast(kept, y_pred.dtype), axis)
    return ops.log(ops.maximum(probabilities, _LOWEST))


def read_codes(y_true: Tensor, logits: Tensor, *, axis: int) -> Tensor:
    """Return class codes as int32, in the shape of `logits` without its last axis.

    Raises
    ------
    ValueError
        If `y_true` is one-hot, has another shape, or holds anything but class codes.
    """
    y_true = ops.convert_to_tensor(y_true)
    if len(y_true.shape) == len(logits.shape):
        if y_true.shape[axis] != 1:
            raise ValueError(
                "`y_true` must hold one class code a row. "
                f"Received: y_true.shape={tuple(y_true.shape)}, which looks one-hot. "
                "Use `CategoricalFocalCrossentropy`, or pass the codes: y_true.argmax(-1)."
            )
        y_true = ops.squeeze(y_true, axis)
    if len(y_true.shape) != len(logits.shape) - 1:
        raise ValueError(
            "`y_true` must have the shape of `y_pred` without its classes. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}."
        )
    lowest, highest, n_classes = ops.min(y_true), ops.max(y_true), logits.shape[-1]
    is_off = ops.logical_or(ops.less(lowest, 0), ops.greater(highest, n_classes - 1))
    is_off = ops.logical_or(is_off, ops.any(ops.not_equal(y_true, ops.floor(y_true))))
    require(
        ops.logical_not(is_off),
        expected=f"`y_true` must hold class codes from 0 to {n_classes - 1}.",
        found={"smallest": lowest, "largest": highest},
        way_out="Number the classes, for example with `sklearn.preprocessing.LabelEncoder`.",
    )
    return ops.cast(y_true, "int32")


def read_targets(y_true: Tensor, logits: Tensor, *, axis: int) -> Tensor:
    """Return one-hot or soft targets with the classes on the last axis.

    Raises
    ------
    ValueError
        If `y_true` holds class codes, rows with several labels, or has another shape.
    """
    y_true = ops.convert_to_tensor(y_true)
    is_short = len(y_true.shape) == len(logits.shape) - 1
    if is_short or (len(y_true.shape) == len(logits.shape) and y_true.shape[axis] == 1):
        raise ValueError(
            "`y_true` must be one-hot or soft targets with a column a class. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}, which "
            "looks like class codes. Use `SparseCategoricalFocalCrossentropy`, or "
            "`keras.utils.to_categorical`."
        )
    if len(y_true.shape) != len(logits.shape) or y_true.shape[axis] not in (None, logits.shape[-1]):
        raise ValueError(
            "`y_true` must have the shape of `y_pred`. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}."
        )
    targets = _classes_last(y_true, axis)
    _require_rows_of_one(
        targets,
        expected="`y_true` must have rows that sum to 1, because one class of a row is true.",
        way_out="For several true labels a row, use `keras.losses.BinaryFocalCrossentropy` on "
        "sigmoid outputs.",
    )
    return targets


def check_vector(values: float | list[float], logits: Tensor, *, name: str) -> None:
    """Refuse a vector whose length is not the number of classes.

    Raises
    ------
    ValueError
        If `values` is a list of the wrong length.
    """
    if isinstance(values, list) and len(values) != logits.shape[-1]:
        raise ValueError(
            f"`{name}` must be one number or one number a class. "
            f"Received: {len(values)} numbers for {logits.shape[-1]} classes."
        )


def _require_rows_of_one(rows: Tensor, *, expected: str, way_out: str) -> None:
    """Require non-negative values and rows that sum to 1, with the classes on the last axis."""
    lowest, sums = ops.min(rows), ops.sum(rows, axis=-1)
    is_off = ops.any(ops.greater(ops.abs(sums - 1.0), _SUM_TOLERANCE))
    require(
        ops.logical_not(ops.logical_or(ops.less(lowest, 0.0), is_off)),
        expected=expected,
        found={
            "smallest value": lowest,
            "smallest sum of a row": ops.min(sums),
            "largest sum of a row": ops.max(sums),
        },
        way_out=way_out,
    )


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


def _classes_last(tensor: Tensor, axis: int) -> Tensor:
    return tensor if axis in (-1, len(tensor.shape) - 1) else ops.moveaxis(tensor, axis, -1)


def _shape_of_classes(logits: Tensor) -> str:
    return f"{logits.shape[-1]} classes in `y_pred`"
