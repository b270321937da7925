"""Hold what all plots share: colours, symbols, axes, labels, and the value of a finished plot.

Colours are Okabe and Ito's (their yellow darkened for white paper), which stay apart for
colour-blind readers. There are more families of losses than colours, so kindred families share
one; an arm has a symbol and a dash of its own inside its colour, so nothing rests on colour alone.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.metrics.objective import COST, lower_is_better

FAMILY_COLOURS: dict[Family, str] = {
    "cross_entropy": "#7f868f",
    "class_weights": "#0072b2",
    "logit_adjustment": "#009e73",
    "label_smoothing": "#56b4e9",
    "robust": "#56b4e9",
    "labels": "#56b4e9",
    "resampling": "#e69f00",
    "two_stage": "#e69f00",
    "cosine_head": "#a39600",
    "margin": "#a39600",
    "focal": "#d55e00",
    "folklore": "#cc79a7",
}
REFERENCE_COLOUR = "#7f868f"
BAND_COLOUR = "#56b4e9"
GREY = "rgba(128, 128, 128, 0.55)"
GRID = "rgba(128, 128, 128, 0.22)"
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "triangle-down",
    "star",
    "hexagon",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "3px,3px", "12px,3px")
Section = Literal[
    "evidence",
    "differences",
    "arms",
    "decisions",
    "response",
    "classes",
    "labels",
    "precision",
    "probabilities",
    "search",
    "data",
    "gradient",
]
MOST_CLASSES = 40
"""Rows of a heatmap; above it the rarest classes are shown."""


@dataclass(frozen=True, kw_only=True)
class LegendItem:
    """Hold one entry of a legend; the page draws it, and a click hides the traces `key`."""

    key: str
    label: str
    colour: str
    symbol: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """Hold one finished plot and the sentence that says how to read it.

    Parameters
    ----------
    key : str
        Short name: the anchor on the page and the file name under ``plots/``.
    section : str
        Section of the page that it stands in.
    title : str
        What it shows.
    reading : str
        One sentence: how to read it.
    figure : plotly Figure
        The drawing; its layout carries the height in pixels.
    legend : tuple of LegendItem
        Entries of the legend, empty where the axes name everything.
    half : bool
        Whether two of these stand side by side on a wide page.
    """

    key: str
    section: Section
    title: str
    reading: str
    figure: Any
    legend: tuple[LegendItem, ...] = ()
    half: bool = False


@dataclass(frozen=True, kw_only=True)
class ArmStyle:
    """Hold how one arm looks in every plot."""

    colour: str
    symbol: str
    dash: str


def arm_styles(arms: Sequence[ArmResult]) -> dict[str, ArmStyle]:
    """Give each arm its family's colour and the next symbol and dash inside that colour."""
    styles: dict[str, ArmStyle] = {}
    seen: dict[str, int] = {}
    for arm in arms:
        colour = FAMILY_COLOURS[arm.family]
        index = seen.get(colour, 0)
        seen[colour] = index + 1
        styles[arm.name] = ArmStyle(
            colour=colour,
            symbol=SYMBOLS[index % len(SYMBOLS)],
            dash=DASHES[index % len(DASHES)],
        )
    return styles


def legend_of(
    arms: Sequence[ArmResult], styles: dict[str, ArmStyle], *, others: bool = False
) -> tuple[LegendItem, ...]:
    """Return the legend of a plot that draws `arms`, and in grey (`others`) the rest."""
    items = [
        LegendItem(
            key=arm.name,
            label=arm.label,
            colour=styles[arm.name].colour,
            symbol=styles[arm.name].symbol,
        )
        for arm in arms
    ]
    if others:
        items.append(LegendItem(key="others", label="other arms", colour=GREY, symbol="circle"))
    return tuple(items)


def new_figure(*, height: int, x_title: str = "", y_title: str = "") -> Any:
    """Return an empty figure that grows with its box and lets a finger scroll past it."""
    axis = {
        "gridcolor": GRID,
        "linecolor": GREY,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
    }
    # In one piece: a figure that is changed afterwards is checked ten times as long.
    return go.Figure(
        layout={
            "template": "none",
            "height": height,
            "showlegend": False,
            "dragmode": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, sans-serif", "size": 12, "color": "#6b7280"},
            "margin": {"l": 12, "r": 16, "t": 8, "b": 12},
            "hoverlabel": {"align": "left"},
            "xaxis": {**axis, "title": {"standoff": 12, "text": x_title}},
            "yaxis": {**axis, "title": {"standoff": 12, "text": y_title}},
        }
    )


def turn_axis(figure: Any, axis: Literal["x", "y"], objective: str) -> None:
    """Show utilities in the objective's own unit: where that goes down, so does the axis.

    Numbers and axis are turned together, so what is better stays right of, or above, what is worse.
    The title of the axis says so, on a line of its own where a phone is too narrow for one.
    """
    if not lower_is_better(objective):
        return
    for trace in figure.data:
        trace[axis] = 0.0 - np.asarray(trace[axis], dtype=np.float64)
        bars = trace[f"error_{axis}"]
        bars.array, bars.arrayminus = bars.arrayminus, bars.array
        if objective == COST and trace.hovertemplate:  # of any size, so not in thousandths
            trace.hovertemplate = trace.hovertemplate.replace(":.3f}", ":.3~g}")
    for shape in figure.layout.shapes:
        if shape[f"{axis}ref"] == axis:
            for end in (f"{axis}0", f"{axis}1"):
                shape[end] = 0.0 - shape[end]
    for note in figure.layout.annotations:
        if note[f"{axis}ref"] in (None, axis):
            note[axis] = 0.0 - note[axis]
    shown = figure.layout[f"{axis}axis"]
    shown.title.text += f"{'<br>' if axis == 'x' else ' '}(lower is better)"
    if shown.range is None:
        shown.autorange = "reversed"
    else:
        shown.range = [0.0 - end for end in shown.range]


def plain(text: str, *, width: int = 0) -> str:
    """Escape a name for plotly, which reads labels as HTML; wrap it at `width` characters."""
    lines = textwrap.wrap(text, width, break_long_words=False) if width else [text]
    return "<br>".join(html.escape(line, quote=False) for line in lines) or "(empty)"


def short(name: str, *, most: int = 22) -> str:
    """Cut a class name in its middle, so that axes keep room for the plot, and escape it.

    Its end stays, because names of one data set often begin alike.
    """
    tail = most // 3
    return plain(name if len(name) <= most else f"{name[: most - tail - 1]}…{name[-tail:]}")


def shade(colour: str, opacity: float) -> str:
    """Turn ``#rrggbb`` into the same colour with an opacity in [0, 1]."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"
