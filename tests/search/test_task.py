"""Single-label or multi-label: what the plan says, and what is refused before training."""

import numpy as np
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.errors import UserError
from focalsweep.prepare import Plan, prepare, prepare_composed

ARMS = "arms=[binary_cross_entropy,binary_focal]"
ROWS = ["dataset=multi_label_synthetic", "dataset.rows=200", "dataset.labels=3", "dataset.ratio=4"]
LABELS = [ARMS, *ROWS]


def plan(*overrides: str) -> Plan:
    return prepare(compose_sweep("smoke", overrides).config)


def refusal(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        plan(*overrides)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_facts_are_those_of_labels():
    made = plan(*LABELS)
    labels, facts = made.dataset.labels, made.facts
    positives = labels.sum(axis=0)
    assert [each.count for each in facts.classes] == positives.tolist()
    assert [each.share for each in facts.classes] == pytest.approx(positives / 200)
    assert facts.multi_label.cardinality == pytest.approx(labels.sum(axis=1).mean())
    assert facts.multi_label.density == pytest.approx(labels.mean())
    assert facts.multi_label.mean_imbalance_ratio == pytest.approx(
        np.mean(positives.max() / positives)
    )
    assert facts.multi_label.rows_without_label == (labels.sum(axis=1) == 0).sum()
    assert facts.smallest_training_class < positives.min()
    assert made.smallest_per_fold == [int(s.counts[:, 1].min()) for s in made.folds.outer]


def test_every_label_is_in_every_part_in_its_share():
    made = plan(*LABELS)
    for scope in made.folds.outer:
        view = made.folds.views[scope.refit]
        assert view.labels.ndim == 2
        tested = view.eval_labels.sum(axis=0)
        assert np.abs(tested - made.dataset.labels.sum(axis=0) / 2).max() <= 1.5


def test_the_objective_is_that_of_labels():
    assert plan(*LABELS).objective.multi_label
    assert plan(*LABELS, "objective=micro_f1").objective.name == "micro_f1"
    assert not plan("arms=[cross_entropy]").objective.multi_label


def test_single_label_data_has_no_facts_of_labels():
    assert plan("arms=[cross_entropy]").facts.multi_label is None


def test_categorical_arms_are_refused_on_labels_and_the_sweep_of_binary_ones_is_named():
    message = refusal("arms=[cross_entropy,focal_gamma]", *ROWS)
    assert "`cross_entropy`, `focal_gamma`" in message
    assert "--config-name multi_label" in message


def test_where_no_arms_were_chosen_labels_get_those_of_the_sigmoid_family():
    asked = compose_sweep("quickstart", [*ROWS, "trials=3"])
    composed, made = prepare_composed(asked)
    binary = compose_sweep("multi_label").config.arms
    assert composed.config.arms == binary
    assert tuple(arm.name for arm in made.arms) == binary
    # What the command says stays, its folder too; the record has the arms that ran.
    assert composed.config.trials == 3
    assert composed.run_dir == asked.run_dir
    assert "pos_weighted" in composed.yaml
    assert made.messages[0].startswith("Rows have any number of labels, so the arms are those of")
    assert all(arm in made.messages[0] for arm in binary)


def test_where_no_arms_were_chosen_classes_get_categorical_ones():
    asked = compose_sweep("multi_label", ["dataset=two_part_minority"])
    composed, made = prepare_composed(asked)
    assert composed.config.arms == compose_sweep("quickstart").config.arms
    assert made.messages[0].startswith("Rows have one class each")


@pytest.mark.parametrize("own", ["arms: [cross_entropy, focal_gamma]", "trials: 2"])
def test_arms_that_a_file_of_the_user_s_own_names_are_chosen(own, tmp_path):
    (tmp_path / "mine.yaml").write_text(f"defaults: [quickstart, _self_]\n{own}\n")
    asked = compose_sweep("mine", ROWS, config_dir=tmp_path)
    if own.startswith("arms"):
        with pytest.raises(UserError, match="`cross_entropy`, `focal_gamma`"):
            prepare_composed(asked)
    else:
        composed, _ = prepare_composed(asked)
        assert "binary_focal" in composed.config.arms
        assert composed.config.trials == 2


@pytest.mark.parametrize("chosen", ["arms=[cross_entropy]", "loss.focal_gamma.search.gamma.high=3"])
def test_arms_that_the_command_names_are_not_replaced(chosen):
    with pytest.raises(UserError, match="need arms of binary losses"):
        prepare_composed(compose_sweep("quickstart", [*ROWS, chosen]))


def test_arms_that_fit_stay_as_they_are():
    asked = compose_sweep("quickstart")
    assert prepare_composed(asked)[0] is asked


def test_binary_arms_are_refused_on_classes():
    assert "categorical" in refusal(ARMS)


def test_arms_of_both_kinds_are_refused_by_the_names_of_the_wrong_ones():
    message = refusal("arms=[binary_cross_entropy,focal_gamma]", *ROWS)
    assert "Received: `focal_gamma`;" in message


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("decision.costs=[[0,1,1],[1,0,1],[1,1,0]]", "`decision.costs=null`"),
        ("decision.priors={clinic:{l0:0.1}}", "`decision.priors=null`"),
        ("dataset.label_noise=0.1", "`dataset.label_noise=0`"),
        ("objective=geometric_mean", "any number of labels"),
    ],
)
def test_settings_about_classes_are_refused_on_labels(override, words):
    assert words in refusal(*LABELS, override)


def test_a_profile_is_refused_on_labels():
    message = refusal(*LABELS, "dataset.profile=exp", "dataset.factor=10")
    assert "`dataset.profile=none`" in message


def test_micro_f1_is_refused_on_classes():
    assert "plain accuracy" in refusal("arms=[cross_entropy]", "objective=micro_f1")


def test_rare_labels_are_dropped_with_a_note_where_that_is_asked_for():
    rare = [ARMS, "dataset=multi_label_synthetic", "dataset.rows=150", "dataset.ratio=80"]
    assert "label" in refusal(*rare)
    made = plan(*rare, "dataset.rare_classes=drop")
    assert made.dataset.n_classes < 8
    assert made.dataset.true_posterior.shape == made.dataset.labels.shape
    assert any("Dropped" in note for note in made.facts.notes)
