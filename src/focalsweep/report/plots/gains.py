"""Draw what each arm gains over cross-entropy in several sweeps."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from focalsweep.config.arm_schema import Family
from focalsweep.metrics.objective import objective_label
from focalsweep.metrics.objective_words import difference_words
from focalsweep.report.plots.style import (
    FAMILY_COLOURS,
    GREY,
    Plot,
    new_figure,
    plain,
    shade,
    turn_axis,
)
from focalsweep.report.task_words import TaskWords

_ROW_HEIGHT = 34


def gains_plot(
    gains: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    families: Mapping[str, Family],
    objective: str,
    words: TaskWords,
) -> Plot:
    """Draw one row an arm: a dot a sweep, a diamond for their mean.

    Parameters
    ----------
    gains : DataFrame
        Of utilities, one row a sweep, one column an arm, from the bottom of the plot to its top;
        NaN where an arm was not run.
    labels, families : mapping by arm name
        How arms are called and coloured.
    objective : str
        What was scored.
    words : TaskWords
        The words of the sweeps' task.
    """
    figure = new_figure(
        height=90 + _ROW_HEIGHT * gains.shape[1],
        x_title=f"difference in {objective_label(objective)},<br>from {words.control}",
    )
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    for arm in gains.columns:
        own = gains[arm].dropna()
        colour, row = FAMILY_COLOURS[families[arm]], plain(labels[arm], width=24)
        figure.add_trace(
            go.Scatter(
                x=own,
                y=[row] * len(own),
                mode="markers",
                marker={"color": shade(colour, 0.45), "size": 9},
                text=[
                    f"{plain(str(name))}: {difference_words(gain, objective)}"
                    for name, gain in own.items()
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=[own.mean()],
                y=[row],
                mode="markers",
                marker={"color": colour, "size": 12, "symbol": "diamond"},
                text=[difference_words(own.mean(), objective)],
                hovertemplate="mean: %{text}<extra></extra>",
            )
        )
    turn_axis(figure, "x", objective)
    return Plot(
        key="gains",
        section="arms",
        title=f"Gain over {words.control}",
        reading="A dot is one sweep, the diamond their mean; right of the line is better than "
        f"{words.control}, {words.rule} on both sides.",
        figure=figure,
    )
