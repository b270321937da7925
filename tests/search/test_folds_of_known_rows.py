"""Layouts that follow what is known of rows: groups, the user's split, time, and rare classes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.splits import Split
from focalsweep.errors import UserError
from focalsweep.search.folds import ALL_ROWS, Evaluation, Folds, Profile, lay_out
from focalsweep.search.split_notes import split_notes
from focalsweep.training.member import View

NESTED = Evaluation(
    kind="nested", folds=3, repeats=1, inner_folds=2, refit_seeds=2, test_fraction=0.25
)
HOLDOUT = replace(NESTED, kind="holdout", folds=1)
ROWS = 160


def dataset() -> Dataset:
    """Three classes, twenty groups, thirty times, none of which say anything of each other."""
    rng = np.random.default_rng(1)
    return Dataset(
        name="known",
        features=pd.DataFrame(rng.normal(size=(ROWS, 2)), columns=["x", "y"]),
        labels=rng.permutation(np.repeat([0, 1, 2], [90, 45, 25])).astype(np.int32),
        class_names=("a", "b", "c"),
        origin="made here",
    )


def grouped() -> Dataset:
    rng = np.random.default_rng(2)
    return replace(dataset(), groups=rng.permutation(np.arange(ROWS) % 20).astype(np.int64))


def timed() -> Dataset:
    return replace(dataset(), time=np.random.default_rng(3).integers(0, 30, ROWS).astype(float))


def divided() -> Dataset:
    rows = np.random.default_rng(4).permutation(ROWS)
    return replace(dataset(), split=Split(train=rows[:110], test=rows[110:]))


def laid_out(data: Dataset, *, evaluation: Evaluation = NESTED, keep_rare: bool = False) -> Folds:
    return lay_out(data, evaluation=evaluation, profile=Profile(), seed=0, keep_rare=keep_rare)


def parts(folds: Folds) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row numbers that each view trains on and is scored on."""
    return [
        (rows[: view.n_train], rows[view.n_train :])
        for view, rows in zip(folds.base, folds.rows, strict=True)
    ]


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
def test_no_view_has_a_group_on_both_sides(evaluation):
    data = grouped()
    for train, scored in parts(laid_out(data, evaluation=evaluation)):
        assert not set(data.groups[train]) & set(data.groups[scored])


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
def test_no_view_trains_on_the_future_of_its_scored_rows(evaluation):
    data = timed()
    for train, scored in parts(laid_out(data, evaluation=evaluation)):
        assert data.time[train].max() < data.time[scored].min()


def test_inner_folds_of_every_scope_stay_in_the_past_of_its_test_rows():
    data = timed()
    folds = laid_out(data)
    everything = parts(folds)
    for scope in folds.outer:
        _, tested = everything[scope.refit]
        for index in scope.inner:
            rows = np.concatenate(everything[index])
            assert data.time[rows].max() < data.time[tested].min()


def test_the_users_split_is_the_one_outer_fold_and_the_last_search_sees_all_rows():
    data = divided()
    folds = laid_out(data, evaluation=HOLDOUT)
    (outer,) = folds.outer
    train, tested = parts(folds)[outer.refit]
    assert np.array_equal(train, np.sort(data.split.train))
    assert np.array_equal(tested, np.sort(data.split.test))
    assert folds.final.name == ALL_ROWS
    assert folds.final.counts.sum() == ROWS


def test_rows_in_neither_part_of_the_users_split_are_not_used():
    data = divided()
    less = replace(data, split=Split(train=data.split.train[10:], test=data.split.test))
    folds = laid_out(less, evaluation=HOLDOUT)
    used = set(np.concatenate(folds.rows))
    assert used == set(range(ROWS)) - set(data.split.train[:10])
    assert "10 rows are in neither part" in " ".join(split_notes(less, folds, evaluation=HOLDOUT))


@pytest.mark.parametrize("made", [timed, divided], ids=["time", "split"])
def test_noise_in_outer_test_rows_changes_nothing_that_their_scope_trains_on(made):
    """Features and labels of the test rows are noise: these layouts do not follow labels."""
    data = made()
    before = laid_out(data, evaluation=HOLDOUT)
    (outer,) = before.outer
    _, tested = parts(before)[outer.refit]
    rng = np.random.default_rng(5)
    features, labels = data.features.copy(), data.labels.copy()
    features.iloc[tested] = rng.normal(scale=50.0, size=(len(tested), 2))
    labels[tested] = rng.permutation(labels[tested])
    after = laid_out(replace(data, features=features, labels=labels), evaluation=HOLDOUT)
    for index in outer.inner:
        assert np.array_equal(before.views[index].features, after.views[index].features)
        assert np.array_equal(before.views[index].labels, after.views[index].labels)
    one, other = before.views[outer.refit], after.views[outer.refit]
    n = one.n_train
    assert np.array_equal(one.features[:n], other.features[:n])
    assert not np.array_equal(one.features[n:], other.features[n:])


def test_noise_in_features_of_a_grouped_test_part_changes_nothing_that_is_trained_on():
    data = grouped()
    before = laid_out(data)
    for scope in before.outer:
        _, tested = parts(before)[scope.refit]
        features = data.features.copy()
        features.iloc[tested] = 1e6
        after = laid_out(replace(data, features=features))
        for index in (*scope.inner, scope.refit):
            one, other = before.views[index], after.views[index]
            assert np.array_equal(one.features[: one.n_train], other.features[: one.n_train])
            assert np.array_equal(one.labels, other.labels)


