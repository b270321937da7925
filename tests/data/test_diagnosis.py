from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.diagnosis import MOST_ROWS, copies, diagnose, overlap


def blobs(counts: list[int], *, distance: float, seed: int = 0) -> Dataset:
    """Make one Gaussian blob a class, `distance` apart along a line, in three columns."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    features = rng.normal(size=(len(labels), 3))
    features[:, 0] += distance * labels
    return Dataset(
        name="blobs",
        features=pd.DataFrame(features, columns=["x", "y", "z"]),
        labels=labels,
        class_names=tuple("abcdefgh"[: len(counts)]),
        origin="test",
    )


def test_classes_far_apart_do_not_overlap():
    found = diagnose(blobs([200, 20], distance=50.0))
    assert [each.neighbours for each in found.classes] == [0.0, 0.0]
    assert found.text[0] == "The classes barely overlap: imbalance alone is not a problem here."


def test_identical_blobs_overlap_as_much_as_chance_says():
    found = diagnose(blobs([600, 300, 100], distance=0.0))
    # 3 standard errors: five neighbours a row, at most 500 places for the smallest class.
    for each, places in zip(found.classes, (3000, 1500, 500), strict=True):
        error = np.sqrt(each.expected * (1 - each.expected) / places)
        assert each.neighbours == pytest.approx(each.expected, abs=3 * error)
    assert [each.expected for each in found.classes] == [400 / 999, 700 / 999, 900 / 999]
    assert "as if strewn at random" in found.text[0]


def test_no_row_is_its_own_neighbour_even_where_rows_are_equal():
    features = np.zeros((12, 1), np.float32)
    features[6:] = 9.0
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    neighbours, expected = overlap(features, labels)
    assert neighbours.tolist() == [0.0, 0.0]
    assert expected.tolist() == [6 / 11, 6 / 11]


def test_a_class_with_fewer_rows_than_neighbours_can_still_be_apart():
    features = np.concatenate([np.linspace(0, 1, 20), np.linspace(100, 100.1, 3)])
    neighbours, _ = overlap(features[:, None].astype(np.float32), np.repeat([0, 1], [20, 3]))
    assert neighbours.tolist() == [0.0, 0.0]


def test_a_class_of_few_rows_is_not_called_hopeless():
    found = diagnose(blobs([60, 60, 4], distance=0.0, seed=2))
    assert not any("`c`" in sentence for sentence in found.text if "neighbours" in sentence)
    assert any("`c` has 4 of 124 rows" in sentence for sentence in found.text)


def test_effective_number_is_one_for_one_row_and_grows_less_than_rows_do():
    found = diagnose(blobs([1, 10, 100, 1000], distance=3.0))
    effective = [each.effective_number for each in found.classes]
    assert effective[0] == pytest.approx(1.0, rel=1e-12)
    rows = 1111
    base = 1 - 1 / rows
    assert effective[2] == pytest.approx((1 - base**100) / (1 - base), rel=1e-9)
    assert effective[3] < 1000 * effective[0]


def test_copies_are_counted_with_all_their_members_and_contradictions_among_them():
    features = pd.DataFrame({"x": [1.0, 1.0, 2.0, np.nan, np.nan, 3.0], "y": list("aabccd")})
    assert copies(features, np.array([0, 1, 0, 1, 1, 0])) == (4, 2)
    assert copies(features.iloc[[0, 2, 3, 5]], np.array([0, 1, 0, 1])) == (0, 0)


def test_contradictory_copies_come_first_where_they_are_many():
    data = blobs([40, 40], distance=50.0)
    features = data.features.copy()
    features.iloc[:5] = features.iloc[40:45].to_numpy()
    changed = diagnose(
        Dataset(
            name="x", features=features, labels=data.labels, class_names=("a", "b"), origin="test"
        )
    )
    assert changed.conflicting == 10
    assert changed.text[0].startswith("10 rows (12.5%) equal another row in every column but the")


def test_large_data_are_sampled_alike_in_every_class_and_it_is_said():
    found = diagnose(blobs([7_000, 700, 1], distance=50.0))
    assert MOST_ROWS - 5 <= found.sampled_rows <= MOST_ROWS + 5
    assert found.text[-1].startswith(f"Neighbours were looked up among {found.sampled_rows:,} of")
    assert found.classes[0].neighbours == 0.0
    assert found.classes[2].neighbours == 1.0  # one row: all others are of other classes
    assert found.counts == (7_000, 700, 1)


def test_balanced_data_are_called_balanced():
    assert (
        "Balanced: largest over smallest class 1.0." in diagnose(blobs([50, 50], distance=2)).text
    )


def test_the_same_data_give_the_same_diagnosis():
    data = blobs([6_000, 100], distance=1.0)
    assert diagnose(data) == diagnose(data)


def test_a_rare_class_keeps_rows_enough_to_be_judged_where_data_are_sampled():
    # A quarter of all rows, which of the rare class would be two.
    assert diagnose(blobs([20_000, 8], distance=50.0)).sampled_rows == 4_998 + 6
