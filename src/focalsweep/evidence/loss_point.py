"""The loss point of an arm's result: plain numbers back from what `result.json` holds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from focalsweep.errors import InputError
from focalsweep.evidence.arm_facts import BestPoint, KerasLoss
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint

if TYPE_CHECKING:
    import keras


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


def outside_loss(loss: KerasLoss, *, sparse: bool) -> keras.losses.Loss:
    """Make the loss of an arm that is none of the family, at its chosen numbers.

    Parameters
    ----------
    loss : KerasLoss
        Dotted path of the class, and its constructor's arguments.
    sparse : bool
        Whether targets are class codes, which such a loss takes or not, by its class.

    Raises
    ------
    ValueError
        When the class cannot be imported here, or takes the other kind of targets.
    """
    module, _, name = loss.path.rpartition(".")
    try:
        made: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"`{loss.path}` must be importable, because it is this arm's loss. Received: {error}; "
            "start Python where the file of this class is, or put its folder on `PYTHONPATH`."
        ) from None
    takes_codes = any(base.__name__.startswith("Sparse") for base in made.__mro__)
    if takes_codes != sparse:
        targets = "class codes" if takes_codes else "one-hot targets"
        raise InputError(
            f"`sparse` must be {takes_codes}, because the loss of this arm is `{name}`, which "
            f"takes {targets}. Received: sparse={sparse}."
        )
    arguments = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in loss.arguments.items()
    }
    ready: keras.losses.Loss = made(**arguments)
    return ready
