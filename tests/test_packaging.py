import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def requirements():
    project = PROJECT["project"]
    listed = project["dependencies"] + project["optional-dependencies"]["dev"]
    return [Requirement(text) for text in listed]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, text=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_constraints_are_exact_versions_and_nothing_else():
    assert len(pins()) > 100
    unclear = [line for line in pins() if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line)]
    assert not unclear


def test_constraints_name_each_package_once():
    names = [canonicalize_name(line.split("==")[0]) for line in pins()]
    assert len(names) == len(set(names))


def test_constraints_pin_every_requirement_inside_its_range():
    versions = {
        canonicalize_name(name): version for name, version in (p.split("==") for p in pins())
    }
    for requirement in requirements():
        version = versions[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but {version}"


def test_a_comment_beside_each_dependency_says_what_needs_it():
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text().splitlines()]
    for requirement in requirements():
        entries = [line for line in lines if line.startswith(f'"{requirement.name}>=')]
        assert len(entries) == 1
        assert re.search(r'",\s+# \S+', entries[0]), requirement.name


@pytest.mark.parametrize("folder", ["conf", "sweeps"])
def test_every_config_file_travels_in_the_wheel(wheel, folder):
    expected = {f"focalsweep/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*.yaml")}
    assert expected
    assert expected <= set(wheel.namelist())


def test_every_file_of_the_package_travels_in_the_wheel(wheel):
    source = ROOT / "src"
    files = [path for path in (source / "focalsweep").rglob("*") if path.is_file()]
    expected = {str(path.relative_to(source)) for path in files if path.suffix != ".pyc"}
    assert {"focalsweep/py.typed", "focalsweep/data/bundled/yeast.csv"} <= expected
    assert expected <= set(wheel.namelist())


def test_the_wheel_carries_the_licence_and_the_command(wheel):
    names = wheel.namelist()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    (scripts,) = (name for name in names if name.endswith("entry_points.txt"))
    assert "focalsweep = focalsweep.cli:main" in wheel.read(scripts).decode()


def test_an_installed_wheel_finds_its_configs_outside_the_checkout(wheel, tmp_path):
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    wheel.extractall(site)
    elsewhere.mkdir()
    command = [sys.executable, "-m", "focalsweep", "sweep", "--config-name", "smoke"]
    printed = subprocess.run(
        [*command, "--show-config"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "cross_entropy" in printed
    where = "import focalsweep.config.places as p; print(*p.config_dirs())"
    folders = subprocess.run(
        [sys.executable, "-c", where],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert folders.split() == [str(site / "focalsweep" / name) for name in ("sweeps", "conf")]
