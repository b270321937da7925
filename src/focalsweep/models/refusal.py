"""Shorten to one sentence what a library says when it refuses something."""

from __future__ import annotations

import re

import keras

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""Keras writes some errors in bold."""

_TENSORFLOW = re.compile(r"\{\{[^}]*\}\} ?| ?\[Op:\w*\] name:.*| ?\[Op:\w*\]")
"""Where in its program TensorFlow met an error."""


def unsaveable(model: keras.Model) -> str | None:
    """Say why Keras cannot write a model to a file, or None where it can.

    Parameters
    ----------
    model : keras.Model
    """
    try:
        keras.saving.serialize_keras_object(model)
    except Exception as error:
        # A user's `get_config` may raise anything; training needs none.
        reason = first_sentence(error)
        return reason if "get_config" in reason else f"{reason} (it needs a `get_config`)"
    return None


def first_sentence(error: Exception) -> str:
    """Return the first line of an error's text without its full stop, or its type's name.

    Parameters
    ----------
    error : Exception
    """
    text = _TENSORFLOW.sub("", _COLOURS.sub("", str(error)))
    # Keras describes what it was loading, with all of its config, before it says what failed.
    text = text.rpartition("Exception encountered: ")[2].partition(" Full object config:")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # Keras names the layer first and then says what was wrong.
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        lines = lines[1:]
    return lines[0].rstrip(".") if lines else type(error).__name__
