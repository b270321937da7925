"""The losses: one family of pure functions, its points, and what users paste into Keras.

`family` holds the formula, `point` its numbers, `class_weights` and `arms` make points from class
counts, `posterior` turns scores back into probabilities. The Keras classes are loaded when they are
first asked for, because Keras takes seconds; all of `class_loss` and `binary_focal` is theirs.
Keras knows their names nevertheless, see `focalsweep.keras_registration`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from focalsweep.losses.binary_focal import BinaryFocalCrossentropy
    from focalsweep.losses.categorical_focal import (
        CategoricalFocalCrossentropy,
        SparseCategoricalFocalCrossentropy,
    )
    from focalsweep.losses.class_balanced_focal import ClassBalancedFocalCrossentropy
    from focalsweep.losses.ldam import LDAM
    from focalsweep.losses.logit_adjusted import LogitAdjustedCrossentropy
    from focalsweep.losses.vector_scaling import VectorScaling

__all__ = [
    "LDAM",
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "ClassBalancedFocalCrossentropy",
    "LogitAdjustedCrossentropy",
    "SparseCategoricalFocalCrossentropy",
    "VectorScaling",
]

_MODULES = {
    "LDAM": "ldam",
    "BinaryFocalCrossentropy": "binary_focal",
    "CategoricalFocalCrossentropy": "categorical_focal",
    "ClassBalancedFocalCrossentropy": "class_balanced_focal",
    "LogitAdjustedCrossentropy": "logit_adjusted",
    "SparseCategoricalFocalCrossentropy": "categorical_focal",
    "VectorScaling": "vector_scaling",
}
SAVED = {
    name: f"{__name__}.{module}"
    for name, module in {
        **_MODULES,
        "PointLoss": "point_loss",  # `point_loss.ready_loss` makes these two
        "SigmoidPointLoss": "point_loss",
    }.items()
}
"""The module of each class that stands in saved models, by its name."""


def __getattr__(name: str) -> Any:
    """Load one of the Keras classes by name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
