"""One sentence for what the schema, Hydra or OmegaConf found wrong, naming the full key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from focalsweep.config.schema import SweepConfig
from focalsweep.config.suggest import expectation

# What the user has to give, in the words of a command line.
_PLACEHOLDERS = {"path": "FILE", "target": "COLUMN"}


def explain(error: ValidationError, content: object) -> str:
    """Turn the first thing that is wrong in `content` into one sentence."""
    found = error.errors()
    path = _path(found[0], content)
    key = ".".join(map(str, path))
    # A value that may be of several types is reported once for each of them.
    same = [each for each in found if _path(each, content) == path]
    if found[0]["loc"][-1:] == ("[key]",):
        return f"`{key}` is not a known key; expected {_expected(found[0])}."
    match found[0]["type"]:
        case "extra_forbidden":
            known = expectation(str(path[-1]), fields(path[:-1]), prefix=key[: -len(str(path[-1]))])
            return f"`{key}` is not a known key; {known}."
        case "missing":
            return f"`{key}` has no value; add `{key}={placeholder(key)}`."
        case "value_error":
            subject = f"`{key}` " if key else ""
            return f"{subject}{found[0]['ctx']['error']}."
        case _:
            return _mistyped(same, key=key, received=found[0]["input"])


def unacceptable(error: ValidationError, *, key: str, received: object) -> str:
    """Say which type a value must have, for a key that the schema itself does not know."""
    return _mistyped(error.errors(), key=key, received=received)


def missing_values(paths: Sequence[str]) -> str:
    """Say which mandatory keys (``???``) have no value, and how to give them one."""
    keys = " and ".join(f"`{path}`" for path in paths)
    command = " ".join(f"{path}={placeholder(path)}" for path in paths)
    return f"{keys} {'has' if len(paths) == 1 else 'have'} no value; add `{command}`."


def unknown_key(received: str, *, at: str, known: Sequence[str]) -> str:
    """Say that an overridden key does not exist and which one was probably meant.

    Parameters
    ----------
    received : str
        The dotted key of the override.
    at : str
        The first part of it that does not exist, a prefix of `received`.
    known : sequence of str
        All dotted keys that exist.
    """
    parent, _, leaf = at.rpartition(".")
    prefix = f"{parent}." if parent else ""
    siblings = [key.rpartition(".")[2] for key in known if key.rpartition(".")[0] == parent]
    elsewhere = sorted((key for key in known if key.rpartition(".")[2] == leaf), key=_depth)
    if elsewhere and [_depth(key) for key in elsewhere].count(_depth(elsewhere[0])) == 1:
        way_out = f"the nearest known name is `{elsewhere[0]}`"
    elif siblings:
        way_out = expectation(leaf, siblings, prefix=prefix)
    else:
        way_out = f"`{parent}` is one value and has no keys of its own"
    return f"`{received}` is not a known key; {way_out}."


def dotted(
    content: Mapping[str, Any] | Sequence[Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield every dotted key of nested plain values with its value, inner and outer ones."""
    items = content.items() if isinstance(content, Mapping) else enumerate(content)
    for name, value in items:
        key = f"{prefix}{name}"
        yield key, value
        if isinstance(value, Mapping | list | tuple):
            yield from dotted(value, f"{key}.")


def placeholder(key: str) -> str:
    """Return what stands for the value of a key in an example command."""
    return _PLACEHOLDERS.get(key.rpartition(".")[2], "VALUE")


def typed(value: object) -> str:
    """Write a value as one would type it in an override."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_name(name)}:{typed(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(typed, value)) + "]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(name: object) -> str:
    plain = re.fullmatch(r"[A-Za-z_]\w*|-?\d+", str(name), re.ASCII)
    return str(name) if plain else json.dumps(str(name), ensure_ascii=False)


def shown(value: object) -> str:
    """Write a received value as one would type it, shortened."""
    text = typed(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _path(error: ErrorDetails, content: object) -> list[int | str]:
    """Return the location without the names of types that pydantic appends for unions."""
    path: list[int | str] = []
    for position, part in enumerate(error["loc"]):
        last = position == len(error["loc"]) - 1 and part != "[key]"
        if isinstance(content, Mapping) and (part in content or last):
            content = content.get(part)
        elif isinstance(content, list | tuple) and isinstance(part, int):
            content = content[part]
        else:
            break
        path.append(part)
    return path


def _mistyped(errors: Sequence[ErrorDetails], *, key: str, received: object) -> str:
    expected = " or ".join(dict.fromkeys(_expected(each) for each in errors))
    return f"`{key}` must be {expected}; received `{key}={shown(received)}`."


def _expected(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "int_type" | "int_from_float":
            return "a whole number"
        case "float_type":
            return "a number"
        case "bool_type":
            return "true or false"
        case "string_type":
            return "text"
        case "greater_than":
            return f"> {context['gt']:g}"
        case "greater_than_equal":
            return f">= {context['ge']:g}"
        case "less_than":
            return f"< {context['lt']:g}"
        case "less_than_equal":
            return f"<= {context['le']:g}"
        case "too_short":
            return "a list of one or more values"
        case "string_pattern_mismatch":
            return f"text that matches `{context['pattern']}`"
        case _:
            return error["msg"].removeprefix("Input should be ")


def fields(path: Sequence[int | str]) -> list[str]:
    """Return the key names that the schema knows at `path`; none where it knows no keys."""
    model: Any = SweepConfig
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            by_key = {field.alias or name: field for name, field in model.model_fields.items()}
            model = by_key[str(part)].annotation if part in by_key else None
        else:  # a name in dict[str, Model]
            model = get_args(model)[-1] if get_origin(model) is dict else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _depth(key: str) -> int:
    return key.count(".")
