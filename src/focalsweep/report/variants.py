"""Put the results of a sweep that varies one setting side by side.

Such a sweep (`imbalance_ratio`, for example) is run once for each value of the setting, each in a
folder named after its value; this is the table over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import arms_frame
from focalsweep.report.wording import (
    chosen_words,
    decision_words,
    objective_words,
    percent,
    score,
)
from focalsweep.report.write import write_text

VARIANTS_FILE = "variants.csv"


def variants_frame(results: Mapping[Path, SweepResult]) -> pd.DataFrame:
    """Return one row a variant and arm: the columns of `arms_frame` after those of the variant.

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
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def write_variants(results: Mapping[Path, SweepResult]) -> Path:
    """Write `variants_frame` beside the run folders and return where."""
    path = next(iter(results)).parent / VARIANTS_FILE
    write_text(path, variants_frame(results).to_csv(index=False))
    return path


def print_variants(console: Console, results: Mapping[Path, SweepResult]) -> None:
    """Print a block a variant: its verdict, and what each arm scored and chose."""
    objective = objective_words(next(iter(results.values())).objective)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("variant and its arms", ratio=1)
    table.add_column(objective, justify="right", no_wrap=True)
    table.add_column("against\ncross-entropy", justify="right", no_wrap=True)
    table.add_column("chosen", no_wrap=True)
    for folder, result in results.items():
        verdict = result.verdict
        words = f"{decision_words(verdict.decision)}, {percent(verdict.confidence)}"
        head = Text.assemble(folder.name, ("\n" + words, "bold"))
        table.add_row(head, "", "", "")
        for arm in result.arms:
            table.add_row(
                Text(f"  {arm.name}", "bold" if arm.name == verdict.arm else ""),
                score(arm.decision_score),
                score(arm.difference.mean, signed=True) if arm.difference else "",
                Text("\n".join(chosen_words(arm.best)), "dim"),
            )
        table.add_section()
    console.print(table)
