"""Build the model that a config names, for flat rows, whatever rows it takes itself."""

from __future__ import annotations

import inspect

import keras

from focalsweep.config.schema import ModelConfig
from focalsweep.config.target import build, factory
from focalsweep.errors import UserError
from focalsweep.models.flat_rows import image_argument, with_flat_rows
from focalsweep.models.refusal import first_sentence


def build_model(
    component: ModelConfig,
    n_features: int,
    *,
    n_classes: int,
    image_shape: tuple[int, ...] | None,
) -> keras.Model:
    """Call what `_target_` names with those of the arguments that its signature has.

    Parameters
    ----------
    component : ModelConfig
        The config's `model`.
    n_features, n_classes : int
        Preprocessed columns, and classes or labels.
    image_shape : tuple of (height, width, channels), optional
        Of the data; None where these are no images.

    Raises
    ------
    UserError
        If a parameter is unknown, missing, or refused by Keras, or if the model takes other rows.
    """
    made = factory(component)
    parameters = inspect.signature(made.func).parameters
    known = {"n_features": n_features, "n_classes": n_classes}
    # The `**options` of a subclassed model go to Keras's constructor, which knows no columns.
    subclassed = inspect.isclass(made.func) and issubclass(made.func, keras.Model)
    open_ended = not subclassed and any(
        each.kind is each.VAR_KEYWORD for each in parameters.values()
    )
    given = {name: value for name, value in known.items() if name in parameters or open_ended}
    shape = parameters.get("input_shape")
    given |= image_argument(
        made.func,
        image_shape=image_shape,
        takes=shape is not None and "input_shape" not in component.parameters,
        needs=shape is not None and shape.default is shape.empty,
    )
    try:
        model = build(component, **given)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"The `model` cannot be built as configured: {first_sentence(error)}."
        ) from error
    # A builder that counts columns and knows no images wants columns.
    wants_columns = "n_features" in parameters and shape is None
    return with_flat_rows(
        model, n_features=n_features, image_shape=None if wants_columns else image_shape
    )
