"""Flipped labels: the same for a row wherever it is seen, and never a class without rows."""

import numpy as np
import pytest

from focalsweep.data.label_noise import flip

CLASSES = 4
ROWS = np.arange(4000)
LABELS = np.random.default_rng(0).integers(0, CLASSES, len(ROWS)).astype(np.int32)


def flipped(rows=ROWS, *, labels=LABELS, share=0.3, seed=0):
    return flip(rows, labels=labels, n_classes=CLASSES, share=share, seed=seed)


def test_no_noise_changes_nothing():
    assert np.array_equal(flipped(share=0.0), LABELS)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.49])
def test_the_share_of_flipped_rows_is_the_one_asked_for(share):
    # 4,000 coins: five standard deviations are 0.04 at most.
    assert np.mean(flipped(share=share) != LABELS) == pytest.approx(share, abs=0.04)


def test_every_other_class_is_as_likely():
    given = flipped(share=0.49)
    for code in range(CLASSES):
        of_class = given[code == LABELS]
        moved = of_class[of_class != code]
        counts = np.bincount(moved, minlength=CLASSES)
        # About 490 rows in thirds: 5 standard deviations are 0.11.
        assert np.delete(counts, code) / len(moved) == pytest.approx(np.full(3, 1 / 3), abs=0.11)


def test_a_row_is_flipped_the_same_way_whichever_rows_it_is_seen_with():
    everything = flipped()
    rng = np.random.default_rng(1)
    for size in (3000, 1000):
        rows = rng.permutation(ROWS)[:size]
        assert np.array_equal(flipped(rows), everything[rows])


def test_labels_of_other_rows_do_not_matter():
    rows = ROWS[:2000]
    other = LABELS.copy()
    other[2000:] = 0
    assert np.array_equal(flipped(rows), flipped(rows, labels=other))


def test_rows_flipped_at_a_smaller_share_are_flipped_alike_at_a_larger_one():
    few, many = flipped(share=0.1), flipped(share=0.4)
    changed = few != LABELS
    assert np.array_equal(few[changed], many[changed])
    assert (many != LABELS).sum() > changed.sum()


def test_another_seed_flips_other_rows():
    assert not np.array_equal(flipped(seed=0), flipped(seed=1))


@pytest.mark.parametrize("seed", range(30))
def test_no_class_is_left_with_fewer_than_two_rows(seed):
    labels = np.array([0] * 6 + [1] * 3 + [2] * 2 + [3], dtype=np.int32)
    given = flipped(np.arange(len(labels)), labels=labels, share=0.49, seed=seed)
    assert (np.bincount(given, minlength=CLASSES) >= [2, 2, 2, 1]).all()


def test_small_classes_are_flipped_nevertheless():
    labels = np.array([0] * 6 + [1] * 3 + [2] * 2 + [3], dtype=np.int32)
    flips = [
        flipped(np.arange(len(labels)), labels=labels, share=0.49, seed=seed) != labels
        for seed in range(30)
    ]
    assert np.mean(flips, axis=0).min() > 0
