"""What reaches a loss of classes: the logits behind `y_pred`, and targets of the right kind.

Shapes, dtypes and the layer that made `y_pred` are checked always, in a graph while it is made;
values where there are some, see `focalsweep.losses.value_check`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from focalsweep.losses.last_operation import last_operation
from focalsweep.losses.margins import Tensor
from focalsweep.losses.value_check import check_codes, check_rows_of_one, has_values, values_of

_LOWEST = 1e-35
"""Smaller probabilities count as this one: its inverse times a weight still is a float32."""

_BINARY = "`focalsweep.losses.BinaryFocalCrossentropy`"


def check_scores_dtype(y_pred: Tensor) -> None:
    """Refuse class codes and booleans where a model's scores belong.

    Raises
    ------
    ValueError
        If `y_pred` is an array or tensor of integers or booleans.
    """
    dtype = str(getattr(y_pred, "dtype", "float32"))
    if "int" in dtype or "bool" in dtype:
        raise ValueError(
            "`y_pred` must hold logits or probabilities, floating-point numbers. "
            f"Received: y_pred.dtype={dtype}. Pass what the model returned, not its argmax."
        )


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
    _check_class_axis(y_pred, axis)
    made_by = last_operation(y_pred)
    if made_by.kind == "sigmoid":
        raise ValueError(
            "`y_pred` must come from a softmax or hold logits, because exactly one class of a row "
            "is true. Received: the output of a sigmoid. For several true labels a row, use "
            f"{_BINARY}."
        )
    if from_logits:
        if made_by.kind in ("softmax", "activation"):
            raise ValueError(
                "`y_pred` must hold logits because from_logits=True. Received: the output of a "
                "softmax. Pass from_logits=False, or drop the softmax."
            )
        return classes_last(y_pred, axis)
    if made_by.kind == "linear":
        raise ValueError(
            "`y_pred` must hold probabilities because from_logits=False. Received: the output of "
            "a linear layer. Pass from_logits=True, or end the model with a softmax."
        )
    if has_values(y_pred):
        check_rows_of_one(
            values_of(y_pred),
            axis=axis,
            expected="`y_pred` must hold probabilities, rows that sum to 1, because "
            "from_logits=False.",
            way_out="Pass from_logits=True for logits, or end the model with a softmax.",
        )
    if made_by.logits is not None:
        return classes_last(ops.cast(made_by.logits, y_pred.dtype), axis)
    return ops.log(ops.maximum(classes_last(y_pred, axis), _LOWEST))


def are_codes(y_true: Tensor, logits: Tensor, *, axis: int) -> bool:
    """Tell class codes from one-hot or soft targets by their shape."""
    same_rank = len(y_true.shape) == len(logits.shape)
    return not same_rank or y_true.shape[axis] == 1


def read_codes(y_true: Tensor, logits: Tensor, *, axis: int) -> Tensor:
    """Return class codes as int32, in the shape of `logits` without its last axis.

    Raises
    ------
    ValueError
        If `y_true` is one-hot or has another shape.
    """
    if len(y_true.shape) == len(logits.shape):
        if y_true.shape[axis] != 1:
            raise ValueError(
                "`y_true` must hold one class code a row. "
                f"Received: y_true.shape={tuple(y_true.shape)}, which looks one-hot. "
                "Use `CategoricalFocalCrossentropy`, or pass the codes: y_true.argmax(-1)."
            )
        y_true = ops.squeeze(y_true, axis)
    if not _fits(y_true.shape, logits.shape[:-1]):
        raise ValueError(
            "`y_true` must have the shape of `y_pred` without its classes. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}."
        )
    return ops.cast(y_true, "int32")


def read_targets(y_true: Tensor, logits: Tensor, *, axis: int) -> Tensor:
    """Return one-hot or soft targets with the classes on the last axis.

    Raises
    ------
    ValueError
        If `y_true` holds class codes or has another shape.
    """
    is_short = len(y_true.shape) == len(logits.shape) - 1
    if is_short or (len(y_true.shape) == len(logits.shape) and y_true.shape[axis] == 1):
        raise ValueError(
            "`y_true` must be one-hot or soft targets with a column a class. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}, which "
            "looks like class codes. Use `SparseCategoricalFocalCrossentropy`, or "
            "`keras.utils.to_categorical`."
        )
    targets = classes_last(y_true, axis) if len(y_true.shape) == len(logits.shape) else y_true
    if not _fits(targets.shape, logits.shape):
        raise ValueError(
            "`y_true` must have the shape of `y_pred`. "
            f"Received: y_true.shape={tuple(y_true.shape)}, {_shape_of_classes(logits)}."
        )
    return targets


def check_target_values(
    y_true: NDArray[Any], *, codes: bool, n_classes: int, axis: int, ignore_class: int | None
) -> None:
    """Check the values of targets, rows of the ignored class left out.

    Parameters
    ----------
    y_true : array
        Class codes of any shape, or one-hot or soft targets with the classes on `axis`.
    codes : bool
        Which of the two.
    n_classes : int
        Columns of `y_pred`.
    axis : int
        Axis of the classes.
    ignore_class : int or None
        The class that does not count; one that no column belongs to is a row of zeros.

    Raises
    ------
    ValueError
        For codes that are none of the classes and rows that do not sum to 1.
    """
    if codes:
        kept = y_true if ignore_class is None else y_true[y_true != ignore_class]
        check_codes(kept, n_classes=n_classes)
        return
    rows = np.moveaxis(y_true, axis, -1)
    if ignore_class is not None and not 0 <= ignore_class < n_classes:
        rows = rows[rows.any(axis=-1)]
    check_rows_of_one(
        rows,
        axis=-1,
        expected="`y_true` must have rows that sum to 1, because one class of a row is true.",
        way_out=f"For several true labels a row, use {_BINARY} on sigmoid outputs.",
    )


def check_vector(values: float | list[float], n_classes: int, *, name: str) -> None:
    """Refuse a vector whose length is not the number of classes.

    Raises
    ------
    ValueError
        If `values` is a list of the wrong length.
    """
    if isinstance(values, list) and len(values) != n_classes:
        raise ValueError(
            f"`{name}` must be one number or one number a class. "
            f"Received: {len(values)} numbers for {n_classes} classes."
        )


def classes_last(tensor: Tensor, axis: int) -> Tensor:
    """Move the axis of the classes to the end."""
    return tensor if axis in (-1, len(tensor.shape) - 1) else ops.moveaxis(tensor, axis, -1)


def _check_class_axis(y_pred: Tensor, axis: int) -> None:
    rank = len(y_pred.shape)
    if not -rank <= axis < rank or y_pred.shape[axis] is None:
        raise ValueError(
            "`y_pred` must have a known number of classes on `axis`. "
            f"Received: y_pred.shape={tuple(y_pred.shape)}, axis={axis}."
        )
    if y_pred.shape[axis] < 2:
        raise ValueError(
            "`y_pred` must have at least two classes. "
            f"Received: y_pred.shape={tuple(y_pred.shape)}, axis={axis}. For one sigmoid output, "
            f"use {_BINARY}."
        )


def _fits(shape: Any, expected: Any) -> bool:
    """Compare two shapes; a length that is not known yet fits every other."""
    return len(shape) == len(expected) and all(
        None in (one, other) or one == other for one, other in zip(shape, expected, strict=True)
    )


def _shape_of_classes(logits: Tensor) -> str:
    return f"{logits.shape[-1]} classes in `y_pred`"
