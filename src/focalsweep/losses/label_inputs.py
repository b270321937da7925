"""What reaches the loss of labels: the logits behind sigmoid outputs, and 0/1 targets.

As `focalsweep.losses.keras_inputs`, for rows that carry any number of labels.
"""

from __future__ import annotations

from typing import Any

from keras import ops
from numpy.typing import NDArray

from focalsweep.losses.keras_inputs import classes_last
from focalsweep.losses.last_operation import last_operation
from focalsweep.losses.margins import Tensor
from focalsweep.losses.value_check import check_shares, has_values, values_of

_LOWEST = 1e-35
"""Smaller probabilities, of either side, count as this one."""

_CATEGORICAL = "`CategoricalFocalCrossentropy`"


def find_label_logits(y_pred: Tensor, *, from_logits: bool, axis: int) -> Tensor:
    """Return logits with the labels on the last axis.

    The logits behind a sigmoid are taken where Keras kept them. Bare probabilities give
    ``log p - log(1 - p)``, which float32 knows up to about 16 only.

    Parameters
    ----------
    y_pred : tensor
        What the model returned, labels on `axis`; one axis alone holds rows of one label.
    from_logits : bool
        Whether the user says that `y_pred` holds logits.
    axis : int
        Axis of the labels.

    Raises
    ------
    ValueError
        If `y_pred` is not what `from_logits` says.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    made_by = last_operation(y_pred)
    if made_by.kind == "softmax":
        raise ValueError(
            "`y_pred` must come from a sigmoid or hold logits, because every label of a row is a "
            "question of its own. Received: the output of a softmax. For one true class a row, use "
            f"{_CATEGORICAL}."
        )
    if from_logits:
        if made_by.kind in ("sigmoid", "activation"):
            raise ValueError(
                "`y_pred` must hold logits because from_logits=True. Received: the output of a "
                "sigmoid. Pass from_logits=False, or drop the sigmoid."
            )
        return _labels_last(y_pred, axis)
    if made_by.kind == "linear":
        raise ValueError(
            "`y_pred` must hold probabilities because from_logits=False. Received: the output of "
            "a linear layer. Pass from_logits=True, or end the model with a sigmoid."
        )
    if has_values(y_pred):
        check_shares(
            values_of(y_pred),
            expected="`y_pred` must hold probabilities in [0, 1] because from_logits=False.",
            way_out="Pass from_logits=True for logits, or end the model with a sigmoid.",
        )
    if made_by.logits is not None:
        return _labels_last(ops.cast(made_by.logits, y_pred.dtype), axis)
    there = ops.log(ops.maximum(y_pred, _LOWEST))
    return _labels_last(there - ops.log(ops.maximum(1.0 - y_pred, _LOWEST)), axis)


def read_labels(y_true: Tensor, logits: Tensor, *, axis: int) -> Tensor:
    """Return targets in the shape of `logits`.

    Raises
    ------
    ValueError
        If `y_true` has another shape: Keras would repeat it along the labels.
    """
    given = tuple(y_true.shape)
    if len(given) == len(logits.shape) - 1 and logits.shape[-1] == 1:
        return ops.expand_dims(y_true, -1)
    labels = _labels_last(y_true, axis) if len(given) in (1, len(logits.shape)) else y_true
    shapes = zip(labels.shape, logits.shape, strict=False)
    if len(labels.shape) != len(logits.shape) or any(
        None not in pair and pair[0] != pair[1] for pair in shapes
    ):
        raise ValueError(
            "`y_true` must have the shape of `y_pred`, 0 or 1 for each label of each row. "
            f"Received: y_true.shape={given}, {logits.shape[-1]} labels in `y_pred`. For class "
            "codes, one true class a row, use `SparseCategoricalFocalCrossentropy`."
        )
    return labels


def check_label_values(y_true: NDArray[Any]) -> None:
    """Require targets in [0, 1].

    Raises
    ------
    ValueError
        Otherwise.
    """
    check_shares(
        y_true,
        expected="`y_true` must hold 0 or 1 for each label, or a soft label between.",
        way_out="For class codes, one true class a row, use `SparseCategoricalFocalCrossentropy`.",
    )


def _labels_last(tensor: Tensor, axis: int) -> Tensor:
    """Move the axis of the labels to the end; rows alone get one of length 1."""
    return ops.expand_dims(tensor, -1) if len(tensor.shape) == 1 else classes_last(tensor, axis)
