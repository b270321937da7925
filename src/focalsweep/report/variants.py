"""Put the results of a sweep that varies one setting side by side.

Such a sweep (`imbalance_ratio` or `label_noise`, for example) is run once for each value of the
setting, each in a folder named after its value. Here are the table over them, what the terminal
prints, and a page that shows how scores and the chosen numbers move, with their spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective_words import difference_words, score_words
from focalsweep.report.drift import drift_frame, drift_table
from focalsweep.report.frames import arms_frame, control_arm, find_arm
from focalsweep.report.page import environment
from focalsweep.report.plots.drift import drift_plot, scores_plot
from focalsweep.report.wording import (
    axis_words,
    decision_words,
    loss_numbers,
    percent,
    spread,
)
from focalsweep.report.write import REPORT_FILE, write_text

VARIANTS_FILE = "variants.csv"
VARIANTS_PAGE = "variants.html"


def variants_frame(results: Mapping[Path, SweepResult]) -> pd.DataFrame:
    """Return one row a variant and arm: the columns of `arms_frame` after those of the variant.

    What the outer folds chose is in ``folds_<number>_middle``, ``_low`` and ``_high`` (median,
    smallest and largest).

    Parameters
    ----------
    results : mapping of Path to SweepResult
        By run folder, in the order of the values; a folder's name is the variant's.
    """
    frames = []
    for folder, result in results.items():
        frame = arms_frame(result)
        frame.insert(0, "variant", folder.name)
        frame.insert(1, "imbalance_ratio", result.dataset.imbalance_ratio)
        frame.insert(2, "decision", result.verdict.decision)
        frame.insert(3, "confidence", result.verdict.confidence)
        frame.insert(4, "label_noise", result.dataset.label_noise)
        folds = [_folds(arm) for arm in result.arms]
        frames.append(pd.concat([frame, pd.DataFrame(folds)], axis="columns"))
    return pd.concat(frames, ignore_index=True)


def write_variants(results: Mapping[Path, SweepResult]) -> Path:
    """Write `variants_frame` beside the run folders and return where."""
    path = next(iter(results)).parent / VARIANTS_FILE
    write_text(path, variants_frame(results).to_csv(index=False))
    return path


def write_variants_page(results: Mapping[Path, SweepResult]) -> Path:
    """Write the page over all variants beside their run folders and return where.

    It needs nothing else, and links to the reports inside the run folders.
    """
    path = next(iter(results)).parent / VARIANTS_PAGE
    write_text(path, render_variants(results))
    return path


def render_variants(results: Mapping[Path, SweepResult]) -> str:
    """Return the page over all variants as self-contained HTML."""
    first = next(iter(results.values()))
    drift = drift_frame(results)
    numbers = list(dict.fromkeys(drift["number"]))
    plots = [
        *(drift_plot(results, drift, number=number) for number in numbers),
        scores_plot(results),
    ]
    return (
        environment()
        .get_template("variants.html.j2")
        .render(
            name=first.name,
            dataset=first.dataset.name,
            question=first.question,
            objective=first.objective,
            variants=[_variant(folder, result) for folder, result in results.items()],
            cells=_cells(results, drift),
            plots=[plot for plot in plots if plot is not None],
            plotly_js=Markup(get_plotlyjs()),
        )
    )


def print_variants(console: Console, results: Mapping[Path, SweepResult]) -> None:
    """Print a block a variant: its verdict, and what each arm scored and chose."""
    name = next(iter(results.values())).objective
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("variant and its arms", ratio=1)
    table.add_column(axis_words(name), justify="right", no_wrap=True)
    table.add_column("against\ncross-entropy", justify="right", no_wrap=True)
    table.add_column("chosen\n(outer folds)", no_wrap=True)
    for folder, result in results.items():
        verdict = result.verdict
        words = decision_words(verdict.decision, result.task, result.objective)
        if verdict.confidence is not None:
            words = f"{words}, {percent(verdict.confidence)}"
        head = Text.assemble(folder.name, ("\n" + words, "bold"))
        table.add_row(head, "", "", "")
        for arm in result.arms:
            table.add_row(
                Text(f"  {arm.name}", "bold" if arm.name == verdict.arm else ""),
                score_words(arm.decision_score, name),
                difference_words(arm.difference.mean, name) if arm.difference else "",
                Text("\n".join(_chosen(arm)), "dim"),
            )
        table.add_section()
    console.print(table)


def _chosen(arm: ArmResult) -> list[str]:
    """Name each chosen number with the range of what the outer folds chose."""
    lines = []
    for name, value in loss_numbers(arm.best.parameters).items():
        folds = [fold.parameters[name] for fold in arm.folds if name in fold.parameters]
        seen = f" ({spread(folds)})" if len(folds) > 1 else ""
        lines.append(f"{name} {value:.3g}{seen}")
    return lines


def _folds(arm: ArmResult) -> dict[str, float]:
    """Return middle and range over outer folds of every number of the loss."""
    folds = pd.DataFrame([loss_numbers(fold.parameters) for fold in arm.folds])
    return {
        f"folds_{name}_{part}": float(value)
        for name, values in folds.items()
        for part, value in (
            ("middle", values.median()),
            ("low", values.min()),
            ("high", values.max()),
        )
    }


def _variant(folder: Path, result: SweepResult) -> dict[str, Any]:
    arm, origin = find_arm(result, result.verdict.arm), control_arm(result)
    nothing = float("nan")
    return {
        "name": folder.name,
        "report": f"{quote(folder.name)}/{REPORT_FILE}",
        "task": result.task,
        "decision": result.verdict.decision,
        "objective": result.objective,
        "label": arm.label if arm else result.verdict.arm,
        "score": arm.decision_score if arm else nothing,
        "origin": origin.decision_score if origin else nothing,
    }


def _cells(results: Mapping[Path, SweepResult], drift: pd.DataFrame) -> list[dict[str, Any]]:
    if drift.empty:
        return []
    return [
        {
            "label": row["label"],
            "number": row["number"],
            # The middle, and below it the range without its brackets.
            "cells": [row.get(folder.name, "").rstrip(")").split(" (") for folder in results],
        }
        for row in drift_table(drift).to_dict("records")
    ]
