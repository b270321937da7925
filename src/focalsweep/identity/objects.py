"""Fingerprint functions and classes that no file holds: those of a notebook or of `__main__`.

What counts is what would run: bytecode, constants, defaults, closures, and whatever else of
`__main__` a function names. Comments, layout and other cells do not.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

MAIN = "__main__"
_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...), range)


def main_hash(name: str) -> tuple[str, list[str]]:
    """Fingerprint an object of `__main__`.

    Parameters
    ----------
    name : str
        Its name there.

    Returns
    -------
    fingerprint : str
        SHA-256.
    modules : list of str
        Dotted names of everything outside of `__main__` that it uses.
    """
    found = _Walk()
    digest = hashlib.sha256()
    for part in found.parts(getattr(sys.modules[MAIN], name, None)):
        digest.update(f"{part}\n".encode())
    return digest.hexdigest(), found.modules


class _Walk:
    """Describe objects part by part, each object once."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []

    def parts(self, value: Any) -> Iterator[str]:
        if isinstance(value, _PLAIN):
            yield repr(value)
            return
        if id(value) in self._seen:
            yield f"again {self._seen[id(value)]}"
            return
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)  # as long as it lives, its id is its own
        yield type(value).__qualname__
        if isinstance(value, CodeType):
            yield from self._code(value)
        elif isinstance(value, ModuleType):
            self.modules.append(value.__name__)
            yield value.__name__
        elif isinstance(value, FunctionType | type) and value.__module__ != MAIN:
            self.modules.append(f"{value.__module__}.{value.__qualname__}")
            yield self.modules[-1]
            if isinstance(value, FunctionType):
                # A decorator of a library may hold what it decorates.
                yield from self._closure(value)
        elif isinstance(value, FunctionType):
            yield from self._function(value)
        elif isinstance(value, type):
            for each in (*value.__bases__, *_of_class(value)):
                yield from self.parts(each)
        elif isinstance(value, MethodType):
            yield from self.parts([value.__func__, value.__self__])
        elif isinstance(value, functools.partial):
            yield from self.parts([value.func, value.args, value.keywords])
        elif isinstance(value, staticmethod | classmethod):
            yield from self.parts(value.__func__)
        elif isinstance(value, property):
            yield from self.parts([value.fget, value.fset, value.fdel])
        elif isinstance(value, np.ndarray | np.generic):
            yield f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
        elif isinstance(value, list | tuple):
            for each in value:
                yield from self.parts(each)
        elif isinstance(value, set | frozenset):
            yield from sorted(map(repr, value))
        elif isinstance(value, dict):
            for key, each in value.items():
                yield repr(key)
                yield from self.parts(each)
        else:
            yield from self.parts(type(value))
            # What decorates without being a function, as `functools.cache`, says what it holds.
            yield from self.parts(getattr(value, "__wrapped__", None))
            yield from self.parts(_settings(value))
            if type(value).__module__ == MAIN:
                yield from self.parts(vars(value) if hasattr(value, "__dict__") else None)

    def _code(self, code: CodeType) -> Iterator[str]:
        yield code.co_code.hex()
        yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars))
        yield repr((code.co_argcount, code.co_kwonlyargcount, code.co_flags))
        for constant in code.co_consts:
            yield from self.parts(constant)

    def _function(self, function: FunctionType) -> Iterator[str]:
        yield from self.parts(function.__code__)
        yield from self.parts([function.__defaults__, function.__kwdefaults__])
        yield from self._closure(function)
        for name in _names(function.__code__):
            if name in function.__globals__:
                yield name
                yield from self.parts(function.__globals__[name])

    def _closure(self, function: FunctionType) -> Iterator[str]:
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # a cell that is not filled yet
                continue
            yield from self.parts(content)


def _settings(value: Any) -> Any:
    """Return what a path, or a regulariser or initialiser of Keras, was made with."""
    if isinstance(value, PurePath):
        return str(value)
    settings = None
    if hasattr(value, "get_config"):
        # What cannot be described, such as a layer that was subclassed, counts by its class.
        with suppress(Exception):
            settings = value.get_config()
    # Names of layers count up while a notebook runs.
    return settings if isinstance(settings, dict) and "name" not in settings else None


def _names(code: CodeType) -> list[str]:
    """Return the names that code and what is defined in it look up, each once."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= dict.fromkeys(_names(constant))
    return list(names)


def _of_class(kind: type) -> list[Any]:
    """Return what a class defines itself, without what Python adds."""
    given = (*_PLAIN, FunctionType, staticmethod, classmethod, property, list, tuple, dict)
    return [
        each
        for name, value in vars(kind).items()
        if name not in ("__module__", "__firstlineno__", "__static_attributes__", "__dict__")
        and isinstance(value, given)
        for each in (name, value)
    ]
