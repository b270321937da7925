"""Name the code that a sweep's numbers come from: the user's, focalsweep's, the libraries'.

A sweep that is started again goes on only with the same code; results of two would be mixed, and
be those of neither.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from focalsweep.config.schema import SweepConfig
from focalsweep.identity.modules import code_of, file_hash
from focalsweep.identity.objects import MAIN, main_hash

LIBRARIES = {
    "tensorflow": "tensorflow",
    "keras": "keras",
    "optuna": "optuna",
    "numpy": "numpy",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "pandas": "pandas",
    "imbalanced-learn": "imblearn",
    "cmaes": "cmaes",
    "cleanlab": "cleanlab",
    "torch": "torch",
}
"""Libraries that change numbers, and how they are imported."""

Identity = dict[str, str]
"""Hash or version of each piece of code, by its name."""


def code_identity(config: SweepConfig) -> Identity:
    """Return what a sweep of this config would run with.

    Parameters
    ----------
    config : SweepConfig
        Whatever of it is a dotted path names user code; a file that it names outside of `dataset`,
        such as the weights of an embedding, counts by its bytes.
    """
    identity = {"focalsweep": _own_hash(), "Python": _python()}
    for distribution in LIBRARIES:
        try:
            identity[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    plain = config.model_dump(mode="json", by_alias=True)
    named = dict.fromkeys(text for text in _texts(plain) if _is_dotted(text))
    used: list[str] = []
    for name in [name for name in named if name.startswith(f"{MAIN}.")]:
        identity[name], modules = main_hash(name.removeprefix(f"{MAIN}."))
        used += modules
    found = code_of(named, used=used, known=LIBRARIES.values())
    identity |= found.libraries | found.files
    apart = {key: value for key, value in plain.items() if key != "dataset"}
    for text in dict.fromkeys(_texts(apart)):
        file = Path(text).expanduser()
        if file.suffix and file.is_file():
            identity[text] = file_hash(file)
    return identity


def as_text(identity: Identity) -> str:
    """Return the content of a file that `from_text` reads."""
    return json.dumps(identity, indent=2, ensure_ascii=False) + "\n"


def from_text(text: str) -> Identity:
    """Read what `as_text` wrote; anything else is the identity of nothing."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in read.items()} if isinstance(read, dict) else {}


def differences(before: Identity, now: Identity) -> list[str]:
    """Say in a few words each what is different.

    Examples
    --------
    >>> differences({"keras": "3.14.0", "own.py": "ab"}, {"keras": "3.15.1", "own.py": "cd"})
    ['`keras` 3.14.0 is now 3.15.1', '`own.py` was edited']
    """
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if old is None:
            found.append(f"`{name}` is new")
        elif new is None:
            found.append(f"`{name}` is gone")
        elif len(old) == len(new) == 64:
            found.append(f"`{name}` was edited")
        else:
            found.append(f"`{name}` {old} is now {new}")
    return found


def _own_hash() -> str:
    """Fingerprint focalsweep's source: its version stays the same while it is worked on."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _is_dotted(text: str) -> bool:
    return "." in text and all(part.isidentifier() for part in text.split("."))
