"""Measure what training costs here, before a sweep is started."""

from __future__ import annotations

import time
from collections.abc import Sequence

from focalsweep.losses.point import LossPoint
from focalsweep.training.member import Member, MemberKey, Trainer

CHUNKS = 2


def seconds_per_member_epoch(trainer: Trainer, *, chunk_size: int) -> float:
    """Train two chunks of plain members for one epoch, after a first pass that compiles.

    Parameters
    ----------
    trainer : Trainer
        The sweep's, so that what is compiled here is not compiled again.
    chunk_size : int
        Members of the compiled shape.

    Returns
    -------
    float
        Wall seconds of one member's epoch when chunks are full.
    """
    chunks = [_plain_members(trainer, start * chunk_size, chunk_size) for start in range(CHUNKS)]
    _train(trainer, chunks[:1], size=chunk_size)
    return _train(trainer, chunks, size=chunk_size) / (CHUNKS * chunk_size)


def _plain_members(trainer: Trainer, first: int, number: int) -> list[Member]:
    views = trainer.views
    loss = LossPoint.cross_entropy(len(views[0].natural_counts))
    return [
        Member(
            key=MemberKey("calibration", i, 0, 0),
            view=i % len(views),
            loss=loss,
            learning_rate=1e-3,
            weight_decay=0.0,
            epochs=1,
        )
        for i in range(first, first + number)
    ]


def _train(trainer: Trainer, chunks: Sequence[Sequence[Member]], *, size: int) -> float:
    start = time.perf_counter()
    list(trainer.train(chunks, size=size))
    return time.perf_counter() - start
