"""Render an inspection as one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from focalsweep.errors import UserError
from focalsweep.report import inspection_words as say
from focalsweep.report.inspection import Inspection
from focalsweep.report.page import environment
from focalsweep.report.plots.inspection import class_counts, missing_shares
from focalsweep.report.wording import label_sentences
from focalsweep.report.write import write_text

MOST_COLUMNS = 1_000
"""Rows of the table of columns: a page of twenty thousand would not open."""


def render_inspection(inspection: Inspection) -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    inspection : Inspection
        From `focalsweep.inspection`.
    """
    data, words = inspection.data, say.task_words(inspection.data)
    template = environment().get_template("inspection.html.j2")
    return template.render(
        inspection=inspection,
        words=words,
        imbalance=say.imbalance_words(data),
        time=say.time_words(inspection.cost),
        classes=sorted(data.classes, key=lambda facts: -facts.count),
        overlaps={each.name: each for each in data.diagnosis.classes} if data.diagnosis else {},
        label_sentences=[]
        if data.multi_label is None
        else label_sentences(data.multi_label, rows=data.rows),
        class_plot=class_counts(data, words),
        missing_plot=missing_shares(inspection.columns),
        columns=inspection.columns[:MOST_COLUMNS],
        hidden_columns=max(len(inspection.columns) - MOST_COLUMNS, 0),
        column_sentence=say.column_sentence(inspection),
        evaluation_sentences=say.evaluation_sentences(inspection.evaluation, words),
        cost_sentences=say.cost_sentences(inspection.cost),
        memory=say.memory_rows(inspection.cost),
        plotly_js=Markup(get_plotlyjs()),
    )


def write_inspection(inspection: Inspection, path: Path) -> Path:
    """Write the page, whole or not at all, and return where.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    try:
        write_text(path, render_inspection(inspection))
    except OSError as error:
        raise UserError(
            f"`--output` must name a file that can be written. Received: `{path}` "
            f"({error.strerror}); choose another with `--output FILE`."
        ) from None
    return path
