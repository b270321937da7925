"""Find the files of a user's code: the modules that a config names, and what they import.

Imports are read off the source and followed inside the user's own project. A module of an
installed library is named by its version; nothing is imported here.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

_INSTALLED = {"site-packages", "dist-packages"}
_OURS = "focalsweep"


@dataclass(frozen=True, kw_only=True)
class Code:
    """Hold what was found.

    Parameters
    ----------
    files : dict of str to str
        Hash of each file of the user's, by its place in the project.
    libraries : dict of str to str
        Version of each installed distribution that these files import.
    """

    files: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)


def code_of(names: Iterable[str], *, used: Iterable[str] = (), known: Iterable[str] = ()) -> Code:
    """Follow dotted names to files, and from there all imports inside the project.

    Parameters
    ----------
    names : iterable of str
        Dotted paths of modules, or of something in them, wherever they are installed. What is no
        module is passed over.
    used : iterable of str
        Dotted paths that count as imports do: those of installed packages by their version.
    known : iterable of str
        Packages whose versions are known already.
    """
    found = Code()
    passed = {*known, *sys.stdlib_module_names, _OURS, "__main__"}
    waiting = [*((name, True) for name in names), *((name, False) for name in used)]
    seen: set[str] = set()
    while waiting:
        name, is_named = waiting.pop()
        top = name.partition(".")[0]
        if name in seen or top in passed:
            continue
        seen.add(name)
        root = _root(top)
        if root is None:
            continue
        if not is_named and _INSTALLED & set(root.parts):
            passed.add(top)
            for distribution in packages_distributions().get(top, ()):
                found.libraries[distribution] = version(distribution)
            continue
        for file in _files(root, name.split(".")):
            place = file.relative_to(root).as_posix()
            if place not in found.files:
                found.files[place] = file_hash(file)
                waiting += [(each, False) for each in _imports(file, root=root)]
    return found


def file_hash(file: Path) -> str:
    """Fingerprint a file of Python by what it says: comments and layout do not count.

    Any other file is fingerprinted by its bytes.
    """
    content = file.read_bytes()
    if file.suffix == ".py":
        # Whoever imports a broken file says so; its bytes are as good a name.
        with suppress(SyntaxError, ValueError):
            content = ast.dump(ast.parse(content)).encode()
    return hashlib.sha256(content).hexdigest()


def _root(top: str) -> Path | None:
    """Return the folder in which a top-level module or package lies."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.has_location and spec.origin else None


def _files(root: Path, parts: list[str]) -> Iterator[Path]:
    """Yield the files that importing a dotted name reads: packages on the way, then the module."""
    folder = root
    for part in parts:
        for file in (folder / part / "__init__.py", folder / f"{part}.py"):
            if file.is_file():
                yield file
        folder = folder / part
        if not folder.is_dir():
            yield from sorted(folder.parent.glob(f"{part}.*.so"))
            return


def _imports(file: Path, *, root: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, also inside functions."""
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = list(file.relative_to(root).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module.split(".") if node.module else [])]
            # What is imported from a package may be a module of it.
            yield from (".".join([*base, alias.name]) for alias in node.names)
