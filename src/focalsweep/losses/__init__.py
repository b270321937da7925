"""The losses: one family of pure functions, its points, and what users paste into Keras.

`family` holds the formula, `point` its numbers, `class_weights` and `arms` make points from class
counts, `posterior` turns scores back into probabilities. The Keras classes of `categorical_focal`
and `logit_adjusted` are loaded when they are first asked for, because Keras takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from focalsweep.losses.categorical_focal import (
        CategoricalFocalCrossentropy,
        SparseCategoricalFocalCrossentropy,
    )
    from focalsweep.losses.logit_adjusted import LogitAdjustedCrossentropy

__all__ = [
    "CategoricalFocalCrossentropy",
    "LogitAdjustedCrossentropy",
    "SparseCategoricalFocalCrossentropy",
]


def __getattr__(name: str) -> Any:
    """Load one of the Keras classes by name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "logit_adjusted" if name == "LogitAdjustedCrossentropy" else "categorical_focal"
    return getattr(import_module(f"{__name__}.{module}"), name)
