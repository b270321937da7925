"""Choose the trainer: a population where the model's layers can be stacked, else one by one."""

from __future__ import annotations

from collections.abc import Sequence

from focalsweep.training.member import Trainer, View
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
    scores_log_loss: bool,
    softened: bool = False,
    cosine_head: bool = False,
    head_only: bool = False,
    like: Trainer | None = None,
) -> tuple[Trainer, str | None]:
    """Return the trainer, and a sentence for the log where models train one by one.

    Parameters
    ----------
    build_model, views, optimizer, batch_size, scores_log_loss, softened, cosine_head, head_only
        See `focalsweep.training.population.PopulationTrainer`.
    like : Trainer, optional
        An earlier trainer, whose compiled programs are used again where they fit.
    """
    widths = [view.features.shape[1] for view in views]
    narrow, wide = build_model(min(widths)), build_model(max(widths))
    unstackable = unstackable_layers(narrow) or unpaddable_layers(narrow, wide)
    if unstackable:
        return OneByOneTrainer(
            build_model=build_model, views=views, optimizer=optimizer, batch_size=batch_size
        ), (
            f"Models train one by one, which is much slower: {', '.join(unstackable)} cannot be "
            "stacked into a population."
        )
    return PopulationTrainer(
        build_model=build_model,
        views=views,
        optimizer=optimizer,
        batch_size=batch_size,
        scores_log_loss=scores_log_loss,
        softened=softened,
        cosine_head=cosine_head,
        head_only=head_only,
        like=like if isinstance(like, PopulationTrainer) else None,
    ), None
