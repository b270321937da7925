"""``{settings}`` and ``{conf-files}``: the configuration as its schema and its files have it."""

from __future__ import annotations

import inspect
import re
import types
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from docutils import nodes
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.util.docutils import SphinxDirective

from conf_files import CONF, ROOT, files, first_comment, table, values, with_links

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Settings(SphinxDirective):
    """Tabulate the fields of one class of the schema: key, type, range, default, meaning."""

    required_arguments = 1  # module:Class below focalsweep.config

    def run(self) -> list[nodes.Node]:
        """Return what the class says of itself, and its table."""
        module, name = self.arguments[0].split(":")
        owner = import_module(f"focalsweep.config.{module}")
        schema: type[BaseModel] = getattr(owner, name)
        self.env.note_dependency(str(inspect.getsourcefile(owner)))
        rows = []
        for key, field in schema.model_fields.items():
            if not field.description:
                raise self.error(f"`{name}.{key}` has no docstring")
            meaning = with_links(field.description)
            rows.append((f"`{field.alias or key}`", _type(field), _default(field), meaning))
        intro = " ".join((inspect.getdoc(schema) or "").split())
        text = f"{with_links(intro)}\n\n{table(('key', 'takes', 'default', 'meaning'), rows)}"
        return self.parse_text_to_nodes(text)


class ConfFiles(SphinxDirective):
    """Show the files of one group of `conf/`: what each says of itself, and what it sets."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table of names and comments, then the files."""
        group = self.arguments[0]
        paths = files(group)
        for path in paths:
            self.env.note_dependency(path)
        rows = [(f"`{group}={p.stem}`", with_links(first_comment(p))) for p in paths]
        parts = [table(("choice", "what it is"), rows)]
        for path in paths:
            content = path.read_text(encoding="utf-8").strip()
            where = path.relative_to(ROOT)
            parts.append(f"```{{code-block}} yaml\n:caption: {where}\n\n{content}\n```")
        return self.parse_text_to_nodes("\n\n".join(parts))


def _type(field: FieldInfo) -> str:
    limits = [text for item in field.metadata if (text := _limit(item))]
    return ", ".join([_name(field.annotation), *limits])


def _name(annotation: Any) -> str:
    """Write a type for people: no generics, no Python spelling."""
    if annotation is type(None):
        return "null"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = [text for item in arguments[1:] for text in _limits(item)]
        return ", ".join([_name(arguments[0]), *inner])
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_name, arguments))
    if origin is tuple:
        return f"list of {_name(arguments[0])}"
    if origin is dict:
        return f"mapping to {_name(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    plain = {str: "text", int: "integer", float: "number", bool: "`true` or `false`", Any: "any"}
    if annotation not in plain:
        raise TypeError(f"no words for the type {annotation!r}")
    return plain[annotation]


def _limits(item: Any) -> list[str]:
    inner = item.metadata if isinstance(item, FieldInfo) else [item]
    return [text for each in inner if (text := _limit(each))]


def _limit(item: Any) -> str:
    match item:
        case annotated_types.Ge(ge=low):
            return f"≥ {low:g}"
        case annotated_types.Gt(gt=low):
            return f"> {low:g}"
        case annotated_types.Le(le=high):
            return f"≤ {high:g}"
        case annotated_types.Lt(lt=high):
            return f"< {high:g}"
    return ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "in conf/"
    return "null" if field.default is None else f"`{str(field.default).lower()}`"


def _groups() -> set[str]:
    return {path.name for path in CONF.iterdir() if path.is_dir()}


class EveryGroup(SphinxDirective):
    """Show the whole of `conf/`, a section a group, arms aside, which have their own page."""

    def run(self) -> list[nodes.Node]:
        """Return the table of contents of the config, then one section a group."""
        contents = (CONF / "config.yaml").read_text(encoding="utf-8").strip()
        self.env.note_dependency(CONF / "config.yaml")
        parts = [f"```{{code-block}} yaml\n:caption: conf/config.yaml\n\n{contents}\n```"]
        groups = sorted(_groups() - {"loss"})
        parts += [f"### conf/{group}\n\n```{{conf-files}} {group}\n```" for group in groups]
        return self.parse_text_to_nodes("\n\n".join(parts), allow_section_headings=True)


class Sweeps(SphinxDirective):
    """Tabulate `sweeps/`: question, minutes and result from each file's first comment."""

    def run(self) -> list[nodes.Node]:
        """Return one row a file."""
        rows = []
        for path in sorted((ROOT / "sweeps").glob("*.yaml")):
            self.env.note_dependency(path)
            said = re.match(
                r"Question: (.+?) Command: .+? Minutes: (.+?) Result: (.+)$", first_comment(path)
            )
            if said is None or values(path).get("question") is None:
                raise self.error(f"{path.name} does not open with question, minutes and result")
            rows.append((f"`{path.stem}`", *map(with_links, said.groups())))
        if not rows:
            raise self.error("sweeps/ has no files")
        return self.parse_text_to_nodes(table(("sweep", "question", "minutes", "result"), rows))


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the directives."""
    app.add_directive("settings", Settings)
    app.add_directive("conf-files", ConfFiles)
    app.add_directive("every-group", EveryGroup)
    app.add_directive("sweeps", Sweeps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
