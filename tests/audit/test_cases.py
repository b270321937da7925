from __future__ import annotations

import pytest

from focalsweep.audit.cases import BASE, CASES, NULL, Case, with_twin
from focalsweep.config.compose import compose_sweep
from focalsweep.prepare import prepare


@pytest.mark.parametrize("case", [NULL, *CASES], ids=lambda case: case.name)
def test_every_case_is_a_sweep_that_can_be_planned(case: Case) -> None:
    plan = prepare(compose_sweep(BASE, list(case.overrides)).config)
    ratio = plan.dataset.imbalance_ratio
    assert (ratio < 1.1) == (case.name == "balanced")
    assert plan.config.tracking.kind == "none"
    families = {arm.family for arm in plan.arms}
    assert families == ({"cross_entropy"} if case is NULL else families | {"focal", "folklore"})


def test_twins_differ_in_their_random_numbers_only() -> None:
    plan = with_twin(prepare(compose_sweep(BASE, list(NULL.overrides)).config))
    arm, twin = plan.arms
    assert (arm.stream, twin.stream) == (0, 1)
    assert twin.name != arm.name
    assert (twin.search, twin.baselines) == (arm.search, arm.baselines)
    assert twin.make_loss is arm.make_loss
