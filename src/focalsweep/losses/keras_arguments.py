"""Check the numbers that a Keras loss is made with, and store them as plain numbers or lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
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


def label_numbers(
    value: float | Sequence[float] | Sequence[Sequence[float]],
    *,
    name: str,
    most: float = np.inf,
) -> float | list[float] | list[list[float]]:
    """Return one number, one a label, or one pair [absent, there] a label, as plain numbers.

    Parameters
    ----------
    value : float or nested sequence
        Numbers >= 0.
    name : str
        Of the argument.
    most : float
        Largest value where there are no pairs.

    Raises
    ------
    ValueError
        If a number is out of range, or `value` has another shape.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.size == 0 or array.ndim > 2 or (array.ndim == 2 and array.shape[1] != 2):
        raise ValueError(
            f"`{name}` must be one number, one number a label or one pair [absent, there] a label. "
            f"Received: {name}={value}."
        )
    if not np.all(array >= 0.0) or np.any(np.isinf(array)):
        raise ValueError(f"`{name}` must be >= 0 and finite. Received: {name}={value}.")
    if array.ndim < 2 and np.any(array > most):
        raise ValueError(
            f"`{name}` must be in [0, {most:g}], or pairs of weights [absent, there]. "
            f"Received: {name}={value}."
        )
    numbers: float | list[float] | list[list[float]] = array.tolist()
    return numbers


def weighing(alpha: float | list[float], *, name: str) -> str | None:
    """Return the name of an argument that weighs classes; one number for all weighs none."""
    return name if isinstance(alpha, list) and len(set(alpha)) > 1 else None


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


def check_counts(counts: Sequence[float]) -> list[float]:
    """Return training rows a class as list; zeros are classes without rows.

    Raises
    ------
    ValueError
        If there are fewer than two numbers, or one is negative, or none is above 0.
    """
    array = np.asarray(counts, dtype=np.float64)
    fits = array.ndim == 1 and array.size >= 2 and np.all(array >= 0.0) and array.sum() > 0.0
    if not fits or np.any(np.isinf(array)):
        raise ValueError(
            "`counts` must hold the number of training rows of each class, at least two classes. "
            f"Received: counts={counts}. Count them: np.bincount(y)."
        )
    return [float(number) for number in array]


def check_number(value: float, *, name: str, least: float = -np.inf, most: float = np.inf) -> float:
    """Return a finite number between two bounds as float.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if not (np.isfinite(value) and least <= value <= most):
        bounds = "finite"
        if np.isfinite(least) or np.isfinite(most):
            bounds = (
                f"in [{least:g}, {most:g}]" if np.isfinite(most) else f">= {least:g} and finite"
            )
        raise ValueError(f"`{name}` must be {bounds}. Received: {name}={value}.")
    return float(value)


def check_positive(value: float, *, name: str) -> float:
    """Return a finite number above 0 as float.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if not (np.isfinite(value) and value > 0.0):
        raise ValueError(f"`{name}` must be > 0 and finite. Received: {name}={value}.")
    return float(value)


def check_ignore_class(ignore_class: int | None) -> int | None:
    """Return the code of the class that does not count, a whole number or None.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if ignore_class is not None and int(ignore_class) != ignore_class:
        raise ValueError(
            "`ignore_class` must be a whole number, the code of a class, or None. "
            f"Received: ignore_class={ignore_class}."
        )
    return None if ignore_class is None else int(ignore_class)


def own_name(name: str | None) -> str:
    """Return the name of a loss, one that Keras has no loss of its own for.

    Where the class of a saved loss is unknown, Keras takes its own loss of the same *name* from an
    HDF5 file, without a word. So our names begin with the package, and so does one that the user
    gave, or that an older file holds, where it is Keras's. None is ``focalsweep_loss``.

    Examples
    --------
    >>> own_name("binary_focal_crossentropy"), own_name("mine")
    ('focalsweep_binary_focal_crossentropy', 'mine')
    """
    if name is None:
        return "focalsweep_loss"
    try:
        keras.losses.get(name)
    except ValueError:
        return name
    return f"focalsweep_{name}"


def computation_dtype(dtype: Any) -> str:
    """Return the dtype that a loss computes in: that of Keras, but never less than float32.

    Half precision holds neither class codes above 256 nor the loss of easy rows, and the sum of a
    batch may overflow. Predictions in half precision and mixed-precision policies are welcome;
    what comes of them is computed, and returned, in float32.

    Parameters
    ----------
    dtype : str, keras.DTypePolicy or None
        As `keras.losses.Loss` takes it; None is ``keras.config.floatx()``.

    Raises
    ------
    ValueError
        If it is no floating-point type.
    """
    wanted = keras.dtype_policies.get(dtype or keras.config.floatx()).compute_dtype
    if wanted in ("float16", "bfloat16"):
        return "float32"
    if wanted not in ("float32", "float64"):
        raise ValueError(
            "`dtype` must be a floating-point type or a policy of one. "
            f"Received: dtype={dtype}. Leave it out for float32."
        )
    return str(wanted)
