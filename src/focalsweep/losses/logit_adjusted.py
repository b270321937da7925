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

from focalsweep.losses.family import family_loss, sparse_family_loss
from focalsweep.losses.keras_arguments import check_dtype, check_prior
from focalsweep.losses.keras_inputs import check_vector, find_logits, read_codes, read_targets
from focalsweep.losses.margins import Tensor


@keras.saving.register_keras_serializable(package="focalsweep")
class LogitAdjustedCrossentropy(keras.losses.Loss):
    """Compute ``-log softmax(z + tau * log prior)_y``.

    Parameters
    ----------
    prior : sequence of float of length classes
        Class priors, or counts of training rows; > 0.
    tau : float
        Strength of the adjustment: 0 is cross-entropy, 1 aims at balanced accuracy. Default 1.
    from_logits : bool
        Whether `y_pred` holds logits. Default True, unlike Keras's losses: a model that is
        trained with an adjustment usually ends in logits.
    reduction, name, dtype
        As in ``keras.losses.Loss``; `dtype` is float32 or float64.

    Notes
    -----
    `y_true` may hold class codes, of shape (rows,) or (rows, 1), or one-hot targets.

    Raises
    ------
    ValueError
        For priors that are not > 0; when called, for logits given as probabilities or the reverse,
        several labels a row, codes out of range and priors of the wrong length.

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
        reduction: str | None = "sum_over_batch_size",
        name: str = "logit_adjusted_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        check_dtype(self.dtype)
        self.prior = check_prior(prior)
        self.tau = float(tau)
        self.from_logits = from_logits

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row, in the shape of `y_pred` without its classes."""
        logits = find_logits(y_pred, from_logits=self.from_logits, axis=-1)
        check_vector(self.prior, logits, name="prior")
        offset = self.tau * np.log(np.divide(self.prior, np.sum(self.prior)))
        y_true = keras.ops.convert_to_tensor(y_true)
        if len(y_true.shape) == len(logits.shape) and y_true.shape[-1] != 1:
            targets = read_targets(y_true, logits, axis=-1)
            return family_loss(logits, targets, weight=1.0, gamma=0.0, offset=offset)
        codes = read_codes(y_true, logits, axis=-1)
        return sparse_family_loss(logits, codes, weight=1.0, gamma=0.0, offset=offset)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this loss again."""
        return {
            **super().get_config(),
            "prior": self.prior,
            "tau": self.tau,
            "from_logits": self.from_logits,
            "dtype": self.dtype,
        }
