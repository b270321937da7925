"""How a search went, and whether to believe it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from optuna.distributions import FloatDistribution

from focalsweep.evidence.arm_facts import Difference
from focalsweep.evidence.arm_scores import ArmScores
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.search_facts import (
    FinishedSearch,
    edges,
    finished_search,
    search_facts,
    searches_by_arm,
)
from focalsweep.losses import arms as families
from focalsweep.search.arm import Arm, Nuisance, Range
from focalsweep.search.studies import Outcome, Trial

SPACE = {
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "gamma": FloatDistribution(0.0, 5.0),
    "strength": FloatDistribution(0.0, 1.0),
    "delta_0": FloatDistribution(-1.5, 1.5),
    "delta_1": FloatDistribution(-1.5, 1.5),
}
MIDDLE = {"learning_rate": 1e-3, "gamma": 2.5, "strength": 0.5, "delta_0": 0.0, "delta_1": 0.0}


def trial(number: int, value: float | None, **parameters: float) -> Trial:
    outcome = Outcome(value=value, epochs=1, curve=(), failure="x" if value is None else None)
    return Trial(number=number, parameters=MIDDLE | parameters, outcome=outcome)


def search(values: Sequence[float | None] = (0.4, 0.5), **chosen: float) -> FinishedSearch:
    return FinishedSearch(
        trials=[trial(number, value) for number, value in enumerate(values)],
        chosen=trial(0, 0.5, **chosen),
        space=SPACE,
        # The first trials of every arm have the default rates, here at an end of the range.
        baselines=[MIDDLE | {"learning_rate": 1e-2, "strength": 1.0}],
        rates=frozenset({"learning_rate"}),
    )


def scores(inner=0.5, argmax=0.5, decision=0.5, folds=3) -> ArmScores:
    return ArmScores(
        name="arm",
        label="arm",
        family="focal",
        inner=np.full(folds, inner),
        argmax=np.full(folds, argmax),
        decision=np.full(folds, decision),
    )


def facts(searches, *, own=None, control=None, estimator="order", difference=None):
    return search_facts(
        searches,
        scores=own or scores(),
        control=control,
        regrettable_difference=0.03,
        difference=difference,
        estimator=estimator,
    )


def test_the_curve_is_the_mean_over_searches_with_its_middle_half():
    found = facts([search((0.1, 0.3)), search((0.2, 0.2)), search((0.3, 0.7))])
    assert found.best_so_far == pytest.approx((0.2, 0.4))
    assert found.best_so_far_low == pytest.approx((0.15, 0.25))
    assert found.best_so_far_high == pytest.approx((0.25, 0.5))


def test_the_estimator_for_random_search_is_named_and_used():
    values = (0.1, 0.2, 0.8, 0.4)
    found = facts([search(values)], estimator="tang2020")
    assert found.estimator == "tang2020"
    # After the baseline, one of three draws: their mean and not the first of them.
    assert found.best_so_far == pytest.approx((0.1, 1.4 / 3, 2.0 / 3, 0.8))
    assert facts([search(values)]).best_so_far == (0.1, 0.2, 0.8, 0.8)


def test_equal_trials_are_a_share_of_the_others_with_a_value():
    assert facts([search((0.5, 0.5, 0.5, None, 0.4))]).equal_share == pytest.approx(2 / 3)
    assert facts([search((0.3, 0.3, 0.5, 0.4))]).equal_share == 0.0
    assert facts([search((0.5, 0.5, 0.5)), search((0.1, 0.2, 0.3))]).equal_share == 0.5
    # Two trials that are equal are no plateau yet, and one is none by itself.
    assert facts([search((0.5, 0.5)), search((0.5,))]).equal_share == 0.0


def test_failed_trials_are_a_share_of_all():
    assert facts([search((0.1, None)), search((0.1, 0.2))]).failed_share == 0.25
    assert facts([search()]).failed_share == 0.0


def test_optimism_is_inner_minus_outer_score_by_argmax():
    found = facts([search()], own=scores(inner=0.6, argmax=0.52, decision=0.58))
    assert found.optimism == pytest.approx(0.08)


@pytest.mark.parametrize(("score", "worse"), [(0.50, False), (0.46, True), (0.48, False)])
def test_an_arm_is_worse_when_cross_entropy_scores_regrettably_more(score, worse):
    found = facts([search()], own=scores(decision=score), control=scores())
    assert found.worse_than_control is worse


@pytest.mark.parametrize(("high", "worse"), [(-0.01, True), (0.02, False), (np.inf, False)])
def test_an_arm_whose_interval_reaches_zero_is_not_called_worse(high, worse):
    seen = Difference(
        against="cross_entropy",
        mean=-0.04,
        interval=Interval(low=-0.1, high=high),
        p_value=0.2,
        p_holm=0.2,
    )
    found = facts([search()], own=scores(decision=0.46), control=scores(), difference=seen)
    assert found.worse_than_control is worse


def test_cross_entropy_is_not_worse_than_itself():
    assert not facts([search()], own=scores(decision=0.0), control=None).worse_than_control


@pytest.mark.parametrize(
    ("chosen", "edge"),
    [
        ({"gamma": 4.95}, ("gamma.high",)),
        ({"gamma": 4.85}, ()),
        ({"learning_rate": 9.9e-3}, ("learning_rate.high",)),
        ({"learning_rate": 1.05e-4}, ("learning_rate.low",)),
        # 2% of the width of a linear scale, but far from the end on the logarithmic one.
        ({"learning_rate": 2e-4}, ()),
        ({"delta_0": -1.5}, ("delta.low",)),
        ({"delta_0": 1.5, "delta_1": 1.5}, ("delta.high",)),
        ({"gamma": 5.0, "delta_1": 1.5}, ("delta.high", "gamma.high")),
    ],
)
def test_a_value_near_the_end_of_its_range_is_at_the_edge(chosen, edge):
    assert edges([search(**chosen)]) == edge


@pytest.mark.parametrize("chosen", [{"gamma": 0.0}, {"strength": 0.0}, {"strength": 1.0}])
def test_where_a_number_ends_by_itself_there_is_no_edge(chosen):
    assert edges([search(**chosen)]) == ()


def test_the_end_of_the_family_of_generalised_cross_entropy_is_no_edge():
    file = Path(__file__).parents[2] / "conf" / "loss" / "generalised_cross_entropy.yaml"
    given = yaml.safe_load(file.read_text())
    limits = given["search"]["power"]
    found = search()
    chosen = replace(found.chosen, parameters={"power": limits["high"]})
    space = {"power": FloatDistribution(limits["low"], limits["high"])}
    ends = replace(found, chosen=chosen, space=space, baselines=given["baselines"])
    assert edges([ends]) == ()
    assert edges([replace(ends, baselines=[{"power": 0.7}])]) == ("power.high",)


def test_an_edge_takes_more_than_half_of_the_searches_at_one_end():
    high, low, middle = search(delta_0=1.5), search(delta_0=-1.5), search()
    assert edges([high, high, middle]) == ("delta.high",)
    assert edges([high, middle]) == ()
    assert edges([high, high, low, low]) == ()


# From studies -------------------------------------------------------------------------------------

NUISANCE = Nuisance(
    defaults={"learning_rate": 1e-3, "weight_decay": 0.0},
    search={"learning_rate": Range(low=1e-4, high=1e-2, log=True)},
)
ARM = Arm(
    name="focal_gamma",
    label="focal",
    family="focal",
    make_loss=families.focal,
    search={"gamma": Range(low=0.0, high=5.0)},
    baselines=({"gamma": 0.0}, {"gamma": 2.0}),
)


@dataclass(frozen=True)
class FinishedStudy:
    """A study that has its trials already."""

    name: str
    trials: tuple[Trial, ...]

    def finished(self) -> list[Trial]:
        return list(self.trials)


def opened(arm: Arm, scope: str):
    """An open study of two trials, the second better."""
    return SimpleNamespace(
        arm=arm,
        scope=SimpleNamespace(
            name=scope, counts=np.array([20, 5]), refit=None if scope == "all" else 0
        ),
        study=FinishedStudy(f"{arm.name}/{scope}", (trial(0, 0.4), trial(1, 0.5))),
    )


def test_a_study_is_read_with_its_space_its_baselines_and_its_rates():
    open_ = opened(ARM, "0")
    found = finished_search(open_, open_.study.trials[1], nuisance=NUISANCE)
    assert found.space.keys() == {"learning_rate", "gamma"}
    assert [point["gamma"] for point in found.baselines] == [0.0, 2.0]
    assert found.rates == {"learning_rate"}
    assert found.chosen.number == 1
    assert [each.number for each in found.trials] == [0, 1]


def test_searches_of_outer_folds_are_grouped_by_arm_and_the_one_on_all_rows_is_left_out():
    other = replace(ARM, name="other")
    studies = [opened(arm, scope) for scope in ("0", "1", "all") for arm in (ARM, other)]
    chosen = [
        SimpleNamespace(arm=each.arm, scope=each.scope, trial=each.study.trials[i % 2])
        for i, each in enumerate(studies)
    ]
    found = searches_by_arm(studies, chosen, nuisance=NUISANCE)
    assert {arm: len(searches) for arm, searches in found.items()} == {
        "focal_gamma": 2,
        "other": 2,
    }
    assert [each.chosen.number for each in found["focal_gamma"]] == [0, 0]
    assert [each.chosen.number for each in found["other"]] == [1, 1]
