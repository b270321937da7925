"""Logit-adjusted cross-entropy for Keras: the priors enter in training and leave at prediction.

The loss is cross-entropy on ``z + tau * log prior``. A model trained with it predicts with z
alone, ``argmax z``, as if the classes were balanced (tau 1).

References
----------
.. [1] Menon et al., "Long-tail learning via logit adjustment", arXiv:2007.07314.
.. [2] Ren et al., "Balanced Meta-Softmax for Long-Tailed Visual Recognition", arXiv:2007.10740.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.keras_arguments import check_number, check_prior


@keras.saving.register_keras_serializable(package="focalsweep")
class LogitAdjustedCrossentropy(ClassLoss):
    """Compute ``-log softmax(z + tau * log prior)_y``.

    Parameters
    ----------
    prior : sequence of float of length classes
        Class priors, or counts of training rows; > 0.
    tau : float
        Strength of the adjustment: 0 is cross-entropy, 1 aims at balanced accuracy. Default 1.
    from_logits : bool
        Default True, unlike Keras's losses: a model that is trained with an adjustment usually
        ends in logits.
    label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `focalsweep.losses.class_loss.ClassLoss`.

    Notes
    -----
    `y_true` may hold class codes, of shape (rows,) or (rows, 1), or one-hot targets.

    Raises
    ------
    ValueError
        For priors that are not > 0; when called, as `ClassLoss` says.

    Examples
    --------
    >>> loss = LogitAdjustedCrossentropy(prior=[90, 10])
    >>> round(float(loss([1], [[0.0, 0.0]])), 4)
    2.3026
    """

    def __init__(
        self,
        prior: Sequence[float],
        tau: float = 1.0,
        from_logits: bool = True,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_logit_adjusted_crossentropy",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        self.prior = check_prior(prior)
        self.tau = check_number(tau, name="tau")
        log_prior = np.log(np.divide(self.prior, np.sum(self.prior)))
        super().__init__(
            arguments={"prior": self.prior},
            weighted_by=None,
            targets="either",
            offset=(self.tau * log_prior).tolist(),
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
        return {**super().get_config(), "prior": self.prior, "tau": self.tau}
