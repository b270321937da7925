"""Check the values of tensors: in eager calls, and of the first rows that `fit` is given.

A compiled graph holds no such check: it would cost a pass over memory in every step, and XLA
removes it. There the shapes, the dtypes and the last layer are checked while the graph is made, and
the targets that stand in the caller's `fit` are looked at once, see `fit_call`. To
check everything before a long training, call the loss once: ``loss(y[:100], model(x[:100]))``.

A check is written so that NaN passes: a diverged model is no wrong argument.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from focalsweep.losses.margins import Tensor

SUM_TOLERANCE = 0.01
"""How far rows of probabilities may be from 1: half precision and saved tables round."""


def has_values(tensor: Tensor) -> bool:
    """Tell whether a tensor holds numbers now, and not only in a graph that runs later."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax  # type: ignore[import-not-found, unused-ignore]

        return not isinstance(tensor, jax.core.Tracer)
    if backend == "torch":
        import torch

        return tensor.device.type != "meta" and not torch.compiler.is_compiling()
    return hasattr(tensor, "numpy")


def values_of(tensor: Tensor) -> NDArray[Any]:
    """Return the numbers of a tensor for which `has_values` holds."""
    return np.asarray(ops.convert_to_numpy(tensor))


def check_rows_of_one(rows: NDArray[Any], *, axis: int, expected: str, way_out: str) -> None:
    """Require values >= 0 that sum to 1 along an axis.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if rows.size == 0:
        return
    lowest, sums = rows.min(), rows.sum(axis=axis, dtype=np.float64)
    if lowest < 0 or np.any(np.abs(sums - 1.0) > SUM_TOLERANCE):
        raise ValueError(
            f"{expected} Received: smallest value {lowest:g}, smallest sum of a row "
            f"{sums.min():g}, largest sum of a row {sums.max():g}. {way_out}"
        )


def check_codes(codes: NDArray[Any], *, n_classes: int) -> None:
    """Require whole numbers from 0 to ``n_classes - 1``.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if codes.size == 0:
        return
    lowest, highest = codes.min(), codes.max()
    if lowest < 0 or highest > n_classes - 1 or np.any(codes != np.floor(codes)):
        raise ValueError(
            f"`y_true` must hold class codes from 0 to {n_classes - 1}. Received: smallest "
            f"{lowest:g}, largest {highest:g}. Number the classes, for example with "
            "`sklearn.preprocessing.LabelEncoder`; a code that means no class is `ignore_class`."
        )


def check_shares(values: NDArray[Any], *, expected: str, way_out: str) -> None:
    """Require values in [0, 1].

    Raises
    ------
    ValueError
        Otherwise.
    """
    if values.size and (values.min() < 0 or values.max() > 1):
        raise ValueError(
            f"{expected} Received: smallest {values.min():g}, largest {values.max():g}. {way_out}"
        )
