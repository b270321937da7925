"""A confusion table of many classes in few lines: cells with rows in them, a line a true class.

Of 600 classes a table has 360,000 cells, nearly all of them 0, and a sweep has two tables an arm:
with a number a line, as `result.json` is written, that was 44 MB. In Python the field is always the
whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

MOST_WHOLE = 32
"""Classes up to which every cell is written."""

DECIMALS = 4
"""Of the rows in a cell where only cells with rows are written: means over a few seeds."""

Table = tuple[tuple[float, ...], ...]


def _written(table: Table) -> Table | list[str]:
    if len(table) <= MOST_WHOLE:
        return table
    return [
        " ".join(
            f"{code}:{round(rows, DECIMALS):.12g}" for code, rows in enumerate(line) if rows > 0
        )
        for line in table
    ]


def _read(value: Any) -> Any:
    if not isinstance(value, Sequence) or not any(isinstance(line, str) for line in value):
        return value
    return tuple(_line(line, n_classes=len(value)) for line in value)


def _line(line: str, *, n_classes: int) -> tuple[float, ...]:
    cells = [0.0] * n_classes
    for cell in line.split():
        code, _, rows = cell.partition(":")
        cells[int(code)] = float(rows)
    return tuple(cells)


ConfusionTable = Annotated[
    Table,
    BeforeValidator(_read),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
                {"type": "array", "items": {"type": "string", "pattern": r"^(\d+:[0-9.e+-]+ ?)*$"}},
            ],
            "description": "True class down, predicted class across. Of more than "
            f"{MOST_WHOLE} classes a text a true class: `predicted code:rows` for every cell that "
            "has rows.",
        }
    ),
]
