"""Check the numbers that a Keras loss is made with, and store them as plain numbers or lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def number_or_vector(value: float | Sequence[float], *, name: str) -> float | list[float]:
    """Return a number >= 0 as float, or a vector of them as list.

    Raises
    ------
    ValueError
        If a number is negative, infinite or NaN, or `value` has more than one axis.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.ndim > 1 or array.size == 0:
        raise ValueError(
            f"`{name}` must be one number or one number a class. Received: {name}={value}."
        )
    if not np.all(array >= 0.0) or np.any(np.isinf(array)):
        raise ValueError(f"`{name}` must be >= 0 and finite. Received: {name}={value}.")
    return float(array) if array.ndim == 0 else [float(number) for number in array]


def check_prior(prior: Sequence[float]) -> list[float]:
    """Return class priors, or counts that stand for them, as list.

    Raises
    ------
    ValueError
        If there are fewer than two numbers or one is not > 0 and finite.
    """
    array = np.asarray(prior, dtype=np.float64)
    if array.ndim != 1 or array.size < 2 or not np.all(array > 0.0) or np.any(np.isinf(array)):
        raise ValueError(
            "`prior` must hold one number > 0 a class: priors, or counts of training rows. "
            f"Received: prior={prior}."
        )
    return [float(number) for number in array]


def check_smoothing(label_smoothing: float) -> float:
    """Return the label smoothing as float.

    Raises
    ------
    ValueError
        If it is outside [0, 1).
    """
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(
            f"`label_smoothing` must be in [0, 1). Received: label_smoothing={label_smoothing}."
        )
    return float(label_smoothing)


def check_dtype(dtype: str) -> None:
    """Refuse half precision: it holds neither class codes above 256 nor the loss of easy rows.

    Raises
    ------
    ValueError
        If `dtype` is not float32 or float64.
    """
    if dtype not in ("float32", "float64"):
        raise ValueError(
            f"`dtype` must be float32 or float64, also under mixed precision. Received: {dtype}. "
            'Pass dtype="float32".'
        )
