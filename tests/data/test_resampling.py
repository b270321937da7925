"""Row treatments: what every one keeps, what over-sampling makes, and what the library refuses."""

import warnings

import numpy as np
import pytest

from focalsweep.data import resampling
from focalsweep.data.resampling import (
    FEWEST_OWN,
    SYNTHETIC,
    Treated,
    adasyn,
    borderline_smote,
    random_over_sampling,
    smote,
    smote_enn,
    without_suspects,
)

OVER_SAMPLERS = [random_over_sampling, smote, borderline_smote, adasyn, smote_enn]
SYNTHETIC_ONES = OVER_SAMPLERS[1:]
EXACT = [random_over_sampling, smote, borderline_smote]
NAMED = pytest.mark.parametrize("treatment", OVER_SAMPLERS, ids=lambda each: each.__name__)


def rows(*counts: int, apart: float = 1.0, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian classes side by side, in random order."""
    rng = np.random.default_rng(7)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int32)
    features = rng.normal(size=(len(labels), columns)) + apart * labels[:, None]
    return features.astype(np.float32), labels


def counted(treated: Treated, labels: np.ndarray) -> np.ndarray:
    together = np.concatenate([labels[treated.kept], treated.labels])
    return np.bincount(together, minlength=labels.max() + 1)


def between_own_rows(new: np.ndarray, own: np.ndarray) -> bool:
    """Tell whether every new row lies on a segment between two own rows."""
    for row in new:
        ends = own - row
        lengths = np.linalg.norm(ends, axis=1)
        segments = np.linalg.norm(own[:, None] - own[None], axis=2)
        if not np.isclose(lengths[:, None] + lengths[None], segments, atol=1e-4).any():
            return False
    return True


@NAMED
def test_a_treatment_is_finite_and_of_the_types_that_came_in(treatment):
    features, labels = rows(40, 15, 6)
    treated = treatment(features, labels, seed=0)
    assert treated.features.dtype == np.float32
    assert treated.labels.dtype == np.int32
    assert np.isfinite(treated.features).all()
    assert treated.features.shape == (len(treated.labels), features.shape[1])
    assert len(treated.labels) > 0


@NAMED
def test_the_seed_alone_decides(treatment):
    features, labels = rows(40, 15, 6)
    one, same, other = (treatment(features, labels, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.features, same.features)
    assert np.array_equal(one.kept, same.kept)
    assert not np.array_equal(one.features, other.features)


@NAMED
def test_what_came_in_is_not_changed(treatment):
    features, labels = rows(40, 15, 6)
    before = features.copy(), labels.copy()
    treatment(features, labels, seed=0)
    assert np.array_equal(features, before[0])
    assert np.array_equal(labels, before[1])


@pytest.mark.parametrize("treatment", EXACT, ids=lambda each: each.__name__)
@pytest.mark.parametrize("counts", [(40, 15, 6), (20, 3, 2, 1), (9, 30)])
def test_every_class_gets_as_many_rows_as_the_largest(treatment, counts):
    features, labels = rows(*counts)
    treated = treatment(features, labels, seed=0)
    assert np.array_equal(treated.kept, np.arange(len(labels)))
    assert counted(treated, labels).tolist() == [max(counts)] * len(counts)


def test_adasyn_comes_near_the_largest_class():
    features, labels = rows(40, 15, 6)
    treated = adasyn(features, labels, seed=0)
    assert counted(treated, labels) == pytest.approx(np.full(3, 40), abs=8)


@NAMED
def test_balanced_rows_stay_as_they_are(treatment):
    features, labels = rows(12, 12, apart=100.0)
    treated = treatment(features, labels, seed=0)
    assert np.array_equal(treated.kept, np.arange(24))
    assert len(treated.labels) == 0
    assert treated.correctable is None


def test_random_over_sampling_repeats_rows_of_the_class_and_stays_correctable():
    features, labels = rows(40, 15, 6)
    treated = random_over_sampling(features, labels, seed=0)
    for code in (1, 2):
        own = {tuple(row) for row in features[labels == code]}
        assert {tuple(row) for row in treated.features[treated.labels == code]} <= own
    assert treated.correctable is None


@pytest.mark.parametrize("treatment", SYNTHETIC_ONES, ids=lambda each: each.__name__)
def test_synthetic_rows_lie_between_rows_of_their_class_and_have_no_correction(treatment):
    features, labels = rows(40, 15, 6)
    treated = treatment(features, labels, seed=0)
    for code in (1, 2):
        new = treated.features[treated.labels == code]
        assert len(new)
        assert between_own_rows(new, features[labels == code])
    assert treated.correctable == SYNTHETIC


# What the library refuses -------------------------------------------------------------------------


@NAMED
def test_a_class_of_one_row_is_repeated(treatment):
    features, labels = rows(30, 1)
    treated = treatment(features, labels, seed=0)
    only = features[labels == 1]
    assert (treated.features == only).all()
    assert counted(treated, labels)[1] == 30


@pytest.mark.parametrize("treatment", SYNTHETIC_ONES[:3], ids=lambda each: each.__name__)
def test_a_class_of_two_rows_is_filled_between_them(treatment):
    features, labels = rows(30, 2)
    treated = treatment(features, labels, seed=0)
    assert between_own_rows(treated.features, features[labels == 1])
    assert counted(treated, labels)[1] >= 28


@pytest.mark.parametrize("treatment", [borderline_smote, adasyn], ids=lambda each: each.__name__)
def test_a_class_far_from_the_others_gets_the_rows_of_smote(treatment):
    """No neighbour is of another class: no danger, and nothing to adapt to."""
    features, labels = rows(30, 12, apart=1000.0)
    treated = treatment(features, labels, seed=0)
    assert np.array_equal(treated.features, smote(features, labels, seed=0).features)


def test_adasyn_treats_the_classes_that_it_can_when_one_is_far_away():
    features, labels = rows(30, 12, 12, apart=0.0)
    features[labels == 2] += 1000.0
    treated = adasyn(features, labels, seed=0)
    plain = smote(features, labels, seed=0)
    for code, same in ((1, False), (2, True)):
        ours, theirs = (each.features[each.labels == code] for each in (treated, plain))
        assert np.array_equal(ours, theirs) is same


def test_smote_enn_removes_rows_with_a_foreign_neighbour():
    features, labels = rows(30, 30, apart=1000.0)
    stray = np.flatnonzero(labels == 0)[0]
    features[stray] = features[labels == 1].mean(axis=0)
    treated = smote_enn(features, labels, seed=0)
    assert stray not in treated.kept
    assert counted(treated, labels)[0] == 29


@pytest.mark.parametrize("seed", range(5))
def test_smote_enn_leaves_every_class_rows_of_its_own(seed):
    """Pure noise: editing alone would remove classes, with some seeds the largest too."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(4), [25, 20, 3, 1]).astype(np.int32)
    features = rng.normal(size=(len(labels), 2)).astype(np.float32)
    treated = smote_enn(features, labels, seed=seed)
    own = np.bincount(labels[treated.kept], minlength=4)
    assert (own >= np.minimum(FEWEST_OWN, [25, 20, 3, 1])).all()


def test_smote_enn_with_a_handful_of_rows_asks_as_many_neighbours_as_there_are():
    features, labels = rows(1, 1)
    treated = smote_enn(features, labels, seed=0)
    assert counted(treated, labels).tolist() == [1, 1]


@NAMED
def test_equal_rows_are_no_obstacle(treatment):
    labels = np.repeat(np.arange(2), [20, 6]).astype(np.int32)
    treated = treatment(np.ones((26, 2), np.float32), labels, seed=0)
    assert counted(treated, labels)[1] == pytest.approx(20, abs=2)  # ADASYN rounds


@NAMED
def test_the_library_says_nothing(treatment):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for counts in ((40, 15, 6), (20, 3, 2, 1), (300, 2)):
            treatment(*rows(*counts), seed=0)
    assert said == []


# Suspects -----------------------------------------------------------------------------------------


def test_suspects_are_left_out_and_nothing_is_made():
    features, labels = rows(40, 15, 6)
    suspects = np.zeros(len(labels), bool)
    suspects[[3, 17, 30]] = True
    treated = without_suspects(features, labels, seed=0, suspects=suspects)
    assert treated.kept.tolist() == [i for i in range(len(labels)) if i not in (3, 17, 30)]
    assert treated.features.shape == (0, features.shape[1])
    assert treated.labels.shape == (0,)
    assert treated.correctable is None


def test_a_class_of_suspects_only_keeps_two_rows():
    features, labels = rows(40, 15, 6, 1)
    suspects = labels > 0
    treated = without_suspects(features, labels, seed=0, suspects=suspects)
    assert np.bincount(labels[treated.kept]).tolist() == [40, FEWEST_OWN, FEWEST_OWN, 1]
    assert suspects.sum() == 22  # the mask that was given is not changed
    same = without_suspects(features, labels, seed=0, suspects=suspects)
    assert np.array_equal(treated.kept, same.kept)


def test_every_public_function_here_is_tested():
    public = {
        name
        for name, value in vars(resampling).items()
        if callable(value) and value.__module__ == resampling.__name__ and name[0] != "_"
    }
    assert public == {*(each.__name__ for each in OVER_SAMPLERS), "without_suspects", "Treated"}
