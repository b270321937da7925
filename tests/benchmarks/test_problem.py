from importlib.resources import as_file, files

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from benchmarks.problem import FIXED_POINTS, N_FOLDS, class_weights, load_folds, macro_f1
from focalsweep.data.splits import inner_splits, outer_splits


@pytest.fixture(scope="module")
def folds():
    with as_file(files("focalsweep") / "data" / "bundled" / "page-blocks.csv") as path:
        return load_folds(path)


def test_the_folds_are_those_of_our_first_outer_fold(folds):
    with as_file(files("focalsweep") / "data" / "bundled" / "page-blocks.csv") as path:
        labels = pd.factorize(pd.read_csv(path)["target"], sort=True)[0]
    outer = outer_splits(labels, folds=5, repeats=1, seed=0)[0]
    ours = inner_splits(labels, outer.train, folds=N_FOLDS, seed=0)
    assert len(folds) == N_FOLDS
    for fold, split in zip(folds, ours, strict=True):
        np.testing.assert_array_equal(fold.train, split.train)
        np.testing.assert_array_equal(fold.validation, split.test)


def test_features_are_scaled_by_training_rows(folds):
    for fold in folds:
        np.testing.assert_allclose(fold.x_train.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(fold.x_train.std(axis=0), 1, atol=1e-4)


def test_class_weights_have_prior_weighted_mean_one(folds):
    labels, n_classes = folds[0].y_train, folds[0].n_classes
    prior = np.bincount(labels) / len(labels)
    for tau in (0.0, 0.5, 1.0):
        weights = class_weights(labels, n_classes=n_classes, tau=tau)
        assert prior @ weights == pytest.approx(1)
        np.testing.assert_allclose(weights * prior**tau, weights[0] * prior[0] ** tau)


def test_macro_f1_agrees_with_scikit_learn():
    y_true, y_pred = np.random.default_rng(0).integers(0, 5, (2, 300))
    expected = f1_score(y_true, y_pred, average="macro")
    assert macro_f1(confusion_matrix(y_true, y_pred)) == pytest.approx(expected)


def test_there_are_ten_different_fixed_points():
    assert len(set(FIXED_POINTS)) == 10
