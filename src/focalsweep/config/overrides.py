"""The user's overrides, parsed and checked before Hydra composes anything with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError
from yaml import SafeLoader, ScalarNode, SequenceNode, YAMLError, compose  # type: ignore[import-untyped]

from focalsweep.config.places import options, sweeps
from focalsweep.config.suggest import expectation
from focalsweep.errors import UserError

RUN_DIR = "hydra.run.dir"
TEXTS = frozenset(
    f"dataset.{name}"
    for name in ("target", "groups", "split", "time", "weights", "missing", "class_names")
)
"""Keys of names and words, which are taken as they are typed: 1.0, true, nan."""


def parse(overrides: Sequence[str], dirs: tuple[Path, ...]) -> list[Override]:
    """Parse overrides and refuse what cannot work, one sentence each.

    Everything that is valid in Hydra means the same here. A plain value that Hydra's grammar
    cannot read, such as a path with accents or brackets, is taken as it stands.

    Raises
    ------
    UserError
        If an override is not ``KEY=VALUE``, names an unknown option of a group, stands for
        several runs, holds half of an interpolation, or sets a part of Hydra that has no effect
        here.
    """
    parsed = [_parse(override, dirs) for override in overrides]
    for override in parsed:
        _refuse_without_effect(override)
        if is_group(override, dirs):
            _check_option(override, dirs)
        _refuse_half_interpolation(override)
    return parsed


def text(override: Override) -> str:
    """Return the override as Hydra reads it."""
    return override.input_line or ""


def key(override: Override) -> str:
    """Return the group or dotted key that the override sets."""
    return str(override.key_or_group)


def is_group(override: Override, dirs: tuple[Path, ...]) -> bool:
    """Tell whether the override chooses an option of a group and does not set a value."""
    return "." not in key(override) and any((folder / key(override)).is_dir() for folder in dirs)


def quoted(value: str) -> str:
    """Quote a string so that Hydra's grammar reads it as it stands, interpolations aside."""
    # Backslashes count only where a quote follows them, and there they double.
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", value)
    return "'" + re.sub(r"(\\+)$", lambda found: found[1] * 2, escaped) + "'"


def _parse(override: str, dirs: tuple[Path, ...]) -> Override:
    name, equals, value = override.partition("=")
    if not equals and not override.startswith("~"):
        way_out = "write `KEY=VALUE`"
        if override in sweeps(dirs):
            way_out = f"to run that sweep write `--config-name {override}`"
        raise UserError(f"`{override}` is not an override; {way_out}.")
    if not name.strip("+~"):
        raise UserError(f"`{override}` is not an override; write `KEY=VALUE`.")
    parser = OverridesParser.create()
    if name == "arms" and value[:2] in ("'[", '"['):
        override = f"{name}={value[1:-1]}"  # quotes that no shell took away
    with suppress(HydraException):
        return _as_typed(parser.parse_override(override), value, parser)
    typed = _list_as_typed(name, value, parser) if name.lstrip("+") in TEXTS else None
    if typed is not None:
        return typed
    try:
        if value[:1] in ("[", "{", "'", '"', ""):
            raise HydraException
        return parser.parse_override(f"{name}={quoted(value)}")
    except HydraException:
        raise UserError(
            f"`{override}` cannot be read; expected `KEY=VALUE`, `KEY=[A,B]` or, for text with "
            "special characters, `KEY='\"TEXT\"'`."
        ) from None


def _as_typed(override: Override, value: str, parser: OverridesParser) -> Override:
    """Return names of columns and words of data as text, whatever else they look like."""
    if key(override).lstrip("+") not in TEXTS or override.is_sweep_override():
        return override
    read = override.value()
    if isinstance(read, bool | int | float):
        return parser.parse_override(f"{override.get_key_element()}={quoted(value.strip())}")
    if isinstance(read, list) and not all(isinstance(each, str) for each in read):
        return _list_as_typed(str(override.get_key_element()), value, parser) or override
    return override


def _list_as_typed(name: str, value: str, parser: OverridesParser) -> Override | None:
    """Return a list of names as text, of any letters; None where it is no list of plain words."""
    with suppress(YAMLError):
        node = compose(value, Loader=SafeLoader)
        if isinstance(node, SequenceNode) and all(isinstance(w, ScalarNode) for w in node.value):
            words = ",".join(quoted(word.value) for word in node.value)
            return parser.parse_override(f"{name}=[{words}]")
    return None


def _refuse_without_effect(override: Override) -> None:
    name = key(override)
    if override.is_sweep_override():
        way_out = f"write `{name}=[...]` for a list, and one command for each run"
        raise UserError(f"`{text(override)}` stands for several runs; {way_out}.")
    if name.split(".")[0].split("/")[0] == "hydra" and name != RUN_DIR:
        raise UserError(
            f"`{name}` has no effect here; of Hydra's own settings only `{RUN_DIR}` has."
        )
    if name.split(".")[0] == "loss" and "." not in name:
        raise UserError(
            f"`{text(override)}` has no effect, because arms are chosen by name: write "
            "`arms=[cross_entropy,focal_gamma]`."
        )


def _refuse_half_interpolation(override: Override) -> None:
    try:
        OmegaConf.create({"value": override.value()})
    except GrammarParseError:
        raise UserError(
            f"`{key(override)}` cannot be read, because `${{` begins an interpolation. Received: "
            f"`{text(override)}`; write `${{KEY}}`, or other characters."
        ) from None


def _check_option(override: Override, dirs: tuple[Path, ...]) -> None:
    group, chosen = key(override), override.value()
    if override.type is OverrideType.DEL:
        raise UserError(f"`{text(override)}` is refused, because a sweep needs a `{group}`.")
    known = options(group, dirs)
    if not isinstance(chosen, str):
        raise UserError(
            f"`{text(override)}` must name one option of `{group}`; {expectation('', known)}."
        )
    if chosen not in known:
        raise UserError(
            f"`{group}={chosen}` is not known; {expectation(chosen, known, prefix=f'{group}=')}."
        )
