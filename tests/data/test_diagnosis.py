from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

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


def test_an_imbalance_of_thousands_is_written_out():
    text = " ".join(diagnose(blobs([4_000, 1], distance=2.0)).text)
    assert "largest over smallest class 4,000; `b` has 1 of 4,001 rows." in text


def test_the_same_data_give_the_same_diagnosis():
    data = blobs([6_000, 100], distance=1.0)
    assert diagnose(data) == diagnose(data)


def test_a_rare_class_keeps_rows_enough_to_be_judged_where_data_are_sampled():
    # A quarter of all rows, which of the rare class would be two and fifteen.
    assert diagnose(blobs([20_000, 8], distance=50.0)).sampled_rows == 4_998 + 8
    assert diagnose(blobs([20_000, 60], distance=50.0)).sampled_rows == 4_985 + 60


def test_of_several_labels_each_is_judged_by_itself():
    rng = np.random.default_rng(0)
    apart = rng.random(1_000) < 0.3
    strewn = rng.random(1_000) < 0.2
    data = Dataset(
        name="several",
        features=pd.DataFrame(
            {"x": 50.0 * apart + rng.normal(size=1_000), "y": rng.normal(size=1_000)}
        ),
        labels=np.column_stack([apart, strewn, np.zeros(1_000)]).astype(np.int8),
        class_names=("apart", "strewn", "nobody"),
        origin="test",
    )
    found = diagnose(data)
    assert found.classes[0].neighbours == 0
    positives = int(strewn.sum())
    assert found.classes[1].expected == pytest.approx((1_000 - positives) / 999)
    # 3 standard errors of five places a row.
    error = np.sqrt(0.2 * 0.8 / (5 * positives))
    assert found.classes[1].neighbours == pytest.approx(found.classes[1].expected, abs=3 * error)
    assert (found.counts[2], found.classes[2].effective_number) == (0, 0)
    assert "Rows of `strewn` have" in found.text[0]
    assert any("largest over smallest label inf; `nobody` has 0" in line for line in found.text)


def test_the_overlap_of_a_label_is_that_of_two_classes():
    data = blobs([300, 200], distance=1.5)
    features = data.features.to_numpy(np.float32)
    one, chance = overlap(features, data.labels)
    several = np.column_stack([1 - data.labels, data.labels]).astype(np.int8)
    np.testing.assert_allclose(overlap(features, several)[0], one, rtol=1e-12)
    np.testing.assert_allclose(overlap(features, several)[1], chance, rtol=1e-12)


def test_rows_that_differ_in_a_wide_column_or_one_label_are_no_plain_copies():
    features = pd.DataFrame({"x": [1.0, 1.0, 1.0, 2.0]})
    same, other = csr_array(np.ones((4, 3))), csr_array(np.diag([0.0, 1, 0, 0]))
    labels = np.array([0, 1, 1, 0])
    assert copies(features, labels, sparse=same) == copies(features, labels) == (3, 3)
    assert copies(features, labels, sparse=other) == (2, 2)
    assert copies(features[[]], labels, sparse=other) == (3, 3)
    several = np.array([[1, 1], [1, 1], [1, 0], [0, 0]], np.int8)
    assert copies(features, several) == (3, 3)
    assert copies(features.iloc[:2], several[:2]) == (2, 0)


def test_wide_columns_are_diagnosed():
    data = blobs([60, 60], distance=50.0)
    wide = csr_array(data.features.to_numpy())
    none = data.features[[]]
    found = diagnose(replace(data, features=none, sparse=wide))
    assert [each.neighbours for each in found.classes] == [0.0, 0.0]


@pytest.mark.parametrize("what", ["pixels", "words"])
def test_in_pixels_and_words_no_neighbours_are_looked_up(what):
    data = blobs([60, 60], distance=0.0)
    words = np.random.default_rng(0).choice(list("abcdefgh"), (120, 6))
    words = [" ".join(letter * 3 for letter in row) for row in words]
    found = diagnose(
        replace(data, image_shape=(1, 3, 1))
        if what == "pixels"
        else replace(data, features=pd.DataFrame({"text": words, "constant": 1.0}))
    )
    assert (found.classes, found.sampled_rows) == ((), 0)
    assert found.text[-1] == (
        "Near rows were not looked up: in pixels and words distances mean too little."
    )
    assert "overlap" not in " ".join(found.text)


def test_beside_words_neighbours_are_those_of_the_other_columns():
    data = blobs([60, 60], distance=50.0)
    text = pd.Series([f"row {number} says this or that" for number in range(120)])
    found = diagnose(replace(data, features=data.features.assign(text=text)))
    assert found.classes == diagnose(data).classes


def test_copies_of_a_rare_row_are_not_its_neighbours():
    data = blobs([1_000, 20], distance=0.0)
    copied = np.concatenate([np.arange(1_000), np.repeat(np.arange(1_000, 1_020), 10)])
    found = diagnose(replace(data, features=data.features.iloc[copied], labels=data.labels[copied]))
    assert found.classes == tuple(
        replace(each, effective_number=other.effective_number)
        for each, other in zip(diagnose(data).classes, found.classes, strict=True)
    )
    assert not any("barely overlap" in line or "overlaps most" in line for line in found.text)
    assert "among 1,020 of 1,200 rows, copies left out." in found.text[-1]


def test_columns_of_few_values_have_no_copies_and_no_order():
    """Rows come class by class, and of equal rows the nearest are any."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [1_900, 100]).astype(np.int32)
    levels = rng.choice(4, 2_000)
    features = pd.DataFrame({"level": pd.Categorical.from_codes(levels, list("abcd"))})
    data = Dataset(
        name="levels", features=features, labels=labels, class_names=("a", "b"), origin="test"
    )
    rare = diagnose(data).classes[1]
    assert rare.neighbours == pytest.approx(0.95, abs=3 * np.sqrt(0.05 * 0.95 / 500))
    told = np.where(labels == 1, rng.choice(4, 2_000, p=[0.05, 0.05, 0.05, 0.85]), levels)
    features = pd.DataFrame({"level": pd.Categorical.from_codes(told, list("abcd"))})
    lines = diagnose(replace(data, features=features)).text
    assert any("`b` overlaps most" in line for line in lines)


def test_large_data_of_several_labels_are_sampled_with_some_rows_of_each():
    labels = np.zeros((9_000, 2), np.int8)
    labels[:4_000, 0] = 1
    labels[-8:, 1] = 1
    features = np.random.default_rng(0).normal(size=(9_000, 2))
    features[-8:] += 100
    found = diagnose(
        Dataset(
            name="large",
            features=pd.DataFrame(features, columns=["x", "y"]),
            labels=labels,
            class_names=("a", "b"),
            origin="test",
        )
    )
    assert MOST_ROWS <= found.sampled_rows <= MOST_ROWS + 12
    assert found.classes[1].neighbours == 0
    assert "drawn at random" in found.text[-1]
