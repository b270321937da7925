"""Draw probabilities: reliability before and after correction, precision against recall."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from focalsweep.evidence.arm_facts import ArmResult, Probabilities, ReliabilityBin
from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import curve_of, leading_arms
from focalsweep.report.plots.classes import frequency_order
from focalsweep.report.plots.style import (
    GREY,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
)

_MOST_CURVES = 6
"""Classes that get a plot of precision against recall: the rarest, which the sweep is about."""


def reliability_plots(result: SweepResult) -> list[Plot]:
    """Draw how often the leading arms are right when they say how sure they are: raw, corrected."""
    raw = _reliability(result, lambda found: found.reliability_raw, "raw", "before correction")
    corrected = _reliability(
        result, lambda found: found.reliability_corrected, "corrected", "after correction"
    )
    return [plot for plot in (raw, corrected) if plot is not None]


def precision_recall_plots(result: SweepResult) -> list[Plot]:
    """Draw precision against recall of the leading arms, one plot a class, the rarest six."""
    arms = [arm for arm in leading_arms(result) if arm.precision_recall]
    if not arms:
        return []
    known = {curve.name for arm in arms for curve in arm.precision_recall}
    classes = result.dataset.classes
    codes = [code for code in frequency_order(result) if classes[code].name in known]
    return [_precision_recall(result, arms, code) for code in codes[-_MOST_CURVES:][::-1]]


def _reliability(
    result: SweepResult,
    bins_of: Callable[[Probabilities], Sequence[ReliabilityBin]],
    key: str,
    words: str,
) -> Plot | None:
    styles = arm_styles(result.arms)
    figure = new_figure(height=360, x_title="probability it gives", y_title="share that is right")
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": GREY, "dash": "dash", "width": 1.5},
            hoverinfo="skip",
        )
    )
    drawn = []
    for arm in leading_arms(result):
        bins = bins_of(arm.probabilities) if arm.probabilities is not None else ()
        if not bins:
            continue
        drawn.append(arm)
        style = styles[arm.name]
        figure.add_trace(
            go.Scatter(
                x=[entry.confidence for entry in bins],
                y=[entry.accuracy for entry in bins],
                mode="lines+markers",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 2},
                marker={"symbol": style.symbol, "size": 8},
                customdata=[100 * entry.share for entry in bins],
                hovertemplate=f"{plain(arm.label)}<br>says %{{x:.2f}}, right %{{y:.2f}} "
                "(%{customdata:.0f}% of rows)<extra></extra>",
            )
        )
    if not drawn:
        return None
    said = "what is said of a label" if result.task == "multi_label" else "a row called"
    figure.update_xaxes(range=[0, 1.02], dtick=0.2)
    figure.update_yaxes(range=[0, 1.02], dtick=0.2)
    return Plot(
        key=f"reliability-{key}",
        section="probabilities",
        title=f"Reliability {words}",
        reading=(
            f"On the dashed line {said} with probability 0.8 is right 8 times in 10; below it the "
            "arm is too sure of itself, above it too timid."
        ),
        figure=figure,
        legend=legend_of(drawn, styles),
        half=True,
    )


def _precision_recall(result: SweepResult, arms: Sequence[ArmResult], code: int) -> Plot:
    facts = result.dataset.classes[code]
    styles = arm_styles(result.arms)
    figure = new_figure(height=300, x_title="recall", y_title="precision")
    figure.add_hline(y=facts.share, line={"color": GREY, "dash": "dash", "width": 1.5})
    for arm in arms:
        curve, style = curve_of(arm, facts.name), styles[arm.name]
        if curve is None:
            continue
        order = np.argsort(curve.recall, kind="stable")
        figure.add_trace(
            go.Scatter(
                x=np.asarray(curve.recall)[order],
                y=np.asarray(curve.precision)[order],
                mode="lines",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 2},
                hovertemplate=f"{plain(arm.label)} (average precision "
                f"{curve.average_precision:.3f})<br>recall %{{x:.2f}}, precision %{{y:.2f}}"
                "<extra></extra>",
            )
        )
    figure.update_xaxes(range=[0, 1.02], dtick=0.25)
    figure.update_yaxes(range=[0, 1.03], dtick=0.25)
    return Plot(
        key=f"precision-recall-{code}",
        section="precision",
        title=f"Precision and recall, {_cut(facts.name)} ({facts.count:,} rows)",
        reading=(
            "Further up and right is better; the dashed line is what calling rows at random gives."
        ),
        figure=figure,
        legend=legend_of(arms, styles),
        half=True,
    )


def _cut(name: str, *, most: int = 30) -> str:
    """Cut a class name for a title, which the page escapes itself."""
    return name if len(name) <= most else name[: most - 1] + "…"
