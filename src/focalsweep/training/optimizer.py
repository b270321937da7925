"""Optimisers for stacked weights, with Keras's update rules and a learning rate a member.

Each rule is the one of the Keras 3 class of the same name with that class's defaults, weight
decay decoupled (Loshchilov & Hutter, arXiv:1711.05101) and applied to every trainable weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7


def _as_keras_casts(number: float) -> float:
    """Round to float32: Keras does so with every hyperparameter that it casts, in float64 too."""
    return float(np.float32(number))


Weights = list[tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Choose the update rule that all members share.

    Parameters
    ----------
    kind : {"adamw", "adam", "sgd"}
        ``adam`` ignores weight decay.
    momentum : float
        In [0, 1), used by ``sgd`` only.
    """

    kind: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.9

    @property
    def n_slots(self) -> int:
        """State tensors that the rule keeps for every weight."""
        return 1 if self.kind == "sgd" else 2

    def to_keras(self, *, learning_rate: float, weight_decay: float) -> keras.Optimizer:
        """Build the Keras optimizer of one member."""
        if self.kind == "sgd":
            return keras.optimizers.SGD(
                learning_rate, momentum=self.momentum, weight_decay=weight_decay
            )
        if self.kind == "adam":
            return keras.optimizers.Adam(learning_rate)
        return keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)

    def update(
        self,
        weights: Weights,
        gradients: Weights,
        slots: list[Weights],
        *,
        step: tf.Tensor,
        learning_rate: tf.Tensor,
        weight_decay: tf.Tensor,
        active: tf.Tensor,
    ) -> tuple[Weights, list[Weights]]:
        """Take one step with every active member and leave the others bit for bit as they are.

        Parameters
        ----------
        weights, gradients : lists of tensors of shape (members, ...)
        slots : `n_slots` lists shaped like `weights`
        step : tensor of shape (members,)
            Number of this step for each member, from 1.
        learning_rate, weight_decay, active : tensors of shape (members,)
            `active` is 1 or 0. It multiplies the coefficients instead of selecting between old
            and new values: the same result without another pass over the memory.
        """
        decay = active * learning_rate * (0.0 if self.kind == "adam" else weight_decay)
        if self.kind == "sgd":
            (velocity,) = slots
            kept = 1.0 - active * (1.0 - _as_keras_casts(self.momentum))
            rate = active * learning_rate
            velocity = [
                v * _along(kept, v) - g * _along(rate, g)
                for v, g in zip(velocity, gradients, strict=True)
            ]
            moved = [
                w * (1.0 - _along(decay, w)) + _along(active, w) * v
                for w, v in zip(weights, velocity, strict=True)
            ]
            return moved, [velocity]
        first, second = slots
        # A member that has not stepped yet would divide by zero; its rate is zero anyway.
        step = tf.maximum(step, 1.0)
        power_1 = _as_keras_casts(_BETA_1) ** step
        power_2 = _as_keras_casts(_BETA_2) ** step
        rate = active * learning_rate * tf.sqrt(1.0 - power_2) / (1.0 - power_1)
        new_first = active * (1.0 - _BETA_1)
        new_second = active * (1.0 - _BETA_2)
        first = [m + (g - m) * _along(new_first, m) for m, g in zip(first, gradients, strict=True)]
        second = [
            v + (g * g - v) * _along(new_second, v) for v, g in zip(second, gradients, strict=True)
        ]
        moved = [
            w * (1.0 - _along(decay, w)) - _along(rate, w) * m / (tf.sqrt(v) + _EPSILON)
            for w, m, v in zip(weights, first, second, strict=True)
        ]
        return moved, [first, second]


def _along(per_member: tf.Tensor, like: tf.Tensor) -> Any:
    """Give a (members,) tensor trailing axes so that it broadcasts against `like`."""
    return tf.reshape(per_member, (-1,) + (1,) * (len(like.shape) - 1))
