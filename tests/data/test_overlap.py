"""What neighbours say of classes: against chance, and never that a loss will fail."""

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.diagnosis import diagnose
from focalsweep.data.overlap import ClassNeighbours, overlap_sentences

SHIFT = np.array([1.2, 1.0, 0.8, 0.5, 0.0, 0.0])  # AUC 0.86 by logistic regression


def rows(counts: list[int], shifts: list[float], *, seed: int = 0) -> Dataset:
    """Make Gaussian classes, each moved along one direction, rows in random order."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int32)
    features = rng.normal(size=(len(labels), 6)) + np.array(shifts)[labels, None] * SHIFT
    return Dataset(
        name="rows",
        features=pd.DataFrame(features, columns=list("uvwxyz")),
        labels=labels,
        class_names=tuple("abcdefgh"[: len(counts)]),
        origin="test",
    )


def said(data: Dataset) -> str:
    return " ".join(diagnose(data).text)


@pytest.mark.parametrize("counts", [[17_940, 60], [20_000, 20], [4_900, 100]])
def test_a_rare_class_that_a_model_ranks_well_is_not_called_strewn(counts):
    text = said(rows(counts, [0.0, 1.0]))
    assert "strewn at random:" not in text
    assert "as if strewn" not in text
    assert "`b` overlaps most" in text
    assert "times as many as chance would give" in text


@pytest.mark.parametrize("seed", range(5))
def test_of_a_very_rare_class_that_is_strewn_nothing_is_claimed(seed):
    text = said(rows([20_000, 20], [0.0, 0.0], seed=seed))
    assert "Rows of `b` are too few among the others for near rows to tell" in text
    assert "Rows of `a`" not in text


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_hundreds_that_is_strewn_is_called_so_without_a_promise(seed):
    text = said(rows([3_000, 400], [0.0, 0.0], seed=seed))
    assert "of 5 nearest neighbours in other classes, as if strewn at random (4.4)" in text
    assert "a model may still do" in text
    assert "no loss" not in text
    assert "Rows of `a`" not in text  # four of five rows: chance fills its places


def test_of_several_rare_classes_each_is_judged_by_its_own_share():
    text = said(rows([4_500, 250, 250], [0.0, 1.5, 0.0]))
    assert "Rows of `c` have" in text
    assert "Rows of `b`" not in text
    apart = said(rows([4_700, 40, 40, 40], [0.0, 1.5, -1.5, 3.0]))
    assert "as if strewn" not in apart
    assert "overlaps most" in apart


def test_a_rare_label_is_judged_like_a_rare_class():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, 3))
    labels = np.column_stack(
        [features[:, 0] > 2.2, rng.random(4_000) < 0.1, rng.random(4_000) < 0.9]
    )
    data = Dataset(
        name="labels",
        features=pd.DataFrame(features, columns=list("xyz")),
        labels=labels.astype(np.int8),
        class_names=("told", "strewn", "common"),
        origin="test",
    )
    text = said(data)
    assert "Rows of `strewn` have" in text
    assert "Rows of `told`" not in text
    assert "Rows of `common`" not in text


@pytest.mark.parametrize(
    ("places", "neighbours", "expected", "strewn", "told"),
    [
        (300, 0.98, 0.99, False, False),  # 6 own where chance gives 3: too few to say anything
        (300, 0.95, 0.99, False, True),  # 15 where chance gives 3
        (2_000, 0.95, 0.95, True, False),  # 100, as chance gives
        (2_000, 0.90, 0.95, False, True),  # 200, twice as many
        (2_000, 0.97, 0.95, True, False),
        (2_500, 0.30, 0.50, False, True),
    ],
)
def test_a_class_is_judged_by_its_own_neighbours_against_chance(
    places, neighbours, expected, strewn, told
):
    found = ClassNeighbours(name="a", places=places, neighbours=neighbours, expected=expected)
    assert (found.is_strewn, found.is_told_apart) == (strewn, told)


def test_of_many_strewn_classes_three_are_named():
    classes = [
        ClassNeighbours(name=name, places=1_000, neighbours=0.9, expected=0.9)
        for name in "abcdefghij"
    ]
    lines = overlap_sentences(classes)
    assert len(lines) == 4
    assert lines[-1] == "So it is with 7 more classes."
    assert overlap_sentences([]) == []
