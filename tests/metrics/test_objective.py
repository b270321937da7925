import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from focalsweep.errors import UserError
from focalsweep.metrics.confusion import confusion_counts, margins
from focalsweep.metrics.objective import (
    OBJECTIVES,
    cost_objective,
    lower_is_better,
    objective,
    objective_label,
)

COUNTS = np.array([[30, 2, 1], [1, 5, 0], [2, 0, 3]])


def test_the_six_objectives_are_there_under_their_own_names():
    assert set(OBJECTIVES) == {
        "macro_f1",
        "balanced_accuracy",
        "mcc",
        "geometric_mean",
        "worst_class_recall",
        "log_loss",
    }
    assert all(objective(name).name == name for name in OBJECTIVES)


def test_macro_f1_is_scikit_learns():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    utility = objective("macro_f1").utility(
        confusion=confusion_counts(labels, predictions, n_classes=3)
    )
    assert utility == pytest.approx(f1_score(labels, predictions, average="macro"))


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "log_loss"])
def test_turning_an_error_into_a_hit_never_lowers_the_utility(name):
    better = COUNTS.copy()
    better[0, 1] -= 1
    better[0, 0] += 1
    chosen = objective(name)
    assert chosen.uses_decisions
    assert chosen.utility(confusion=better) >= chosen.utility(confusion=COUNTS)
    assert chosen.utility(confusion=margins(COUNTS)) == chosen.utility(confusion=COUNTS)


def test_log_loss_enters_as_its_negative_and_needs_no_decisions():
    chosen = objective("log_loss")
    np.testing.assert_array_equal(chosen.utility(log_loss=[0.5, 2.0]), [-0.5, -2.0])
    assert not chosen.uses_decisions
    assert chosen.lower_is_better


@pytest.mark.parametrize(("name", "missing"), [("mcc", "confusion"), ("log_loss", "log_loss")])
def test_an_objective_asks_for_what_it_needs(name, missing):
    with pytest.raises(ValueError, match=f"`{missing}` is needed"):
        objective(name).utility()


def test_an_unknown_name_is_one_sentence_with_the_nearest_name():
    with pytest.raises(UserError, match=r"Received: objective=macro-f1; the nearest is `macro_f1`"):
        objective("macro-f1")
    with pytest.raises(UserError, match=r"Received: objective=xyz\.$"):
        objective("xyz")


ORDINAL = [[0, 1, 5], [1, 0, 1], [20, 1, 0]]


def test_costs_of_zero_and_one_are_one_minus_accuracy():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    counts = confusion_counts(labels, predictions, n_classes=3)
    utility = cost_objective(1 - np.eye(3)).utility(confusion=counts)
    assert -utility == pytest.approx(1 - accuracy_score(labels, predictions))


def test_the_mean_cost_is_a_sum_over_rows_and_keeps_leading_axes():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 3, 50), rng.integers(0, 3, (2, 4, 50))
    counts = confusion_counts(labels, predictions, n_classes=3)
    utility = cost_objective(ORDINAL).utility(confusion=counts)
    assert utility.shape == (2, 4)
    for index in np.ndindex(2, 4):
        rows = [ORDINAL[y][p] for y, p in zip(labels, predictions[index], strict=True)]
        assert -utility[index] == pytest.approx(np.mean(rows))


def test_costs_go_down_for_people_and_up_as_a_utility():
    chosen = cost_objective(ORDINAL)
    assert chosen.uses_decisions
    assert chosen.lower_is_better
    assert lower_is_better("cost")
    assert objective_label("cost") == chosen.label == "mean cost a row"
    assert chosen.utility(confusion=np.eye(3)) == 0
    for name in OBJECTIVES:
        assert lower_is_better(name) == objective(name).lower_is_better
        assert objective_label(name) == objective(name).label


def test_the_currency_of_costs_only_changes_the_unit():
    dear = cost_objective(100 * np.array(ORDINAL))
    assert dear.unit == 100 * cost_objective(ORDINAL).unit == 2000
    assert cost_objective(np.add(ORDINAL, [[1], [2], [3]])).unit == 20
    assert all(objective(name).unit == 1 for name in OBJECTIVES)


def test_fractions_of_rows_are_scored_like_rows():
    for chosen in [*OBJECTIVES.values(), cost_objective(ORDINAL)]:
        if chosen.uses_decisions:
            thirds = chosen.utility(confusion=COUNTS / 3)
            assert thirds == pytest.approx(float(chosen.utility(confusion=COUNTS)))


def test_objectives_compare_by_value():
    assert cost_objective(ORDINAL) == cost_objective(np.array(ORDINAL))
    assert cost_objective(ORDINAL) != cost_objective(1 - np.eye(3))


def test_margins_without_costs_cannot_be_priced():
    chosen = cost_objective(ORDINAL)
    priced = margins(COUNTS, costs=chosen.costs)
    assert chosen.utility(confusion=priced) == chosen.utility(confusion=COUNTS)
    with pytest.raises(ValueError, match="margins without `cost`"):
        chosen.utility(confusion=margins(COUNTS))
    with pytest.raises(ValueError, match="`confusion` is needed"):
        chosen.utility(log_loss=0.5)


@pytest.mark.parametrize(
    "costs", [[[0, 1]], [[0, 1], [2]], [0, 1], [[0, np.nan], [1, 0]], [["a", "b"], ["c", "d"]]]
)
def test_costs_must_be_a_square_table_of_finite_numbers(costs):
    with pytest.raises(UserError, match=r"`decision\.costs` must be as many rows as columns"):
        cost_objective(costs)


def test_costs_that_no_decision_changes_are_refused():
    with pytest.raises(UserError, match="must differ between the decisions"):
        cost_objective([[1, 1], [4, 4]])


def test_the_name_cost_alone_asks_for_costs():
    with pytest.raises(UserError, match=r"needs `decision\.costs`"):
        objective("cost")
