"""`make docs`: the pages build without a warning, from the checkout alone, and stay true to it."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from focalsweep.config.schema import SweepConfig
from tests.docs.blocks import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the pages as `make docs` does; a warning fails it."""
    folder = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E"]
    done = subprocess.run(
        [*command, "-d", folder / "doctrees", ROOT / "docs", folder / "html"],
        capture_output=True,
        text=True,
        check=False,
        # A proxy that leads nowhere: whoever asks the network fails.
        env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )
    assert done.returncode == 0, done.stderr
    return {page.stem: page.read_text() for page in (folder / "html").glob("*.html")}


def test_every_page_is_built(built):
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} <= set(built)


def test_pages_load_nothing_from_elsewhere(built):
    loaded = r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//|<link[^>]+href=\"(?:https?:)?//"
    for name, page in built.items():
        assert re.search(loaded, page) is None, name


def test_formulas_are_drawn_by_the_browser_itself(built):
    assert built["statistics"].count("<math") > 10
    for name in ("statistics", "arms"):
        assert "$$" not in built[name]


def test_every_arm_is_described(built):
    arms = sorted((ROOT / "conf" / "loss").glob("*.yaml"))
    assert arms
    for arm in arms:
        assert f'id="arm-{arm.stem.replace("_", "-")}"' in built["arms"], arm.stem
        assert yaml.safe_load(arm.read_text())["_target_"] in built["arms"]


def test_every_key_and_every_choice_is_described(built):
    page = built["configuration"]
    for key in SweepConfig.model_fields:
        assert f">{key}</span>" in page, key
    choices = [path for path in (ROOT / "conf").glob("*/*.yaml") if path.parent.name != "loss"]
    assert choices
    for path in choices:
        assert f">{path.parent.name}={path.stem}</span>" in page, path


def test_every_command_is_described(built):
    listed = subprocess.run(
        [sys.executable, "-m", "focalsweep", "--help"], capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^ {4}([a-z-]+)(?: |$)", listed.stdout, re.M)
    assert "inspect" in commands
    for command in commands:
        assert f"focalsweep {command}" in built["command_line"]
