"""Who trains on what: no view sees rows that its scores are about, profiles thin training rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError
from focalsweep.search import folds as module
from focalsweep.search.folds import ALL_ROWS, Evaluation, Folds, Profile, lay_out
from focalsweep.training.member import View

COUNTS = [60, 30, 9]
NESTED = Evaluation(
    kind="nested", folds=3, repeats=2, inner_folds=2, refit_seeds=2, test_fraction=0.25
)
HOLDOUT = replace(NESTED, kind="holdout", folds=1, repeats=1)
NO_PROFILE = Profile()


def dataset(counts: list[int] = COUNTS) -> Dataset:
    """Rows whose only column is their number."""
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    labels = np.random.default_rng(3).permutation(labels)
    return Dataset(
        name="numbered",
        features=pd.DataFrame({"row": np.arange(len(labels), dtype=float)}),
        labels=labels,
        class_names=tuple("abc"[: len(counts)]),
        origin="made here",
    )


class RowNumbers:
    """Preprocess by leaving row numbers alone, and remember the rows of each fit."""

    fits: list[list[int]]

    def __init__(self) -> None:
        self.fits = []

    def fit(self, features: pd.DataFrame) -> "RowNumbers":
        self.fits.append(features["row"].astype(int).tolist())
        return self

    def transform(self, features: pd.DataFrame) -> np.ndarray:
        return features[["row"]].to_numpy(np.float32)


@pytest.fixture
def preprocessor(monkeypatch) -> RowNumbers:
    numbers = RowNumbers()
    monkeypatch.setattr(module, "fit_preprocessor", numbers.fit)
    return numbers


def train_rows(view: View) -> list[int]:
    return view.features[: view.n_train, 0].astype(int).tolist()


def eval_rows(view: View) -> list[int]:
    return view.features[view.n_train :, 0].astype(int).tolist()


def every_view(folds: Folds):
    for scope in folds.scopes:
        for index in scope.inner:
            yield folds.views[index]
        if scope.refit is not None:
            yield folds.views[scope.refit]


@pytest.mark.parametrize(
    ("evaluation", "names"),
    [(NESTED, ["0", "1", "2", "3", "4", "5", ALL_ROWS]), (HOLDOUT, ["0", ALL_ROWS])],
)
def test_there_is_a_scope_for_each_outer_fold_and_one_for_all_rows(evaluation, names):
    folds = lay_out(dataset(), evaluation=evaluation, profile=NO_PROFILE, seed=0)
    assert [scope.name for scope in folds.scopes] == names
    assert len(folds.outer) == evaluation.n_outer
    assert folds.final.name == ALL_ROWS
    assert folds.final.refit is None
    assert all(len(scope.inner) == 2 for scope in folds.scopes)
    indices = [i for scope in folds.scopes for i in (*scope.inner, scope.refit) if i is not None]
    assert sorted(indices) == list(range(len(folds.views)))
    assert len({view.name for view in folds.views}) == len(folds.views)


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
def test_outer_test_rows_are_in_no_inner_view_of_their_scope(evaluation, preprocessor):
    folds = lay_out(dataset(), evaluation=evaluation, profile=NO_PROFILE, seed=0)
    for scope in folds.outer:
        outer = folds.views[scope.refit]
        tested = set(eval_rows(outer))
        assert tested.isdisjoint(train_rows(outer))
        assert tested | set(train_rows(outer)) == set(range(sum(COUNTS)))
        for index in scope.inner:
            inner = folds.views[index]
            assert tested.isdisjoint(train_rows(inner))
            assert tested.isdisjoint(eval_rows(inner))


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
def test_inner_folds_evaluate_every_row_of_their_scope_once(evaluation, preprocessor):
    folds = lay_out(dataset(), evaluation=evaluation, profile=NO_PROFILE, seed=0)
    for scope in folds.scopes:
        views = [folds.views[index] for index in scope.inner]
        own = (
            list(range(sum(COUNTS)))
            if scope.refit is None
            else sorted(train_rows(folds.views[scope.refit]))
        )
        assert sorted(row for view in views for row in eval_rows(view)) == own
        for view in views:
            assert sorted(train_rows(view) + eval_rows(view)) == own


def test_each_repeat_tests_every_row_once(preprocessor):
    folds = lay_out(dataset(), evaluation=NESTED, profile=NO_PROFILE, seed=0)
    tests = [eval_rows(folds.views[scope.refit]) for scope in folds.outer]
    for repeat in (tests[:3], tests[3:]):
        assert sorted(row for rows in repeat for row in rows) == list(range(sum(COUNTS)))
    assert sorted(map(sorted, tests[:3])) != sorted(map(sorted, tests[3:]))


@pytest.mark.parametrize("profile", [NO_PROFILE, Profile(kind="exp", factor=10.0)])
def test_preprocessing_is_fitted_on_exactly_the_training_rows_of_each_view(profile, preprocessor):
    folds = lay_out(dataset(), evaluation=NESTED, profile=profile, seed=0)
    assert preprocessor.fits == [train_rows(view) for view in folds.views]


def test_labels_belong_to_their_rows(preprocessor):
    data = dataset()
    folds = lay_out(data, evaluation=NESTED, profile=Profile(kind="exp", factor=10.0), seed=0)
    for view in every_view(folds):
        assert np.array_equal(view.labels, data.labels[view.features[:, 0].astype(int)])


def test_a_profile_thins_training_rows_and_leaves_evaluation_rows_natural(preprocessor):
    data = dataset([40, 40, 40])
    natural = lay_out(data, evaluation=NESTED, profile=NO_PROFILE, seed=0)
    thinned = lay_out(data, evaluation=NESTED, profile=Profile(kind="exp", factor=10.0), seed=0)
    for before, after in zip(natural.views, thinned.views, strict=True):
        assert eval_rows(before) == eval_rows(after)
        assert set(train_rows(after)) < set(train_rows(before))
        assert np.array_equal(after.natural_counts, before.train_counts)
        assert np.array_equal(before.natural_counts, before.train_counts)
        counts = sorted(after.train_counts)
        assert counts[-1] == max(before.train_counts)
        assert counts[0] == pytest.approx(counts[-1] / 10, abs=1)


def test_without_a_profile_there_is_no_shift_of_priors_and_with_one_it_leads_back():
    data = dataset([40, 40, 40])
    natural = lay_out(data, evaluation=NESTED, profile=NO_PROFILE, seed=0)
    thinned = lay_out(data, evaluation=NESTED, profile=Profile(kind="exp", factor=10.0), seed=0)
    for view in natural.views:
        assert np.array_equal(view.log_prior_shift, np.zeros(3))
    for view in thinned.views:
        moved = np.log(view.train_counts / view.n_train) + view.log_prior_shift
        assert np.exp(moved) == pytest.approx(view.natural_counts / view.natural_counts.sum())


def test_the_counts_of_a_scope_are_those_of_its_refit_after_the_profile():
    for profile in (NO_PROFILE, Profile(kind="step", factor=20.0)):
        folds = lay_out(dataset(), evaluation=NESTED, profile=profile, seed=0)
        for scope in folds.outer:
            assert np.array_equal(scope.counts, folds.views[scope.refit].train_counts)
    assert folds.final.counts.sum() < sum(COUNTS)


def test_the_seed_alone_decides_who_is_where(preprocessor):
    def rows(seed: int) -> list[list[int]]:
        folds = lay_out(dataset(), evaluation=NESTED, profile=NO_PROFILE, seed=seed)
        return [train_rows(view) for view in folds.views]

    assert rows(0) == rows(0)
    assert rows(0) != rows(1)


def test_every_class_has_training_rows_in_every_view():
    folds = lay_out(dataset([60, 30, 4]), evaluation=NESTED, profile=NO_PROFILE, seed=0)
    for view in folds.views:
        assert view.train_counts.min() >= 1


def test_a_class_that_cannot_be_split_is_named():
    with pytest.raises(UserError, match="class `c`"):
        lay_out(dataset([60, 30, 1]), evaluation=NESTED, profile=NO_PROFILE, seed=0)
