"""Draw the response surface: a focal arm's smoothed score over gamma and tau, and its plateau."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.evidence.surface import SmoothSurface, smooth_surface
from focalsweep.metrics.objective import lower_is_better
from focalsweep.metrics.objective_words import own_unit, score_words
from focalsweep.report.frames import FINAL_FOLD, find_arm, leading_arms
from focalsweep.report.plots.style import Plot, new_figure, plain
from focalsweep.report.wording import axis_words

_MOST = 2
"""Surfaces on the page: the leading arm's first."""


def surface_maps(result: SweepResult, trials: pd.DataFrame) -> list[Plot]:
    """Draw the smoothed score over gamma and tau for focal arms that have both, two at most."""
    leading = {arm.name for arm in leading_arms(result)}
    plots: list[Plot] = []
    for found in sorted(result.surfaces, key=lambda surface: surface.arm not in leading):
        arm = find_arm(result, found.arm)
        smooth = smooth_surface(trials, arm=found.arm)
        if arm is None or smooth is None or smooth.tau is None or len(plots) == _MOST:
            continue
        plots.append(_map(result, trials, arm, smooth))
    return plots


def _map(result: SweepResult, trials: pd.DataFrame, arm: ArmResult, smooth: SmoothSurface) -> Plot:
    objective = axis_words(result.objective)
    own = trials[
        (trials["arm"] == arm.name)
        & (trials["fold"] == FINAL_FOLD)
        & (trials["state"] == "complete")
    ]
    best = float(smooth.score.max())
    # Turned only where they are shown: what is better stays brighter.
    turned, name = lower_is_better(result.objective), result.objective
    # Far below the band everything is equally out of question: the colours are for the top.
    floor = max(float(smooth.score.min()), best - max(6 * smooth.noise, 0.02))
    figure = new_figure(height=440, x_title="gamma", y_title="tau")
    figure.add_trace(
        go.Heatmap(
            x=smooth.gamma,
            y=smooth.tau,
            z=own_unit(smooth.score.T, name),
            zmin=min(own_unit(floor, name), own_unit(best, name)),
            zmax=max(own_unit(floor, name), own_unit(best, name)),
            zsmooth="best",
            colorscale="Cividis",
            reversescale=turned,
            colorbar={
                "orientation": "h",
                "thickness": 10,
                "y": 1.02,
                "yanchor": "bottom",
                "outlinewidth": 0,
                "nticks": 5,
                "title": {"text": f"{plain(objective)}, validation", "side": "top"},
            },
            hovertemplate="gamma %{x:.2f}, tau %{y:.2f}: %{z:.3f}<extra>smoothed</extra>",
        )
    )
    figure.add_trace(
        go.Contour(
            x=smooth.gamma,
            y=smooth.tau,
            z=own_unit(smooth.score.T, name),
            contours={
                "type": "constraint",
                "operation": "=",
                "value": own_unit(best - smooth.noise, name),
            },
            line={"color": "#ffffff", "width": 2.5, "dash": "dash"},
            hoverinfo="skip",
            showscale=False,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=own["gamma"],
            y=own["tau"],
            mode="markers",
            marker={
                "size": 7,
                "color": "#d55e00",
                "line": {"width": 1, "color": "#ffffff"},
            },
            text=[score_words(value, name) for value in own["value"]],
            hovertemplate="gamma %{x:.3g}, tau %{y:.3g}: %{text}<extra>a trial</extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[arm.best.parameters["gamma"]],
            y=[arm.best.parameters["tau"]],
            mode="markers",
            marker={
                "size": 17,
                "symbol": "star",
                "color": "#d55e00",
                "line": {"width": 1.5, "color": "#ffffff"},
            },
            hovertemplate="gamma %{x:.3g}, tau %{y:.3g}<extra>chosen</extra>",
        )
    )
    # Beside a colour bar plotly takes too little room for the title below the axis.
    figure.update_layout(margin={"t": 70, "b": 56})
    figure.update_xaxes(showgrid=False, title_standoff=20)
    figure.update_yaxes(showgrid=False)
    return Plot(
        key=f"surface-{arm.name}",
        section="response",
        title=f"The surface over gamma and tau, {arm.label}",
        reading=(
            "Brighter is better; everything inside the dashed white line is within noise of the "
            "best, so the numbers there are as good as each other. Dots are trials of the search "
            "on all rows, the star is the chosen one."
        ),
        figure=figure,
    )
