"""Read what the files of `conf/` and `sweeps/` say of themselves: first comment, values, target."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"


def files(group: str) -> list[Path]:
    """List the files of a group of `conf/` by name; a group without files is an error."""
    found = sorted((CONF / group).glob("*.yaml"))
    if not found:
        raise FileNotFoundError(f"conf/{group} has no files")
    return found


def first_comment(path: Path) -> str:
    """Return the comment that a file opens with, as one text."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            lines.append(line.removeprefix("#").strip())
    if not lines:
        raise ValueError(f"{path} does not open with a comment")
    return " ".join(lines)


def values(path: Path) -> dict[str, Any]:
    """Return what a file sets."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict), path
    return loaded


def target(dotted: str) -> Callable[..., Any]:
    """Import the function that a `_target_` names."""
    module, name = dotted.rsplit(".", 1)
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def summary(function: Callable[..., Any]) -> str:
    """Return the first paragraph of a docstring, as one text."""
    documented = inspect.getdoc(function)
    assert documented, f"{function} has no docstring"
    return " ".join(documented.split("\n\n", 1)[0].split())


def with_links(text: str) -> str:
    """Turn arXiv identifiers and DOIs of a text into links, and RST literals into Markdown's."""
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    text = re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)
    return re.sub(r"\bdoi (10\.\d+/[^\s,;)]+)", r"[doi \1](https://doi.org/\1)", text)


def cell(text: str) -> str:
    """Keep a text inside one cell of a Markdown table."""
    return " ".join(text.split()).replace("|", r"\|")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Write a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return "\n".join(lines)
