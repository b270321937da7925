"""``{arms}``: every loss arm as `conf/loss/` and the docstrings of its functions have it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from conf_files import files, first_comment, summary, table, target, values, with_links

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Arms(SphinxDirective):
    """List the arms of one task, ``single_label`` or ``multi_label``: a table, then each arm."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table and one section an arm."""
        task = self.arguments[0]
        paths = [path for path in files("loss") if _task(path) == task]
        if not paths:
            raise self.error(f"no arm has the task {task}")
        paths.sort(key=lambda path: values(path)["family"])
        for path in paths:
            self.env.note_dependency(path)
        head = ("arm", "family", "searched")
        rows = [(f"[`{p.stem}`](#arm-{_slug(p)})", _family(p), _searched(p)) for p in paths]
        text = "\n\n".join([table(head, rows), *map(_section, paths)])
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _task(path: Path) -> str:
    return str(values(path).get("task", "single_label"))


def _family(path: Path) -> str:
    return str(values(path)["family"]).replace("_", " ")


def _slug(path: Path) -> str:
    return path.stem.replace("_", "-")


def _searched(path: Path) -> str:
    return ", ".join(f"`{name}`" for name in values(path)["search"]) or "nothing"


def _section(path: Path) -> str:
    arm = values(path)
    function = summary(target(arm["_target_"]))
    parts = [
        f"(arm-{_slug(path)})=\n### `{path.stem}`",
        with_links(first_comment(path)),
        f"Made by `{arm['_target_']}`: {with_links(function)}",
    ]
    if "rows" in arm:
        rows = with_links(summary(target(arm["rows"])))
        parts.append(f"Training rows of a fold go through `{arm['rows']}`: {rows}")
    if arm["options"]:
        parts.append("Fixed: " + _numbers(arm["options"]) + ".")
    if arm["search"]:
        parts.append("Searched: " + "; ".join(map(_range, arm["search"].items())) + ".")
    if arm["baselines"]:
        parts.append("Tried first: " + "; ".join(map(_numbers, arm["baselines"])) + ".")
    return "\n\n".join(parts)


def _numbers(numbers: dict[str, float]) -> str:
    return ", ".join(f"`{name}` {value:g}" for name, value in numbers.items())


def _range(named: tuple[str, dict[str, Any]]) -> str:
    name, limits = named
    text = f"`{name}` from {limits['low']:g} to {limits['high']:g}"
    if limits.get("log"):
        text += " on a logarithmic scale"
    if limits.get("vector"):
        text += ", a number a free direction"
    return text


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the directive."""
    app.add_directive("arms", Arms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
