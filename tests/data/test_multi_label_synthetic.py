import numpy as np
import pytest

from focalsweep.data.multi_label_synthetic import (
    label_posterior,
    latent_factors,
    make_multi_label_synthetic,
    sample_labels,
)
from focalsweep.errors import UserError

NUMBERS = {
    "labels": 6,
    "features": 12,
    "factors": 3,
    "share": 0.4,
    "ratio": 20.0,
    "common": 0.9,
    "noise": 0.5,
}


def make(**changed):
    return make_multi_label_synthetic(**{"name": "m", "rows": 300, "seed": 0, **NUMBERS, **changed})


def test_a_dataset_is_multi_label_with_a_posterior_a_label():
    dataset = make()
    assert dataset.multi_label
    assert dataset.labels.shape == dataset.true_posterior.shape == (300, 6)
    assert dataset.class_names[0] == "l0"
    assert set(np.unique(dataset.labels)) == {0, 1}


def test_labels_are_as_frequent_as_asked_for():
    _, labels = sample_labels(latent_factors(**NUMBERS), rows=200_000, seed=1)
    expected = 0.4 * 20.0 ** (-np.arange(6) / 5)
    # Five standard errors of a share of 200,000 rows.
    assert np.abs(labels.mean(axis=0) - expected).max() < 5 * np.sqrt(0.25 / 200_000)


def test_the_posterior_is_the_frequency_of_the_label_at_such_features():
    problem = latent_factors(**NUMBERS)
    points, labels = sample_labels(problem, rows=200_000, seed=2)
    posterior = label_posterior(problem, points)
    for label in range(6):
        order = np.argsort(posterior[:, label])
        said = posterior[order, label].reshape(20, -1).mean(axis=1)
        seen = labels[order, label].reshape(20, -1).mean(axis=1)
        # Twenty bins of 10,000 rows, six labels: four standard errors hold in 99% of draws.
        assert np.abs(said - seen).max() < 4.5 * np.sqrt(0.25 / 10_000)


def test_labels_come_together_also_given_the_features():
    problem = latent_factors(**NUMBERS)
    points, labels = sample_labels(problem, rows=100_000, seed=3)
    surprise = labels - label_posterior(problem, points)
    correlation = np.corrcoef(surprise.T)
    factors = np.linalg.inv(np.eye(3) + problem.mixing @ problem.mixing.T / problem.noise**2)
    expected = np.sign(problem.loadings.T @ factors @ problem.loadings)
    strong = np.abs(correlation) > 0.02
    assert strong.sum() > 6
    assert (np.sign(correlation)[strong] == expected[strong]).all()


def test_some_rows_have_no_label():
    assert (make(rows=1000).labels.sum(axis=1) == 0).any()


def test_another_seed_draws_other_rows_of_the_same_distribution():
    one, other = make(seed=1), make(seed=2)
    assert (one.features.to_numpy() != other.features.to_numpy()).any()
    assert (make(seed=1).labels == one.labels).all()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("rows", 0),
        ("labels", 1),
        ("factors", "3"),
        ("share", 1.0),
        ("ratio", 0.5),
        ("common", 0.0),
        ("noise", 0),
        ("seed", -1),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(setting, value):
    with pytest.raises(UserError, match=rf"`dataset.{setting}` must be .* Received"):
        make(**{setting: value})
