import numpy as np
import pytest

from focalsweep.evidence.bootstrap import paired_bootstrap
from focalsweep.evidence.label_bootstrap import bootstrap_label_scores
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import LABEL_OBJECTIVES, multi_label_objective

DECIDING = [name for name, choice in LABEL_OBJECTIVES.items() if choice.uses_decisions]


def drawn(rows=200, labels=4, seeds=2, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, labels)) < [0.5, 0.3, 0.2, 0.1]).astype(np.int8)
    sides = truth ^ (rng.random((2, seeds, rows, labels)) < 0.2)
    return truth, sides.astype(np.int8)


@pytest.mark.parametrize("name", DECIDING)
def test_the_observed_score_is_that_of_the_rows_as_they_are(name):
    truth, sides = drawn()
    objective = multi_label_objective(name)
    observed, _ = bootstrap_label_scores(sides, labels=truth, objective=objective, replicates=5)
    expected = objective.utility(confusion=label_counts(truth, sides)).mean(axis=-1)
    assert observed == pytest.approx(expected)


@pytest.mark.parametrize("name", DECIDING)
def test_a_sample_scores_rows_as_often_as_they_were_drawn(name):
    truth, sides = drawn(rows=40, seeds=1)
    objective = multi_label_objective(name)
    _, samples = bootstrap_label_scores(
        sides, labels=truth, objective=objective, replicates=3, seed=7
    )
    rng = np.random.default_rng(7)
    rng.multinomial(1, [1.0], size=3)
    for sample, rows in zip(samples.T, rng.integers(40, size=(3, 40)), strict=True):
        counts = label_counts(truth[rows], sides[:, 0, rows])
        assert sample == pytest.approx(objective.utility(confusion=counts))


def test_log_loss_is_resampled_by_row():
    losses = np.random.default_rng(0).exponential(size=(1, 1, 4000))
    objective = multi_label_objective("log_loss")
    observed, samples = bootstrap_label_scores(
        losses, labels=np.zeros((4000, 3)), objective=objective
    )
    assert observed[0] == pytest.approx(-losses.mean())
    # 2000 samples give a standard deviation within 7% in 99.9% of cases.
    assert samples.std() == pytest.approx(losses.std() / np.sqrt(4000), rel=0.1)


def test_groups_are_drawn_whole():
    truth, sides = drawn(rows=50, seeds=1)
    both = [np.concatenate([each, each], axis=axis) for each, axis in ((truth, 0), (sides, 2))]
    objective = multi_label_objective("micro_f1")
    _, single = bootstrap_label_scores(sides, labels=truth, objective=objective, seed=3)
    _, paired = bootstrap_label_scores(
        both[1],
        labels=both[0],
        objective=objective,
        groups=np.tile(np.arange(50), 2) * 7,
        seed=3,
    )
    # Every row twice, pairs drawn whole: the same samples as the rows once.
    assert paired == pytest.approx(single)


def test_the_same_predictions_differ_by_nothing():
    truth, sides = drawn()
    found = paired_bootstrap(
        sides[0],
        sides[0],
        labels=truth,
        n_classes=4,
        objective=multi_label_objective("macro_f1"),
        replicates=50,
    )
    assert found.difference.is_exact
    assert not found.left.is_exact
