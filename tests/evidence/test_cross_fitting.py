"""Inner scores with decision weights: no row is decided by weights that have seen it."""

import numpy as np
import pytest
from scipy.special import log_softmax

from focalsweep.evidence.cross_fitting import cross_fitted_utility
from focalsweep.evidence.decision_rule import fit_decision_rule
from focalsweep.evidence.decision_weights import decide, fit_decision_weights
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import cost_objective, multi_label_objective, objective

MACRO_F1 = objective("macro_f1")
COSTS = cost_objective([[0, 1, 2], [3, 0, 1], [9, 2, 0]])


def noise(seed, rows=240, shares=(0.4, 0.35, 0.25)):
    """Scores that know nothing of the labels, rows of four folds."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), rows, p=shares)
    scores = log_softmax(np.log(shares) + rng.normal(scale=0.5, size=(rows, len(shares))), axis=1)
    return scores, labels, np.arange(rows) % 4


def utility(decided, labels, goal, n_classes=3):
    return float(goal.utility(confusion=confusion_counts(labels, decided, n_classes=n_classes)))


@pytest.mark.parametrize("name", ["balanced_accuracy", "mcc", "accuracy of costs"])
def test_labels_of_pure_noise_show_no_gain_and_weights_scored_where_fitted_do(name):
    # Every wrong decision costs the same: the truth is that no decision rule is worth anything.
    goal = cost_objective(1 - np.eye(3)) if name == "accuracy of costs" else objective(name)
    gains, naive = [], []
    for seed in range(30):
        scores, labels, fold = noise(seed, shares=(1 / 3, 1 / 3, 1 / 3))
        plain = utility(scores.argmax(axis=1), labels, goal)
        gains.append(cross_fitted_utility(scores, labels, fold=fold, objective=goal) - plain)
        rule = fit_decision_rule(scores, labels, objective=goal, log_posterior=scores)
        decided = rule.decide(log_proba=scores, log_posterior=scores)
        naive.append(utility(decided, labels, goal) - plain)
    error = np.std(gains, ddof=1) / np.sqrt(len(gains))
    assert np.mean(gains) < 2 * error
    assert np.mean(naive) > 0.02
    assert np.mean(naive) > np.mean(gains) + 4 * error


def test_labels_of_pure_noise_show_no_gain_in_any_threshold():
    goal = multi_label_objective("balanced_accuracy")
    gains = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        labels = (rng.random((160, 3)) < 0.5).astype(np.int8)
        z = rng.normal(size=(160, 3))
        table = np.stack([-np.logaddexp(0, z), -np.logaddexp(0, -z)], axis=-1)
        plain = float(goal.utility(confusion=label_counts(labels, z > 0)))
        score = cross_fitted_utility(table, labels, fold=np.arange(160) % 4, objective=goal)
        gains.append(score - plain)
    assert np.mean(gains) < 2 * np.std(gains, ddof=1) / np.sqrt(30)


@pytest.mark.parametrize("goal", [MACRO_F1, COSTS], ids=["macro-F1", "costs"])
def test_a_folds_own_labels_never_move_the_rule_that_decides_it(goal):
    scores, labels, fold = noise(3)
    seen = []

    def decided_of(changed):
        counted = {}
        for number in range(4):
            own = fold == number
            rule = fit_decision_rule(
                scores[~own], changed[~own], objective=goal, log_posterior=scores[~own]
            )
            counted[number] = rule.decide(log_proba=scores[own], log_posterior=scores[own])
        return counted

    other = labels.copy()
    other[fold == 2] = (labels[fold == 2] + 1) % 3
    before, after = decided_of(labels), decided_of(other)
    np.testing.assert_array_equal(before[2], after[2])
    for changed, decided in ((labels, before), (other, after)):
        pooled = np.empty_like(labels)
        for number in range(4):
            pooled[fold == number] = decided[number]
        seen.append(utility(pooled, changed, goal))
        found = cross_fitted_utility(scores, changed, fold=fold, objective=goal)
        assert found == pytest.approx(seen[-1], abs=1e-12)
    assert seen[0] != seen[1]


def test_a_gain_that_is_there_is_found():
    rng = np.random.default_rng(0)
    labels = rng.choice(2, 2000, p=[0.95, 0.05])
    x = rng.normal(size=2000) + 2.0 * labels
    scores = log_softmax(np.stack([np.full(2000, np.log(0.95)), 2 * x - 2 + np.log(0.05)], 1), 1)
    goal = objective("balanced_accuracy")
    found = cross_fitted_utility(scores, labels, fold=np.arange(2000) % 5, objective=goal)
    assert found > utility(scores.argmax(1), labels, goal, 2) + 0.1
    fitted = decide(scores, fit_decision_weights(scores, labels, objective=goal))
    assert found == pytest.approx(utility(fitted, labels, goal, 2), abs=0.03)


def test_rows_of_one_inner_fold_are_dealt_into_parts_instead():
    scores, labels, _ = noise(1)
    one = cross_fitted_utility(scores, labels, fold=np.zeros(240, int), objective=MACRO_F1)
    fitted = fit_decision_weights(scores, labels, objective=MACRO_F1)
    assert one < utility(decide(scores, fitted), labels, MACRO_F1)
