import numpy as np
import pytest

from focalsweep.data.iterative_stratification import multilabel_folds, multilabel_parts


def rare_correlated(rows=2000, labels=12, seed=0):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(rows, 2))
    scores = factor @ rng.normal(size=(2, labels)) + rng.normal(size=(rows, labels))
    shares = np.geomspace(0.3, 0.006, labels)
    cut = [np.quantile(scores[:, k], 1 - share) for k, share in enumerate(shares)]
    return (scores > cut).astype(np.int8)


def unevenness(labels, fold, folds):
    counts = np.stack([labels[fold == k].sum(axis=0) for k in range(folds)])
    return np.abs(counts / counts.sum(axis=0) - 1 / folds).mean()


def test_every_fold_has_equally_many_rows():
    fold = multilabel_folds(rare_correlated(1003), folds=5, seed=1)
    assert sorted(np.bincount(fold)) == [200, 200, 201, 201, 201]


def test_shares_of_labels_agree_far_better_than_at_random():
    labels = rare_correlated()
    drawn = np.random.default_rng(0).permutation(np.arange(len(labels)) % 5)
    dealt = multilabel_folds(labels, folds=5, seed=0)
    assert unevenness(labels, dealt, 5) < unevenness(labels, drawn, 5) / 5


def test_a_label_with_as_many_rows_as_folds_is_in_every_fold():
    labels = rare_correlated()
    labels[:, 3] = 0
    labels[[5, 17, 400, 401, 1999], 3] = 1
    fold = multilabel_folds(labels, folds=5, seed=0)
    assert sorted(fold[labels[:, 3] > 0]) == [0, 1, 2, 3, 4]


def test_disjoint_labels_are_dealt_as_evenly_as_whole_rows_allow():
    labels = np.eye(4, dtype=np.int8)[np.repeat([0, 1, 2, 3], [40, 23, 10, 7])]
    fold = multilabel_folds(labels, folds=5, seed=3)
    counts = np.stack([labels[fold == k].sum(axis=0) for k in range(5)])
    assert np.ptp(counts, axis=0).max() <= 1


def test_rows_without_labels_are_dealt_too():
    fold = multilabel_folds(np.zeros((10, 3), np.int8), folds=5, seed=0)
    assert np.bincount(fold).tolist() == [2] * 5


def test_the_seed_decides_and_another_one_deals_anew():
    labels = rare_correlated(400)
    one, again, other = (multilabel_folds(labels, folds=4, seed=s) for s in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_parts_of_different_size_get_their_share_of_every_label():
    labels = rare_correlated()
    part = multilabel_parts(labels, shares=[0.8, 0.2], seed=0)
    assert np.bincount(part).tolist() == [1600, 400]
    share = labels[part == 1].sum(axis=0) / labels.sum(axis=0)
    assert np.abs(share - 0.2).max() < 0.04


def test_a_vector_of_labels_is_refused():
    with pytest.raises(ValueError, match="must be a matrix"):
        multilabel_folds(np.zeros(10, np.int8), folds=5, seed=0)
