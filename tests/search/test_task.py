"""Single-label or multi-label: what the plan says, and what is refused before training."""

import numpy as np
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.errors import UserError
from focalsweep.prepare import Plan, prepare

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
