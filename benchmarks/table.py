"""The benchmark's table: one row a side, and how many times faster ours is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from benchmarks.ours import SweepRun


@dataclass(frozen=True, kw_only=True)
class Side:
    """Hold one side of the comparison.

    Parameters
    ----------
    name : str
        What ran.
    trials : int
        Trials in the run.
    seconds : float
        Wall time of the run, everything counted.
    """

    name: str
    trials: int
    seconds: float

    @property
    def seconds_per_trial(self) -> float:
        """Mean wall time of a trial."""
        return self.seconds / self.trials


def speed_table(baselines: Sequence[Side], *, ours: Side | None) -> Table:
    """Return the table of seconds per trial.

    Parameters
    ----------
    baselines : sequence of Side
        The hand-written loops.
    ours : Side, optional
        focalsweep; without it the column of ratios stays empty.
    """
    table = Table(title="page-blocks, 5 folds, 20 epochs, batch 128, 2 x 64")
    table.add_column("side", no_wrap=True)
    for column in ("trials", "seconds", "seconds a trial", "ratio to ours"):
        table.add_column(column, justify="right")
    for side in (*baselines, *([ours] if ours else [])):
        ratio = ""
        if ours is not None and side is not ours:
            ratio = f"{side.seconds_per_trial / ours.seconds_per_trial:.0f}x"
        table.add_row(
            side.name,
            str(side.trials),
            f"{side.seconds:.1f}",
            f"{side.seconds_per_trial:.3f}",
            ratio,
        )
    return table


def scaling_table(sweeps: Sequence[SweepRun]) -> Table:
    """Return how our seconds per trial change with the number of trials.

    Parameters
    ----------
    sweeps : sequence of SweepRun
        From few trials to many.
    """
    table = Table(title="focalsweep, everything counted but imports")
    for column in ("trials", "seconds", "seconds a trial", "outside the kernel", "peak memory"):
        table.add_column(column, justify="right")
    for sweep in sweeps:
        table.add_row(
            str(sweep.trials),
            f"{sweep.seconds:.1f}",
            f"{sweep.seconds_per_trial:.3f}",
            f"{sweep.outside_kernel:.0%}",
            f"{sweep.peak_mebibytes:.0f} MiB",
        )
    return table


def agreement_table(baseline: Sequence[Sequence[float]], ours: Sequence[Sequence[float]]) -> Table:
    """Return the scores of the fixed points on both sides.

    Parameters
    ----------
    baseline : sequence of sequences of float
        The hand-written loops' scores of each point, one a seed.
    ours : sequence of sequences of float
        Our scores of each point, two seeds or more: their spread is the seed noise.
    """
    table = Table(title="macro-F1 of the fixed points, mean over seeds")
    for column in ("point", "hand-written", "focalsweep", "seed noise (sd)", "difference / error"):
        table.add_column(column, justify="right")
    for number, (theirs, scores) in enumerate(zip(baseline, ours, strict=True)):
        difference = statistics.mean(scores) - statistics.mean(theirs)
        spread = statistics.stdev(scores)
        error = spread * math.sqrt(1 / len(theirs) + 1 / len(scores))
        table.add_row(
            str(number),
            f"{statistics.mean(theirs):.4f}",
            f"{statistics.mean(scores):.4f}",
            f"{spread:.4f}",
            f"{difference / error:+.1f}" if error else "",
        )
    return table
