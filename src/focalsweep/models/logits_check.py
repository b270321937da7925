"""Refuse, before training, a model whose outputs are not one free logit a class.

What a model ends in cannot be read off every model (a subclassed one has no graph), so its outputs
are looked at instead: on a few rows, with its own weights and with random ones.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from focalsweep.errors import UserError
from focalsweep.models.refusal import first_sentence

_TOLERANCE = 1e-3


def check_logits(
    model: keras.Model, rows: NDArray[np.floating], *, n_classes: int, key: str = "model"
) -> None:
    """Check the outputs of a model of flat rows.

    Parameters
    ----------
    model : keras.Model
        From `focalsweep.models.flat_rows.with_flat_rows`. Its weights are as before afterwards.
    rows : array of shape (rows, columns)
        Some of the data.
    n_classes : int
        Classes, or labels.
    key : str
        The part of the config that is to blame.

    Raises
    ------
    UserError
        If there is another number of outputs, if the model cannot be called with these rows, or if
        it gives probabilities: those of a softmax sum to 1, and those of a sigmoid stay between 0
        and 1 whatever the weights.
    """
    shape = tuple(model.output.shape)
    if len(shape) != 2 or shape[1] != n_classes:
        raise UserError(
            f"`{key}` must give one logit for each of the {n_classes} classes or labels, an output "
            f"of shape (rows, {n_classes}). Received: {_written(shape)} from `{model.name}`; end "
            f"it in `keras.layers.Dense(n_classes)`."
        )
    if not len(rows) or n_classes < 2:
        return
    own = _outputs(model, rows)
    others = _outputs_of_random_weights(model, rows)
    if all(_sum_to_one(values) for values in (own, others)):
        end = "a softmax"
    elif all(_stay_in_unit(values) for values in (own, others)):
        end = "a sigmoid"
    else:
        return
    raise UserError(
        f"`{key}` must return logits, as every loss here reads them. Received: probabilities, "
        f"`{model.name}` ends in {end}; leave out its last activation."
    )


def _written(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("rows" if size is None else str(size) for size in shape) + ")"


def _outputs(model: keras.Model, rows: NDArray[np.floating]) -> NDArray[np.floating]:
    try:
        outputs = model(rows, training=False)
    except Exception as error:
        # Such as a code that an `Embedding` has no place for.
        raise UserError(
            f"The model `{model.name}` must take the preprocessed rows, with values from "
            f"{rows.min():g} to {rows.max():g}. Received: {first_sentence(error)}; codes need an "
            "`Embedding` of the largest code + 1, and none may be negative."
        ) from error
    return np.asarray(keras.ops.convert_to_numpy(outputs), np.float64)


def _outputs_of_random_weights(
    model: keras.Model, rows: NDArray[np.floating]
) -> NDArray[np.floating]:
    variables = model.trainable_variables
    before = [variable.numpy() for variable in variables]
    rng = np.random.default_rng(0)
    for variable in variables:
        variable.assign(rng.normal(size=variable.shape))
    outputs = _outputs(model, rows)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return outputs


def _sum_to_one(values: NDArray[np.floating]) -> bool:
    return bool(
        (values >= 0).all() and np.allclose(values.sum(axis=1), 1.0, rtol=0, atol=_TOLERANCE)
    )


def _stay_in_unit(values: NDArray[np.floating]) -> bool:
    inside = (values >= 0) & (values <= 1)
    # Zeros and ones alone may be a last layer that starts at zero.
    return bool(inside.all() and ((values > 0) & (values < 1)).any())
