"""What was trained, on disk, a chunk a file: the unit that a killed sweep does not train twice.

A file is written under another name and then renamed, so it is whole or absent. It carries a digest
of the members it holds; a chunk whose members changed, or that cannot be read, is trained again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import count, takewhile
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.training.member import Member, MemberRecord, MemberState, Trainer


class ChunkStore:
    """Train lists of members, skipping the chunks that are already on disk.

    Parameters
    ----------
    folder : Path
        Where chunk files live; made when missing.
    trainer : Trainer
        Trains what is not there.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._trainer = trainer

    def train(
        self,
        name: str,
        members: Sequence[Member],
        *,
        size: int,
        each_epoch: bool = True,
        progress: Callable[[int], None] = lambda members: None,
    ) -> list[MemberRecord]:
        """Return the records of `members`, in their order.

        Parameters
        ----------
        name : str
            Of this list within the sweep, for example ``round-003``.
        members : sequence of Member
            Cut into chunks of `size` in the order given, so that what shares a chunk depends on
            nothing but this list.
        size, each_epoch, progress
            As in `focalsweep.training.member.Trainer.train`; `progress` is also told of chunks
            that were on disk.
        """
        chunks = [members[start : start + size] for start in range(0, len(members), size)]
        paths = [self._folder / f"{name}-{index:03d}.npz" for index in range(len(chunks))]
        stored = [_read(path, chunk) for path, chunk in zip(paths, chunks, strict=True)]
        missing = [i for i, records in enumerate(stored) if records is None]
        for chunk, records in zip(chunks, stored, strict=True):
            if records is not None:
                progress(sum(member.epochs - member.first_epoch for member in chunk))
        trained = self._trainer.train(
            [chunks[i] for i in missing], size=size, each_epoch=each_epoch, progress=progress
        )
        for i, records in zip(missing, trained, strict=True):
            _write(paths[i], chunks[i], records)
            stored[i] = records
        return [record for records in stored for record in records or ()]

    def forget(self, name: str) -> None:
        """Remove the files of a list whose outcome is stored elsewhere by now."""
        for path in self._folder.glob(f"{name}-*.npz"):
            path.unlink()


def _digest(members: Sequence[Member]) -> str:
    digest = hashlib.sha256()
    for member in members:
        plain = (member.key, member.view, member.learning_rate, member.weight_decay)
        lengths = (member.schedule, member.epochs, member.keep_logits, member.keep_weights)
        # Where a member begins follows from these: its state needs no digest of its own.
        part_of_training = (member.first_epoch, member.keep_state)
        digest.update(repr((*plain, *lengths, *part_of_training)).encode())
        for part in _parts(member.recipe):
            digest.update(part)
    return digest.hexdigest()


def _parts(recipe: Recipe) -> Iterator[bytes]:
    yield repr((recipe.head, len(recipe.stages))).encode()
    for stage in recipe.stages:
        yield repr((stage.start, stage.sampling, stage.head_only)).encode()
        if isinstance(stage.loss, KerasPoint):
            yield stage.loss.digest()
            continue
        for field in fields(stage.loss):
            yield np.asarray(getattr(stage.loss, field.name), np.float64).tobytes()


def _write(path: Path, members: Sequence[Member], records: Sequence[MemberRecord]) -> None:
    arrays: dict[str, np.ndarray] = {"digest": np.array(_digest(members))}
    for i, record in enumerate(records):
        arrays[f"confusion_{i}"] = record.confusion
        arrays[f"log_loss_{i}"] = record.log_loss
        arrays[f"train_loss_{i}"] = record.train_loss
        if record.logits is not None:
            arrays[f"logits_{i}"] = record.logits
        for j, weight in enumerate(record.weights or ()):
            arrays[f"weight_{i}_{j}"] = weight
        for j, value in enumerate(record.state.arrays if record.state else ()):
            arrays[f"state_{i}_{j}"] = value
        if record.failure is not None:
            arrays[f"failure_{i}"] = np.array(record.failure)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _read(path: Path, members: Sequence[Member]) -> list[MemberRecord] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
    except (OSError, EOFError, ValueError, BadZipFile):  # absent, or damaged by other hands
        return None
    if str(arrays.get("digest")) != _digest(members):
        return None
    return [
        MemberRecord(
            key=member.key,
            confusion=arrays[f"confusion_{i}"],
            log_loss=arrays[f"log_loss_{i}"],
            train_loss=arrays[f"train_loss_{i}"],
            logits=arrays.get(f"logits_{i}"),
            weights=_listed(arrays, f"weight_{i}") if member.keep_weights else None,
            state=MemberState(epoch=member.epochs, arrays=_listed(arrays, f"state_{i}"))
            if member.keep_state
            else None,
            failure=str(arrays[f"failure_{i}"]) if f"failure_{i}" in arrays else None,
        )
        for i, member in enumerate(members)
    ]


def _listed(arrays: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, ...]:
    names = (f"{name}_{j}" for j in count())
    return tuple(arrays[name] for name in takewhile(arrays.__contains__, names))
