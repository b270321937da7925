"""`make notebooks`: execute each script as a notebook and write it, with its output, beside it."""

import re
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
TEMPORARY = r"(?:/[\w.-]+)*/tmp\w{8}/"
SCRIPTS = sorted(HERE.glob("[0-9]_*.py"))


def executed(script: Path, changes: dict[str, str]) -> nbformat.NotebookNode:
    """Execute a script in the notebooks' folder; `changes` replaces words in its code first."""
    notebook = jupytext.read(script)
    for position, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{position}"  # the same each time, so that little differs
        for old, new in changes.items():
            cell.source = cell.source.replace(old, new)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute()
    notebook.metadata.pop("language_info", None)
    tidy(notebook)
    return notebook


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Take out what belongs to this machine: messages of libraries, names of temporary folders."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        for output in cell.outputs:
            if "text" in output:
                output.text = re.sub(TEMPORARY, "runs/", output.text)


def main() -> None:
    """Execute and write all of them."""
    for script in SCRIPTS:
        print(f"Executing {script.name} ...")
        target = script.with_suffix(".ipynb")
        target.write_text(nbformat.writes(executed(script, {})) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
