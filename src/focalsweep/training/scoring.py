"""By which loss a member's probabilities are read, while it trains and when it is scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import correction_refusal
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.training.member import Member, View


def scored_as(member: Member, view: View, *, epoch: int) -> tuple[LossPoint, NDArray[np.float64]]:
    """Return the loss that is undone, and the prior shift, after an epoch (from 0).

    Where no correction exists, plain cross-entropy without a shift: that leaves the member's own
    softmax. A cosine head's own softmax has the head's scale.

    Returns
    -------
    point, log_prior_shift : LossPoint and array of shape (classes,), or (labels, 2)
        Arguments of `focalsweep.losses.posterior.corrected_log_proba`; of multi-label data those
        for the logits of `focalsweep.losses.posterior.two_class_logits`.
    """
    point = member.posterior_point(view.train_counts, epoch=epoch)
    corrected = correction_refusal(point) is None and view.correctable is None
    n_classes = len(view.natural_counts)
    if isinstance(point, KerasPoint):
        if view.multi_label:
            return SigmoidPoint.cross_entropy(n_classes).two_class(), np.zeros((n_classes, 2))
        return LossPoint.cross_entropy(n_classes), np.zeros(n_classes)
    if isinstance(point, SigmoidPoint):
        if corrected:
            return point.two_class(), view.log_prior_shift
        return SigmoidPoint.cross_entropy(n_classes).two_class(), np.zeros((n_classes, 2))
    if corrected:
        return point, view.log_prior_shift
    raw = LossPoint.cross_entropy(n_classes)
    if member.recipe.head == "cosine":
        raw = replace(raw, scale=point.scale)
    return raw, np.zeros(n_classes)
