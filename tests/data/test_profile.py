import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focalsweep.data.profile import imbalance_factor, thin
from focalsweep.errors import UserError

BALANCED = np.repeat(np.arange(5), 100)
ALL = np.arange(len(BALANCED))

counts_lists = st.lists(st.integers(1, 60), min_size=1, max_size=6)
factors = st.floats(0.005, 200)
kinds = st.sampled_from(["exp", "step"])


def counts_after(rows: np.ndarray, labels: np.ndarray) -> list[int]:
    return np.bincount(labels[rows], minlength=labels.max() + 1).tolist()


def test_exponential_profile_falls_by_the_same_ratio_from_class_to_class() -> None:
    kept = thin(ALL, labels=BALANCED, kind="exp", factor=16, seed=0)
    assert counts_after(kept, BALANCED) == [100, 50, 25, 12, 6]


def test_step_profile_keeps_the_larger_half_whole() -> None:
    kept = thin(ALL, labels=BALANCED, kind="step", factor=10, seed=0)
    assert counts_after(kept, BALANCED) == [100, 100, 100, 10, 10]


def test_a_factor_and_its_inverse_are_the_same_profile() -> None:
    one = thin(ALL, labels=BALANCED, kind="exp", factor=50, seed=3)
    other = thin(ALL, labels=BALANCED, kind="exp", factor=1 / 50, seed=3)
    np.testing.assert_array_equal(one, other)
    assert imbalance_factor(0.02) == pytest.approx(imbalance_factor(50))


@pytest.mark.parametrize(("kind", "factor"), [("none", 100), ("exp", 1), ("step", 1)])
def test_no_profile_and_factor_one_keep_all_rows(kind: str, factor: float) -> None:
    rows = ALL[::-1]
    np.testing.assert_array_equal(
        thin(rows, labels=BALANCED, kind=kind, factor=factor, seed=0), rows
    )


@given(counts=counts_lists, factor=factors, kind=kinds, seed=st.integers(0, 9))
def test_rows_are_a_subset_with_two_rows_a_class_or_all_it_has(
    counts: list[int], factor: float, kind: str, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = np.arange(len(labels))
    kept = thin(rows, labels=labels, kind=kind, factor=factor, seed=seed)
    assert len(np.unique(kept)) == len(kept)
    assert np.isin(kept, rows).all()
    after = np.array(counts_after(kept, labels))
    assert (after >= np.minimum(2, counts)).all()
    assert (after <= counts).all()
    assert after.max() == max(counts)


@given(counts=counts_lists, kind=kinds, seed=st.integers(0, 9))
def test_a_higher_factor_keeps_a_subset_of_the_rows(
    counts: list[int], kind: str, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = np.arange(len(labels))
    mild = thin(rows, labels=labels, kind=kind, factor=5, seed=seed)
    strong = thin(rows, labels=labels, kind=kind, factor=50, seed=seed)
    assert np.isin(strong, mild).all()


def test_classes_are_ordered_by_frequency_among_the_given_rows_and_ties_by_code() -> None:
    labels = np.repeat([0, 1, 2], [40, 80, 80])
    kept = thin(np.arange(200), labels=labels, kind="exp", factor=16, seed=0)
    assert counts_after(kept, labels) == [5, 80, 20]


def test_rows_outside_the_given_ones_do_not_matter() -> None:
    rows = ALL[::2]
    noise = BALANCED.copy()
    noise[1::2] = np.random.default_rng(0).integers(0, 5, 250)
    np.testing.assert_array_equal(
        thin(rows, labels=BALANCED, kind="exp", factor=20, seed=1),
        thin(rows, labels=noise, kind="exp", factor=20, seed=1),
    )


def test_which_rows_stay_depends_on_the_seed_and_not_on_the_order_of_rows() -> None:
    shuffled = np.random.default_rng(0).permutation(ALL)
    first = thin(ALL, labels=BALANCED, kind="exp", factor=20, seed=1)
    again = thin(shuffled, labels=BALANCED, kind="exp", factor=20, seed=1)
    other = thin(ALL, labels=BALANCED, kind="exp", factor=20, seed=2)
    np.testing.assert_array_equal(first, np.sort(again))
    assert not np.array_equal(first, other)
    assert counts_after(first, BALANCED) == counts_after(other, BALANCED)


def test_rows_come_back_in_the_given_order() -> None:
    kept = thin(ALL[::-1], labels=BALANCED, kind="exp", factor=20, seed=1)
    assert (np.diff(kept) < 0).all()


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_ratio_is_refused(factor: float) -> None:
    with pytest.raises(UserError, match=r"`dataset\.factor` must be a finite number > 0"):
        thin(ALL, labels=BALANCED, kind="exp", factor=factor, seed=0)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UserError, match=r"`none`, `exp` or `step`\. Received: profile=linear"):
        thin(ALL, labels=BALANCED, kind="linear", factor=2, seed=0)  # type: ignore[arg-type]
