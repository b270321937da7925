"""A loss outside the family: any `keras.losses.Loss`, with the numbers that a trial set.

Such a loss trains one model after another, because its formula is known to nobody here; for the
same reason its probabilities are not corrected to the data's posterior.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from focalsweep.errors import UserError

CLASS_COUNTS = "class_counts"
"""A constructor's parameter of this name is given the training rows a class."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KerasPoint:
    """Hold the class of a loss and its constructor's arguments.

    Parameters
    ----------
    make : callable
        A subclass of `keras.losses.Loss` that takes logits (``from_logits: true`` among its
        options where it can take probabilities as well). Its `call` gives one loss a row, or one
        for the batch; the sweep takes the mean over rows, whatever its `reduction`.
    options : mapping
        Arguments that stay fixed: numbers, text, truth values or lists.
    numbers : mapping from name to number or tuple of numbers
        Arguments that differ from trial to trial or from fold to fold.
    """

    make: Callable[..., Any]
    options: Mapping[str, Any]
    numbers: Mapping[str, float | tuple[float, ...]]

    softened = False

    @cached_property
    def path(self) -> str:
        """Dotted path of the class."""
        return f"{self.make.__module__}.{self.make.__qualname__}"

    @property
    def sparse(self) -> bool:
        """Whether the loss takes class codes, which Keras says by the class's name."""
        names = [base.__name__ for base in inspect.getmro(self.make)]  # type: ignore[arg-type]
        return any(name.startswith("Sparse") for name in names)

    def build(self, numbers: Mapping[str, Any] | None = None) -> Any:
        """Make the loss, of these numbers or of its own."""
        return self.make(**self.options, **(self.numbers if numbers is None else numbers))

    def digest(self) -> bytes:
        """Return bytes that differ where losses differ."""
        options = sorted(self.options.items())
        return repr((self.path, options, sorted(self.numbers.items()))).encode()


def keras_point(
    counts: Any,
    *,
    make_keras_loss: Callable[..., Any],
    fixed: Mapping[str, Any],
    **numbers: float | Sequence[float],
) -> KerasPoint:
    """Make the point of an arm whose file names a Keras loss.

    Parameters
    ----------
    counts : array of shape (classes,), or (labels, 2)
        Training rows a class; handed on as `class_counts` where the constructor has that.
    make_keras_loss : callable
        The class.
    fixed : mapping
        The arm's `options`.
    **numbers
        What the arm searches.
    """
    given: dict[str, float | tuple[float, ...]] = {
        name: tuple(value) if isinstance(value, Sequence) else float(value)
        for name, value in numbers.items()
    }
    if CLASS_COUNTS in inspect.signature(make_keras_loss).parameters and CLASS_COUNTS not in fixed:
        whole = np.asarray(counts, np.float64)
        given[CLASS_COUNTS] = tuple((whole if whole.ndim == 1 else whole[:, 1]).tolist())
    return KerasPoint(make=make_keras_loss, options=dict(fixed), numbers=given)


def check_keras_loss(function: Callable[..., Any], *, arm: str, vectors: Sequence[str]) -> None:
    """Refuse a class that is no Keras loss, and searched vectors, which only the family has.

    Raises
    ------
    UserError
    """
    import keras  # the class's own module has imported it, if it is a Keras loss

    if not issubclass(function, keras.losses.Loss):  # type: ignore[arg-type]
        raise UserError(
            f"`loss.{arm}._target_` must name a function that makes a point of the family, or a "
            f"subclass of `keras.losses.Loss`. Received: the class `{function.__name__}`."
        )
    if vectors:
        raise UserError(
            f"`loss.{arm}.search.{vectors[0]}.vector` must be false: the arguments of a Keras loss "
            "are searched as single numbers. Give a fixed list in `options` instead."
        )
