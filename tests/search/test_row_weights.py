"""Weights from the dataset to views, and what is refused with them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.data.dataset import Dataset
from focalsweep.data.resampling import smote, without_suspects
from focalsweep.errors import UserError
from focalsweep.prepare import prepare
from focalsweep.search.folds import (
    Evaluation,
    Folds,
    Profile,
    lay_out,
    with_treatments,
    with_variant,
)
from focalsweep.search.row_weights import effective_rows, weighs_alike, with_weight_note
from focalsweep.search.suspects import _parts
from focalsweep.training.class_counts import class_counts
from focalsweep.training.member import View

NESTED = Evaluation(
    kind="nested", folds=3, repeats=1, inner_folds=2, refit_seeds=1, test_fraction=0.25
)
COUNTS = [60, 30, 9]


def dataset(weights: np.ndarray | None, *, multi_label: bool = False) -> Dataset:
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(3), COUNTS)).astype(np.int32)
    return Dataset(
        name="weighted",
        features=pd.DataFrame({"row": np.arange(99.0), "x": rng.normal(size=99)}),
        labels=np.eye(3, dtype=np.int8)[codes] if multi_label else codes,
        class_names=("a", "b", "c"),
        origin="made here",
        weights=None if weights is None else weights.astype(np.float32),
    )


def laid_out(data: Dataset, **settings) -> Folds:
    settings = {"profile": Profile(), "seed": 0, **settings}
    return lay_out(data, evaluation=NESTED, **settings)


def drawn(seed: int = 1) -> np.ndarray:
    weights = np.random.default_rng(seed).exponential(size=99) + 0.1
    return weights / weights.mean()


def outer(folds: Folds, scope: int = 0) -> tuple[View, np.ndarray]:
    """The view of an outer refit, and the dataset's rows in it."""
    index = folds.scopes[scope].refit
    return folds.views[index], folds.rows[index]


@pytest.mark.parametrize("multi_label", [False, True], ids=["classes", "labels"])
def test_weights_follow_their_rows_and_reach_the_class_counts(multi_label):
    data = dataset(drawn(), multi_label=multi_label)
    view, rows = outer(laid_out(data))
    train = rows[: view.n_train]
    expected = data.weights[train] / data.weights[train].mean()
    np.testing.assert_allclose(view.weights[: view.n_train], expected, rtol=1e-6)
    np.testing.assert_array_equal(view.eval_weights, data.weights[rows[view.n_train :]])
    counts = class_counts(data.labels[train], n_classes=3, weights=expected)
    np.testing.assert_allclose(view.train_counts, counts, rtol=1e-5)
    np.testing.assert_allclose(view.natural_counts, counts, rtol=1e-5)
    np.testing.assert_allclose(laid_out(data).scopes[0].counts, counts, rtol=1e-5)
    assert not np.allclose(counts, class_counts(data.labels[train], n_classes=3), rtol=0.01)


def test_weights_move_no_row_to_another_side():
    weighted, plain = laid_out(dataset(drawn())), laid_out(dataset(None))
    for rows, others in zip(weighted.rows, plain.rows, strict=True):
        np.testing.assert_array_equal(rows, others)


def test_weights_that_are_all_equal_leave_the_folds_as_they_are():
    data = dataset(np.full(99, 1.0))
    assert weighs_alike(data)
    assert weighs_alike(dataset(None))
    for view, plain in zip(laid_out(data).views, laid_out(dataset(None)).views, strict=True):
        assert view.weights is None
        assert view.natural_counts.dtype == plain.natural_counts.dtype == np.int64
        np.testing.assert_array_equal(view.train_counts, plain.train_counts)


@pytest.mark.parametrize("multi_label", [False, True], ids=["classes", "labels"])
def test_what_test_rows_weigh_does_not_reach_training(multi_label):
    data = dataset(drawn(), multi_label=multi_label)
    folds = laid_out(data)
    view, rows = outer(folds)
    tested = rows[view.n_train :]
    weights = data.weights.copy()
    weights[tested] = weights[tested][::-1] ** 2
    moved = laid_out(replace(data, weights=weights))
    scope, other = folds.scopes[0], moved.scopes[0]
    np.testing.assert_array_equal(scope.counts, other.counts)
    for index in (*scope.inner, scope.refit):
        before, after = folds.views[index], moved.views[index]
        np.testing.assert_array_equal(before.train_weights, after.train_weights)
        np.testing.assert_array_equal(before.train_counts, after.train_counts)
        np.testing.assert_array_equal(before.natural_counts, after.natural_counts)
    assert not np.allclose(outer(folds)[0].eval_weights, outer(moved)[0].eval_weights)


