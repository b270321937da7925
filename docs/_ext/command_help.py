"""``{command-help}``: what `focalsweep --help` and each command's `--help` print."""

from __future__ import annotations

import contextlib
import io
import os
import re
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from focalsweep import cli

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class CommandHelp(SphinxDirective):
    """Show the help of every command, a section each."""

    def run(self) -> list[nodes.Node]:
        """Return one section a command."""
        self.env.note_dependency(cli.__file__)
        commands = re.findall(r"^ {4}([a-z-]+)(?: |$)", help_text(), re.MULTILINE)
        if "sweep" not in commands:
            raise self.error("the help of focalsweep lists no commands")
        parts = [_block(help_text())]
        parts += [f"## focalsweep {name}\n\n{_block(help_text(name))}" for name in commands]
        return self.parse_text_to_nodes("\n\n".join(parts), allow_section_headings=True)


def help_text(*command: str) -> str:
    """Return what ``focalsweep COMMAND --help`` prints on a terminal of 80 columns."""
    printed = io.StringIO()
    with (
        patch.dict(os.environ, {"COLUMNS": "80"}),
        contextlib.redirect_stdout(printed),
        contextlib.suppress(SystemExit),
    ):
        cli.main([*command, "--help"])
    return printed.getvalue().strip()


def _block(text: str) -> str:
    return f"```text\n{text}\n```"


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
