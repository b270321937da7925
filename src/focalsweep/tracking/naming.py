"""Names and numbers in the form that MLflow takes: keys, values as text, points of metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from focalsweep.tracking.run_record import MetricPoint


def key(name: str) -> str:
    """Turn text into a name that MLflow takes for a metric, parameter or tag."""
    return re.sub(r"[^\w\-. /]", "_", name)[:200]


def class_keys(names: Sequence[str]) -> list[str]:
    """Turn class names into text that MLflow takes as part of a name, all different.

    Examples
    --------
    >>> class_keys(["CYT", "a/b", "a:b"])
    ['CYT', 'a_b.1', 'a_b.2']
    """
    plain = [re.sub(r"[^\w\-. ]", "_", name).strip(" .")[:60] or "_" for name in names]
    return [f"{key}.{code}" if plain.count(key) > 1 else key for code, key in enumerate(plain)]


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