def test_inner_folds_are_pooled_in_one_unit():
    data = dataset(drawn())
    folds = laid_out(data)
    for index in folds.scopes[0].inner:
        view, rows = folds.views[index], folds.rows[index]
        np.testing.assert_array_equal(view.eval_weights, data.weights[rows[view.n_train :]])


def test_a_profile_thins_rows_and_keeps_the_weights_of_the_rest():
    data = dataset(drawn())
    view, rows = outer(laid_out(data, profile=Profile(kind="exp", factor=6.0)))
    plain, plain_rows = outer(laid_out(data))
    kept = np.isin(plain_rows[: plain.n_train], rows[: view.n_train])
    np.testing.assert_allclose(
        np.sort(view.weights[: view.n_train]), np.sort(plain.weights[: plain.n_train][kept])
    )
    np.testing.assert_array_equal(view.natural_counts, plain.natural_counts)
    assert view.train_counts.sum() < plain.train_counts.sum()
    assert view.train_weights.mean() == pytest.approx(1.0)


def test_rows_without_suspects_keep_their_weights_and_the_class_its_pull():
    data = dataset(drawn())
    folds = laid_out(data)
    masks = [np.arange(view.n_train) % 5 == 0 for view in folds.base]
    treated = with_variant(folds, without_suspects, seed=0, suspects=masks)
    view, base = treated.views[treated.variants[without_suspects][0]], folds.views[0]
    np.testing.assert_array_equal(
        view.weights[: view.n_train], base.weights[: base.n_train][~masks[0]]
    )
    np.testing.assert_array_equal(view.eval_weights, base.eval_weights)
    np.testing.assert_array_equal(view.train_counts, base.train_counts)
    assert view.epoch_rows == base.n_train


def test_suspects_are_looked_for_with_weights():
    view = laid_out(dataset(drawn())).views[0]
    for part in _parts(0, view, seed=0):
        trained = part.view.weights[: part.view.n_train]
        assert trained.mean() == pytest.approx(1.0, rel=1e-6)
        counts = np.bincount(part.view.labels[: part.view.n_train], weights=trained, minlength=3)
        np.testing.assert_allclose(part.view.natural_counts, counts, rtol=1e-6)


def test_made_rows_are_refused():
    with pytest.raises(UserError, match=r"`dataset\.weights=null`"):
        with_treatments(laid_out(dataset(drawn())), [smote], seed=0)


def test_the_note_names_the_column_and_the_effective_rows():
    data = dataset(np.where(np.arange(99) < 33, 2.0, 0.5))
    (note,) = with_weight_note(data, column="w").notes
    assert "by the column `w`" in note
    assert "= 66 of 99" in note
    assert "`dataset.weights`" in with_weight_note(data, column=None).notes[0]
    assert "nothing changes" in with_weight_note(dataset(np.ones(99)), column="w").notes[0]
    assert with_weight_note(dataset(None), column=None).notes == ()


def test_effective_rows_are_all_rows_where_weights_are_equal_and_one_where_one_weighs_all():
    assert effective_rows(np.full(10, 0.3)) == pytest.approx(10)
    assert effective_rows(np.array([1e6, 1e-3, 1e-3])) == pytest.approx(1.0)


@pytest.fixture
def table(tmp_path) -> str:
    data = dataset(None)
    frame = data.features.assign(w=drawn(), label=np.array(data.class_names)[data.labels])
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return str(path)


def plan(table: str, *overrides: str):
    source = ["dataset=csv", f"dataset.path={table}", "dataset.target=label", "dataset.weights=w"]
    return prepare(compose_sweep("smoke", [*source, *overrides]).config)


def test_a_plan_of_weighted_rows_has_a_note_and_weighted_counts(table):
    made = plan(table, "arms=[cross_entropy]")
    assert any("by the column `w`" in note for note in made.facts.notes)
    assert made.counts.dtype == np.float64
    assert [each.count for each in made.facts.classes] == COUNTS
    assert "w" not in made.dataset.features.columns


def test_arms_that_make_rows_are_refused_by_name(table):
    with pytest.raises(UserError) as caught:
        plan(table, "arms=[cross_entropy,smote]")
    assert "`smote`" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_removing_suspects_is_not_refused(table):
    made = plan(table, "arms=[cross_entropy]", "dataset.drop_suspects=true")
    assert made.pending_treatments == (without_suspects,)
