"""The page that shows the losses beside Keras's is what a run gives."""

import re

import pytest

from benchmarks import beside_keras


@pytest.fixture(scope="module")
def page():
    return beside_keras.page()


def test_the_page_is_what_a_run_gives(page):
    written = beside_keras.PATH.read_text(encoding="utf-8")
    assert written == page, "write it again: python -m benchmarks.beside_keras"


def test_keras_is_silent_where_ours_refuse(page):
    cells = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    mixed_up = [row for row in cells if row[-1] == "an error |"]
    assert len(mixed_up) >= 8
    for _, of_keras, of_ours, _ in mixed_up:
        assert of_keras.startswith("silent, loss")
        assert of_ours.startswith("error: `")


def test_ours_are_right_in_every_row_with_a_number(page):
    rows = re.findall(r"\| the true class .* \| (.*) \| (.*) \| (.*) \|", page)
    assert len(rows) == 4
    assert all(of_ours == right for _, of_ours, right in rows)
    assert [of_keras == right for of_keras, _, right in rows] == [True, False, False, False]


def test_the_code_of_the_page_runs(page):
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})
