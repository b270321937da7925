"""Look at the `keras.Model.fit` that a loss is traced for: its class weights, its first targets.

A loss sees tensors of a graph there, without values, and class weights reach it as sample weights
like any others. What the user handed over stands in the frame of `fit`, which calls the loss while
the graph is made (with PyTorch at every step). So this costs nothing in a step, works with every
backend, and sees nothing when the graph of an earlier `fit` is used again. Targets inside a data
set or a generator are not looked at.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

FIRST_ROWS = 1000
"""So many rows of the targets are looked at."""

_CALLS = frozenset({"fit", "train_on_batch"})


@dataclass(frozen=True, kw_only=True)
class FitCall:
    """Hold what `fit` or `train_on_batch` was called with.

    Parameters
    ----------
    class_weight : dict or None
        As given.
    targets : array or None
        The first rows of ``y`` where that is one NumPy array.
    """

    class_weight: Any
    targets: NDArray[Any] | None


def enclosing_fit() -> FitCall | None:
    """Return the call of `fit` or `train_on_batch` that this code runs in, if there is one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in _CALLS:
            given = frame.f_locals
            if isinstance(given.get("self"), keras.Model):
                y = given.get("y")
                targets = y[:FIRST_ROWS] if isinstance(y, np.ndarray) and y.ndim else None
                return FitCall(class_weight=given.get("class_weight"), targets=targets)
        frame = frame.f_back
    return None


def refuse_class_weight(call: FitCall | None, *, ours: str, loss: str) -> None:
    """Refuse class weights in `fit` beside those of the loss.

    Parameters
    ----------
    call : FitCall or None
        From `enclosing_fit`.
    ours : str
        The argument of the loss that weighs classes already.
    loss : str
        The name of the loss's class.

    Raises
    ------
    ValueError
        If `fit` was called with ``class_weight``.
    """
    if call is not None and call.class_weight is not None:
        raise ValueError(
            f"`class_weight` must not stand beside `{ours}` of {loss}: every row would be weighted "
            f"twice. Received: class_weight={call.class_weight}. Drop one of the two, or multiply "
            f"them into `{ours}`."
        )
