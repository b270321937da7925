"""Class-balanced focal loss for Keras: classes weigh by the inverse effective number of their rows.

``alpha_k`` is proportional to ``(1 - beta) / (1 - beta^n_k)``: a class gains nothing from rows
beyond about ``1 / (1 - beta)``. The paper scales alpha to the sum K and takes a sigmoid a class;
here the mean weight of a training row is 1, which differs by a common factor, a learning rate, and
the classes share one softmax.

References
----------
.. [1] Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", arXiv:1901.05555.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.class_weights import effective_number
from focalsweep.losses.keras_arguments import (
    check_counts,
    check_number,
    number_or_vector,
    weighing,
)


@keras.saving.register_keras_serializable(package="focalsweep")
class ClassBalancedFocalCrossentropy(ClassLoss):
    """Compute ``alpha_y (1 - p_y)^gamma (-log p_y)`` with alpha from class counts.

    Parameters
    ----------
    counts : sequence of float of length classes
        Training rows a class; a class without rows weighs 0.
    beta : float
        In [0, 1]: 0 gives equal weights, 1 those that are proportional to 1 / count. Default 0.999.
    gamma : float or sequence of float of length classes
        Focusing parameter, >= 0; 0 is class-balanced cross-entropy. Default 2.
    from_logits, label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `focalsweep.losses.class_loss.ClassLoss`.

    Notes
    -----
    `y_true` may hold class codes, of shape (rows,) or (rows, 1), or one-hot targets. The weights
    are in the attribute `alpha`.

    Raises
    ------
    ValueError
        For numbers out of range; when called, as `ClassLoss` says.

    Examples
    --------
    >>> loss = ClassBalancedFocalCrossentropy([90, 10], beta=1.0, gamma=0.0, from_logits=True)
    >>> [round(float(loss([k], [[0.0, 0.0]])), 4) for k in (0, 1)]
    [0.3851, 3.4657]
    """

    def __init__(
        self,
        counts: Sequence[float],
        beta: float = 0.999,
        gamma: float | Sequence[float] = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_class_balanced_focal_crossentropy",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        self.counts = check_counts(counts)
        self.beta = check_number(beta, name="beta", least=0.0, most=1.0)
        self.gamma = number_or_vector(gamma, name="gamma")
        self.alpha = effective_number(self.counts, self.beta).tolist()
        super().__init__(
            arguments={"counts": self.counts, "gamma": self.gamma},
            weighted_by=weighing(self.alpha, name="counts"),
            targets="either",
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
        own = {"counts": self.counts, "beta": self.beta, "gamma": self.gamma}
        return {**super().get_config(), **own}
