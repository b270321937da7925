"""Draw the diagnosis: how mixed the classes are, and who pulls at the model while it trains."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import leading_arms
from focalsweep.report.plots.classes import class_heatmap, frequency_order
from focalsweep.report.plots.style import (
    GREY,
    MOST_CLASSES,
    LegendItem,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    short,
)
from focalsweep.report.task_words import words_of

_OVERLAP = "#0072b2"


def overlap(result: SweepResult) -> Plot | None:
    """Draw the share of each class's neighbours that are of other classes, and that by chance."""
    diagnosis = result.dataset.diagnosis
    if diagnosis is None or not diagnosis.classes:
        return None
    codes = frequency_order(result)[-MOST_CLASSES:][::-1]
    classes = [diagnosis.classes[code] for code in codes]
    rows, labelled = list(range(len(classes))), result.task == "multi_label"
    counts = [result.dataset.classes[code].count for code in codes]
    others = "without the label" if labelled else "of other classes"
    figure = new_figure(height=90 + 26 * len(classes), x_title=f"neighbours {others}")
    for key, colour, symbol, values in (
        ("found", _OVERLAP, "circle", [entry.neighbours for entry in classes]),
        ("chance", GREY, "diamond-open", [entry.expected for entry in classes]),
    ):
        figure.add_trace(
            go.Scatter(
                x=values,
                y=rows,
                mode="markers",
                legendgroup=key,
                marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2}},
                text=[short(entry.name) for entry in classes],
                hovertemplate="%{text}: %{x:.0%}"
                + f"<extra>{'' if key == 'found' else 'by chance'}</extra>",
            )
        )
    figure.update_xaxes(range=[-0.03, 1.04], tickformat=".0%", dtick=0.25)
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[
            f"{short(entry.name, most=14)} ({count})"
            for entry, count in zip(classes, counts, strict=True)
        ],
        range=[-0.6, len(rows) - 0.4],
    )
    hidden, words = len(result.dataset.classes) - len(codes), words_of(result.task)
    return Plot(
        key="overlap",
        section="data",
        title=f"How mixed the {words.things} are, before any training",
        reading=(
            f"A {words.thing} far left of its diamond stands apart from the "
            + ("rows without it" if labelled else "others")
            + "; one near its diamond is strewn among them as if at random, and no loss can tell "
            "it apart."
            + (f" The {hidden} most frequent {words.things} are not shown." if hidden else "")
        ),
        figure=figure,
        legend=(
            LegendItem(key="found", label="this data", colour=_OVERLAP, symbol="circle"),
            LegendItem(key="chance", label="strewn at random", colour=GREY, symbol="diamond"),
        ),
    )


def gradient_by_class(result: SweepResult) -> Plot | None:
    """Draw the share of the gradient that each class takes, beside its share of the rows."""
    arms = _gradient_arms(result)
    if not arms:
        return None
    order, words = frequency_order(result)[-MOST_CLASSES:], words_of(result.task)
    classes = result.dataset.classes
    # Shares of labels do not sum to 1 as those of classes do: a row may carry several.
    total = sum(facts.share for facts in classes) if result.task == "multi_label" else 1.0
    columns = [[classes[code].share / total for code in order]]
    columns += [[arm.gradient.by_class[code] for code in order] for arm in arms if arm.gradient]
    values = np.array(columns, dtype=np.float64).T
    figure = class_heatmap(
        values=values,
        columns=[f"share of {words.rows}", *(arm.name for arm in arms)],
        rows=[f"{short(classes[code].name)} ({classes[code].count})" for code in order],
        largest=float(max(values.max(), 0.01)),
    )
    return Plot(
        key="gradient-class",
        section="gradient",
        title=f"Who pulls at the model, by {words.thing}",
        reading=(
            f"The first column is the {words.thing}'s percentage of the {words.rows}, the others "
            f"its percentage of the gradient under each loss: where a rare {words.thing} has much "
            f"more than its share of {words.rows}, the loss works for it."
        ),
        figure=figure,
    )


def gradient_by_difficulty(result: SweepResult) -> Plot | None:
    """Draw the share of the gradient in ten bins of the true class's probability."""
    arms = _gradient_arms(result)
    if not arms:
        return None
    true = "the truth" if result.task == "multi_label" else "the true class"
    x_title = f"probability of {true} (hard to easy)"
    figure = new_figure(height=400, x_title=x_title, y_title="share")
    styles = arm_styles(result.arms)
    bins = len(arms[0].gradient.by_difficulty) if arms[0].gradient else 0
    middles = (np.arange(bins) + 0.5) / max(bins, 1)
    first = arms[0].gradient
    figure.add_trace(
        go.Bar(
            x=middles,
            y=first.rows_by_difficulty if first else (),
            width=0.9 / max(bins, 1),
            legendgroup="rows",
            marker={"color": GREY, "line": {"width": 0}},
            hovertemplate="%{y:.0%} of the rows<extra></extra>",
        )
    )
    for arm in arms:
        style = styles[arm.name]
        figure.add_trace(
            go.Scatter(
                x=middles,
                y=arm.gradient.by_difficulty if arm.gradient else (),
                mode="lines+markers",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 2},
                marker={"symbol": style.symbol, "size": 8},
                hovertemplate=f"{plain(arm.label)}: %{{y:.0%}} of the gradient<extra></extra>",
            )
        )
    figure.update_xaxes(range=[0, 1], dtick=0.2)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    rows = LegendItem(key="rows", label=f"rows, {arms[0].label}", colour=GREY, symbol="square")
    return Plot(
        key="gradient-difficulty",
        section="gradient",
        title="Who pulls at the model, by difficulty",
        reading=(
            f"Rows on the left are hard ({true} is given little probability) and rows on "
            "the right easy; a line above the others on the left belongs to a loss that focuses "
            "on hard rows."
        ),
        figure=figure,
        legend=(rows, *legend_of(arms, styles)),
    )


def _gradient_arms(result: SweepResult) -> list[ArmResult]:
    """Return the leading arms and the copied point, those that have gradients."""
    arms = leading_arms(result)
    arms += [arm for arm in result.arms if arm.family == "folklore" and arm not in arms]
    return [arm for arm in arms if arm.gradient is not None]
