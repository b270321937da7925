import numpy as np
import pytest

from focalsweep.evidence.decision_rule import DecisionRule, ExpectedCost, fit_decision_rule
from focalsweep.evidence.decision_weights import fit_decision_weights
from focalsweep.evidence.predictions import predict
from focalsweep.losses import arms as families
from focalsweep.metrics.objective import OBJECTIVES, cost_objective, objective

PRIOR = (0.45, 0.1, 0.45)
# The middle class is a compromise between two ends that must not be mistaken for each other.
COMPROMISE = cost_objective([[0, 1, 6], [1, 0, 1], [6, 1, 0]])
ZERO_ONE = cost_objective(1 - np.eye(3))


def mean_cost(costs, labels, decided):
    return np.array(costs.costs)[labels, decided].mean()


def rule_of(costs, temperature=1.0, shift=(0.0, 0.0, 0.0)):
    return ExpectedCost(costs=costs.costs, temperature=temperature, log_prior_shift=np.array(shift))


def test_expected_costs_of_zero_and_one_are_argmax(draw_rows):
    rows = draw_rows(200, prior=PRIOR, seed=0)
    np.testing.assert_array_equal(
        rule_of(ZERO_ONE).decide(rows.log_eta), rows.log_eta.argmax(axis=1)
    )


def test_the_smallest_expected_cost_is_found_row_by_row(draw_rows):
    log_eta = draw_rows(50, prior=PRIOR, seed=1).log_eta
    decided = rule_of(COMPROMISE).decide(log_eta)
    for row, j in zip(np.exp(log_eta), decided, strict=True):
        expected = [sum(row[k] * COMPROMISE.costs[k][d] for k in range(3)) for d in range(3)]
        assert expected[j] == pytest.approx(min(expected))
    np.testing.assert_array_equal(rule_of(COMPROMISE).decide(log_eta[None]), decided[None])


def test_a_compromise_that_no_weight_can_express_is_decided_by_expected_cost(draw_rows):
    inner, test = (draw_rows(3000, prior=PRIOR, seed=s, spread=2.5) for s in (2, 3))
    rule = fit_decision_rule(
        inner.log_eta, inner.labels, objective=COMPROMISE, log_posterior=inner.log_eta
    )
    assert rule.expected_cost is not None
    assert rule.expected_cost.temperature == pytest.approx(1, abs=0.1)
    decided = rule.decide(log_proba=test.log_eta, log_posterior=test.log_eta)
    by_weights = DecisionRule(log_weights=rule.log_weights).decide(
        log_proba=test.log_eta, log_posterior=test.log_eta
    )
    cost = mean_cost(COMPROMISE, test.labels, decided)
    assert cost < 0.97 * mean_cost(COMPROMISE, test.labels, by_weights)
    argmax = mean_cost(COMPROMISE, test.labels, test.log_eta.argmax(axis=1))
    assert mean_cost(COMPROMISE, test.labels, by_weights) < argmax


def test_weights_decide_where_probabilities_mislead(draw_rows):
    # The posterior says the opposite of what the arm's own scores know.
    inner = draw_rows(500, prior=PRIOR, seed=4)
    rule = fit_decision_rule(
        inner.log_eta, inner.labels, objective=ZERO_ONE, log_posterior=inner.log_eta[:, ::-1]
    )
    assert rule.expected_cost is None


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "log_loss"])
def test_without_costs_the_rule_is_the_decision_weights(draw_rows, name):
    rows = draw_rows(150, prior=PRIOR, seed=5)
    rule = fit_decision_rule(rows.log_eta, rows.labels, objective=objective(name))
    weights = fit_decision_weights(rows.log_eta, rows.labels, objective=objective(name))
    assert rule.expected_cost is None
    np.testing.assert_array_equal(rule.log_weights, weights)


@pytest.mark.parametrize("chosen", [objective("macro_f1"), COMPROMISE], ids=lambda c: c.name)
def test_a_shift_of_nothing_changes_nothing(draw_rows, chosen):
    rows = draw_rows(150, prior=PRIOR, seed=6)
    rules = [
        fit_decision_rule(
            rows.log_eta,
            rows.labels,
            objective=chosen,
            log_posterior=rows.log_eta,
            log_prior_shift=shift,
        )
        for shift in (None, np.zeros(3))
    ]
    decided = [r.decide(log_proba=rows.log_eta, log_posterior=rows.log_eta) for r in rules]
    np.testing.assert_array_equal(*decided)


def test_a_class_that_does_not_come_is_never_decided(draw_rows):
    rows = draw_rows(300, prior=PRIOR, seed=7)
    shift = np.array([0.0, 1.0, -np.inf])
    for chosen in (objective("macro_f1"), COMPROMISE, ZERO_ONE):
        rule = fit_decision_rule(
            rows.log_eta,
            rows.labels,
            objective=chosen,
            log_posterior=rows.log_eta,
            log_prior_shift=shift,
        )
        decided = rule.decide(log_proba=rows.log_eta, log_posterior=rows.log_eta)
        assert set(decided) <= {0, 1}


def test_costs_need_a_posterior(draw_rows):
    rows = draw_rows(20, prior=PRIOR, seed=8)
    with pytest.raises(ValueError, match="`log_posterior` is needed under costs"):
        fit_decision_rule(rows.log_eta, rows.labels, objective=COMPROMISE)


def test_a_weighted_arm_decides_by_its_corrected_probabilities(draw_rows, make_chosen):
    # The logits are those of balanced class weights; their correction is the rows' posterior.
    inner, test = (draw_rows(2000, prior=PRIOR, seed=s, spread=2.5) for s in (9, 10))
    point = families.class_weighted(np.array([450, 100, 450]), tau=1.0)
    chosen, folds = make_chosen(
        [(inner, test)],
        counts=[450, 100, 450],
        point=point,
        logits=lambda log_eta: log_eta + np.log(point.weight),
    )
    found = predict(chosen[0], folds=folds, objective=COMPROMISE)
    by_posterior = mean_cost(COMPROMISE, test.labels, rule_of(COMPROMISE).decide(test.log_eta))
    assert -found.score(COMPROMISE, decision=True) == pytest.approx(by_posterior, rel=0.02)
    own_argmax = (test.log_eta + np.log(point.weight)).argmax(axis=1)
    np.testing.assert_array_equal(found.argmax[0], own_argmax)
    argmax = mean_cost(COMPROMISE, test.labels, own_argmax)
    assert -found.score(COMPROMISE, decision=False) == pytest.approx(argmax)
    assert by_posterior < argmax


def test_test_rows_never_reach_the_rule(draw_rows, make_chosen):
    inner, test, other = (draw_rows(200, prior=PRIOR, seed=s) for s in (11, 12, 13))
    decided = []
    for rows in (test, test._replace(labels=other.labels)):
        chosen, folds = make_chosen([(inner, rows)], counts=[45, 10, 45])
        decided.append(predict(chosen[0], folds=folds, objective=COMPROMISE).decision)
    np.testing.assert_array_equal(*decided)
