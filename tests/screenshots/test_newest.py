import os
from pathlib import Path

from screenshots.__main__ import newest


def test_the_pictures_are_of_the_sweep_that_finished_last(tmp_path: Path) -> None:
    for age, name in enumerate(["second", "first"]):
        (tmp_path / name).mkdir()
        result = tmp_path / name / "result.json"
        result.touch()
        os.utime(result, (1000 - age, 1000 - age))
    (tmp_path / "unfinished").mkdir()
    assert newest(tmp_path) == tmp_path / "second"


def test_without_a_finished_sweep_there_is_nothing_to_take(tmp_path: Path) -> None:
    (tmp_path / "unfinished").mkdir()
    assert newest(tmp_path) is None
