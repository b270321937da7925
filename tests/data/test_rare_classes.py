import dataclasses

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.rare_classes import treat_rare_classes
from focalsweep.data.splits import Split
from focalsweep.errors import UserError


def dataset(*counts: int, posterior: bool = False) -> Dataset:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    rows = len(labels)
    known = np.random.default_rng(1).dirichlet(np.ones(len(counts)), rows) if posterior else None
    return Dataset(
        name="toy",
        features=pd.DataFrame({"row": np.arange(rows)}),
        labels=labels.astype(np.int32),
        class_names=tuple("abcdefghijklmn"[: len(counts)]),
        origin="test",
        notes=("earlier note",),
        true_posterior=known,
    )


@pytest.mark.parametrize("policy", ["error", "drop", "merge"])
def test_a_dataset_without_rare_classes_is_returned_as_it_is(policy: str) -> None:
    whole = dataset(10, 5)
    assert treat_rare_classes(whole, policy=policy) is whole


def test_error_names_the_classes_their_counts_and_the_ways_out() -> None:
    with pytest.raises(UserError) as raised:
        treat_rare_classes(dataset(20, 4, 1, 9), policy="error")
    message = str(raised.value)
    assert "`b` (4 rows), `c` (1 row)" in message
    assert "`dataset.rare_classes=drop`" in message
    assert "`dataset.rare_classes=merge`" in message
    assert "`a`" not in message


def test_drop_removes_the_rows_and_recodes_without_gaps() -> None:
    before = dataset(20, 4, 1, 9)
    after = treat_rare_classes(before, policy="drop")
    assert after.class_names == ("a", "d")
    assert after.class_counts.tolist() == [20, 9]
    for row, label in zip(after.features["row"], after.labels, strict=True):
        assert before.class_names[before.labels[row]] == after.class_names[label]
    assert after.features.index.equals(pd.RangeIndex(29))
    assert np.array_equal(after.read_rows, after.features["row"])
    assert after.notes[0] == "earlier note"
    assert "5 of 34 rows removed" in after.notes[1]


def test_merge_joins_all_rare_classes_into_a_last_class_that_lists_them() -> None:
    before = dataset(20, 4, 1, 9)
    after = treat_rare_classes(before, policy="merge")
    assert after.class_names == ("a", "d", "other (b, c)")
    assert after.class_counts.tolist() == [20, 9, 5]
    assert after.features is before.features
    joined = np.isin(before.labels, [1, 2])
    np.testing.assert_array_equal(after.labels == 2, joined)
    assert "Merged" in after.notes[1]


def test_the_known_posterior_follows_the_classes() -> None:
    before = dataset(20, 4, 1, 9, posterior=True)
    dropped = treat_rare_classes(before, policy="drop").true_posterior
    merged = treat_rare_classes(before, policy="merge").true_posterior
    assert before.true_posterior is not None
    assert dropped is not None
    assert merged is not None
    np.testing.assert_allclose(dropped.sum(axis=1), 1)
    np.testing.assert_allclose(merged.sum(axis=1), 1)
    np.testing.assert_allclose(merged[:, 2], before.true_posterior[:, [1, 2]].sum(axis=1))


def test_a_merged_class_that_is_still_rare_is_refused() -> None:
    with pytest.raises(UserError, match=r"3 rows together.*`dataset\.rare_classes=drop`"):
        treat_rare_classes(dataset(20, 9, 2, 1), policy="merge")
    with pytest.raises(UserError, match="3 rows together, fewer than 5; collect more rows"):
        treat_rare_classes(dataset(20, 2, 1), policy="merge")


@pytest.mark.parametrize("policy", ["drop", "merge"])
def test_nothing_but_rare_classes_is_refused(policy: str) -> None:
    with pytest.raises(UserError, match="collect more rows"):
        treat_rare_classes(dataset(4, 4, 4), policy=policy)


def test_dropping_to_a_single_class_is_refused() -> None:
    with pytest.raises(UserError, match="at least two classes"):
        treat_rare_classes(dataset(20, 4), policy="drop")


def test_many_rare_classes_are_counted_not_listed_in_full() -> None:
    with pytest.raises(UserError, match="and 3 more"):
        treat_rare_classes(dataset(20, *[1] * 11), policy="error")


def test_an_unknown_policy_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="nearest is `merge`"):
        treat_rare_classes(dataset(20, 4), policy="marge")  # type: ignore[arg-type]


def test_the_minimum_is_the_smallest_count_allowed() -> None:
    assert treat_rare_classes(dataset(20, 4), policy="error", minimum=4).n_classes == 2


# Kept ---------------------------------------------------------------------------------------------


def test_keep_leaves_every_row_and_says_so() -> None:
    before = dataset(20, 4, 1, 9)
    after = treat_rare_classes(before, policy="keep")
    assert after.labels is before.labels
    assert after.features is before.features
    assert after.class_names == before.class_names
    assert after.notes[0] == "earlier note"
    assert "`b` (4 rows), `c` (1 row)" in after.notes[1]
    assert "weight 0 and no offset" in after.notes[1]


def test_keep_says_nothing_where_no_class_is_rare() -> None:
    whole = dataset(10, 5)
    assert treat_rare_classes(whole, policy="keep") is whole


def test_drop_takes_what_is_known_of_rows_along() -> None:
    before = dataset(20, 4, 9)
    rows = before.n_rows
    known = dataclasses.replace(
        before,
        groups=np.arange(rows),
        split=Split(train=np.arange(rows)[::2], test=np.arange(rows)[1::2]),
    )
    after = treat_rare_classes(known, policy="drop")
    assert after.groups is not None
    assert after.split is not None
    assert np.array_equal(after.groups, after.features["row"])
    assert np.array_equal(
        after.features["row"].to_numpy()[after.split.train] % 2, [0] * len(after.split.train)
    )
    assert len(after.split.train) + len(after.split.test) == after.n_rows


# Several labels a row -----------------------------------------------------------------------------


def labelled() -> Dataset:
    """Forty rows: `a` in half of them, `b` in three, `c` in all but two."""
    labels = np.zeros((40, 3), dtype=np.int8)
    labels[::2, 0], labels[:3, 1], labels[2:, 2] = 1, 1, 1
    return dataclasses.replace(
        dataset(40, 5),
        features=pd.DataFrame({"row": np.arange(40)}),
        labels=labels,
        class_names=("a", "b", "c"),
    )


def test_a_label_is_rare_where_few_rows_have_it_or_are_without_it() -> None:
    with pytest.raises(UserError) as raised:
        treat_rare_classes(labelled(), policy="error")
    assert "`b` (3 rows), `c` (2 rows without it)" in str(raised.value)
    assert "`a`" not in str(raised.value)


def test_a_rare_label_is_dropped_as_a_column_and_rows_stay() -> None:
    after = treat_rare_classes(labelled(), policy="drop")
    assert after.class_names == ("a",)
    assert np.array_equal(after.labels, labelled().labels[:, :1])
    assert "all 40 rows stay" in after.notes[-1]


def test_labels_are_kept_on_request_and_never_merged() -> None:
    after = treat_rare_classes(labelled(), policy="keep")
    assert np.array_equal(after.labels, labelled().labels)
    assert "`b` (3 rows)" in after.notes[-1]
    with pytest.raises(UserError, match=r"labels cannot be joined"):
        treat_rare_classes(labelled(), policy="merge")
    rare_only = dataclasses.replace(
        labelled(), labels=labelled().labels[:, 1:], class_names=("b", "c")
    )
    with pytest.raises(UserError, match="would leave no label: collect more rows"):
        treat_rare_classes(rare_only, policy="drop")
