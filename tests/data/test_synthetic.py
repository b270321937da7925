import numpy as np
import pytest

from focalsweep.data.synthetic import (
    gaussian_classes,
    make_synthetic,
    sample_synthetic,
    synthetic_posterior,
)
from focalsweep.errors import UserError

GOOD = {
    "rows": 600,
    "classes": 3,
    "features": 4,
    "ratio": 10.0,
    "overlap": 0.3,
}


@pytest.mark.parametrize("ratio", [1, 2, 20, 200])
def test_the_number_of_rows_is_the_same_at_every_ratio(ratio: float) -> None:
    made = make_synthetic(name="s", seed=0, **{**GOOD, "rows": 2000, "ratio": ratio})
    assert made.n_rows == 2000
    # The smallest class is a whole number: at 200 it has 9 rows for 9.3.
    assert made.imbalance_ratio == pytest.approx(ratio, rel=0.05)


def test_ratio_one_is_balanced() -> None:
    made = make_synthetic(name="s", seed=0, **{**GOOD, "ratio": 1})
    assert made.class_counts.tolist() == [200, 200, 200]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_class_means_are_equally_far_apart_at_the_distance_of_the_overlap(classes: int) -> None:
    problem = gaussian_classes(classes=classes, features=6, ratio=3, overlap=0.3173, rows=600)
    gaps = np.linalg.norm(problem.means[:, None] - problem.means[None], axis=-1)
    # 2 Phi(-1) = 0.3173, so the means are 2 standard deviations apart.
    np.testing.assert_allclose(gaps[~np.eye(classes, dtype=bool)], 2.0, atol=1e-3)


def test_overlap_is_the_shared_area_of_two_densities() -> None:
    problem = gaussian_classes(classes=2, features=1, ratio=1, overlap=0.4, rows=600)
    grid = np.linspace(-10, 10, 20_001)
    densities = np.exp(-((grid - problem.means) ** 2) / 2) / np.sqrt(2 * np.pi)
    assert densities.min(axis=0).sum() * (grid[1] - grid[0]) == pytest.approx(0.4, abs=1e-4)


def test_the_posterior_is_bayes_rule_on_the_densities() -> None:
    made = make_synthetic(name="s", seed=0, **GOOD)
    problem = gaussian_classes(**GOOD)
    points = made.features.to_numpy()
    squares = ((points[:, None] - problem.means[None]) ** 2).sum(axis=-1)
    joint = problem.priors * np.exp(-squares / 2)
    np.testing.assert_allclose(made.true_posterior, joint / joint.sum(axis=1, keepdims=True))


def test_the_posterior_is_calibrated_on_fresh_rows() -> None:
    problem = gaussian_classes(**GOOD)
    points, labels = sample_synthetic(problem, rows=60_000, seed=7)
    posterior = synthetic_posterior(problem, points)
    for code in range(3):
        claimed = posterior[:, code]
        inside = (claimed > 0.2) & (claimed < 0.6)
        # About 5,000 rows or more: three standard errors are below 0.021.
        assert abs((labels[inside] == code).mean() - claimed[inside].mean()) < 0.021


def test_bayes_error_grows_with_overlap_and_ends_at_the_prior() -> None:
    errors = []
    for overlap in (0.05, 0.2, 0.4, 0.7, 1.0):
        problem = gaussian_classes(**{**GOOD, "overlap": overlap})
        points, _ = sample_synthetic(problem, rows=20_000, seed=0)
        errors.append(1 - synthetic_posterior(problem, points).max(axis=1).mean())
    assert errors == sorted(errors)
    assert errors[-1] == pytest.approx(1 - problem.priors.max())


def test_a_seed_gives_the_same_rows_and_another_seed_fresh_rows_of_the_same_counts() -> None:
    one, again = (make_synthetic(name="s", seed=1, **GOOD) for _ in range(2))
    other = make_synthetic(name="s", seed=2, **GOOD)
    assert one.sha256() == again.sha256()
    assert one.sha256() != other.sha256()
    np.testing.assert_array_equal(one.class_counts, other.class_counts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": 1}, r"`dataset\.classes` must be >= 2"),
        ({"features": 1}, r"`dataset\.features` must be >= classes - 1 = 2"),
        ({"ratio": 0.5}, r"`dataset\.ratio` must be a number >= 1"),
        ({"ratio": float("nan")}, r"`dataset\.ratio`"),
        ({"overlap": 0.0}, r"`dataset\.overlap` must be in \(0, 1\]"),
        ({"overlap": 1.5}, r"`dataset\.overlap`"),
        ({"rows": 20, "ratio": 200}, r"raise `dataset\.rows` or lower `dataset\.ratio`"),
        ({"rows": 0}, r"`dataset\.rows`"),
        ({"rows": 200.5}, r"`dataset\.rows` must be a whole number"),
        ({"features": "six"}, r"`dataset\.features` must be a whole number"),
        ({"ratio": "high"}, r"`dataset\.ratio` must be a number\. Received: ratio=high"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_synthetic(name="s", seed=0, **{**GOOD, **change})
