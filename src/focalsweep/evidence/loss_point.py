"""The loss point of an arm's result: plain numbers back from what `result.json` holds."""

from __future__ import annotations

import numpy as np

from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint


def loss_point(best: BestPoint) -> LossPoint | SigmoidPoint:
    """Return the loss that a chosen point trains with in the end, in full precision.

    Parameters
    ----------
    best : BestPoint
        Its scale, offset and margin may be empty, which means 1, 0 and 0.
    """
    alpha, gamma = np.array(best.alpha), np.array(best.gamma)
    offset = np.array(best.offset) if best.offset else np.zeros(len(alpha))
    if best.alpha_negative:
        return SigmoidPoint(
            weight=np.stack([best.alpha_negative, alpha], axis=-1),
            gamma=np.stack([best.gamma_negative, gamma], axis=-1),
            offset=offset,
            clip=best.clip,
            smoothing=best.smoothing,
        )
    return LossPoint(
        weight=alpha,
        gamma=gamma,
        scale=np.array(best.scale) if best.scale else np.ones(len(alpha)),
        offset=offset,
        margin=np.array(best.margin) if best.margin else np.zeros(len(alpha)),
        smoothing=best.smoothing,
        power=best.power,
    )
