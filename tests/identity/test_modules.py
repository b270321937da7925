"""Files of a user's project: what a config names and what that imports, and nothing else."""

from __future__ import annotations

import sys

import pytest

from focalsweep.identity.modules import code_of

FILES = {
    "own_net.py": "import json\nfrom own_layers import wide\nfrom own_pack.heads import head\n",
    "own_layers.py": "def wide():\n    import own_late\n    return 8\n",
    "own_late.py": "x = 1\n",
    "own_other.py": "x = 1\n",
    "own_pack/__init__.py": "",
    "own_pack/heads.py": "from . import sizes\nfrom .deep.end import last\nimport pandas\n",
    "own_pack/sizes.py": "n = 3\n",
    "own_pack/unused.py": "n = 3\n",
    "own_pack/deep/__init__.py": "",
    "own_pack/deep/end.py": "from ..sizes import n\nlast = n\n",
}
EXPECTED = set(FILES) - {"own_other.py", "own_pack/unused.py"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


def files():
    return code_of(["own_net.build"], known=["pandas"]).files


def test_imports_are_followed_inside_the_project_and_nothing_runs(project):
    before = set(sys.modules)
    assert set(files()) == EXPECTED
    assert not any(name.startswith("own_") for name in set(sys.modules) - before)


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if FILES[name]))
def test_an_edit_of_any_of_these_files_is_seen(name, project):
    before = files()
    (project / name).write_text(FILES[name] + "added = 1\n")
    after = files()
    assert {each for each in EXPECTED if before[each] != after[each]} == {name}


def test_comments_and_layout_and_other_files_are_no_edits(project):
    before = files()
    (project / "own_late.py").write_text("# said\n\nx   =  1  # so\n")
    (project / "own_other.py").write_text("x = 2\n")
    assert files() == before


def test_an_edited_file_that_python_cannot_read_is_another(project):
    before = files()
    (project / "own_late.py").write_text("x = (\n")
    assert files()["own_late.py"] != before["own_late.py"]


def test_an_installed_library_that_is_imported_counts_by_its_version(project):
    assert "pandas" not in code_of(["own_net.build"], known=["pandas"]).libraries
    assert code_of(["own_net.build"]).libraries.keys() == {"pandas"}


def test_names_of_nothing_are_passed_over():
    assert (
        code_of(["no_such_module.f", "rows.csv", "json.loads", "focalsweep.cli.main"]).files == {}
    )
