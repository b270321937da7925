"""Choose the trainer: a population where the model's layers can be stacked, else one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.training.loss_variables import takes_tensors
from focalsweep.training.member import Trainer, View
from focalsweep.training.mixed import MixedTrainer
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.optimizer import Optimizer
from focalsweep.training.population import BuildModel, PopulationTrainer
from focalsweep.training.stacking import unpaddable_layers, unstackable_layers


def make_trainer(
    *,
    build_model: BuildModel,
    views: Sequence[View],
    optimizer: Optimizer,
    batch_size: int,
    exact_log_loss: bool,
    softened: bool = False,
    cosine_head: bool = False,
    head_only: bool = False,
    best_constant: bool = False,
    counts_pairs: bool = False,
    outside: Mapping[str, KerasPoint] | None = None,
    like: Trainer | None = None,
) -> tuple[Trainer, str]:
    """Return the trainer, and a sentence for the log: which path models take, and why.

    Parameters
    ----------
    build_model, views, optimizer, batch_size, exact_log_loss, softened, cosine_head, head_only,
    best_constant, counts_pairs
        See `focalsweep.training.population.PopulationTrainer`.
    outside : mapping from arm to KerasPoint, optional
        A point of each arm whose loss is none of the family.
    like : Trainer, optional
        An earlier trainer, whose compiled programs are used again where they fit.
    """
    widths = [view.features.shape[1] for view in views]
    narrow, wide = build_model(min(widths)), build_model(max(widths))
    unstackable = unstackable_layers(narrow) or unpaddable_layers(narrow, wide)
    alone = OneByOneTrainer(
        build_model=build_model,
        views=views,
        optimizer=optimizer,
        batch_size=batch_size,
        best_constant=best_constant,
        counts_pairs=counts_pairs,
    )
    constants = _constants(outside or {})
    if unstackable:
        return alone, (
            "Models train one by one, in a Keras loop that is compiled once for all trials: "
            f"{', '.join(unstackable)} cannot be stacked into a population.{constants}"
        )
    population = PopulationTrainer(
        build_model=build_model,
        views=views,
        optimizer=optimizer,
        batch_size=batch_size,
        exact_log_loss=exact_log_loss,
        best_constant=best_constant,
        softened=softened,
        cosine_head=cosine_head,
        head_only=head_only,
        counts_pairs=counts_pairs,
        like=_population(like),
    )
    if outside:
        names = ", ".join(f"`{name}`" for name in outside)
        return MixedTrainer(population=population, one_by_one=alone), (
            f"Models of {names} train one by one, because their losses are Keras's or your own; "
            f"all others train side by side in a population.{constants}"
        )
    return population, (
        "Models train side by side in a population: every layer of the model can be stacked."
    )


def _population(trainer: Trainer | None) -> PopulationTrainer | None:
    if isinstance(trainer, MixedTrainer):
        return trainer.population
    return trainer if isinstance(trainer, PopulationTrainer) else None


def _constants(outside: Mapping[str, KerasPoint]) -> str:
    """Say which losses are compiled anew for every trial, which takes seconds each."""
    names = [f"`{name}`" for name, point in outside.items() if not takes_tensors(point)]
    if not names:
        return ""
    return (
        f" The loss of {', '.join(names)} is compiled anew for every trial, because its "
        "constructor does not take tensors."
    )
