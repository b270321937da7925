from itertools import product

import numpy as np
import pytest
from scipy.special import log_expit

from focalsweep.evidence.label_thresholds import fit_thresholds, thresholds
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import LABEL_OBJECTIVES, multi_label_objective

DECIDING = [name for name, choice in LABEL_OBJECTIVES.items() if choice.uses_decisions]


def drawn(rows=30, labels=3, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.0, 1.5, size=(rows, labels))
    z = np.round(z) if ties else z
    truth = (rng.random((rows, labels)) < 1 / (1 + np.exp(-z))).astype(np.int8)
    truth[0] = 1
    return z, truth


def two_sided(z):
    return np.stack([log_expit(-z), log_expit(z)], axis=-1)


def score(z, truth, weights, name):
    decided = (two_sided(z) + weights).argmax(axis=-1)
    return float(multi_label_objective(name).utility(confusion=label_counts(truth, decided)))


def every_cut(z):
    edges = np.sort(z)
    return [edges[0] - 1, *((edges[1:] + edges[:-1]) / 2), edges[-1] + 1, 0.0]


@pytest.mark.parametrize("name", DECIDING)
@pytest.mark.parametrize("ties", [False, True])
def test_no_thresholds_do_better_on_the_rows_they_were_fitted_on(name, ties):
    z, truth = drawn(rows=9, labels=2, seed=4, ties=ties)
    objective = multi_label_objective(name)
    fitted = score(z, truth, fit_thresholds(two_sided(z), truth, objective=objective), name)
    tried = [
        float(objective.utility(confusion=label_counts(truth, z > np.array(cut))))
        for cut in product(*(every_cut(z[:, k]) for k in range(2)))
    ]
    assert fitted == pytest.approx(max(tried))


@pytest.mark.parametrize("seed", range(5))
def test_micro_f1_finds_the_joint_optimum(seed):
    z, truth = drawn(rows=8, labels=3, seed=seed)
    objective = multi_label_objective("micro_f1")
    fitted = score(z, truth, fit_thresholds(two_sided(z), truth, objective=objective), "micro_f1")
    tried = [
        float(objective.utility(confusion=label_counts(truth, z > np.array(cut))))
        for cut in product(*(every_cut(z[:, k]) for k in range(3)))
    ]
    assert fitted == pytest.approx(max(tried))


@pytest.mark.parametrize("name", DECIDING)
def test_thresholds_never_score_below_one_half(name):
    for seed in range(20):
        z, truth = drawn(seed=seed)
        weights = fit_thresholds(two_sided(z), truth, objective=multi_label_objective(name))
        plain = score(z, truth, np.zeros((3, 2)), name)
        assert score(z, truth, weights, name) >= plain - 1e-12


def test_f1_of_calibrated_scores_is_cut_at_half_of_the_best_f1():
    # Lipton et al. 2014: the optimal threshold is half the optimal F1.
    rng = np.random.default_rng(1)
    z = rng.normal(-2.0, 1.5, size=(200_000, 1))
    truth = (rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(np.int8)
    weights = fit_thresholds(two_sided(z), truth, objective=multi_label_objective("macro_f1"))
    best = score(z, truth, weights, "macro_f1")
    assert thresholds(weights)[0] == pytest.approx(best / 2, abs=0.02)


def test_log_loss_needs_no_thresholds():
    z, truth = drawn()
    weights = fit_thresholds(two_sided(z), truth, objective=multi_label_objective("log_loss"))
    assert not weights.any()
    assert thresholds(weights).tolist() == [0.5] * 3


def test_a_label_that_no_row_has_keeps_one_half():
    z, truth = drawn()
    truth[:, 1] = 0
    weights = fit_thresholds(two_sided(z), truth, objective=multi_label_objective("macro_f1"))
    assert thresholds(weights)[1] == 0.5


def test_scores_that_are_all_alike_are_called_or_left_together():
    truth = np.array([[1, 0], [0, 0], [1, 0], [1, 1]], np.int8)
    weights = fit_thresholds(
        two_sided(np.zeros((4, 2))), truth, objective=multi_label_objective("macro_f1")
    )
    assert (thresholds(weights) < 0.5).all()


def test_a_common_shift_of_the_logits_shifts_the_thresholds():
    z, truth = drawn(rows=200)
    objective = multi_label_objective("macro_f1")
    one = fit_thresholds(two_sided(z), truth, objective=objective)
    other = fit_thresholds(two_sided(z + 0.25), truth, objective=objective)
    moved = (other - one)[:, 0] - (other - one)[:, 1]
    # Where one half was as good as any it stays, on either side.
    free = (one != 0).any(axis=1) & (other != 0).any(axis=1)
    assert free.any()
    assert moved[free] == pytest.approx(0.25)
