"""Who trains on what: no view sees rows that its scores are about, profiles thin training rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.dataset import Dataset
from focalsweep.data.resampling import (
    SYNTHETIC,
    Treated,
    adasyn,
    borderline_smote,
    random_over_sampling,
    smote,
    smote_enn,
    without_suspects,
)
from focalsweep.errors import UserError
from focalsweep.search import folds as module
from focalsweep.search.folds import (
    ALL_ROWS,
    Evaluation,
    Folds,
    Profile,
    Treatment,
    lay_out,
    needs_suspects,
    with_treatments,
    with_variant,
)
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


# Label noise --------------------------------------------------------------------------------------


def noisy(share: float = 0.4, *, profile: Profile = NO_PROFILE, seed: int = 0) -> Folds:
    return lay_out(dataset(), evaluation=NESTED, profile=profile, seed=seed, label_noise=share)


def test_noise_changes_training_labels_and_nothing_else(preprocessor):
    plain, flipped = noisy(0.0), noisy(0.4)
    for before, after in zip(plain.views, flipped.views, strict=True):
        n = before.n_train
        assert after.n_train == n
        assert np.array_equal(before.features, after.features)
        assert np.array_equal(before.eval_labels, after.eval_labels)
        assert not np.array_equal(before.labels[:n], after.labels[:n])
    for before, after in zip(plain.rows, flipped.rows, strict=True):
        assert np.array_equal(before, after)


def test_a_row_has_the_same_flipped_label_wherever_it_is_trained_on(preprocessor):
    given: dict[int, set[int]] = {}
    for view in noisy().views:
        for row, label in zip(train_rows(view), view.labels, strict=False):
            given.setdefault(row, set()).add(int(label))
    assert len(given) == sum(COUNTS)
    assert {len(labels) for labels in given.values()} == {1}


def test_counts_and_priors_are_those_of_the_labels_that_training_sees():
    for profile in (NO_PROFILE, Profile(kind="exp", factor=10.0)):
        folds = noisy(profile=profile)
        for view in folds.views:
            assert np.array_equal(view.train_counts, np.bincount(view.labels[: view.n_train]))
        for scope in folds.outer:
            assert np.array_equal(scope.counts, folds.views[scope.refit].train_counts)
    for view in noisy().views:
        assert np.array_equal(view.log_prior_shift, np.zeros(3))


@pytest.mark.parametrize("seed", range(8))
def test_noise_leaves_every_class_training_rows_in_every_view(seed):
    data = dataset([60, 30, 5])
    folds = lay_out(data, evaluation=NESTED, profile=NO_PROFILE, seed=seed, label_noise=0.49)
    for view in folds.views:
        assert view.train_counts.min() >= 1


# Variants -----------------------------------------------------------------------------------------

TREATMENTS = [random_over_sampling, smote, borderline_smote, adasyn, smote_enn]


def every_third(labels: np.ndarray) -> np.ndarray:
    return np.arange(len(labels)) % 3 == 0


def laid_out(
    treatments: list[Treatment], *, data: Dataset | None = None, label_noise: float = 0.0
) -> Folds:
    folds = lay_out(
        data or dataset([40, 20, 8]),
        evaluation=HOLDOUT,  # five views: neighbours are looked for in each
        profile=NO_PROFILE,
        seed=0,
        label_noise=label_noise,
    )
    return with_treatments(folds, treatments, seed=0)


@pytest.fixture(scope="module")
def treated() -> Folds:
    """All treatments, on noisy labels, suspects added when the rest is there."""
    folds = laid_out([*TREATMENTS, without_suspects], label_noise=0.2)
    suspects = [every_third(view.labels[: view.n_train]) for view in folds.base]
    return with_variant(folds, without_suspects, seed=0, suspects=suspects)


def test_treated_views_come_behind_the_others_which_stay_as_they_are(treated):
    plain = laid_out([], label_noise=0.2)
    assert len(treated.base) == len(plain.views) < len(treated.views)
    for before, after in zip(plain.views, treated.base, strict=True):
        assert np.array_equal(before.features, after.features)
        assert np.array_equal(before.labels, after.labels)
    assert set(treated.variants) == {*TREATMENTS, without_suspects}
    for index in range(len(plain.views)):
        assert treated.variant(index, None) == index


@pytest.mark.parametrize(
    "treatment", [*TREATMENTS, without_suspects], ids=lambda each: each.__name__
)
def test_a_variant_is_the_same_fold_with_other_training_rows(treated, treatment):
    for index, view in enumerate(treated.base):
        variant = treated.views[treated.variant(index, treatment)]
        assert variant is not view
        assert variant.name == view.name
        assert variant.n_train != view.n_train
        evaluated = (each.features[each.n_train :] for each in (view, variant))
        assert np.array_equal(*evaluated)
        assert np.array_equal(variant.eval_labels, view.eval_labels)
        assert np.array_equal(variant.train_counts, view.train_counts)
        assert np.array_equal(variant.natural_counts, view.natural_counts)
        assert variant.epoch_rows == view.epoch_rows


def test_synthetic_rows_stand_behind_the_own_ones_and_say_what_they_cost(treated):
    for index, view in enumerate(treated.base):
        made = treated.views[treated.variant(index, smote)]
        n = view.n_train
        assert made.n_synthetic == made.n_train - n > 0
        assert np.array_equal(made.features[:n], view.features[:n])
        assert np.array_equal(made.labels[:n], view.labels[:n])
        assert made.correctable == SYNTHETIC
        assert treated.views[treated.variant(index, random_over_sampling)].correctable is None
        cleaned = treated.views[treated.variant(index, without_suspects)]
        assert (cleaned.n_synthetic, cleaned.correctable) == (0, None)


def test_suspects_are_those_of_the_own_view(treated):
    for index, view in enumerate(treated.base):
        cleaned = treated.views[treated.variant(index, without_suspects)]
        kept = ~every_third(view.labels[: view.n_train])
        assert np.array_equal(
            cleaned.features[: cleaned.n_train], view.features[: view.n_train][kept]
        )


def test_a_treatment_that_changes_nothing_adds_no_view():
    def left_alone(features: np.ndarray, labels: np.ndarray, *, seed: int) -> Treated:
        return Treated(kept=np.arange(len(labels)), features=features[:0], labels=labels[:0])

    folds = laid_out([left_alone, smote, left_alone])
    assert folds.variants[left_alone] == tuple(range(len(folds.base)))
    assert len(folds.views) == 2 * len(folds.base)


def test_treatments_see_training_rows_only(preprocessor):
    seen: list[list[int]] = []

    def remembered(features: np.ndarray, labels: np.ndarray, *, seed: int) -> Treated:
        seen.append(features[:, 0].astype(int).tolist())
        return smote(features, labels, seed=seed)

    folds = laid_out([remembered])
    assert seen == [train_rows(view) for view in folds.base]


@pytest.mark.parametrize("treatment", TREATMENTS, ids=lambda each: each.__name__)
def test_noise_in_the_evaluation_rows_leaves_every_training_row_as_it_is(treatment):
    """Noise in the rows that the first view is scored on: its training part, bit by bit."""
    data = dataset([40, 20, 8])
    before = laid_out([treatment], data=data)
    scored = before.rows[0][before.views[0].n_train :]
    features = data.features.copy()
    features.loc[scored, "row"] = 1e6 * np.random.default_rng(0).normal(size=len(scored))
    after = laid_out([treatment], data=replace(data, features=features))
    for index in (0, before.variant(0, treatment)):
        one, other = before.views[index], after.views[index]
        n = one.n_train
        assert n == other.n_train
        assert np.array_equal(one.features[:n], other.features[:n])
        assert np.array_equal(one.labels, other.labels)
        assert not np.array_equal(one.features[n:], other.features[n:])
        assert one.n_synthetic == other.n_synthetic


def test_what_asks_for_suspects_waits_for_them():
    assert needs_suspects(without_suspects)
    assert not any(map(needs_suspects, TREATMENTS))
    folds = laid_out([without_suspects])
    assert folds.variants == {}
    with pytest.raises(ValueError, match="needs `suspects`"):
        with_variant(folds, without_suspects, seed=0)


def test_row_numbers_are_those_of_the_dataset(preprocessor):
    folds = laid_out([smote])
    assert len(folds.rows) == len(folds.base)
    for view, rows in zip(folds.base, folds.rows, strict=True):
        assert rows.tolist() == train_rows(view) + eval_rows(view)
