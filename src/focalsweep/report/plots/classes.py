"""Draw the classes: alpha against frequency, recall by arm, confusion matrices.

Classes stand in order of frequency. Above forty classes the heatmaps show the rarest forty,
because they are what the sweep is about, and confusion matrices fold the others into one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import leading_arms, recalls, shown_arms
from focalsweep.report.plots.style import (
    GREY,
    MOST_CLASSES,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    short,
)
from focalsweep.report.task_words import words_of

_SCALE = "Cividis"
_MOST_NUMBERED = 14
"""Classes of a confusion matrix whose cells still have room for a number."""
_MOST_LINES = 6
"""Arms whose lines can still be told apart."""


def alpha_by_frequency(result: SweepResult) -> Plot | None:
    """Draw the class weights that each weighting arm chose against class size, log-log."""
    weighted = [arm for arm in result.arms if np.ptp(arm.best.alpha) > 1e-6]
    if not weighted:
        return None
    leading = {arm.name for arm in leading_arms(result)}
    few = len(weighted) <= _MOST_LINES
    # Without a leading arm among many, the first ones stand for all.
    arms = weighted if few else [arm for arm in weighted if arm.name in leading]
    arms = arms or weighted[:_MOST_LINES]
    classes = result.dataset.classes
    order = frequency_order(result)
    counts = [classes[code].count for code in order]
    figure = new_figure(height=400, x_title="rows of the class", y_title="alpha")
    styles = arm_styles(result.arms)
    figure.add_hline(y=1, line={"color": GREY, "dash": "dash", "width": 1.5})
    for arm in arms:
        style = styles[arm.name]
        figure.add_trace(
            go.Scatter(
                x=counts,
                y=[arm.best.alpha[code] for code in order],
                mode="lines+markers",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 1.5},
                marker={"symbol": style.symbol, "size": 9},
                customdata=[short(classes[code].name) for code in order],
                hovertemplate=f"{plain(arm.label)}<br>%{{customdata}}, %{{x}} rows: "
                "alpha %{y:.3g}<extra></extra>",
            )
        )
    weights = [weight for arm in arms for weight in arm.best.alpha]
    figure.update_xaxes(type="log", **log_ticks(min(counts), max(counts)))
    figure.update_yaxes(type="log", **log_ticks(min(weights), max(weights)))
    return Plot(
        key="alpha",
        section="classes",
        title="Class weights against class size",
        reading=(
            "A line that falls to the right gives rare classes more weight, and the steeper it is "
            "the more; 1 (dashed) is the weight of an average row, because only the ratios between "
            "classes can be known."
            + ("" if len(arms) == len(weighted) else " Only the leading arms are shown.")
        ),
        figure=figure,
        legend=legend_of(arms, styles),
    )


def recall_by_arm(result: SweepResult) -> Plot:
    """Draw the share of each class that every arm finds, the rarest class at the bottom."""
    order = frequency_order(result)[-MOST_CLASSES:]
    classes = result.dataset.classes
    arms = shown_arms(result)
    hidden = len(classes) - len(order)
    figure = class_heatmap(
        values=np.array([recalls(arm.confusion)[order] for arm in arms]).T,
        columns=[arm.name for arm in arms],
        rows=[f"{short(classes[code].name)} ({classes[code].count})" for code in order],
    )
    return Plot(
        key="recall",
        section="classes",
        title="Recall of each class, by arm",
        reading=(
            "Each cell is the percentage of the class's test rows that argmax finds (brighter is "
            "more); classes stand from frequent to rare with their rows in brackets"
            + (f", and the {hidden} most frequent are not shown" if hidden else "")
            + (". The other arms are in the table below." if len(arms) < len(result.arms) else ".")
        ),
        figure=figure,
    )


def class_heatmap(
    *,
    values: NDArray[np.float64],
    columns: Sequence[str],
    rows: Sequence[str],
    largest: float = 1.0,
) -> Any:
    """Return a heatmap of shares, one row a class and one column an arm, with numbers in it.

    Parameters
    ----------
    values : array of shape (rows, columns)
        Shares in [0, 1].
    columns : sequence of str
        Names of arms; they stand upright, so that many fit.
    rows : sequence of str
        Names of classes, escaped.
    largest : float, default 1
        The share that is brightest.
    """
    longest = max(len(name) for name in columns)
    figure = new_figure(height=60 + 7 * longest + 24 * len(rows))
    heatmap(
        figure,
        values=values,
        numbers=percentages(values),
        largest=largest,
        hover=[
            [
                f"{name}<br>{plain(column)}: {100 * value:.1f}%"
                for column, value in zip(columns, row, strict=True)
            ]
            for name, row in zip(rows, values, strict=True)
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=[plain(column) for column in columns],
        tickangle=-90,
        side="top",
        ticklabeloverflow="allow",
    )
    _class_axis(figure, list(rows))
    return figure


def confusion_matrices(result: SweepResult) -> list[Plot]:
    """Draw the leading arms' errors: argmax and with decision weights.

    Argmax is left out, to keep the page short, for arms that are neither cross-entropy nor the
    verdict's, and above fourteen classes wherever there are decision weights.
    """
    plots = []
    crowded = len(result.dataset.classes) > _MOST_NUMBERED
    layer = words_of(result.task, result.objective).rule
    for arm in leading_arms(result):
        weighted = arm.best.decision_weights is not None
        central = arm.family == "cross_entropy" or arm.name == result.verdict.arm
        if not weighted or (central and not crowded):
            plots.append(_confusion(result, arm.confusion, arm.name, f"Confusions, {arm.label}"))
        if weighted:
            plots.append(
                _confusion(
                    result,
                    arm.decision_confusion,
                    f"{arm.name}-weighted",
                    f"Confusions, {arm.label}, with {layer}",
                )
            )
    return plots


def frequency_order(result: SweepResult) -> list[int]:
    """Return class codes from the most to the least frequent; equal counts keep their order."""
    classes = result.dataset.classes
    return sorted(range(len(classes)), key=lambda code: -classes[code].count)


def _confusion(
    result: SweepResult, confusion: tuple[tuple[float, ...], ...], key: str, title: str
) -> Plot:
    order = frequency_order(result)
    counts = np.asarray(confusion, dtype=np.float64)[np.ix_(order, order)]
    labels = [short(result.dataset.classes[code].name, most=14) for code in order]
    hidden = len(order) - MOST_CLASSES
    if hidden > 0:
        counts = _fold(_fold(counts, hidden).T, hidden).T
        labels = [f"{hidden} others", *labels[hidden:]]
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.full_like(counts, np.nan), where=rows > 0)
    figure = new_figure(height=150 + max(22 * len(labels), 200), x_title="predicted")
    heatmap(
        figure,
        values=shares,
        numbers=percentages(shares) if len(labels) <= _MOST_NUMBERED else None,
        hover=[
            [
                f"{labels[i]} called {labels[j]}<br>{counts[i, j]:.1f} of {rows[i, 0]:.0f} rows "
                f"({100 * shares[i, j]:.1f}%)"
                for j in range(len(labels))
            ]
            for i in range(len(labels))
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=labels,
        tickangle=-60 if len(labels) <= _MOST_NUMBERED else -90,
        tickfont={"size": 12 if len(labels) <= _MOST_NUMBERED else 9},
    )
    _class_axis(figure, labels, title="true")
    return Plot(
        key=f"confusion-{key}",
        section="classes",
        title=title,
        reading=(
            "Each row is a true class and each cell the percentage of its test rows that were "
            "called by the name below: the diagonal is right, the rest is wrong."
        ),
        figure=figure,
        half=len(labels) <= _MOST_NUMBERED,
    )


def _fold(counts: NDArray[np.float64], hidden: int) -> NDArray[np.float64]:
    """Sum the first `hidden` rows into one."""
    return np.vstack([counts[:hidden].sum(axis=0, keepdims=True), counts[hidden:]])


def heatmap(
    figure: Any,
    *,
    values: NDArray[np.float64],
    hover: list[list[str]],
    numbers: Sequence[Sequence[str]] | None = None,
    largest: float = 1.0,
) -> None:
    """Add cells shaded by a share in [0, 1], with `numbers` in them where there is room.

    Cells that are NaN stay empty.
    """
    figure.add_trace(
        go.Heatmap(
            z=values,
            zmin=0,
            zmax=largest,
            colorscale=_SCALE,
            showscale=False,
            xgap=1,
            ygap=1,
            hovertext=hover,
            hoverinfo="text",
        )
    )
    if numbers is not None:
        figure.add_trace(_numbers(values, numbers, largest=largest))
    height, width = values.shape
    figure.update_xaxes(showgrid=False, showline=False, range=[-0.5, width - 0.5])
    figure.update_yaxes(showgrid=False, showline=False, range=[height - 0.5, -0.5])


def percentages(values: NDArray[np.float64]) -> list[list[str]]:
    """Write shares in whole per cent, without the sign; what is not finite stays empty."""
    return [[f"{100 * value:.0f}" if np.isfinite(value) else "" for value in row] for row in values]


def _numbers(
    values: NDArray[np.float64], numbers: Sequence[Sequence[str]], *, largest: float
) -> Any:
    """Return the numbers in cells, white on dark cells and black on bright ones.

    Plotly's own text on a heatmap takes a tint of the cell, which is hard to read on bright ones.
    """
    rows, columns = np.nonzero(np.isfinite(values))
    shown = values[rows, columns]
    return go.Scatter(
        x=columns,
        y=rows,
        mode="text",
        text=np.array(numbers)[rows, columns].tolist(),
        textfont={
            "size": 11,
            "color": ["#000000" if value > 0.5 * largest else "#ffffff" for value in shown],
        },
        hoverinfo="skip",
    )


def log_ticks(low: float, high: float) -> dict[str, Any]:
    """Name 1, 2 and 5 of each power of ten, or 1 and 3 where that would be too many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high < 30 * low else (1, 3) if high < 3000 * low else (1,)
    values = [step * 10.0**power for power in powers for step in steps]
    return {"tickvals": values, "ticktext": [f"{value:,g}" for value in values]}


def _class_axis(figure: Any, labels: list[str], *, title: str = "") -> None:
    """Name classes down the side, the first at the top."""
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, title_text=title)
