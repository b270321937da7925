"""A trainer that answers by formula, and small folds for it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from focalsweep.search.folds import ALL_ROWS, Folds, Scope
from focalsweep.training.member import Member, MemberRecord, MemberState, View

COUNTS = np.array([24, 12, 4])


class FormulaTrainer:
    """Answer by formula instead of training, and remember who was asked for.

    A member's hit rate rises with epochs towards a level that its loss, learning rate and view
    set. Members whose key is in `diverging` fail, as training with a NaN loss does.
    """

    def __init__(self, views: Sequence[View], *, size: int = 5) -> None:
        self.views = views
        self.size = size
        self.asked: list[list[Member]] = []
        self.diverging: Callable[[Member], bool] = lambda member: False

    def chunk_size(self, n_members: int) -> int:
        return min(n_members, self.size)

    def train(
        self,
        chunks: Sequence[Sequence[Member]],
        *,
        size: int,
        each_epoch: bool = True,
        progress: Callable[[int], None] = lambda members: None,
    ) -> Iterator[list[MemberRecord]]:
        for chunk in chunks:
            assert 0 < len(chunk) <= size
            self.asked.append(list(chunk))
            progress(sum(member.epochs - member.first_epoch for member in chunk))
            yield [self._record(member, each_epoch=each_epoch) for member in chunk]

    def _record(self, member: Member, *, each_epoch: bool) -> MemberRecord:
        labels = self.views[member.view].eval_labels
        counts = np.bincount(labels, minlength=len(COUNTS))
        epochs = np.arange(member.first_epoch + 1, member.epochs + 1)[
            slice(None) if each_epoch else slice(-1, None)
        ]
        gamma = member.recipe.last.loss.gamma
        level = 1 / (1 + 0.3 * np.log10(member.learning_rate / 3e-3) ** 2 + gamma / 9)
        hits = np.rint(counts * level * (epochs / (epochs + 1.0))[:, None]).astype(np.int64)
        confusion = hits[:, :, None] * np.eye(len(counts), dtype=np.int64)
        for k in range(len(counts)):  # what is missed goes to the class before
            confusion[:, k, k - 1] += counts[k] - hits[:, k]
        noise = np.random.default_rng(zlib.crc32(repr(member.key).encode()))
        logits = noise.normal(size=(len(labels), len(counts))) + 2 * np.eye(len(counts))[labels]
        failed = self.diverging(member)
        return MemberRecord(
            key=member.key,
            confusion=confusion,
            log_loss=1 - level.mean() * epochs / (epochs + 1),
            train_loss=np.ones(member.epochs - member.first_epoch),
            logits=logits.astype(np.float32) if member.keep_logits else None,
            failure="the training loss became nan in epoch 1" if failed else None,
            state=MemberState(epoch=member.epochs, arrays=(np.ones(2, np.float32),))
            if member.keep_state
            else None,
        )


@pytest.fixture
def folds() -> Folds:
    """Two outer folds and the scope of all rows, each with two inner folds."""
    views: list[View] = []

    def view(name: str, n_eval: int) -> int:
        labels = np.concatenate([np.repeat(np.arange(3), COUNTS), np.arange(n_eval) % 3])
        views.append(
            View(
                name=name,
                features=np.zeros((len(labels), 1), np.float32),
                labels=labels.astype(np.int32),
                n_train=int(COUNTS.sum()),
                natural_counts=COUNTS,
            )
        )
        return len(views) - 1

    scopes = [
        Scope(
            name=name,
            counts=COUNTS,
            inner=(view(f"{name}/inner-0", 30), view(f"{name}/inner-1", 33)),
            refit=None if name == ALL_ROWS else view(f"{name}/refit", 21),
        )
        for name in ("0", "1", ALL_ROWS)
    ]
    return Folds(views=tuple(views), scopes=tuple(scopes))


@pytest.fixture
def trainer(folds: Folds) -> FormulaTrainer:
    return FormulaTrainer(folds.views)
