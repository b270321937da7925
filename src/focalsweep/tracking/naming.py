"""Names and numbers in the form that MLflow takes: keys, values as text, points of metrics."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence

from focalsweep.tracking.run_record import MetricPoint

_SIGNS = {
    "<=": "at most",
    "\u2264": "at most",
    ">=": "at least",
    "\u2265": "at least",
    "<": "under",
    ">": "over",
    "+": "plus",
    "%": "percent",
    "&": "and",
}


def key(name: str) -> str:
    """Turn text into a name that MLflow takes for a metric, parameter or tag."""
    return re.sub(r"[^\w\-. /]", "_", name)[:200]


def class_keys(names: Sequence[str]) -> list[str]:
    """Turn class names into text that MLflow takes as part of a name, all different.

    Signs that tell classes apart are given in words.

    Examples
    --------
    >>> class_keys(["CYT", "a/b", "a:b", "<30", ">30", "C++"])
    ['CYT', 'a_b.1', 'a_b.2', 'under 30', 'over 30', 'C plus plus']
    """
    keys = [_in_words(name)[:60].strip(" .") or "_" for name in names]
    while twice := {key for key in keys if keys.count(key) > 1}:
        keys = [f"{key}.{code}" if key in twice else key for code, key in enumerate(keys)]
    return keys


def _in_words(name: str) -> str:
    for sign, word in _SIGNS.items():
        name = name.replace(sign, f" {word} ")
    letters = (_symbol(letter) for letter in name)
    return " ".join("".join(letters).split())


def _symbol(letter: str) -> str:
    """Return what MLflow takes: emoji and the like by their names."""
    if unicodedata.category(letter) in ("So", "Sc"):
        return f" {unicodedata.name(letter, '_').lower()} "
    return re.sub(r"[^\w\-. ]", "_", letter)


def number(value: object) -> str:
    """Write a number the way a table shows it; text stays text."""
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def points(numbers: Mapping[str, float]) -> tuple[MetricPoint, ...]:
    """Make one point of each finite number, in the order given."""
    return tuple(
        MetricPoint(key(name), float(value))
        for name, value in numbers.items()
        if math.isfinite(value)
    )


def steps(name: str, values: Sequence[float]) -> tuple[MetricPoint, ...]:
    """Make a curve: one point of each finite value, steps counted from 1."""
    return tuple(
        MetricPoint(key(name), float(value), step)
        for step, value in enumerate(values, start=1)
        if math.isfinite(value)
    )
