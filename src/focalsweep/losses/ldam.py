"""Label-distribution-aware margin loss for Keras: rare classes must win by more.

The true class's logit counts for less by a margin that is proportional to ``n_k^-1/4``. On a free
last layer larger weights undo a margin, so `y_pred` should hold cosines in [-1, 1], as
`focalsweep.models.cosine_head` makes them; the loss multiplies them by `scale`.

References
----------
.. [1] Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",
   arXiv:1906.07413.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from focalsweep.losses.class_loss import ClassLoss
from focalsweep.losses.keras_arguments import (
    check_counts,
    check_number,
    check_positive,
    number_or_vector,
    weighing,
)
from focalsweep.losses.margin_arms import relative_margins


@keras.saving.register_keras_serializable(package="focalsweep")
class LDAM(ClassLoss):
    """Compute ``-alpha_y log softmax(scale * (z - margin_k t))_y`` from cosines z.

    Parameters
    ----------
    counts : sequence of float of length classes
        Training rows a class; a class without rows has no margin.
    max_margin : float
        Margin of the rarest class that has rows, >= 0, in units of `y_pred`. Default 0.5, the
        paper's.
    scale : float
        What multiplies the cosines, > 0. Default 30, the paper's.
    alpha : float or sequence of float of length classes
        Class weights, >= 0, for the last epochs of deferred re-weighting. Default 1.
    from_logits : bool
        Default True: the model ends in cosines. With False it ends in their softmax.
    label_smoothing, axis, reduction, name, dtype, ignore_class
        As in `focalsweep.losses.class_loss.ClassLoss`.

    Notes
    -----
    `y_true` may hold class codes, of shape (rows,) or (rows, 1), or one-hot targets; a soft target
    has its share of the margin. Probabilities are ``softmax(scale * y_pred)``.

    Raises
    ------
    ValueError
        For numbers out of range; when called, as `ClassLoss` says.

    Examples
    --------
    >>> loss = LDAM(counts=[160, 10], max_margin=0.5, scale=1.0)
    >>> [round(float(loss([k], [[0.25 * (k == 0), 0.5 * (k == 1)]])), 4) for k in (0, 1)]
    [0.6931, 0.6931]
    """

    def __init__(
        self,
        counts: Sequence[float],
        max_margin: float = 0.5,
        scale: float = 30.0,
        alpha: float | Sequence[float] = 1.0,
        from_logits: bool = True,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "focalsweep_ldam",
        dtype: Any = None,
        ignore_class: int | None = None,
    ) -> None:
        self.counts = check_counts(counts)
        self.max_margin = check_number(max_margin, name="max_margin", least=0.0)
        self.scale = check_positive(scale, name="scale")
        self.alpha = number_or_vector(alpha, name="alpha")
        margin = self.scale * self.max_margin * relative_margins(self.counts)
        super().__init__(
            arguments={"counts": self.counts, "alpha": self.alpha},
            weighted_by=weighing(self.alpha, name="alpha"),
            targets="either",
            weight=self.alpha,
            scale=[self.scale] * len(self.counts),
            margin=margin.tolist(),
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
            "max_margin": self.max_margin,
            "scale": self.scale,
            "alpha": self.alpha,
        }
        return {**super().get_config(), **own}
