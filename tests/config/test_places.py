"""Where config files are found."""

from pathlib import Path

import pytest

from focalsweep.config import places


def test_both_folders_exist_and_the_users_own_comes_first(tmp_path: Path):
    found = places.config_dirs()
    assert [folder.name for folder in found] == ["sweeps", "conf"]
    assert all(folder.is_dir() for folder in found)
    assert places.config_dirs(tmp_path) == (tmp_path, *found)


def test_files_inside_the_package_are_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "site-packages" / "focalsweep"
    (package / "conf").mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", package)
    assert places.config_dirs() == (package / "sweeps", package / "conf")


def test_a_relative_folder_of_the_user_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert places.config_dirs(Path("mine"))[0] == tmp_path / "mine"
