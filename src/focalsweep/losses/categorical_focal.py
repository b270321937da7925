"""Focal loss for Keras, for one-hot targets and for class codes: the loss that users paste.

Drop-in for ``keras.losses.CategoricalFocalCrossentropy`` where that one goes wrong: the gradient
of a row that is wrong by a logit gap of 17 or more stays -1 (Keras: 0), label smoothing does not
undo the focusing, class codes and logits in the wrong place are errors, and class codes have a
class of their own. The arithmetic is `focalsweep.losses.family`.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from focalsweep.losses.family import family_loss, sparse_family_loss
from focalsweep.losses.keras_arguments import check_dtype, check_smoothing, number_or_vector
from focalsweep.losses.keras_inputs import check_vector, find_logits, read_codes, read_targets
from focalsweep.losses.margins import Tensor


@keras.saving.register_keras_serializable(package="focalsweep")
class CategoricalFocalCrossentropy(keras.losses.Loss):
    """Compute ``sum_k t_k alpha_k (1 - p_k)^gamma_k (-log p_k)`` from one-hot or soft targets.

    Parameters
    ----------
    alpha : float or sequence of float of length classes
        Class weights, >= 0. One number is a common factor, which is a learning rate. Default 1.
    gamma : float or sequence of float of length classes
        Focusing parameter, >= 0; 0 is (weighted) cross-entropy. Default 2.
    from_logits : bool
        Whether `y_pred` holds logits. With False a softmax at the end of the model is found and
        its logits are used, as in Keras. Default False.
    label_smoothing : float
        eps in [0, 1). Unlike in Keras it enters after the focal factor. Default 0.
    axis : int
        Axis of the classes. Default -1.
    reduction, name, dtype
        As in ``keras.losses.Loss``; `dtype` is float32 or float64.

    Raises
    ------
    ValueError
        For numbers out of range; when called, for class codes, logits given as probabilities or
        the reverse, several labels a row, and vectors of the wrong length.

    Examples
    --------
    >>> loss = CategoricalFocalCrossentropy(gamma=2.0, from_logits=True)
    >>> float(loss([[1.0, 0.0, 0.0]], [[-500.0, 500.0, 0.0]]))
    1000.0
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 1.0,
        gamma: float | Sequence[float] = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        check_dtype(self.dtype)
        self.alpha = number_or_vector(alpha, name="alpha")
        self.gamma = number_or_vector(gamma, name="gamma")
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row, in the shape of `y_pred` without its classes."""
        logits = find_logits(y_pred, from_logits=self.from_logits, axis=self.axis)
        check_vector(self.alpha, logits, name="alpha")
        check_vector(self.gamma, logits, name="gamma")
        return family_loss(
            logits,
            read_targets(y_true, logits, axis=self.axis),
            weight=self.alpha,
            gamma=self.gamma,
            smoothing=self.label_smoothing or None,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "gamma": self.gamma,
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
            "dtype": self.dtype,
        }


@keras.saving.register_keras_serializable(package="focalsweep")
class SparseCategoricalFocalCrossentropy(keras.losses.Loss):
    """Compute ``alpha_y (1 - p_y)^gamma_y (-log p_y)`` from class codes y.

    Parameters
    ----------
    alpha, gamma, from_logits, label_smoothing, axis, reduction, name, dtype
        As in `CategoricalFocalCrossentropy`.

    Raises
    ------
    ValueError
        As `CategoricalFocalCrossentropy`, and for one-hot targets and codes out of range.

    Examples
    --------
    >>> loss = SparseCategoricalFocalCrossentropy(gamma=2.0, from_logits=True)
    >>> float(loss([0], [[-500.0, 500.0, 0.0]]))
    1000.0
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 1.0,
        gamma: float | Sequence[float] = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "sparse_categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        check_dtype(self.dtype)
        self.alpha = number_or_vector(alpha, name="alpha")
        self.gamma = number_or_vector(gamma, name="gamma")
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row, in the shape of `y_pred` without its classes."""
        logits = find_logits(y_pred, from_logits=self.from_logits, axis=self.axis)
        check_vector(self.alpha, logits, name="alpha")
        check_vector(self.gamma, logits, name="gamma")
        return sparse_family_loss(
            logits,
            read_codes(y_true, logits, axis=self.axis),
            weight=self.alpha,
            gamma=self.gamma,
            smoothing=self.label_smoothing or None,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "gamma": self.gamma,
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
            "dtype": self.dtype,
        }
