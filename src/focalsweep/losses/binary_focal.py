"""Binary focal loss for Keras: every label of a row is a question of its own.

For the probability p of a label and its target y in [0, 1]::

    L = y w1 (1 - p)^gamma1 (-log p) + (1 - y) w0 p^gamma0 (-log(1 - p))

and a row's loss is the mean of L over labels. Where ``keras.losses.BinaryFocalCrossentropy`` goes
wrong: there `alpha` does nothing unless another argument is set, easy rows have no gradient or NaN,
and label smoothing undoes the focusing.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
.. [2] Ben-Baruch et al., "Asymmetric Loss For Multi-Label Classification", arXiv:2009.14119 (two
   gammas a label).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from focalsweep.losses.fit_call import enclosing_fit, refuse_class_weight
from focalsweep.losses.keras_arguments import (
    check_smoothing,
    computation_dtype,
    label_numbers,
    own_name,
)
from focalsweep.losses.keras_inputs import check_scores_dtype
from focalsweep.losses.label_gradient import label_losses
from focalsweep.losses.label_inputs import check_label_values, find_label_logits, read_labels
from focalsweep.losses.margins import Tensor
from focalsweep.losses.value_check import has_values, values_of

_KERAS_ALPHA = 0.25
"""Keras's and the paper's alpha, where only ``apply_class_balancing=True`` is asked for."""


@keras.saving.register_keras_serializable(package="focalsweep")
class BinaryFocalCrossentropy(keras.losses.Loss):
    """Compute the mean over labels of the binary focal loss.

    Parameters
    ----------
    apply_class_balancing : bool, optional
        Whether `alpha` weighs the sides of a label. By default it does where `alpha` is given; True
        without `alpha` takes Keras's 0.25; False beside an `alpha` is an error, because Keras's
        default ignores `alpha` without a word.
    alpha : float, sequence of length labels, or sequence of shape (labels, 2), optional
        A number in [0, 1], for all labels or each: the weight where the label is there, beside
        ``1 - alpha`` where it is absent. Pairs are weights ``[absent, there]`` >= 0, as the sweeps
        report them. Default: none.
    gamma : float, sequence of length labels, or sequence of shape (labels, 2)
        Focusing parameter, >= 0, for all labels or each; pairs are ``[absent, there]``. Default 2.
    from_logits : bool
        Whether `y_pred` holds logits. With False a sigmoid at the end of the model is found and
        its logits are used. Default False.
    label_smoothing : float
        eps in [0, 1). Unlike in Keras it enters after the focal factor. Default 0.
    axis : int
        Axis of the labels, over which the mean is taken. Default -1.
    reduction, name
        As in `keras.losses.Loss`.
    dtype : str, keras.DTypePolicy or None
        As in `keras.losses.Loss`, but half precision is computed in float32.

    Raises
    ------
    ValueError
        For numbers out of range; when called, always: for shapes, dtypes or a last layer that do
        not fit, lists of the wrong length, and ``class_weight`` in `fit` beside `alpha`. Where
        values can be seen: for logits given as probabilities and targets outside [0, 1].

    Notes
    -----
    A soft target mixes both sides, ``y L(there) + (1 - y) L(absent)``; Keras focuses on the
    difference between y and p there.

    Examples
    --------
    >>> loss = BinaryFocalCrossentropy(gamma=2.0, from_logits=True)
    >>> float(loss([[1.0, 0.0]], [[-500.0, 500.0]]))
    500.0
    """

    def __init__(
        self,
        apply_class_balancing: bool | None = None,
        alpha: float | Sequence[float] | Sequence[Sequence[float]] | None = None,
        gamma: float | Sequence[float] | Sequence[Sequence[float]] = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=own_name(name), reduction=reduction, dtype=computation_dtype(dtype))
        if apply_class_balancing is False and alpha is not None:
            raise ValueError(
                "`alpha` must be left out with apply_class_balancing=False, which would ignore it. "
                f"Received: alpha={alpha}. Drop one of the two."
            )
        if apply_class_balancing and alpha is None:
            alpha = _KERAS_ALPHA
        self.apply_class_balancing = alpha is not None
        self.alpha = None if alpha is None else label_numbers(alpha, name="alpha", most=1.0)
        self.gamma = label_numbers(gamma, name="gamma")
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(label_smoothing)
        self.axis = axis
        self._weight = np.ones(2, dtype=self.dtype)
        if self.alpha is not None:
            self._weight = _pairs(self.alpha, complement=True).astype(self.dtype)
        self._gamma = None
        if np.any(self.gamma):
            self._gamma = _pairs(self.gamma, complement=False).astype(self.dtype)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Any:
        """Check what only the caller shows, then reduce the losses of rows as Keras does."""
        check_scores_dtype(y_pred)
        if sample_weight is not None and self.alpha is not None:
            refuse_class_weight(enclosing_fit(), ours="alpha", loss=type(self).__name__)
        return super().__call__(y_true, y_pred, sample_weight=sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row, in the shape of `y_pred` without its labels."""
        logits = find_label_logits(y_pred, from_logits=self.from_logits, axis=self.axis)
        for name, numbers in (("alpha", self.alpha), ("gamma", self.gamma)):
            if isinstance(numbers, list) and len(numbers) != logits.shape[-1]:
                raise ValueError(
                    f"`{name}` must be one number, one number a label or one pair a label. "
                    f"Received: {len(numbers)} for {logits.shape[-1]} labels."
                )
        y_true = ops.convert_to_tensor(y_true)
        labels = read_labels(y_true, logits, axis=self.axis)
        if has_values(y_true):
            check_label_values(values_of(y_true))
        elif (call := enclosing_fit()) and call.targets is not None:
            check_label_values(call.targets)
        return label_losses(
            logits,
            labels,
            weight=self._weight,
            gamma=self._gamma,
            smoothing=self.label_smoothing or None,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {
            **super().get_config(),
            "apply_class_balancing": self.apply_class_balancing,
            "alpha": self.alpha,
            "gamma": self.gamma,
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
            "dtype": self.dtype,
        }


def _pairs(
    numbers: float | list[float] | list[list[float]], *, complement: bool
) -> NDArray[np.float64]:
    """Return numbers [absent, there], of shape (2,) or (labels, 2)."""
    there = np.asarray(numbers, dtype=np.float64)
    if there.ndim == 2:
        return there
    return np.stack([1.0 - there if complement else there, there], axis=-1)
