"""Give any Keras model the input that the engine has: flat rows of preprocessed columns.

Folds, treatments of rows, stored models and predictions all know rows of numbers. A model for
images takes rows of another shape, and a subclassed model declares none: both are put behind an
input of flat columns, so that nothing else has to know.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras

from focalsweep.errors import UserError
from focalsweep.models.graph import is_graph, is_of_keras
from focalsweep.models.refusal import first_sentence

Shape = tuple[int | None, ...]


def with_flat_rows(
    model: Any, *, n_features: int, image_shape: tuple[int, ...] | None = None
) -> keras.Model:
    """Return a functional model from rows of `n_features` numbers to the outputs of `model`.

    Parameters
    ----------
    model : keras.Model
        Functional, sequential (built or not) or subclassed, with one input.
    n_features : int
        Preprocessed columns.
    image_shape : tuple of (height, width, channels), optional
        What the columns are the pixels of, row by row. A model that declares no input shape is
        given rows of this shape, and flat rows without it.

    Returns
    -------
    keras.Model
        `model` itself where it takes flat rows already. Otherwise a model of one `Reshape` and
        `model`, which shares its weights.

    Raises
    ------
    UserError
        If `model` is no Keras model, has several inputs or outputs, takes rows of another size, or
        cannot be called.
    """
    if not isinstance(model, keras.Model):
        raise UserError(
            "`model._target_` must name a callable that returns a `keras.Model`. Received: "
            f"{type(model).__module__}.{type(model).__qualname__}; return the model itself, not "
            "compiled and not trained."
        )
    declared = _declared_shape(model)
    model = _of_one_tensor(model)
    shape = _row_shape(model, declared, n_features=n_features, image_shape=image_shape)
    if declared == (n_features,) and is_graph(model) and isinstance(model, keras.Function):
        return model
    inputs = keras.Input((n_features,))
    rows = inputs if shape == (n_features,) else keras.layers.Reshape(shape)(inputs)
    try:
        outputs = model(rows)
    except UserError:
        raise
    except Exception as error:
        # Whatever the user's own `call` raises is the user's to read, in one sentence.
        raise UserError(
            f"The model `{model.name}` cannot be called with rows of shape {shape}: "
            f"{first_sentence(error)}."
        ) from error
    if not isinstance(outputs, keras.KerasTensor):
        raise UserError(
            f"`{model.name}` must return one tensor of logits. Received: "
            f"{type(outputs).__name__}; leave the other outputs out."
        )
    return keras.Model(inputs, outputs, name=model.name)


def image_argument(
    build: Callable[..., Any], *, image_shape: tuple[int, ...] | None, takes: bool, needs: bool
) -> dict[str, Any]:
    """Return the argument `input_shape` for a model builder that declares it.

    Parameters
    ----------
    build : callable
        Named in the message.
    image_shape : tuple of (height, width, channels), optional
        Of the data; None where these are no images.
    takes, needs : bool
        Whether the builder has a parameter `input_shape`, and whether it has no default.

    Raises
    ------
    UserError
        If the builder needs images and the data are none.
    """
    if not takes:
        return {}
    if image_shape is not None:
        return {"input_shape": image_shape}
    if not needs:
        return {}
    name = getattr(build, "__name__", str(build))
    raise UserError(
        f"`model._target_` must fit the data: `{name}` takes images (`input_shape`), and the "
        "columns of `dataset` are not declared as pixels. Choose a model of columns such as "
        "`model=mlp`, or images: `dataset=image_folder`, `dataset=digits dataset.images=true`, or "
        "arrays of shape (rows, height, width, channels)."
    )


def _of_one_tensor(model: keras.Model) -> keras.Model:
    """Return a graph that takes one tensor and gives one, of the same layers.

    A Sequential has an input and an output of its own only where it is called, a functional model
    may take and give a list or a mapping, and what makes a subclass is asked for in its config. One
    with a `train_step` of its own stays what it is, so that it can be said that it is not used.
    """
    if not (is_graph(model) and is_of_keras(type(model).train_step)):
        return model
    given, made = model.inputs[0], model.outputs[0]
    is_plain = not isinstance(model, keras.Sequential) and is_of_keras(type(model))
    if is_plain and model.input is given and model.output is made:
        return model
    return keras.Model(given, made, name=model.name)


def _declared_shape(model: keras.Model) -> Shape | None:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        return None
    if len(inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"`{model.name}` must have one input and one output. Received: {len(inputs)} inputs "
            f"and {len(model.outputs)} outputs."
        )
    return tuple(inputs[0].shape[1:])


def _row_shape(
    model: keras.Model,
    declared: Shape | None,
    *,
    n_features: int,
    image_shape: tuple[int, ...] | None,
) -> tuple[int, ...]:
    """Return the shape of one row as the model wants it."""
    given: tuple[int, ...] = (n_features,) if image_shape is None else image_shape
    if declared is None:
        return given
    known = tuple(size for size in declared if size is not None)
    if len(known) == len(declared) and math.prod(known) == n_features:
        return known
    for shape in (given, (n_features,)):
        fits = len(shape) == len(declared) and all(
            size in (None, own) for size, own in zip(declared, shape, strict=True)
        )
        if fits:
            return shape
    images = "" if image_shape is None else f", images of {image_shape}"
    raise UserError(
        f"The input of `{model.name}` must have the {n_features:,} columns of the preprocessed rows"
        f"{images}. Received: an input of shape {declared}; let the function of `model._target_` "
        "take `n_features` (or `input_shape`) and build the input from it."
    )
