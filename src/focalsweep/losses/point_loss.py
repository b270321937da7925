"""Any point of the family as a Keras loss, for points that no loss of their own name expresses.

`ready_loss` gives a point the loss that people know where there is one that is exactly it, and one
of the two general losses otherwise. All take logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from focalsweep.losses.binary_focal import BinaryFocalCrossentropy
from focalsweep.losses.categorical_focal import (
    CategoricalFocalCrossentropy,
    SparseCategoricalFocalCrossentropy,
)
from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.keras_arguments import computation_dtype, own_name, weighing
from focalsweep.losses.margins import Tensor
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.losses.sigmoid_point import SigmoidPoint

_VECTORS = ("weight", "gamma", "scale", "offset", "margin")


def ready_loss(point: LossPoint | SigmoidPoint, *, sparse: bool = False) -> keras.losses.Loss:
    """Return the Keras loss of a point, from logits.

    Parameters
    ----------
    point : LossPoint or SigmoidPoint
    sparse : bool, default False
        Whether targets are class codes instead of one-hot; of single-label points only.

    Examples
    --------
    >>> loss = ready_loss(LossPoint.cross_entropy(3))
    >>> type(loss).__name__, round(float(loss([[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]])), 4)
    ('CategoricalFocalCrossentropy', 1.0986)
    """
    if isinstance(point, SigmoidPoint):
        if sparse:
            raise ValueError(
                "`sparse` must be False where rows have any number of labels: targets are 0 and 1, "
                "of shape (rows, labels). Received: sparse=True."
            )
        if not (np.any(point.offset) or point.clip):
            return BinaryFocalCrossentropy(
                alpha=point.weight.tolist(),
                gamma=point.gamma.tolist(),
                from_logits=True,
                label_smoothing=point.smoothing,
            )
        return SigmoidPointLoss(
            weight=point.weight.tolist(),
            gamma=point.gamma.tolist(),
            offset=point.offset.tolist(),
            clip=point.clip,
            smoothing=point.smoothing,
        )
    moved = np.any(point.scale != 1) or np.any(point.margin != 0) or np.ptp(point.offset) > 0
    if not moved and not point.power:
        focal = SparseCategoricalFocalCrossentropy if sparse else CategoricalFocalCrossentropy
        return focal(
            alpha=point.weight.tolist(),
            gamma=point.gamma.tolist(),
            from_logits=True,
            label_smoothing=point.smoothing,
        )
    vectors = {name: getattr(point, name).tolist() for name in _VECTORS}
    return PointLoss(**vectors, label_smoothing=point.smoothing, power=point.power)


@keras.saving.register_keras_serializable(package="focalsweep")
class PointLoss(ClassLoss):
    """Compute the loss of `focalsweep.losses.family` at one point, from logits.

    Parameters
    ----------
    weight, gamma, scale, offset, margin : sequence of float of length classes
        See `focalsweep.losses.point.LossPoint`.
    power : float
        See there. Default 0.
    from_logits : bool
        Must be True, the default: probabilities give logits only up to a constant a row, which
        the scales would turn into other losses.
    label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `focalsweep.losses.class_loss.ClassLoss`.

    Notes
    -----
    `y_true` may hold class codes, of shape (rows,) or (rows, 1), or one-hot targets.

    Raises
    ------
    ValueError
        For ``from_logits=False``; when called, as `ClassLoss` says.

    Examples
    --------
    >>> one, zero = [1.0, 1.0], [0.0, 0.0]
    >>> loss = PointLoss(weight=one, gamma=zero, scale=one, offset=[0.0, 1.0], margin=zero)
    >>> round(float(loss([1], [[1.0, 0.0]])), 4)
    0.6931
    """

    def __init__(
        self,
        weight: Sequence[float],
        gamma: Sequence[float],
        scale: Sequence[float],
        offset: Sequence[float],
        margin: Sequence[float],
        power: float = 0.0,
        from_logits: bool = True,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_point_loss",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        if not from_logits:
            raise ValueError(
                "`from_logits` must be True: scales multiply logits, which probabilities give only "
                "up to a constant. Received: from_logits=False. End the model without a softmax."
            )
        self.numbers: dict[str, Any] = {
            "weight": [float(each) for each in weight],
            "gamma": [float(each) for each in gamma],
            "scale": [float(each) for each in scale],
            "offset": [float(each) for each in offset],
            "margin": [float(each) for each in margin],
        }
        self.power = float(power)
        super().__init__(
            arguments=self.numbers,
            weighted_by=weighing(self.numbers["weight"], name="weight"),
            targets="either",
            **self.numbers,
            power=self.power,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            ignore_class=ignore_class,
            axis=axis,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {**super().get_config(), **self.numbers, "power": self.power}


@keras.saving.register_keras_serializable(package="focalsweep")
class SigmoidPointLoss(keras.losses.Loss):
    """Compute the loss of `focalsweep.losses.sigmoid_family` at one point, from logits.

    Parameters
    ----------
    weight, gamma : nested sequence of float of shape (labels, 2)
        Numbers of rows [without, with] each label, see
        `focalsweep.losses.sigmoid_point.SigmoidPoint`.
    offset : sequence of float of length labels
    clip, smoothing : float
        See there. Default 0.
    reduction, name, dtype
        As in ``keras.losses.Loss``; `dtype` is float32 or float64.

    Raises
    ------
    ValueError
        For numbers out of range; when called, for another number of labels.

    Examples
    --------
    >>> loss = SigmoidPointLoss(weight=[[1, 3]], gamma=[[0, 0]], offset=[0])
    >>> round(float(loss([[1.0]], [[0.0]])), 4)
    2.0794
    """

    def __init__(
        self,
        weight: Sequence[Sequence[float]],
        gamma: Sequence[Sequence[float]],
        offset: Sequence[float],
        clip: float = 0.0,
        smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_sigmoid_point_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=own_name(name), reduction=reduction, dtype=computation_dtype(dtype))
        self.point = SigmoidPoint(
            weight=np.asarray(weight, np.float64),
            gamma=np.asarray(gamma, np.float64),
            offset=np.asarray(offset, np.float64),
            clip=float(clip),
            smoothing=float(smoothing),
        )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row: the mean over its labels."""
        logits = keras.ops.convert_to_tensor(y_pred)
        y_true = keras.ops.convert_to_tensor(y_true)
        labels = len(self.point.offset)
        if logits.shape[-1] != labels or y_true.shape[-1] != labels:
            raise ValueError(
                f"`y_true` and `y_pred` must have the {labels} labels of the loss on their last "
                f"axis. Received: shapes {tuple(y_true.shape)} and {tuple(logits.shape)}."
            )
        point = self.point
        return sigmoid_loss(
            logits,
            y_true,
            weight=point.weight,
            gamma=point.gamma,
            offset=point.offset,
            clip=point.clip or None,
            smoothing=point.smoothing or None,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {
            **super().get_config(),
            "weight": self.point.weight.tolist(),
            "gamma": self.point.gamma.tolist(),
            "offset": self.point.offset.tolist(),
            "clip": self.point.clip,
            "smoothing": self.point.smoothing,
            "dtype": self.dtype,
        }
