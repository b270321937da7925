"""Draw the evidence: paired differences, the verdict's comparisons, and scores by arm."""

from __future__ import annotations

from math import isfinite
from typing import Any

import plotly.graph_objects as go

from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import objective_label
from focalsweep.metrics.objective_words import difference_words, score_words
from focalsweep.report.frames import has_rule
from focalsweep.report.plots.style import (
    FAMILY_COLOURS,
    GREY,
    REFERENCE_COLOUR,
    LegendItem,
    Plot,
    arm_styles,
    new_figure,
    plain,
    shade,
    turn_axis,
)
from focalsweep.report.task_words import words_of
from focalsweep.report.wording import (
    difference_interval,
    family_words,
    objective_interval,
    outcome_words,
)

_LABEL_WIDTH = 20
_LINE = 17
"""Pixels of one line of a label."""


def difference_forest(result: SweepResult) -> Plot | None:
    """Draw each arm's paired difference against cross-entropy with its 95% interval."""
    arms = [arm for arm in result.arms if arm.difference is not None]
    if not arms:
        return None
    name = result.objective
    arms.sort(key=lambda arm: arm.difference.mean if arm.difference else 0.0)
    figure = new_figure(
        height=90 + _row_height([arm.label for arm in arms]) * len(arms),
        x_title=f"difference in {objective_label(name)}",
    )
    styles, words = arm_styles(result.arms), words_of(result.task, result.objective)
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5, "dash": "dash"})
    for row, arm in enumerate(arms):
        difference = arm.difference
        if difference is None:
            continue
        style = styles[arm.name]
        hover = (
            f"{plain(arm.label)}<br>{difference_words(difference.mean, name)} "
            f"({difference_interval(difference.interval, name)})<br>p {difference.p_value:.3f}, "
            f"Holm-corrected {difference.p_holm:.3f}"
        )
        figure.add_trace(
            _whisker(
                x=difference.mean,
                y=row,
                span=difference.interval,
                marker={"color": style.colour, "symbol": style.symbol, "size": 12},
                hover=hover,
            )
        )
    turn_axis(figure, "x", name)
    _rows(figure, [arm.label for arm in arms])
    return Plot(
        key="differences",
        section="differences",
        title=f"Each arm against {words.control}",
        reading=(
            f"Right of the dashed line is better than {words.control} on the same test rows "
            f"({words.rule} on both sides); a bar that crosses the line is a difference that may "
            "be chance."
        ),
        figure=figure,
    )


def comparisons_strip(result: SweepResult) -> Plot | None:
    """Draw the verdict's comparisons: one dot an outer fold, the mean and its interval."""
    comparisons = result.comparisons[::-1]
    if not comparisons:
        return None
    decision, name = result.verdict.decision, result.objective
    height = 92
    figure = new_figure(
        height=70 + height * len(comparisons),
        x_title=f"difference in {objective_label(name)}",
    )
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5, "dash": "dash"})
    for row, comparison in enumerate(comparisons):
        question = comparison.question.replace("`", "")
        figure.add_trace(
            go.Scatter(
                x=list(comparison.differences),
                y=[row - 0.18] * len(comparison.differences),
                mode="markers",
                marker={"color": shade("#56b4e9", 0.75), "size": 8},
                text=[difference_words(each, name) for each in comparison.differences],
                hovertemplate="one test fold: %{text}<extra></extra>",
            )
        )
        figure.add_trace(
            _whisker(
                x=comparison.mean,
                y=row + 0.05,
                span=comparison.interval,
                marker={"color": FAMILY_COLOURS["class_weights"], "symbol": "diamond", "size": 12},
                hover=f"{plain(question, width=50)}<br>"
                f"{difference_words(comparison.mean, name)} "
                f"({difference_interval(comparison.interval, name)})<br>"
                f"{outcome_words(comparison, decision)}",
            )
        )
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=row + 0.2,
            yanchor="bottom",
            align="left",
            showarrow=False,
            text=plain(question, width=48),
        )
    turn_axis(figure, "x", name)
    figure.update_yaxes(visible=False, range=[-0.5, len(comparisons) - 0.25])
    return Plot(
        key="comparisons",
        section="evidence",
        title="What the verdict rests on",
        reading=(
            "Every light dot is the difference on one test fold, the diamond their mean and the "
            "bar its 95% interval; right of the dashed line, the side named first is ahead."
        ),
        figure=figure,
    )


