"""What pruning saved, in words, on the page, in frames and in MLflow's numbers."""

import re

import pytest

from focalsweep.evidence.facts import PruningFacts, Saving
from focalsweep.report.frames import arms_frame
from focalsweep.report.page import render_report
from focalsweep.report.pruning_words import pruning_sentence
from focalsweep.tracking.arm_columns import arm_numbers


@pytest.fixture(scope="module")
def usual(make_result):
    """Three arms with all that is known of their searches."""
    arms = ("cross_entropy", "class_weighted_tuned", "focal_gamma_tau")
    return make_result(arms=arms, everything=True)


@pytest.fixture(scope="module")
def pruned(usual):
    """A result of which the first arm lost half of its epochs and the others none."""
    arms = [arm.name for arm in usual.result.arms]
    savings = {
        name: Saving(
            trials=20,
            pruned_trials=15 if name == arms[0] else 0,
            member_epochs=500 if name == arms[0] else 1000,
            all_member_epochs=1000,
        )
        for name in arms
    }
    total = Saving(
        trials=20 * len(arms),
        pruned_trials=15,
        member_epochs=1000 * len(arms) - 500,
        all_member_epochs=1000 * len(arms),
    )
    facts = PruningFacts(pruner="MedianPruner", rungs=(3, 5), total=total, arms=savings)
    budget = usual.result.budget.model_copy(update={"pruning": facts})
    seconds = {**usual.result.seconds, "search": 50.0}
    return usual.result.model_copy(update={"budget": budget, "seconds": seconds})


def test_the_sentence_says_rule_rungs_counts_share_and_seconds(pruned):
    total = pruned.budget.pruning.total
    assert len(pruned.arms) == 3
    assert pruning_sentence(pruned) == (
        "Pruning (MedianPruner) looked at every trial after epochs 3 and 5 of "
        f"{pruned.budget.epochs} and stopped 15 of 60 trials: the search trained 2,500 of 3,000 "
        "member-epochs, which saved 17% (about 10.0 s)."
    )
    assert total.saved_share == pytest.approx(1 / 6)


def test_without_a_pruner_there_is_no_sentence_and_no_column(usual):
    assert pruning_sentence(usual.result) is None
    page = render_report(usual.result, usual.trials, plots=[])
    assert "epochs saved" not in page
    frame = arms_frame(usual.result)
    assert (frame["pruned_trials"] == 0).all()
    assert (frame["saved_share"] == 0).all()
    assert "search/pruned_trials" not in arm_numbers(usual.result.arms[0], usual.result)


def test_the_page_the_frame_and_mlflow_carry_the_share_of_each_arm(pruned, usual):
    page = " ".join(render_report(pruned, usual.trials, plots=[]).split())
    assert "stopped 15 of 60 trials" in page
    assert re.search(r"<td>15 of 20</td><td>50%</td>", page)
    frame = arms_frame(pruned).set_index("arm")
    first, *others = [arm.name for arm in pruned.arms]
    assert frame.loc[first, "saved_share"] == 0.5
    assert (frame.loc[others, "saved_share"] == 0).all()
    numbers = arm_numbers(pruned.arms[0], pruned)
    assert (numbers["search/pruned_trials"], numbers["search/saved_share"]) == (15.0, 0.5)
