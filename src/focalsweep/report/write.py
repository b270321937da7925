"""Write a run folder's outputs, each whole or not at all, and read the result back.

A file is written beside its place and moved there, so a sweep that is killed while it writes
leaves the former file or none, never half of one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from plotly.offline import get_plotlyjs

from focalsweep.config.record import RESULT_FILE
from focalsweep.errors import UserError
from focalsweep.evidence.result import SCHEMA_VERSION, SweepResult
from focalsweep.report.frames import turned_trials
from focalsweep.report.page import render_plot, render_report
from focalsweep.report.plots.gallery import all_plots

TRIALS_FILE = "trials.csv"
REPORT_FILE = "report.html"
PLOTS_FOLDER = "plots"


def write_outputs(result: SweepResult, trials: pd.DataFrame, run_dir: Path) -> None:
    """Write ``trials.csv``, ``report.html``, one page a plot in ``plots/``, and ``result.json``.

    Parameters
    ----------
    result : SweepResult
        What the sweep found. Written last: where it is, the folder is complete.
    trials : DataFrame
        All trials of all studies, values as utilities; floats keep their full precision. Values
        are written in the objective's own unit.
    run_dir : Path
        The run folder, made if need be.
    """
    trials = turned_trials(trials, result.objective)
    write_text(run_dir / TRIALS_FILE, trials.to_csv(index=False))
    plots = all_plots(result, trials)
    write_text(run_dir / REPORT_FILE, render_report(result, trials, plots=plots))
    folder = run_dir / PLOTS_FOLDER
    write_text(folder / "plotly.min.js", get_plotlyjs())
    for plot in plots:
        write_text(folder / f"{plot.key}.html", render_plot(plot))
    for stale in set(folder.glob("*.html")) - {folder / f"{plot.key}.html" for plot in plots}:
        stale.unlink()
    write_text(run_dir / RESULT_FILE, result.model_dump_json(indent=2) + "\n")


def read_result(run_dir: Path) -> SweepResult:
    """Read ``result.json`` of a run folder.

    Raises
    ------
    UserError
        There is no such file, or it is not a result of this version.
    """
    path = run_dir / RESULT_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"`{run_dir}` must be the folder of a finished sweep. Received: no readable "
            f"`{RESULT_FILE}` in it; run the sweep again, it goes on where it stopped."
        ) from error
    misfit = (
        f"`{path}` must be a result of schema version {SCHEMA_VERSION}. Received: a file that does "
        "not fit it; read it with the focalsweep version that wrote it, or run the sweep again."
    )
    try:
        result = SweepResult.model_validate_json(text)
    except ValueError as error:
        raise UserError(misfit) from error
    if result.schema_version != SCHEMA_VERSION:
        raise UserError(misfit)
    return result


def write_text(path: Path, text: str) -> None:
    """Replace a file by `text` in one step, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