def test_inner_folds_do_not_follow_labels_groups_or_times_of_test_rows():
    data = replace(grouped(), split=None)
    before = laid_out(data, evaluation=HOLDOUT)
    (outer,) = before.outer
    train, tested = parts(before)[outer.refit]
    own = Split(train=train, test=tested)
    noisy = data.labels.copy()
    noisy[tested] = np.random.default_rng(6).permutation(noisy[tested])
    fixed, changed = (
        laid_out(replace(data, split=own, labels=labels), evaluation=HOLDOUT)
        for labels in (data.labels, noisy)
    )
    for index in outer.inner:
        assert np.array_equal(fixed.rows[index], changed.rows[index])


def test_groups_of_test_rows_are_those_of_the_dataset():
    data = grouped()
    folds = laid_out(data, evaluation=HOLDOUT)
    (outer,) = folds.outer
    _, tested = parts(folds)[outer.refit]
    assert np.array_equal(folds.test_groups(outer), data.groups[tested])
    assert folds.test_groups(folds.final) is None
    assert laid_out(dataset(), evaluation=HOLDOUT).test_groups(outer) is None


# Rare classes -------------------------------------------------------------------------------------


def rare() -> Dataset:
    data = dataset()
    labels = np.concatenate([np.full(100, 0), np.full(56, 1), np.full(3, 2), [3]])
    return replace(
        data,
        labels=np.random.default_rng(7).permutation(labels).astype(np.int32),
        class_names=("a", "b", "few", "one"),
    )


def test_a_class_without_training_rows_has_count_0_there_and_no_shift_of_priors():
    folds = laid_out(rare(), keep_rare=True)
    absent = [view for view in folds.views if not view.train_counts[3]]
    assert absent
    for view in absent:
        assert len(view.train_counts) == 4
        assert np.isfinite(view.log_prior_shift).all()
        assert view.log_prior_shift[3] == 0.0


def test_a_class_of_one_row_is_scored_in_one_fold_of_each_search():
    folds = laid_out(rare(), keep_rare=True)

    def scored(views: list[View]) -> int:
        return sum(int((view.eval_labels == 3).sum()) for view in views)

    assert scored([folds.views[scope.refit] for scope in folds.outer]) == 1
    assert scored([folds.views[index] for index in folds.final.inner]) == 1


def test_notes_name_absent_classes_and_lone_groups():
    data = rare()
    trained, tested = split_notes(data, laid_out(data, keep_rare=True), evaluation=NESTED)
    assert "`one` in " in trained
    assert "weight 0 and no offset" in trained
    assert "absent from test rows, `one` in 2 of 3 outer folds; the scores of these" in tested
    assert "`a`" not in trained + tested
    assert split_notes(dataset(), laid_out(dataset()), evaluation=NESTED) == ()
    lone = grouped()
    lone = replace(lone, labels=np.where(lone.groups == 4, 2, lone.labels % 2).astype(np.int32))
    notes = split_notes(lone, laid_out(lone, keep_rare=True), evaluation=NESTED)
    assert any("Only one group has rows of `c`" in note for note in notes)


def test_notes_say_what_windows_in_time_and_few_groups_are_worth():
    notes = split_notes(timed(), laid_out(timed()), evaluation=NESTED)
    assert any("3 expanding windows" in note for note in notes)
    assert any("Nadeau and Bengio" in note for note in notes)
    folds = laid_out(grouped(), evaluation=HOLDOUT)
    notes = split_notes(grouped(), folds, evaluation=HOLDOUT)
    assert any("the test part has 5 of them, too few" in note for note in notes)


# Several labels a row -----------------------------------------------------------------------------


def labelled() -> Dataset:
    labels = (np.random.default_rng(8).random((ROWS, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(np.int8)
    return replace(dataset(), labels=labels, class_names=("p", "q", "r", "s"))


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
@pytest.mark.parametrize("with_groups", [False, True])
def test_labels_of_rows_are_carried_and_counted_without_and_with(evaluation, with_groups):
    data = replace(labelled(), groups=grouped().groups if with_groups else None)
    folds = laid_out(data, evaluation=evaluation)
    for view, rows in zip(folds.base, folds.rows, strict=True):
        assert view.labels.dtype == np.int8
        assert np.array_equal(view.labels, data.labels[rows])
        own = data.labels[rows[: view.n_train]]
        assert view.natural_counts.shape == (4, 2)
        assert np.array_equal(view.natural_counts[:, 1], own.sum(axis=0))
        assert np.array_equal(view.natural_counts.sum(axis=1), np.full(4, view.n_train))
    assert np.array_equal(folds.final.counts[:, 1], data.class_counts)


@pytest.mark.parametrize(
    ("profile", "label_noise", "key"),
    [(Profile(kind="exp", factor=10.0), 0.0, "profile"), (Profile(), 0.1, "label_noise")],
)
def test_what_is_for_one_class_a_row_is_refused_on_labels(profile, label_noise, key):
    with pytest.raises(UserError, match=rf"`dataset\.{key}` is for rows of one class each"):
        lay_out(labelled(), evaluation=HOLDOUT, profile=profile, seed=0, label_noise=label_noise)
