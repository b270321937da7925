"""The interval of a score ends where scores end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from focalsweep.evidence.paired import Posterior, SampledPosterior, StudentPosterior
from focalsweep.evidence.score_interval import score_interval
from focalsweep.metrics.objective import (
    Objective,
    cost_objective,
    multi_label_objective,
    objective,
)

COSTS = cost_objective([[0, 1], [10, -2]])


def student(mean: float, scale: float) -> Posterior:
    return StudentPosterior(mean=mean, scale=scale, degrees=1)


@pytest.mark.parametrize(
    ("scored", "expected"),
    [
        (objective("macro_f1"), (0.0, 1.0)),
        (objective("mcc"), (-1.0, 1.0)),
        (multi_label_objective("mcc"), (-1.0, 1.0)),
        (multi_label_objective("micro_f1"), (0.0, 1.0)),
        (objective("log_loss"), (-math.inf, 0.0)),
        (COSTS, (-10.0, 2.0)),
    ],
    ids=lambda value: value.label if isinstance(value, Objective) else "",
)
def test_a_wide_interval_is_cut_at_the_values_that_a_score_can_have(
    scored: Objective, expected: tuple[float, float]
) -> None:
    wide = student(-0.5, 1e6)
    found = score_interval(wide, objective=scored)
    low, high = expected
    assert found.low == max(low, wide.interval()[0])
    assert found.high == high


@pytest.mark.parametrize(
    "posterior",
    [
        student(0.6, 0.01),
        student(1.0, 0.0),
        SampledPosterior(mean=0.5, samples=np.linspace(0.4, 0.6, 50)),
        student(0.5, math.inf),
    ],
    ids=["narrow", "without width", "resampled", "without ends"],
)
def test_an_interval_within_the_range_or_without_ends_stays_as_it_is(posterior: Posterior) -> None:
    found = score_interval(posterior, objective=objective("macro_f1"))
    assert (found.low, found.high) == posterior.interval()
