"""From config to plan: what is refused, what is chosen for the user, and what the plan says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.data.resampling import random_over_sampling, smote, without_suspects
from focalsweep.errors import UserError
from focalsweep.prepare import Plan, prepare
from focalsweep.training.batch_size import automatic_batch_size

PLAIN = "arms=[cross_entropy]"


def plan(*overrides: str) -> Plan:
    return prepare(compose_sweep("smoke", overrides).config)


def refusal(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        plan(*overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.fixture
def csv(tmp_path: Path):
    """Write a file with so many rows a class and name it as a dataset."""

    def written(counts: dict[str, int]) -> list[str]:
        labels = [name for name, count in counts.items() for _ in range(count)]
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"x": rng.normal(size=len(labels)), "label": labels})
        frame.to_csv(tmp_path / "my.csv", index=False)
        return ["dataset=csv", f"dataset.path={tmp_path / 'my.csv'}", "dataset.target=label"]

    return written


def test_a_plan_does_not_import_tensorflow():
    code = (
        "import sys; from focalsweep.config.compose import compose_sweep; "
        "from focalsweep.prepare import prepare; prepare(compose_sweep('smoke').config); "
        "print(*{'tensorflow', 'keras', 'mlflow', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_facts_describe_the_data_and_the_smallest_fold():
    facts = plan().facts
    assert (facts.name, facts.rows, facts.columns) == ("glass", 214, 9)
    assert sorted(each.count for each in facts.classes) == [9, 13, 17, 29, 70, 76]
    assert sum(each.share for each in facts.classes) == pytest.approx(1.0)
    assert facts.imbalance_ratio == pytest.approx(76 / 9)
    assert (facts.profile, facts.factor) == ("none", 1.0)
    # Nine rows: 4 or 5 in an outer fold's training rows, half of them in an inner fold's.
    assert facts.smallest_training_class == 2


def test_the_smallest_class_of_each_outer_fold_is_known_before_training():
    assert sorted(plan().smallest_per_fold) == [4, 5]
    assert plan("evaluation=holdout").smallest_per_fold == [7]


def test_a_profile_is_logged_as_largest_over_smallest_whichever_way_it_was_written():
    for factor in ("20", "0.05"):
        facts = plan("dataset=digits", f"dataset.factor={factor}", PLAIN).facts
        assert (facts.profile, facts.factor) == ("exp", pytest.approx(20.0))


def test_arms_come_in_the_order_of_the_config_with_ranges_and_baselines():
    made = plan("arms=[focal_gamma,cross_entropy]", "loss.focal_gamma.search.gamma.high=3")
    assert [arm.name for arm in made.arms] == ["focal_gamma", "cross_entropy"]
    assert made.arms[0].search["gamma"].high == 3.0
    assert made.arms[0].baselines == ({"gamma": 0.0}, {"gamma": 2.0})
    assert made.left_out == ()


def test_the_free_vector_is_left_out_with_two_classes_and_the_user_is_told(csv):
    made = plan("arms=[cross_entropy,focal_gamma_alpha]", *csv({"a": 60, "b": 20}))
    assert [arm.name for arm in made.arms] == ["cross_entropy"]
    assert [entry.arm for entry in made.left_out] == ["focal_gamma_alpha"]
    (message,) = made.messages
    assert message.startswith("The arm `focal_gamma_alpha` is left out: ")


def test_large_data_become_a_holdout_with_a_message(csv):
    data = csv({"a": 60, "b": 20})
    made = plan(PLAIN, *data, "evaluation.holdout_above=79", "evaluation.inner_folds=5")
    assert (made.evaluation.kind, made.evaluation.n_outer) == ("holdout", 1)
    assert made.evaluation.inner_folds <= 3
    assert len(made.folds.outer) == 1
    (message,) = made.messages
    assert "`evaluation.holdout_above`=79" in message
    untouched = plan(PLAIN, *data, "evaluation.holdout_above=80")
    assert (untouched.evaluation.kind, untouched.messages) == ("nested", ())


@pytest.mark.parametrize(("rows_seen", "epochs"), [(10_000, 8), (400, 5), (1, 3), ("null", 8)])
def test_many_rows_leave_fewer_epochs_but_three(csv, rows_seen, epochs):
    data = csv({"a": 60, "b": 20})
    large = ["evaluation.holdout_above=79", "evaluation.holdout_epochs=8", "epochs=20"]
    made = plan(PLAIN, *data, *large, f"evaluation.holdout_rows_seen={rows_seen}")
    assert made.budget.epochs == epochs
    assert f"and {epochs} epochs" in made.messages[0]


def test_a_search_that_stops_early_still_knows_what_was_asked():
    assert plan(PLAIN, "trials=12").budget.last_trial == 12
    budget = plan(PLAIN, "trials=12", "stop_after=5", "trials_per_round=2").budget
    assert (budget.trials, budget.last_trial, budget.rounds) == (12, 5, 3)


def test_rates_are_those_of_the_optimizer():
    nuisance = plan(PLAIN, "optimizer=adam").nuisance
    assert nuisance.defaults == {"learning_rate": 0.003, "weight_decay": 0.0}
    assert list(nuisance.search) == ["learning_rate"]


def test_the_batch_size_follows_the_smallest_training_fold_unless_it_is_given():
    made = plan(PLAIN)
    assert made.batch_size == automatic_batch_size(min(view.n_train for view in made.folds.views))
    assert plan(PLAIN, "optimizer.batch_size=48").batch_size == 48


def test_the_same_config_makes_the_same_folds():
    one, other = plan(PLAIN), plan(PLAIN)
    for left, right in zip(one.folds.views, other.folds.views, strict=True):
        assert np.array_equal(left.features, right.features)
        assert np.array_equal(left.labels, right.labels)
    assert one.facts == other.facts


def test_other_rows_have_another_fingerprint(csv):
    one = plan(PLAIN, *csv({"a": 60, "b": 20})).facts.sha256
    assert one == plan(PLAIN, *csv({"a": 60, "b": 20})).facts.sha256
    assert one != plan(PLAIN, *csv({"a": 60, "b": 21})).facts.sha256


def test_treated_rows_change_neither_the_batch_size_nor_the_facts():
    plain, treated = plan(PLAIN), plan("arms=[cross_entropy,smote,random_over_sampling]")
    assert treated.arms[1].rows is smote
    assert set(treated.folds.variants) == {smote, random_over_sampling}
    assert treated.pending_treatments == ()
    assert treated.batch_size == plain.batch_size
    assert treated.facts == plain.facts
    assert len(treated.folds.base) == len(plain.folds.views)


def test_rows_are_not_made_for_an_arm_that_is_left_out(csv):
    # Two classes: an arm with a free vector equals one without.
    made = plan(
        *csv({"a": 60, "b": 20}),
        "arms=[cross_entropy,focal_gamma_alpha,random_over_sampling]",
        "+loss.focal_gamma_alpha.rows=focalsweep.data.resampling.smote",
    )
    assert [each.arm for each in made.left_out] == ["focal_gamma_alpha"]
    assert set(made.folds.variants) == {random_over_sampling}


def test_arms_that_need_suspects_wait_and_the_user_is_told():
    made = plan(PLAIN, "dataset.drop_suspects=true")
    assert [arm.name for arm in made.arms] == ["cross_entropy", "cross_entropy_cleaned"]
    assert made.pending_treatments == (without_suspects,)
    (message,) = made.messages
    assert "`cross_entropy_cleaned`" in message
    assert plan(PLAIN).pending_treatments == ()


def test_label_noise_is_a_fact_with_a_message():
    made = plan(PLAIN, "dataset.label_noise=0.2")
    assert made.facts.label_noise == 0.2
    (message,) = made.messages
    assert "20% of training labels" in message
    assert plan(PLAIN).facts.label_noise == 0.0


def test_costs_become_the_objective_with_a_message(csv):
    data = csv({"a": 60, "b": 20})
    made = plan(PLAIN, *data, "decision.costs={a: 1, b: 5}")
    assert made.costs == ((0.0, 1.0), (5.0, 0.0))
    assert made.objective.name == "cost"
    (message,) = made.messages
    assert "`cost`" in message
    asked = plan(PLAIN, *data, "decision.costs=[[0,1],[5,0]]", "objective=cost")
    assert (asked.costs, asked.messages) == (made.costs, ())
    assert plan(PLAIN).costs is None


def test_prior_scenarios_are_shares_of_every_class(csv):
    scenarios = "decision.priors={half: [0.5, 0.5], rare: {b: 0.01}}"
    made = plan(PLAIN, *csv({"a": 60, "b": 20}), scenarios)
    assert [(each.name, each.priors) for each in made.prior_scenarios] == [
        ("half", (0.5, 0.5)),
        ("rare", (0.99, 0.01)),
    ]
    assert plan(PLAIN).prior_scenarios == ()


def test_how_trials_are_chosen_and_streams_are_passed_on():
    made = plan("selection=one_standard_error", "loss.focal_gamma.stream=1")
    assert made.selection == "one_standard_error"
    assert [arm.stream for arm in made.arms] == [0, 0, 1]
    assert plan(PLAIN).selection == "best"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["decision.costs=[[0,1],[1,0]]"], "each of the 6 classes in the order `"),
        (["decision.costs={a: 1}"], "names the class `a`"),
        (["decision.priors={here: [0.5,0.5]}"], "`decision.priors.here` must have one share"),
        (["sampler=gp"], "focalsweep[gp]"),
        (["loss.focal_gamma.baselines=[]", "loss.focal_gamma.search.gamma.low=-1"], "`gamma`"),
        (["arms=[cross_entropy,focal_folklore]", "loss.focal_folklore.options.gamma=-2"], "gamma"),
        (["evaluation.folds=300"], "`evaluation.folds`"),
    ],
)
def test_what_would_fail_later_is_refused_now(overrides, words, without_torch):
    assert words in refusal(*overrides)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"a": 60}, "class"),
        ({"a": 60, "b": 3}, "`b`"),
        ({"a": 60, "b": 1}, "`b`"),
    ],
)
def test_classes_that_cannot_be_learnt_are_refused_by_name(counts, words, csv):
    assert words in refusal(PLAIN, *csv(counts))


def test_a_class_with_fewer_rows_than_folds_is_no_obstacle(csv):
    made = plan(PLAIN, *csv({"a": 60, "b": 6}), "evaluation.folds=8")
    assert min(view.train_counts.min() for view in made.folds.views) >= 1
