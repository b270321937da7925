"""`_target_`: import a function by its dotted path, check its arguments, call it.

This is why a new dataset, loss or sampler is one new file and no registry is edited. What is
called receives plain Python values.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from focalsweep.config.explain import missing_values, unacceptable
from focalsweep.config.schema import COLUMNS, SweepConfig
from focalsweep.config.suggest import expectation
from focalsweep.config.values import Component
from focalsweep.errors import UserError


def build(component: Component, /, **extra: Any) -> Any:
    """Call the component's target with its parameters and with `extra`.

    Parameters
    ----------
    component : Component
        The part of the config that holds `_target_`.
    **extra
        Arguments that the program knows and the config cannot: a seed, a number of classes.

    Raises
    ------
    UserError
        If the target cannot be imported or a parameter is unknown, missing or of the wrong type;
        the sentence names the full key, such as `dataset.path`.
    """
    made = factory(component)
    set_twice = sorted(extra.keys() & made.keywords.keys())
    if set_twice:
        raise UserError(f"`{component.group}.{set_twice[0]}` is set by focalsweep; remove it.")
    given = {**made.keywords, **extra}
    missing = [
        f"{component.group}.{name}"
        for name, parameter in inspect.signature(made.func).parameters.items()
        if parameter.default is parameter.empty and not _variadic(parameter) and name not in given
    ]
    if missing:
        raise UserError(missing_values(missing))
    return made(**extra)


def factory(component: Component, /) -> partial[Any]:
    """Return the component's target with its parameters filled in, to be called later.

    Raises
    ------
    UserError
        As `build`, except for missing parameters.
    """
    function = load(component.target, at=component.group)
    return partial(function, **_checked(function, component.parameters, at=component.group))


def check(config: SweepConfig) -> None:
    """Check targets and their parameters before anything is built.

    The dataset, the sampler, the pruner and the arms with their treatments of rows are checked
    here. The model is checked by `build` only, because its module imports TensorFlow, which takes
    seconds.

    Raises
    ------
    UserError
        As `build`.
    """
    for component in (config.dataset, config.sampler, config.pruner):
        factory(component)
    for name, arm in config.loss.items():
        at = f"loss.{name}"
        function = load(arm.target, at=at)
        _known(function, arm.options, at=f"{at}.options")
        _known(function, arm.search, at=f"{at}.search")
        if arm.rows is not None:
            _check_treatment(load(arm.rows, at=at, key="rows"), arm.rows, at=at)


def load(target: str, *, at: str, key: str = "_target_") -> Callable[..., Any]:
    """Import the function that a dotted path names.

    Parameters
    ----------
    target : str
        The dotted path.
    at, key : str
        The part of the config that holds it, and its key there, for messages.

    Raises
    ------
    UserError
        If there is no such module or function.
    """
    module_name, _, name = target.rpartition(".")
    _look_into_working_directory()
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that exists and lacks something it needs says so itself.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise UserError(
            f"`{at}.{key}` names `{target}`, but Python finds no module `{error.name}`."
        ) from None
    function = getattr(module, name, None)
    if not callable(function):
        known = [each for each in vars(module) if callable(getattr(module, each))]
        raise UserError(
            f"`{at}.{key}` names `{target}`, which is no function of its module; "
            f"{expectation(name, known)}."
        )
    return function  # type: ignore[no-any-return]


def import_module_of_user(name: str, *, option: str) -> None:
    """Import a module, of the working directory too, for what it registers.

    Raises
    ------
    UserError
        If there is none; `option` is what named it.
    """
    _look_into_working_directory()
    try:
        import_module(name)
    except (ModuleNotFoundError, ValueError) as error:
        raise UserError(f"`{option} {name}` cannot be imported: {error}.") from None


def _look_into_working_directory() -> None:
    """Let modules of the user's working directory be found, which an installed command does not.

    It comes last, so that no file there stands in for a library, and it stays: the user's function
    may import its neighbours later, and worker processes take the same path.
    """
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


def _check_treatment(function: Callable[..., Any], path: str, *, at: str) -> None:
    """Refuse what cannot treat rows: it is called with features, labels and a seed."""
    try:
        inspect.signature(function).bind(None, None, seed=0, suspects=None)
    except TypeError:
        try:
            inspect.signature(function).bind(None, None, seed=0)
        except TypeError:
            raise UserError(
                f"`{at}.rows` names `{path}`, which cannot treat rows; expected a function "
                "`treatment(features, labels, *, seed)` as in `focalsweep.data.resampling`."
            ) from None


def _checked(function: Callable[..., Any], given: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    """Return the arguments as the annotations of `function` want them."""
    _known(function, given, at=at)
    parameters = inspect.signature(function, eval_str=True).parameters
    checked = dict(given)
    for name, value in given.items():
        parameter = parameters.get(name)
        if parameter is None or parameter.annotation is parameter.empty:
            continue
        adapter = TypeAdapter(parameter.annotation, config=ConfigDict(arbitrary_types_allowed=True))
        try:
            checked[name] = _as_annotated(adapter, value)
        except ValidationError as error:
            raise UserError(unacceptable(error, key=f"{at}.{name}", received=value)) from None
    return checked


def _as_annotated(adapter: TypeAdapter[Any], value: Any) -> Any:
    # JSON's strictness is the right one for YAML: a list may become a tuple and text a path, but
    # `true` is no number and "3" neither.
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        plain = value if isinstance(value, list) else [value]
        if not any(type(each) in (int, float) for each in plain):
            raise
        # A number stands for text where text is wanted: a column may be called 8 or 1.0.
        with suppress(ValidationError):
            return adapter.validate_json(json.dumps(_texts(value)), strict=True)
        raise


def _texts(value: Any) -> Any:
    return [_texts(each) for each in value] if isinstance(value, list) else str(value)


def _known(function: Callable[..., Any], given: Mapping[str, Any], *, at: str) -> None:
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in given:
        if name not in parameters:
            if at == "dataset" and name in COLUMNS:
                raise UserError(
                    f"`dataset.{name}` names a column of a table, and this source, "
                    f"`{function.__name__}`, reads none; remove it."
                )
            known = expectation(name, parameters, prefix=f"{at}.")
            raise UserError(f"`{at}.{name}` is not a known key; {known}.")


def _variadic(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
