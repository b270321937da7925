"""Draw what a budget buys: the best validation score so far against the number of trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import objective_label
from focalsweep.report.frames import FINAL_FOLD, shown_arms
from focalsweep.report.plots.style import (
    GREY,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    shade,
    turn_axis,
)

_MOST_BANDS = 4
"""Arms whose spread over folds can be shaded without a muddle."""


def best_so_far(result: SweepResult, trials: pd.DataFrame) -> Plot | None:
    """Draw the best validation score after each trial, with its middle half over outer folds.

    Results without `search` are read from the trials table instead, and have no band.
    """
    lines = {arm.name: _line(arm, trials) for arm in result.arms}
    if not any(len(line) for line in lines.values()):
        return None
    figure = new_figure(
        height=400,
        x_title="trials",
        y_title=f"best {objective_label(result.objective)}",
    )
    styles = arm_styles(result.arms)
    shown = shown_arms(result)
    names = {arm.name for arm in shown}
    for arm in result.arms:
        if arm.name not in names and len(lines[arm.name]):
            figure.add_trace(_grey_line(arm, lines[arm.name]))
    banded = [arm for arm in shown if arm.search is not None]
    for arm in banded if len(banded) <= _MOST_BANDS else []:
        figure.add_trace(_band(arm, styles[arm.name].colour))
    for arm in shown:
        line = lines[arm.name]
        figure.add_trace(
            go.Scatter(
                x=np.arange(1, len(line) + 1),
                y=line,
                mode="lines+markers" if len(line) < 25 else "lines",
                legendgroup=arm.name,
                line={"color": styles[arm.name].colour, "dash": styles[arm.name].dash, "width": 2},
                marker={"symbol": styles[arm.name].symbol, "size": 6},
                hovertemplate=f"{plain(arm.label)}<br>after %{{x}} trials: %{{y:.3f}}"
                "<extra></extra>",
            )
        )
    finite = [value for line in lines.values() for value in line[1:] if np.isfinite(value)]
    if finite:
        # First trials can be very bad; the question is what the later ones add.
        low, high = float(np.quantile(finite, 0.02)), max(finite)
        room = 0.08 * (high - low) or 0.01
        figure.update_yaxes(range=[low - room, high + room])
    turn_axis(figure, "y", result.objective)
    tang = any(arm.search and arm.search.estimator == "tang2020" for arm in shown)
    return Plot(
        key="progress",
        section="search",
        title="What more trials bought",
        reading=(
            "Each line is the best validation score found so far, averaged over the outer folds"
            + (" (the expected one for trials in random order)" if tang else "")
            + "; where it is flat, more trials bought nothing, and an arm that is ahead only at "
            "the right end needs the larger budget to win."
            + (" Shading holds the middle half of the folds." if 0 < len(banded) <= 4 else "")
        ),
        figure=figure,
        legend=legend_of(shown, styles, others=len(shown) < len(result.arms)),
    )


def mean_best_so_far(trials: pd.DataFrame) -> NDArray[np.float64]:
    """Average the running maximum over folds, as far as every fold went.

    A failed trial leaves the maximum where it was; before the first value it is NaN.
    """
    runs = [
        own.sort_values("trial")["value"].where(own["state"] == "complete").cummax().ffill()
        for _, own in trials.groupby("fold")
    ]
    shortest = min((len(run) for run in runs), default=0)
    if shortest == 0:
        return np.empty(0)
    table = np.array([run.to_numpy(np.float64)[:shortest] for run in runs])
    return np.asarray(table.mean(axis=0))


def _line(arm: ArmResult, trials: pd.DataFrame) -> NDArray[np.float64]:
    if arm.search is not None:
        return np.asarray(arm.search.best_so_far, dtype=np.float64)
    return mean_best_so_far(trials[(trials["arm"] == arm.name) & (trials["fold"] != FINAL_FOLD)])


def _grey_line(arm: ArmResult, line: NDArray[np.float64]) -> go.Scatter:
    return go.Scatter(
        x=np.arange(1, len(line) + 1),
        y=line,
        mode="lines",
        legendgroup="others",
        line={"color": GREY, "width": 1},
        hovertemplate=f"{plain(arm.label)}<br>after %{{x}} trials: %{{y:.3f}}<extra></extra>",
    )


def _band(arm: ArmResult, colour: str) -> go.Scatter:
    if arm.search is None:
        raise ValueError("a band needs `search`")
    low, high = arm.search.best_so_far_low, arm.search.best_so_far_high
    steps = np.arange(1, len(low) + 1)
    return go.Scatter(
        x=np.concatenate([steps, steps[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        fill="toself",
        fillcolor=shade(colour, 0.12),
        line={"width": 0},
        legendgroup=arm.name,
        hoverinfo="skip",
    )
