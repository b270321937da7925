"""Let Keras find the losses and layers of a saved model after a plain ``import focalsweep``.

Keras looks classes up by a registered name, and these register when their module is imported,
which loads Keras: too slow for whoever wants no more than a result or a command's help. So names
stand in Keras's registry beforehand, for objects that import the class when a model is loaded; the
class then takes the name over. If Keras comes later than this package (as in sorted imports), a
finder that does nothing else waits for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "focalsweep"
"""What stands before ``>`` in the registered names."""


class LaterClass:
    """Stand in Keras's registry for a class whose module nobody has imported yet.

    Parameters
    ----------
    module : str
        Dotted path of its module.
    name : str
        Of the class.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def from_config(self, config: Mapping[str, Any]) -> Any:
        """Make the loss or layer, as the class's own `from_config` does."""
        return getattr(import_module(self.module), self.name).from_config(config)


def register_later(modules: Mapping[str, str]) -> None:
    """Put classes into Keras's registry now, or as soon as Keras is imported.

    Parameters
    ----------
    modules : mapping from str to str
        Dotted path of the module of each class, by the name of the class.
    """
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "saving"):
        _register(keras, modules)
    else:
        sys.meta_path.insert(0, _KerasFinder(modules))


def _register(keras: ModuleType, modules: Mapping[str, str]) -> None:
    registered = keras.saving.get_custom_objects()
    for name, module in modules.items():
        # Not over a class that is there already.
        registered.setdefault(f"{PACKAGE}>{name}", LaterClass(module, name))


class _KerasFinder(MetaPathFinder):
    """Find Keras as the other finders do, and register after it was loaded."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras":
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _RegisteringLoader(spec.loader, self, self._modules)
                return spec
        return None


class _RegisteringLoader(Loader):
    """Load Keras, then leave no trace but the registered names."""

    def __init__(self, loader: Loader, finder: _KerasFinder, modules: Mapping[str, str]) -> None:
        self._loader = loader
        self._finder = finder
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # get_data, get_source, is_package ...

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        _register(module, self._modules)
