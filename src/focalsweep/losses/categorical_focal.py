"""Focal loss for Keras, for one-hot targets and for class codes: the loss that users paste.

Drop-in for ``keras.losses.CategoricalFocalCrossentropy`` where that one goes wrong: the gradient
of a row that is wrong by a logit gap of 17 or more stays -1 (Keras: 0), label smoothing does not
undo the focusing, class codes and logits in the wrong place are errors, and class codes have a
class of their own. ``docs/losses_beside_keras.md`` has both side by side.

References
----------
.. [1] Lin et al., "Focal Loss for Dense Object Detection", arXiv:1708.02002.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.keras_arguments import number_or_vector, weighing


@keras.saving.register_keras_serializable(package="focalsweep")
class CategoricalFocalCrossentropy(ClassLoss):
    """Compute ``sum_k t_k alpha_k (1 - p_k)^gamma_k (-log p_k)`` from one-hot or soft targets.

    Parameters
    ----------
    alpha : float or sequence of float of length classes
        Class weights, >= 0. One number is a common factor, which is a learning rate. Default 1,
        where Keras has 0.25.
    gamma : float or sequence of float of length classes
        Focusing parameter, >= 0; 0 is (weighted) cross-entropy. Default 2.
    from_logits, label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `focalsweep.losses.class_loss.ClassLoss`; by default False, 0 and -1.

    Raises
    ------
    ValueError
        For numbers out of range; when called, as `ClassLoss` says.

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
        name: str = "focalsweep_categorical_focal_crossentropy",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        self.alpha = number_or_vector(alpha, name="alpha")
        self.gamma = number_or_vector(gamma, name="gamma")
        super().__init__(
            arguments={"alpha": self.alpha, "gamma": self.gamma},
            weighted_by=weighing(self.alpha, name="alpha"),
            targets="one_hot",
            weight=self.alpha,
            gamma=self.gamma,
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
        return {**super().get_config(), "alpha": self.alpha, "gamma": self.gamma}


@keras.saving.register_keras_serializable(package="focalsweep")
class SparseCategoricalFocalCrossentropy(ClassLoss):
    """Compute ``alpha_y (1 - p_y)^gamma_y (-log p_y)`` from class codes y.

    Parameters
    ----------
    alpha, gamma, from_logits, label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `CategoricalFocalCrossentropy`.

    Raises
    ------
    ValueError
        For numbers out of range; when called, as `ClassLoss` says.

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
        name: str = "focalsweep_sparse_categorical_focal_crossentropy",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        self.alpha = number_or_vector(alpha, name="alpha")
        self.gamma = number_or_vector(gamma, name="gamma")
        super().__init__(
            arguments={"alpha": self.alpha, "gamma": self.gamma},
            weighted_by=weighing(self.alpha, name="alpha"),
            targets="codes",
            weight=self.alpha,
            gamma=self.gamma,
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
        return {**super().get_config(), "alpha": self.alpha, "gamma": self.gamma}
