"""Mappings by class on the command line: names of any characters, as they are typed.

Hydra's grammar has no quoted keys, and reads `true` and `1.0` as values. Here a class may be called
`<=50K`, `naïve`, `true` or `1.0`: the mapping is read as YAML, in which names stay text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from focalsweep.errors import UserError

MAPPINGS = ("decision.costs", "decision.priors")


def take_mappings(overrides: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Take those overrides away that give a mapping by class, and return what they give.

    Parameters
    ----------
    overrides : sequence of str
        ``KEY=VALUE``; values with an interpolation are left to Hydra.

    Returns
    -------
    others : list of str
        All other overrides.
    mappings : dict of str to dict
        Mapping by key, such as ``decision.costs``.

    Raises
    ------
    UserError
        When a mapping cannot be read.

    Examples
    --------
    >>> take_mappings(["seed=1", "decision.costs={'<=50K': 1, true: {naïve:5}}"])
    (['seed=1'], {'decision.costs': {'<=50K': 1, 'true': {'naïve': 5}}})
    """
    others, mappings = [], {}
    for override in overrides:
        key, _, value = override.partition("=")
        at = key.lstrip("+")
        if not (at in MAPPINGS and value.strip()[:1] == "{" and "${" not in value):
            others.append(override)
            continue
        # YAML wants a space behind the colon, which Hydra does not.
        forms = (value, re.sub(r":(?=[-+.\d{\[])", ": ", value))
        read = next((found for form in forms if (found := _read(form)) is not None), None)
        if read is None:
            raise UserError(
                f"`{at}` must be a mapping by class. Received: `{value}`; put names with special "
                f"characters in quotes, and all of it too: `\"{at}={{'<30': 1, '>30': 5}}\"`."
            )
        mappings[at] = read
    return others, mappings


def _read(text: str) -> dict[str, Any] | None:
    """Return the mapping; None where it is none, or one with a name and no value."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        read = _plain(node)
    except (yaml.YAMLError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _plain(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(name.value): _plain(value) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    if not node.value:
        raise ValueError("a name without a value")
    try:
        return int(node.value)
    except ValueError:
        pass
    try:
        return float(node.value)
    except ValueError:
        return str(node.value)
