from collections import Counter
from itertools import product

import numpy as np
import pytest
from scipy import stats

from focalsweep.evidence import bootstrap
from focalsweep.evidence.bootstrap import bootstrap_scores, paired_bootstrap
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.objective import OBJECTIVES, cost_objective, objective

WITH_DECISIONS = [name for name in OBJECTIVES if name != "log_loss"]


def noisy_predictions(n=600, *, n_classes=3, seeds=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(n_classes, n, p=[0.7, 0.2, 0.1][:n_classes])

    def side(right):
        hit = rng.random((seeds, n)) < right
        return np.where(hit, labels, rng.integers(0, n_classes, (seeds, n)))

    return labels, side(0.7), side(0.5)


def mean_score(labels, predictions, name, n_classes=3):
    counts = confusion_counts(labels, predictions, n_classes=n_classes)
    return objective(name).utility(confusion=counts).mean()


def test_samples_follow_the_distribution_of_every_possible_resample():
    # 2 + 2 rows and 2 seeds: 4 * 4 * 4 equally likely outcomes, enumerated by brute force.
    labels = np.array([0, 0, 1, 1])
    left, right = np.array([[0, 0, 1, 0], [0, 1, 1, 1]]), np.array([[0, 1, 0, 1], [1, 0, 0, 0]])
    exact = Counter()
    for a, b, c, d in product((0, 1), (0, 1), (2, 3), (2, 3)):
        rows = [a, b, c, d]
        for seeds in product((0, 1), repeat=2):
            one, other = (
                mean_score(labels[rows], side[list(seeds)][:, rows], "macro_f1", n_classes=2)
                for side in (left, right)
            )
            exact[round(one, 9), round(other, 9)] += 1
    drawn = paired_bootstrap(
        left,
        right,
        labels=labels,
        n_classes=2,
        objective=objective("macro_f1"),
        replicates=6400,
        seed=1,
    )
    pairs = zip(drawn.left.samples.round(9), drawn.right.samples.round(9), strict=True)
    seen = Counter((float(one), float(other)) for one, other in pairs)
    assert set(seen) <= set(exact)
    observed = [seen[pair] for pair in exact]
    expected = [100 * exact[pair] for pair in exact]
    # Seeded; a right implementation is below the 99.9th percentile 999 times in 1,000.
    assert stats.chisquare(observed, expected).pvalue > 0.001


@pytest.mark.parametrize("name", WITH_DECISIONS)
def test_the_difference_is_left_minus_right_replicate_by_replicate(name):
    labels, left, right = noisy_predictions()
    both = paired_bootstrap(
        left, right, labels=labels, n_classes=3, objective=objective(name), replicates=50
    )
    np.testing.assert_array_equal(both.difference.samples, both.left.samples - both.right.samples)
    for side, predictions in ((both.left, left), (both.right, right)):
        assert side.mean == pytest.approx(mean_score(labels, predictions, name))
    assert both.difference.mean == pytest.approx(both.left.mean - both.right.mean)


def test_equal_sides_differ_by_exactly_nothing():
    labels, left, _ = noisy_predictions()
    both = paired_bootstrap(
        left, left, labels=labels, n_classes=3, objective=objective("mcc"), replicates=100
    )
    assert both.difference.is_exact
    assert both.difference.p_value() == 1.0
    assert not both.left.is_exact


def test_pairing_makes_the_difference_surer_than_the_scores():
    labels, left, _ = noisy_predictions(seeds=1)
    right = left.copy()
    right[0, :20] = labels[:20]  # the two sides disagree on a few rows only
    both = paired_bootstrap(
        left, right, labels=labels, n_classes=3, objective=objective("macro_f1")
    )
    assert both.difference.samples.std() < 0.5 * both.left.samples.std()


def test_spread_of_row_losses_is_that_of_a_stratified_mean():
    # The variance of the bootstrap mean is known: the mean of class variances, over the rows.
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 500, p=[0.6, 0.3, 0.1])
    losses = rng.exponential(size=(1, 500)) + 3 * labels
    observed, samples = bootstrap_scores(
        losses[None],
        labels=labels,
        n_classes=3,
        objective=objective("log_loss"),
        replicates=8000,
        seed=3,
    )
    assert observed[0] == pytest.approx(-losses.mean())
    within = sum(losses[0, labels == k].var() * np.sum(labels == k) for k in range(3))
    expected = np.sqrt(within) / 500
    # The standard deviation of 8,000 normal draws is within 2.6% of its mean 999 times in 1,000.
    assert samples[0].std() == pytest.approx(expected, rel=0.026)


