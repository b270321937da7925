"""Write pieces of Python source, in lines of at most 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

_LINE = 80


def call(name: str, made: str) -> str:
    """Assign a call, its arguments on a line of their own where they do not fit."""
    line = f"{name} = {made}"
    if len(line) <= _LINE:
        return line
    function, arguments = made[:-1].split("(", 1)
    return f"{name} = {function}(\n    {arguments}\n)"


def number(value: float) -> str:
    """Write a number with four significant digits."""
    return repr(float(f"{value:.4g}"))


def numbers(values: Sequence[float]) -> list[str]:
    """Write each number with four significant digits."""
    return [number(value) for value in values]


def exact(values: Sequence[float]) -> list[str]:
    """Write each number in full."""
    return [repr(value) for value in values]


def quoted(name: str) -> str:
    """Write a class name as a literal; `ascii` keeps odd characters from changing the line."""
    text = repr(name) if name.isprintable() else ascii(name)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def assign(name: str, items: Sequence[str]) -> str:
    """Assign a list, filling lines of at most 80 characters."""
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= _LINE:
        return line
    rows, row = [], "   "
    for item in items:
        if len(row) + len(item) + 2 > _LINE and row.strip():
            rows.append(row)
            row = "   "
        row += f" {item},"
    return "\n".join([f"{name} = [", *rows, row, "]"])
