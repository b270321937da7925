"""Planted cases: data whose answer is not known from the sweep, but can be computed.

What the best loss is on each is never written down here: `focalsweep.audit.truth` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from focalsweep.config.compose import compose_sweep
from focalsweep.config.schema import SweepConfig
from focalsweep.prepare import Plan

BASE = "planted"
"""The sweep file that every case starts from."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hold one kind of planted data.

    Parameters
    ----------
    name, sentence : str
        How it is called, and what is planted.
    overrides : tuple of str
        Hydra overrides on top of the sweep `BASE`.
    """

    name: str
    sentence: str
    overrides: tuple[str, ...]


CASES = (
    Case(
        name="balanced",
        sentence="three classes of equal size that overlap: no imbalance to repair",
        overrides=("dataset.ratio=1", "dataset.overlap=0.3"),
    ),
    Case(
        name="separated",
        sentence="ratio 30, classes far apart: imbalance alone",
        overrides=("dataset.ratio=30", "dataset.overlap=0.02"),
    ),
    Case(
        name="hard_minority",
        sentence="ratio 20, the minority lies among the others",
        overrides=("dataset.ratio=20", "dataset.overlap=0.4"),
    ),
    Case(
        name="label_noise",
        sentence="ratio 10, a fifth of the training labels is wrong",
        overrides=("dataset.ratio=10", "dataset.overlap=0.1", "dataset.label_noise=0.2"),
    ),
    Case(
        name="two_part_minority",
        sentence="a linear model, balanced accuracy, half of the minority easy and half hard",
        overrides=(
            "dataset=two_part_minority",
            "~dataset.classes",
            "~dataset.features",
            "dataset.rows=2000",
            "model=linear",
            "~model.hidden",
            "objective=balanced_accuracy",
        ),
    ),
)

NULL = Case(
    name="null",
    sentence="cross-entropy entered twice, with independent samplers, initial weights and batches",
    overrides=("dataset.ratio=20", "dataset.overlap=0.3", "arms=[cross_entropy]"),
)


def with_twin(plan: Plan) -> Plan:
    """Enter a plan's only arm a second time, as if it were focal loss.

    The twin has the same folds and another stream of random numbers, so nothing but chance makes
    it better or worse.
    """
    (arm,) = plan.arms
    return replace(plan, arms=(arm, replace(arm, name="twin", family="focal", stream=1)))


def config_of(case: Case, *, seed: int) -> SweepConfig:
    """Return the config of one sweep of a case; the seed drives rows, folds and training."""
    config = _composed(case)
    dataset = config.dataset.model_copy(update={"seed": seed})
    return config.model_copy(update={"seed": seed, "dataset": dataset})


@cache
def _composed(case: Case) -> SweepConfig:
    return compose_sweep(BASE, list(case.overrides)).config
