"""Check the values of tensors, in eager calls and, with TensorFlow, in the graph that `fit` runs.

XLA (``jit_compile=True``) removes checks from what it compiles: there only shapes are checked.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import ops

from focalsweep.losses.margins import Tensor


def require(holds: Tensor, *, expected: str, found: Mapping[str, Tensor], way_out: str) -> None:
    """Raise unless a condition on values holds.

    Parameters
    ----------
    holds : boolean tensor of shape ()
        The condition. Write it so that NaN passes: a diverged model is no wrong argument.
    expected : str
        A sentence that says what must be true.
    found : mapping from str to tensor of shape ()
        What was received instead, by name.
    way_out : str
        A sentence that says what to do.

    Raises
    ------
    ValueError
        In an eager call. In a TensorFlow graph it is ``tf.errors.InvalidArgumentError``, with the
        same sentences, when the graph runs.
    """
    if hasattr(holds, "numpy"):
        if not bool(ops.convert_to_numpy(holds)):
            received = ", ".join(
                f"{name} {float(ops.convert_to_numpy(value)):g}" for name, value in found.items()
            )
            raise ValueError(f"{expected} Received: {received}. {way_out}")
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        parts = [part for name, value in found.items() for part in (f"{name} ", value)]
        tf.debugging.Assert(holds, [f"{expected} {way_out} Received: ", *parts])
