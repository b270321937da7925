"""The notebooks run from top to bottom, define nothing, and are what their scripts say."""

import ast
import re

import jupytext
import nbformat
import pytest

from notebooks.__main__ import SCRIPTS, executed

NAMES = [script.stem for script in SCRIPTS]
REDUCED = {"trials=8": "trials=2", "epochs=20": "epochs=2", "epochs=5": "epochs=2"}
REDUCED |= {'"evaluation.folds=5", ': ""}
"""A sweep in a notebook takes a minute; that it runs is seen with less."""


def written(script):
    return nbformat.read(script.with_suffix(".ipynb"), as_version=4)


def test_there_are_three_notebooks():
    assert [name[0] for name in NAMES] == ["1", "2", "3"]


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_notebook_defines_no_function_and_no_class(script):
    nodes = list(ast.walk(ast.parse(script.read_text())))
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert nodes
    assert not [node.lineno for node in nodes if isinstance(node, defining)]


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_notebook_holds_the_cells_of_its_script(script):
    cells = [(cell.cell_type, cell.source) for cell in jupytext.read(script).cells]
    assert cells == [(cell.cell_type, cell.source) for cell in written(script).cells]


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_notebook_shows_its_output_and_stays_small(script):
    path = script.with_suffix(".ipynb")
    code = [cell for cell in written(script).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)
    assert path.stat().st_size < 300_000
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert "/home/" not in path.read_text()


def test_the_first_two_notebooks_hold_images_that_a_git_host_shows():
    for script in SCRIPTS[:2]:
        outputs = [output for cell in written(script).cells for output in cell.get("outputs", [])]
        images = [output for output in outputs if "image/png" in output.get("data", {})]
        assert len(images) >= 2, script


@pytest.mark.parametrize("script", SCRIPTS, ids=NAMES)
def test_a_notebook_runs_from_top_to_bottom(script):
    if "focalsweep.sweep(" in script.read_text():
        assert re.search("|".join(REDUCED), script.read_text())
    notebook = executed(script, REDUCED)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
