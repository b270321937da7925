"""Train a sweep of which some arms have losses outside the family: these alone go one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.training.member import Member, MemberRecord, View
from focalsweep.training.one_by_one import OneByOneTrainer
from focalsweep.training.population import PopulationTrainer


@dataclass(frozen=True, kw_only=True, eq=False)
class MixedTrainer:
    """Send each member to the trainer that can train it; both have the same views.

    Folds, initial weights and batches are the same on both sides. Dropout masks are not: Keras
    draws its own.

    Parameters
    ----------
    population : PopulationTrainer
        For losses of the family.
    one_by_one : OneByOneTrainer
        For all others.
    """

    population: PopulationTrainer
    one_by_one: OneByOneTrainer

    @property
    def views(self) -> Sequence[View]:
        """Every fold that a member may ask for."""
        return self.population.views

    @property
    def kernel_seconds(self) -> float:
        """Wall time spent in training on both sides."""
        return self.population.kernel_seconds + self.one_by_one.kernel_seconds

    def chunk_size(self, n_members: int) -> int:
        """Return the population's size of chunks."""
        return self.population.chunk_size(n_members)

    def train(
        self,
        chunks: Sequence[Sequence[Member]],
        *,
        size: int,
        each_epoch: bool = True,
        progress: Callable[[int], None] = lambda members: None,
    ) -> Iterator[list[MemberRecord]]:
        """Train the chunks in order; see `focalsweep.training.member.Trainer`."""
        together = [[m for m in chunk if not is_outside(m)] for chunk in chunks]
        alone = [[m for m in chunk if is_outside(m)] for chunk in chunks]
        populations = self.population.train(
            [chunk for chunk in together if chunk],
            size=size,
            each_epoch=each_epoch,
            progress=progress,
        )
        singles = self.one_by_one.train(
            [chunk for chunk in alone if chunk], each_epoch=each_epoch, progress=progress
        )
        for chunk, of_family, outside in zip(chunks, together, alone, strict=True):
            records = iter(next(populations) if of_family else ())
            others = iter(next(singles) if outside else ())
            yield [next(others if is_outside(member) else records) for member in chunk]


def is_outside(member: Member) -> bool:
    """Tell whether a member's loss is none of the family."""
    return any(isinstance(stage.loss, KerasPoint) for stage in member.recipe.stages)