def test_seeds_are_resampled_too_and_together_for_both_sides():
    # Rows that are all alike leave only the seeds: 1, 2 or no time the good seed out of two.
    labels = np.array([0] * 5 + [1] * 5)
    good, bad = labels, np.zeros(10, dtype=int)
    both = paired_bootstrap(
        np.stack([good, bad]),
        np.stack([bad, good]),
        labels=labels,
        n_classes=2,
        objective=objective("balanced_accuracy"),
    )
    values, counts = np.unique(both.left.samples, return_counts=True)
    np.testing.assert_allclose(values, [0.5, 0.75, 1.0])
    # A binomial share of 1/2 in 2,000 lies within 0.46 .. 0.54 999 times in 1,000.
    assert 0.46 < counts[1] / 2000 < 0.54
    np.testing.assert_allclose(both.left.samples + both.right.samples, 1.5)


def test_a_class_keeps_its_number_of_rows_in_every_replicate():
    # All rows predicted as class 0: F1 then depends on the class sizes and on nothing else.
    labels = np.array([0] * 50 + [1] * 5)
    _, samples = bootstrap_scores(
        np.zeros((1, 1, 55), dtype=int),
        labels=labels,
        n_classes=2,
        objective=objective("macro_f1"),
        replicates=20,
    )
    np.testing.assert_allclose(samples, 0.5 * 2 * 50 / (50 + 55))


