"""Choose a normalisation layer by name."""

from __future__ import annotations

from typing import Literal

import keras

Normalization = Literal["none", "batch", "layer"]


def normalized(tensor: keras.KerasTensor, kind: Normalization) -> keras.KerasTensor:
    """Append the normalisation `kind` to `tensor`; ``none`` appends nothing."""
    if kind == "batch":
        return keras.layers.BatchNormalization()(tensor)
    if kind == "layer":
        return keras.layers.LayerNormalization()(tensor)
    return tensor
