"""Draw what an inspection counts: rows of each class, and what each column lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from focalsweep.data.column_facts import ColumnFacts
from focalsweep.evidence.facts import DatasetFacts
from focalsweep.report.plots.style import MOST_CLASSES, Plot, new_figure, plain, short
from focalsweep.report.task_words import TaskWords
from focalsweep.report.wording import percent

_ROWS = "#0072b2"
_MISSING = "#d55e00"
_STEEP = 30
"""Largest over smallest class from which on bars need a logarithmic axis to be seen."""
_MOST_COLUMNS = 40
_ROW_HEIGHT = 24


def class_counts(data: DatasetFacts, words: TaskWords) -> Plot:
    """Draw the rows of each class, the most frequent at the top."""
    ordered = sorted(data.classes, key=lambda facts: -facts.count)
    # The largest stays in sight, because it is what the others are rare beside.
    kept = ordered if len(ordered) <= MOST_CLASSES else [ordered[0], *ordered[1 - MOST_CLASSES :]]
    shown = kept[::-1]
    counts = [facts.count for facts in shown]
    steep = max(counts) > _STEEP * max(min(counts), 1)
    figure = new_figure(height=90 + _ROW_HEIGHT * len(shown), x_title=words.rows)
    figure.add_trace(
        go.Bar(
            x=counts,
            y=list(range(len(shown))),
            orientation="h",
            marker={"color": _ROWS, "line": {"width": 0}},
            text=[f"{count:,}" for count in counts],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                f"{plain(facts.name)}: {facts.count:,} ({percent(facts.count / data.rows)})"
                for facts in shown
            ],
            hoverinfo="text",
        )
    )
    if steep:
        figure.update_xaxes(type="log", **_powers(max(counts)))
    else:
        figure.update_xaxes(range=[0, 1.02 * max(counts)], nticks=5)
    _leave_room(figure, f"{max(counts):,}")
    figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=[short(facts.name) for facts in shown]
    )
    hidden = len(ordered) - len(shown)
    return Plot(
        key="class-counts",
        section="data",
        title=f"{words.rows.capitalize()} of each {words.thing}",
        reading=(
            "A bar's number says how many there are; those at the bottom decide what can be "
            "learned and what can be shown."
            + (" Each step of the axis is ten times the one before." if steep else "")
            + (
                f" {hidden} {words.things} between the largest and the rarest are not shown."
                if hidden
                else ""
            )
        ),
        figure=figure,
    )


def missing_shares(columns: Sequence[ColumnFacts]) -> Plot | None:
    """Draw the share of rows without a value, for the columns that lack most; None without any."""
    lacking = sorted((column for column in columns if column.missing), key=lambda c: -c.missing)
    if not lacking:
        return None
    shown = lacking[:_MOST_COLUMNS][::-1]
    figure = new_figure(height=90 + _ROW_HEIGHT * len(shown), x_title="rows without a value")
    figure.add_trace(
        go.Bar(
            x=[column.missing for column in shown],
            y=list(range(len(shown))),
            orientation="h",
            marker={"color": _MISSING, "line": {"width": 0}},
            text=[percent(column.missing) for column in shown],
            textposition="outside",
            cliponaxis=False,
            hovertext=[f"{plain(c.name)}: {percent(c.missing)} missing" for c in shown],
            hoverinfo="text",
        )
    )
    _leave_room(figure, "100%")
    figure.update_xaxes(range=[0, 1], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=[short(column.name) for column in shown]
    )
    hidden = len(lacking) - len(shown)
    return Plot(
        key="missing",
        section="data",
        title="What columns lack",
        reading=(
            "The share of rows in which a column has no value; a column that is nearly empty says "
            "little, and one that is missing for a reason may say much."
            + (f" {hidden:,} columns that lack less are not shown." if hidden else "")
        ),
        figure=figure,
    )


def _leave_room(figure: Any, text: str) -> None:
    """Leave room at the right for the number behind the longest bar."""
    figure.update_layout(margin_r=20 + 8 * len(text))


def _powers(largest: int) -> dict[str, Any]:
    """Name the powers of ten that bars reach; they start at half a row, so that one row shows."""
    values = [10**power for power in range(len(str(largest)))]
    return {
        "tickvals": values,
        "ticktext": [f"{value:,}" for value in values],
        "range": [-0.3, math.log10(largest) + 0.02],
    }
