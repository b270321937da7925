"""Print an inspection: 80 columns, no colours needed, the user's text never read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from focalsweep.data.column_facts import ColumnFacts
from focalsweep.report.inspection import Inspection
from focalsweep.report.inspection_words import (
    column_sentence,
    cost_sentences,
    evaluation_sentences,
    task_words,
)
from focalsweep.report.terminal import print_data_summary
from focalsweep.report.wording import percent

_MOST_LINES = 24
"""Rows of the table of columns; the page has more of them."""
_MANY_ALIKE = 4
"""Columns of one treatment from which on they share a line; the page lists each."""


def print_inspection(console: Console, inspection: Inspection) -> None:
    """Print everything but where the page is.

    Parameters
    ----------
    console : Console
        Where to print.
    inspection : Inspection
        From `focalsweep.inspection`.
    """
    data = inspection.data
    # What limits any loss and what was done to the rows have headings of their own here.
    print_data_summary(
        console,
        data.model_copy(update={"diagnosis": None, "notes": ()}),
        smallest_per_fold=inspection.evaluation.smallest_rows,
    )
    _head(console, "Columns")
    console.print(Text(column_sentence(inspection)))
    if inspection.columns:
        console.print(_column_table(inspection.columns))
    _list(console, "What limits any loss", data.diagnosis.text if data.diagnosis else ())
    _list(console, "What was done to the rows", data.notes)
    _list(console, "Check before you trust a result", inspection.warnings)
    _list(
        console,
        "How scores would be made",
        [*evaluation_sentences(inspection.evaluation, task_words(data)), *inspection.messages],
    )
    _list(console, "What the sweep would cost here", cost_sentences(inspection.cost))
    _list(console, "What it could see", [inspection.detectable])
    console.print()
    _line(console, "Sweep:", inspection.command)


def print_page(console: Console, path: Path) -> None:
    """Print where the page is."""
    _line(console, "Page:", str(path))


def _head(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def _list(console: Console, title: str, sentences: Sequence[str]) -> None:
    if not sentences:
        return
    _head(console, title)
    for sentence in sentences:
        console.print(Text(sentence))


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"{name:<8}", "bold"), text), soft_wrap=True)


def _column_table(columns: Sequence[ColumnFacts]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column", overflow="fold", max_width=22)
    table.add_column("kind", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("makes", justify="right", no_wrap=True)
    table.add_column("treatment", overflow="fold")
    lines = _alike(columns)
    for group in lines[:_MOST_LINES]:
        first = group[0]
        times = f"{len(group)} x " if len(group) > 1 else ""
        table.add_row(
            Text(_names(group)),
            first.kind,
            percent(first.missing) if first.missing else "",
            f"{times}{first.made:,}",
            Text(first.treatment),
        )
    hidden = sum(len(group) for group in lines[_MOST_LINES:])
    if hidden > 0:
        table.add_row(f"... {hidden:,} more ...", "", "", "", "")
    return table


def _alike(columns: Sequence[ColumnFacts]) -> list[list[ColumnFacts]]:
    """Put columns that are treated alike into one line where there are many of them."""
    groups: dict[object, list[ColumnFacts]] = {}
    for column in columns:
        key = (column.kind, column.treatment, column.made, percent(column.missing))
        groups.setdefault(key, []).append(column)
    lines: list[list[ColumnFacts]] = []
    for group in groups.values():
        lines += [group] if len(group) >= _MANY_ALIKE else [[column] for column in group]
    place = {column.name: position for position, column in enumerate(columns)}
    return sorted(lines, key=lambda group: place[group[0].name])


def _names(group: Sequence[ColumnFacts]) -> str:
    if len(group) == 1:
        return group[0].name
    return f"{group[0].name}, {group[1].name} and {len(group) - 2:,} more"
