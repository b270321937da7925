"""focalsweep: which loss to train with on imbalanced data, by evidence at equal budget.

`sweep` runs a sweep on rows that Python holds, `load` reads the folder of a finished one; both
return an `Outcome`. They are loaded when they are first asked for. Keras knows the names of the
losses and layers from here on: a saved model loads without ``custom_objects``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from focalsweep import losses, models
from focalsweep.keras_registration import register_later

if TYPE_CHECKING:
    from focalsweep.from_python import load, sweep
    from focalsweep.outcome import Outcome

__all__ = ["Outcome", "load", "sweep"]


def __getattr__(name: str) -> Any:
    """Load one of the names above."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "outcome" if name == "Outcome" else "from_python"
    return getattr(import_module(f"{__name__}.{module}"), name)


register_later({**losses.SAVED, **models.SAVED})
