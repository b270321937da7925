"""Measure what training costs here, before a sweep is started."""

from __future__ import annotations

import time

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.training.member import Member, MemberKey, Trainer

CHUNKS, FEW, MORE = 2, 1, 3


def seconds_per_member_epoch(trainer: Trainer, *, chunk_size: int) -> float:
    """Time two full chunks of plain members, after a first pass that compiles.

    What a chunk costs once (initial weights, copies) is taken out as the difference between one
    epoch and three: a sweep has many epochs and starts from the same weights again and again.

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

    def seconds(chunks: int, epochs: int) -> float:
        members = [
            [_plain_member(trainer, chunk * chunk_size + i, epochs) for i in range(chunk_size)]
            for chunk in range(chunks)
        ]
        start = time.perf_counter()
        list(trainer.train(members, size=chunk_size))
        return time.perf_counter() - start

    seconds(1, FEW)
    more, few = seconds(CHUNKS, MORE), seconds(CHUNKS, FEW)
    if more > few:
        return (more - few) / (CHUNKS * chunk_size * (MORE - FEW))
    # Something else held the machine meanwhile: rather too long than no time at all.
    return more / (CHUNKS * chunk_size * MORE)


def _plain_member(trainer: Trainer, index: int, epochs: int) -> Member:
    views = trainer.views
    origin = SigmoidPoint if views[0].multi_label else LossPoint
    return Member(
        key=MemberKey("calibration", index, 0, 0),
        view=index % len(views),
        recipe=Recipe.plain(origin.cross_entropy(len(views[0].natural_counts))),
        schedule=epochs,
        learning_rate=1e-3,
        weight_decay=0.0,
        epochs=epochs,
    )