def test_the_same_seed_gives_the_same_samples_and_another_gives_others():
    labels, left, right = noisy_predictions()
    runs = [
        paired_bootstrap(
            left,
            right,
            labels=labels,
            n_classes=3,
            objective=objective("macro_f1"),
            replicates=30,
            seed=seed,
        ).difference.samples
        for seed in (5, 5, 6)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_replicates_are_drawn_in_bounded_blocks(monkeypatch):
    labels, left, right = noisy_predictions(n=200)
    sizes = []
    score = bootstrap._score_predictions

    def watched(weights, **rest):
        sizes.append(weights.size)
        return score(weights, **rest)

    monkeypatch.setattr(bootstrap, "BLOCK", 1000)
    monkeypatch.setattr(bootstrap, "_score_predictions", watched)
    both = paired_bootstrap(
        left, right, labels=labels, n_classes=3, objective=objective("macro_f1"), replicates=101
    )
    assert both.left.samples.shape == (101,)
    assert len(sizes) > 10
    assert max(sizes) <= 1000


def test_costs_are_resampled_with_their_rows():
    labels, left, right = noisy_predictions(n=300)
    costs = cost_objective([[0, 1, 5], [2, 0, 1], [20, 3, 0]])
    both = paired_bootstrap(
        left, right, labels=labels, n_classes=3, objective=costs, replicates=4000, seed=2
    )
    cost_of_rows = np.array(costs.costs)[labels, left].mean(axis=0)
    assert both.left.mean == pytest.approx(-cost_of_rows.mean())
    # With one seed the variance is that of a stratified mean, as for row losses above.
    one_seed, samples = bootstrap_scores(
        left[None, :1], labels=labels, n_classes=3, objective=costs, replicates=8000
    )
    priced = np.array(costs.costs)[labels, left[0]]
    within = sum(priced[labels == k].var() * np.sum(labels == k) for k in range(3))
    assert one_seed[0] == pytest.approx(-priced.mean())
    # The standard deviation of 8,000 normal draws is within 2.6% of its mean 999 times in 1,000.
    assert samples[0].std() == pytest.approx(np.sqrt(within) / 300, rel=0.026)


def test_costs_of_zero_and_one_are_one_minus_accuracy_in_every_replicate():
    labels, _, _ = noisy_predictions(n=200)
    _, samples = bootstrap_scores(
        np.zeros((1, 1, 200), dtype=int),
        labels=labels,
        n_classes=3,
        objective=cost_objective(1 - np.eye(3)),
        replicates=20,
    )
    np.testing.assert_allclose(samples, np.mean(labels == 0) - 1)


# Groups -------------------------------------------------------------------------------------------


def grouped_losses(n_groups=40, rows=10, *, between=1.0, within=1.0, seed=0):
    """Row losses that share something inside a group."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rows)
    shared = rng.normal(scale=between, size=n_groups)[groups]
    losses = shared + rng.normal(scale=within, size=len(groups))
    order = rng.permutation(len(groups))
    return losses[order], groups[order]


def test_drawing_groups_of_equal_size_has_the_spread_of_a_mean_of_group_means():
    losses, groups = grouped_losses()
    means = np.bincount(groups, weights=losses) / np.bincount(groups)
    _, samples = bootstrap_scores(
        losses[None, None],
        labels=np.zeros(len(losses), dtype=int),
        n_classes=1,
        objective=objective("log_loss"),
        groups=groups,
        replicates=8000,
        seed=1,
    )
    # The standard deviation of 8,000 normal draws is within 2.6% of its mean 999 times in 1,000.
    assert samples[0].std() == pytest.approx(means.std() / np.sqrt(40), rel=0.03)


def test_rows_that_depend_on_their_group_make_the_interval_wider():
    labels, left, right = noisy_predictions(seeds=1)
    groups = np.arange(len(labels)) // 30
    # In half of the groups the left side is right throughout: rows of a group agree.
    left = np.where(groups % 2 == 0, labels, right)
    spread = [
        paired_bootstrap(
            left,
            right,
            labels=labels,
            n_classes=3,
            objective=objective("macro_f1"),
            groups=given,
        ).difference.samples.std()
        for given in (None, groups)
    ]
    assert spread[1] > 1.5 * spread[0]


@pytest.mark.parametrize("name", [*WITH_DECISIONS, "log_loss"])
def test_whole_groups_are_drawn_as_if_their_rows_were_copied(name):
    """Brute force over the same draws: rows of each drawn group, as often as it was drawn."""
    labels, left, _ = noisy_predictions(n=60, seeds=1, seed=4)
    groups = np.random.default_rng(4).integers(0, 6, 60)
    asked = objective(name)
    outputs = left if asked.uses_decisions else np.random.default_rng(5).exponential(size=(1, 60))
    observed, samples = bootstrap_scores(
        outputs[None],
        labels=labels,
        n_classes=3,
        objective=asked,
        groups=groups,
        replicates=20,
        seed=2,
    )
    rng = np.random.default_rng(2)
    rng.multinomial(1, [1.0], size=20)  # the seeds, drawn first
    for sample, often in zip(
        samples[0], rng.multinomial(6, np.full(6, 1 / 6), size=20), strict=True
    ):
        rows = np.repeat(np.arange(60), often[groups])
        if asked.uses_decisions:
            expected = mean_score(labels[rows], outputs[:, rows], name)
        else:
            expected = -outputs[:, rows].mean()
        assert sample == pytest.approx(expected)
    whole = mean_score(labels, outputs, name) if asked.uses_decisions else -outputs.mean()
    assert observed[0] == pytest.approx(whole)


def test_blocks_of_groups_do_not_change_the_samples(monkeypatch):
    labels, left, right = noisy_predictions(n=200)
    groups = np.arange(200) % 17

    def samples():
        return paired_bootstrap(
            left,
            right,
            labels=labels,
            n_classes=3,
            objective=objective("macro_f1"),
            groups=groups,
            replicates=50,
        ).difference.samples

    whole = samples()
    monkeypatch.setattr(bootstrap, "BLOCK", 500)
    np.testing.assert_array_equal(samples(), whole)
