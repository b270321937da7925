import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
PHONY = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M).group(1).split())


def make(*arguments, cwd=ROOT, **environment):
    # A make that runs these tests hands its own options down.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    inherited.pop("PYTHON", None)
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def fresh(tmp_path):
    """Return a folder with the Makefile alone and, first on the PATH, a folder for commands."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def add_command(folder, name, *, line):
    script = folder / "bin" / name
    script.write_text(f"#!/bin/sh\n{line}\n")
    script.chmod(0o755)
    return script


def path_of(folder):
    return f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


SHIM_THAT_FAILS = 'echo "command not found" >&2; exit 127'
# Without pip the environment is made at once; everything else is the real interpreter.
FITS = f'[ "$1" = -m ] && set -- "$@" --without-pip; exec "{sys.executable}" "$@"'


def test_help_lists_every_target_and_is_the_default():
    printed = make()
    assert printed.returncode == 0
    listed = {line.split()[0] for line in printed.stdout.splitlines()[1:]}
    assert listed == PHONY
    assert printed.stdout == make("help").stdout


def test_commands_in_the_pages_are_targets_and_sweeps_that_exist():
    pages = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md"))
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", pages, re.M))
    assert {"sweep", "test", "check"} <= targets <= PHONY
    named = set(re.findall(r"SWEEP=([a-z_]+)", pages + MAKEFILE))
    assert named
    assert named <= {path.stem for path in (ROOT / "sweeps").glob("*.yaml")}


def test_an_interpreter_that_does_not_run_is_passed_over(fresh):
    add_command(fresh, "python3.13", line=SHIM_THAT_FAILS)
    add_command(fresh, "python3.12", line=SHIM_THAT_FAILS)
    chosen = add_command(fresh, "python3.11", line=FITS)
    made = make(".venv/bin/python", cwd=fresh, PATH=path_of(fresh))
    assert made.returncode == 0, made.stderr
    assert (fresh / ".venv" / "pyvenv.cfg").exists()
    assert chosen.exists()


def test_a_named_interpreter_is_the_only_one_tried(fresh):
    add_command(fresh, "python3.13", line=FITS)
    named = add_command(fresh, "mine", line=SHIM_THAT_FAILS)
    made = make(".venv/bin/python", f"PYTHON={named}", cwd=fresh, PATH=path_of(fresh))
    assert made.returncode != 0
    assert "3.11, 3.12 or 3.13" in made.stderr
    assert f"{named}: command not found" in made.stderr
    assert not (fresh / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "fits"),
    [("3, 10, 9", False), ("3, 11, 0", True), ("3, 13, 9", True), ("3, 14, 0", False)],
)
def test_only_versions_that_fit_are_taken(fresh, version, fits):
    pretend = f"import sys; sys.version_info = ({version}); exec(sys.argv[1])"
    line = f"""case "$1" in
    -c) exec "{sys.executable}" -c "{pretend}" "$2" ;;
    -m) exec "{sys.executable}" "$@" --without-pip ;;
    *) echo "Python {version}" ;;
    esac"""
    named = add_command(fresh, "python", line=line)
    made = make(".venv/bin/python", f"PYTHON={named}", cwd=fresh)
    assert (made.returncode == 0) == fits
    assert (f"{named}: Python {version}" in made.stderr) != fits


def test_an_environment_that_could_not_be_made_leaves_nothing_that_looks_made(fresh):
    line = '[ "$1" = -m ] && mkdir -p .venv/bin && touch .venv/bin/python && exit 1; exit 0'
    named = add_command(fresh, "python", line=line)
    made = make(".venv/bin/python", f"PYTHON={named}", cwd=fresh)
    assert made.returncode != 0
    assert not (fresh / ".venv" / "bin" / "python").exists()


@pytest.fixture
def ci(fresh):
    """Copy `.ci/run` beside an environment whose tools do nothing but succeed."""
    shutil.copytree(ROOT / ".ci", fresh / ".ci")
    tools = fresh / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in ("ruff", "mypy", "lint-imports", "python"):
        shutil.move(add_command(fresh, name, line="exit 0"), tools / name)
    for name in ("pyproject.toml", "constraints.txt", ".venv/.dev"):
        (fresh / name).touch()
    return fresh


def run_ci(folder, path):
    return subprocess.run(
        [shutil.which("bash"), folder / ".ci" / "run"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("failing", ["ruff", "mypy", "lint-imports", "python", None])
def test_ci_fails_exactly_when_one_of_its_checks_fails(ci, failing):
    add_command(ci, "chromium", line="exit 0")
    if failing is not None:
        shutil.move(add_command(ci, failing, line="exit 3"), ci / ".venv" / "bin" / failing)
    assert (run_ci(ci, path_of(ci)).returncode != 0) == (failing is not None)


@pytest.mark.parametrize("installs", [True, False])
def test_ci_installs_a_missing_browser_and_says_so_when_it_cannot(ci, installs):
    """The browser tests then fail by themselves, because CI requires a browser."""
    for name in ("bash", "sh", "dirname", "make", "touch"):
        (ci / "bin" / name).symlink_to(shutil.which(name))
    add_command(ci, "id", line="echo 0")
    log = ci / "apt.log"
    add_command(ci, "apt-get", line=f'echo "$@" >> "{log}"; exit {0 if installs else 100}')
    required = f'echo "required=$FOCALSWEEP_REQUIRE_BROWSER" >> "{log}"'
    shutil.move(add_command(ci, "python", line=required), ci / ".venv" / "bin" / "python")

    ran = run_ci(ci, str(ci / "bin"))

    logged = log.read_text()
    assert "update" in logged
    assert ("chromium" in logged) == installs
    assert "required=1" in logged
    assert ("apt-get could not install chromium" in ran.stderr) != installs
