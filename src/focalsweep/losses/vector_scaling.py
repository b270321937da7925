"""Vector-scaling loss for Keras: in training, rare logits count less and priors are added.

``z'_k = (n_k / n_max)^spread z_k + tau log prior_k``. The scaling alone (`tau` 0) is CDT, the
offset alone (`spread` 0) is logit adjustment. A model trained with it predicts with z alone.

References
----------
.. [1] Kini et al., "Label-Imbalanced and Group-Sensitive Classification under
   Overparameterization", arXiv:2103.01550 (their gamma is `spread`).
.. [2] Ye et al., "Identifying and Compensating for Feature Deviation in Imbalanced Deep Learning",
   arXiv:2001.01385 (CDT).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.keras_arguments import (
    check_counts,
    check_number,
    number_or_vector,
    weighing,
)
from focalsweep.losses.margin_arms import vector_scaling


@keras.saving.register_keras_serializable(package="focalsweep")
class VectorScaling(ClassLoss):
    """Compute ``-alpha_y log softmax(scale * z + tau * log prior)_y`` from logits z.

    Parameters
    ----------
    counts : sequence of float of length classes
        Training rows a class; a class without rows is scaled as if it had one, and has no offset.
    spread : float
        >= 0; 0 leaves the logits as they are. Default 0.2, where the sweep's arm starts.
    tau : float
        Strength of the offset. Default 1.
    alpha : float or sequence of float of length classes
        Class weights, >= 0, the paper's omega. Default 1.
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
        For numbers out of range and ``from_logits=False``; when called, as `ClassLoss` says.

    Examples
    --------
    >>> loss = VectorScaling(counts=[90, 10], spread=0.0, tau=1.0)
    >>> round(float(loss([1], [[0.0, 0.0]])), 4)
    2.3026
    """

    def __init__(
        self,
        counts: Sequence[float],
        spread: float = 0.2,
        tau: float = 1.0,
        alpha: float | Sequence[float] = 1.0,
        from_logits: bool = True,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_vector_scaling",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        if not from_logits:
            raise ValueError(
                "`from_logits` must be True: vector scaling multiplies logits, which probabilities "
                "give only up to a constant. Received: from_logits=False. End the model without a "
                "softmax."
            )
        self.counts = check_counts(counts)
        self.spread = check_number(spread, name="spread", least=0.0)
        self.tau = check_number(tau, name="tau")
        self.alpha = number_or_vector(alpha, name="alpha")
        point = vector_scaling(self.counts, spread=self.spread, tau=self.tau)
        super().__init__(
            arguments={"counts": self.counts, "alpha": self.alpha},
            weighted_by=weighing(self.alpha, name="alpha"),
            targets="either",
            weight=self.alpha,
            scale=point.scale.tolist(),
            offset=point.offset.tolist(),
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
        own = {
            "counts": self.counts,
            "spread": self.spread,
            "tau": self.tau,
            "alpha": self.alpha,
        }
        return {**super().get_config(), **own}
