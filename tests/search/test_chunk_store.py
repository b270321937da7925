"""Chunks on disk: trained once, trained again when anything about them changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.training.member import Member, MemberKey, MemberRecord


def member(trial: int, **changed) -> Member:
    plain = Member(
        key=MemberKey("arm/0", trial, 0, 7),
        view=0,
        recipe=Recipe.plain(LossPoint.cross_entropy(3)),
        schedule=2,
        learning_rate=1e-3 * (1 + trial),
        weight_decay=0.0,
        epochs=2,
        keep_logits=True,
    )
    return replace(plain, **changed)


def plain(**numbers) -> Recipe:
    return Recipe.plain(replace(LossPoint.cross_entropy(3), **numbers))


def staged(**last) -> Recipe:
    loss = LossPoint.cross_entropy(3)
    return Recipe(stages=(Stage(loss=loss), Stage(**{"loss": loss, "start": 0.5, **last})))


MEMBERS = [member(trial) for trial in range(7)]


@pytest.fixture
def store(trainer, tmp_path: Path) -> ChunkStore:
    return ChunkStore(tmp_path / "chunks", trainer)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "chunks").iterdir())


def assert_same(left: list[MemberRecord], right: list[MemberRecord]) -> None:
    assert [record.key for record in left] == [record.key for record in right]
    for one, other in zip(left, right, strict=True):
        assert one.failure == other.failure
        for name in ("confusion", "log_loss", "train_loss", "logits"):
            a, b = getattr(one, name), getattr(other, name)
            assert (a is None) == (b is None)
            if a is not None:
                assert a.dtype == b.dtype
                assert np.array_equal(a, b)


def test_records_come_in_the_order_of_members_and_chunks_are_cut_in_that_order(store, trainer):
    records = store.train("round-000", MEMBERS, size=3)
    assert [record.key for record in records] == [each.key for each in MEMBERS]
    assert [len(chunk) for chunk in trainer.asked] == [3, 3, 1]


def test_what_is_on_disk_is_read_and_not_trained_again(store, trainer, tmp_path):
    trainer.diverging = lambda each: each.key.trial == 2
    first = store.train("round-000", MEMBERS, size=3)
    assert first[2].failure is not None
    trainer.asked.clear()
    again = ChunkStore(tmp_path / "chunks", trainer).train("round-000", MEMBERS, size=3)
    assert trainer.asked == []
    assert_same(first, again)


def test_only_the_chunk_that_is_missing_is_trained(store, trainer, tmp_path):
    first = store.train("round-000", MEMBERS, size=3)
    (tmp_path / "chunks" / "round-000-001.npz").unlink()
    trainer.asked.clear()
    again = store.train("round-000", MEMBERS, size=3)
    assert [[each.key.trial for each in chunk] for chunk in trainer.asked] == [[3, 4, 5]]
    assert_same(first, again)


def test_chunks_trained_before_a_kill_stay(store, trainer, tmp_path):
    train = trainer.train

    def killed_in_the_second_chunk(chunks, **settings):
        yield next(train(chunks, **settings))
        raise KeyboardInterrupt

    trainer.train = killed_in_the_second_chunk
    with pytest.raises(KeyboardInterrupt):
        store.train("round-000", MEMBERS, size=3)
    assert files(tmp_path) == ["round-000-000.npz"]
    trainer.train = train
    trainer.asked.clear()
    store.train("round-000", MEMBERS, size=3)
    assert [chunk[0].key.trial for chunk in trainer.asked] == [3, 6]


@pytest.mark.parametrize(
    "changed",
    [
        {"key": MemberKey("arm/1", 1, 0, 7)},
        {"key": MemberKey("arm/0", 1, 0, 8)},
        {"view": 1},
        {"learning_rate": np.nextafter(2e-3, 1)},
        {"weight_decay": 1e-9},
        {"epochs": 3},
        {"keep_logits": False},
        {"schedule": 3},
        {"recipe": plain(gamma=np.array([0.0, 0.0, 1e-12]))},
        {"recipe": plain(smoothing=0.1)},
        {"recipe": replace(plain(), head="cosine")},
        {"recipe": staged()},
        {"recipe": staged(start=0.25)},
        {"recipe": staged(sampling=1e-12)},
        {"recipe": staged(head_only=True)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_chunk_with_a_changed_member_is_trained_again(changed, store, trainer):
    store.train("round-000", MEMBERS, size=3)
    trainer.asked.clear()
    members = [MEMBERS[0], replace(MEMBERS[1], **changed), *MEMBERS[2:]]
    records = store.train("round-000", members, size=3)
    assert trainer.asked == [members[:3]]
    trainer.asked.clear()
    assert_same(store.train("round-000", members, size=3), records)
    assert trainer.asked == []


def test_recipes_of_as_many_stages_that_differ_in_one_number_are_told_apart(store, trainer):
    recipes = [
        staged(),
        staged(start=0.25),
        staged(sampling=0.5),
        staged(head_only=True),
        staged(loss=plain(gamma=np.ones(3)).last.loss),
    ]
    for recipe in recipes:
        trainer.asked.clear()
        store.train("round-000", [replace(MEMBERS[0], recipe=recipe)], size=3)
        assert len(trainer.asked) == 1


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and then nothing", b"text"])
def test_a_file_that_cannot_be_read_is_trained_again(damage, store, trainer, tmp_path):
    first = store.train("round-000", MEMBERS, size=3)
    path = tmp_path / "chunks" / "round-000-001.npz"
    whole = path.read_bytes()
    for content in (damage, whole[: len(whole) // 2]):
        path.write_bytes(content)
        trainer.asked.clear()
        assert_same(store.train("round-000", MEMBERS, size=3), first)
        assert len(trainer.asked) == 1


def test_a_file_that_was_being_written_does_not_count_and_is_replaced(store, trainer, tmp_path):
    (tmp_path / "chunks" / "round-000-000.partial").write_bytes(b"half of a chu")
    store.train("round-000", MEMBERS, size=7)
    assert len(trainer.asked) == 1
    assert files(tmp_path) == ["round-000-000.npz"]


def test_the_same_numbers_under_another_name_are_another_list(store, trainer):
    store.train("round-000", MEMBERS, size=3)
    trainer.asked.clear()
    store.train("refit", MEMBERS, size=3)
    assert len(trainer.asked) == 3


def test_forgetting_a_list_removes_its_files_only(store, tmp_path):
    for name in ("round-001", "round-0010", "refit"):
        store.train(name, MEMBERS, size=7)
    store.forget("round-001")
    assert files(tmp_path) == ["refit-000.npz", "round-0010-000.npz"]


def test_progress_counts_every_member_epoch_whether_trained_or_read(store):
    for _ in range(2):
        told = []
        store.train("round-000", MEMBERS, size=3, progress=told.append)
        assert sum(told) == 14