def scores_by_arm(result: SweepResult) -> Plot:
    """Draw test scores: argmax hollow, with decision weights filled, reference rows below."""
    name = result.objective
    weighted, words = has_rule(result), words_of(result.task, result.objective)
    arms = result.arms[::-1]
    references = result.references[::-1]
    labels = [row.label for row in references] + [row.label for row in arms]
    figure = new_figure(
        height=90 + _row_height(labels) * len(labels),
        x_title=f"{objective_label(name)} on test rows",
    )
    styles = arm_styles(result.arms)
    shift = 0.16 if weighted else 0.0
    for row, arm in enumerate(arms, start=len(references)):
        style = styles[arm.name]
        marker = {"symbol": style.symbol, "size": 11, "color": style.colour}
        figure.add_trace(
            _whisker(
                x=arm.argmax_score,
                y=row + shift,
                span=arm.argmax_interval,
                marker=marker | {"symbol": f"{style.symbol}-open", "line": {"width": 2}},
                hover=f"{plain(arm.label)}, {words.plain}<br>"
                f"{score_words(arm.argmax_score, name)} "
                f"({objective_interval(arm.argmax_interval, name)})",
            )
        )
        if weighted:
            figure.add_trace(
                _whisker(
                    x=arm.decision_score,
                    y=row - shift,
                    span=arm.decision_interval,
                    marker=marker,
                    hover=f"{plain(arm.label)}, {words.ruled}<br>"
                    f"{score_words(arm.decision_score, name)} "
                    f"({objective_interval(arm.decision_interval, name)})",
                )
            )
    for row, reference in enumerate(references):
        figure.add_trace(
            _whisker(
                x=reference.score,
                y=row,
                span=reference.interval,
                marker={
                    "symbol": "x-open",
                    "size": 10,
                    "color": REFERENCE_COLOUR,
                    "line": {"width": 2},
                },
                hover=f"{plain(reference.label)}<br>{score_words(reference.score, name)} "
                f"({objective_interval(reference.interval, name)})",
            )
        )
    turn_axis(figure, "x", name)
    _rows(figure, labels)
    return Plot(
        key="scores",
        section="decisions",
        title="Scores on rows that no search has seen",
        reading=(
            (
                f"Hollow marks predict {words.predicts}, filled marks use {words.rule}; "
                if weighted
                else "Marks are mean scores; "
            )
            + "bars are 95% intervals"
            + (
                ", and the crosses at the bottom are scikit-learn models for reference."
                if references
                else "."
            )
        ),
        figure=figure,
        legend=_families(result),
    )


def _families(result: SweepResult) -> tuple[LegendItem, ...]:
    """Name the families behind each colour that is drawn."""
    words: dict[str, list[str]] = {}
    for family in dict.fromkeys(arm.family for arm in result.arms):
        words.setdefault(FAMILY_COLOURS[family], []).append(family_words(family, result.task))
    items = [
        LegendItem(key="", label=", ".join(names), colour=colour, symbol="circle")
        for colour, names in words.items()
    ]
    if result.references:
        items.append(LegendItem(key="", label="reference", colour=REFERENCE_COLOUR, symbol="x"))
    return tuple(items)


def _row_height(labels: list[str]) -> int:
    """Return the pixels that the longest label needs when it is wrapped."""
    lines = max(plain(label, width=_LABEL_WIDTH).count("<br>") + 1 for label in labels)
    return max(_LINE * lines + 6, 34)


def _rows(figure: Any, labels: list[str]) -> None:
    """Write one label a row, from the bottom up."""
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=[plain(label, width=_LABEL_WIDTH) for label in labels],
        range=[-0.6, len(labels) - 0.4],
    )


def _whisker(*, x: float, y: float, span: Interval, marker: dict[str, Any], hover: str) -> Any:
    """Return a mark with its interval, which need not be symmetric; an unknown one has no bar."""
    above, below = (
        max(end, 0.0) if isfinite(end) else 0.0 for end in (span.high - x, x - span.low)
    )
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker=marker,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [above],
            "arrayminus": [below],
            "color": marker["color"],
            "thickness": 2,
            "width": 5,
        },
        hovertemplate=hover + "<extra></extra>",
    )
