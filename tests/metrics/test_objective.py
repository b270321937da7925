import numpy as np
import pytest
from sklearn.metrics import f1_score

from focalsweep.errors import UserError
from focalsweep.metrics.confusion import confusion_counts, margins
from focalsweep.metrics.objective import OBJECTIVES, objective

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
