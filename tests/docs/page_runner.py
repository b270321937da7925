"""Do what a page says, in a folder of its own: its Python, its commands, its YAML.

Python blocks share one namespace a page, as a reader's session would. Commands run in this
process; a sweep's data are read, its folds drawn and every setting checked, which is all but
training it: the sweep files have tests of their own that train. The first such command of a page is
inspected as well, page and all. Commands that need a network are composed only.
"""

import argparse
import contextlib
import io
import os
import re
import shlex
import subprocess
import warnings
from pathlib import Path
from typing import Any

import yaml

from focalsweep.cli import main
from focalsweep.commands import DEFAULT_SWEEP
from focalsweep.config.compose import compose_sweep
from focalsweep.prepare import prepare_composed
from tests.docs.blocks import ROOT, Block

NEEDS_NETWORK = {"openml", "imbalanced_set", "cifar10", "cifar100", "mnist", "fashion_mnist"}
DIRECTIVES = {
    "{arms}",
    "{command-help}",
    "{eval-rst}",
    "{every-group}",
    "{image}",
    "{settings}",
    "{sweeps}",
    "{toctree}",
}
"""What `make docs` runs, and not a test of blocks."""

NO_RUN = {"export", "predict", "ui", "validate-verdict"}
"""Commands that serve, take an hour or need a finished run: their options are looked up in their
help; tests of their own run them."""


class PageRunner:
    """Run the blocks of one page in order; the working directory is the page's own."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.printed = ""
        self.inspected = False

    def run(self, block: Block) -> None:
        """Run one block; a language that nobody knows is a failure."""
        if block.language.split(" ")[0] in DIRECTIVES:
            return
        runners = {
            "python": self._python,
            "sh": self._shell,
            "text": self._text,
            "yaml": self._yaml,
        }
        assert block.language in runners, f"{block}: nothing runs `{block.language}` blocks"
        runners[block.language](block)

    def _python(self, block: Block) -> None:
        code = compile(block.text, str(block), "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            exec(code, self.names)
        self.printed = out.getvalue()

    def _text(self, block: Block) -> None:
        if block.recorded:
            return
        assert self.printed, f"{block}: no Python block printed this; say which run it is from"
        pieces = [re.escape(" ".join(piece.split())) for piece in block.text.split("...")]
        printed = " ".join(self.printed.split())
        assert re.fullmatch(".*".join(pieces), printed), f"{block}: printed was\n{self.printed}"

    def _yaml(self, block: Block) -> None:
        assert isinstance(yaml.safe_load(block.text), dict), block

    def _shell(self, block: Block) -> None:
        lines = block.text.replace("\\\n", " ").splitlines()
        commands = [words for line in lines if (words := shlex.split(line, comments=True))]
        assert commands, f"{block} is empty"
        for words in commands:
            self._command(words, block)

    def _command(self, words: list[str], block: Block) -> None:
        if words[0] == "make":
            words = _made(words, block)
        if words[:2] == ["pip", "install"]:
            assert _is_installable(words[2:]), block
        elif words[0] == "focalsweep":
            self._focalsweep(words[1:], block)
        else:
            assert not words, f"{block}: nothing runs `{words[0]}`"

    def _focalsweep(self, words: list[str], block: Block) -> None:
        command, *arguments = words
        options = {word for word in arguments if word.startswith("--")}
        if command in NO_RUN:
            words = [command, "--help"]
        elif command == "sweep" and "--show-config" not in arguments and "--help" not in arguments:
            words = ["inspect", *arguments]
        if words[0] == "inspect" and "--help" not in words:
            network = any(word.removeprefix("dataset=") in NEEDS_NETWORK for word in arguments)
            if self.inspected and not network:
                _prepare(arguments)
                return
            self.inspected = True
            further = ["--show-config"] if network else ["--no-timing", "--output", "page.html"]
            words = ["sweep" if network else "inspect", *arguments, *further]
        shown, wrong = io.StringIO(), io.StringIO()
        status = 0
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(wrong):
            try:
                status = main(words)
            except SystemExit as end:
                status = int(end.code or 0)
        assert status == 0, f"{block}: `{shlex.join(words)}` says {wrong.getvalue()}"
        assert shown.getvalue(), f"{block}: `{shlex.join(words)}` printed nothing"
        if words[-1] == "--help":
            missing = {each for each in options if each not in shown.getvalue()}
            assert not missing, f"{block}: `focalsweep {command}` has no {missing}"


def _made(words: list[str], block: Block) -> list[str]:
    """Return the command that a target of the Makefile runs, as make itself says."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", *words[1:]],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}: {done.stderr}"
    last = shlex.split(done.stdout.strip().splitlines()[-1])
    if last[0].endswith("/focalsweep"):
        return ["focalsweep", *last[1:]]
    return ["focalsweep", "--help"]  # a developer's target: that it exists is all


def _prepare(arguments: list[str]) -> None:
    """Read the data of a sweep and check it as far as possible without training."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config-name", default=DEFAULT_SWEEP)
    parser.add_argument("--config-dir", type=Path)
    options, overrides = parser.parse_known_args(arguments)
    sweep = compose_sweep(options.config_name, overrides, config_dir=options.config_dir)
    assert prepare_composed(sweep)[1].facts.rows > 0


def _is_installable(what: list[str]) -> bool:
    """Tell whether pip would know these: this folder, with extras that pyproject.toml has."""
    extras = set(re.findall(r"^([a-z]+) = \[", (ROOT / "pyproject.toml").read_text(), re.M))
    matched = [re.fullmatch(r"\.(?:\[([a-z,]+)\])?", each) for each in what]
    return all(m and set((m[1] or "").split(",")) - {""} <= extras for m in matched)


def give_files(folder: Path) -> None:
    """Put the reader's own file, as README.md and docs/index.md call it, into a folder."""
    rows = ["x,happy,sad,calm,label"]
    rows += [f"{i % 7},{i % 2},{i % 3 // 2},{i % 5 // 4},{'ab'[i % 4 // 3]}" for i in range(80)]
    (folder / "my.csv").write_text("\n".join(rows) + "\n")
