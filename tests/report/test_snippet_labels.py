"""What is pasted for multi-label data: every arm's code runs, and is the loss that was searched."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import yaml
from scipy.special import expit

from focalsweep.config.target import load
from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.report.snippet import keras_snippet
from tests.report.labelled import CONF, read_arm, sides

NAMES = ("rare", 'a "quoted" one', "line\nbreak \\", "common", "half")
POSITIVES = np.array([3, 40, 150, 800, 500])
ROWS = 1000
COUNTS = np.stack([ROWS - POSITIVES, POSITIVES], axis=1)
THRESHOLDS = (0.05, 0.2, 0.31, 0.62, 0.5)
ARMS = sorted(
    path.stem
    for path in CONF.glob("*.yaml")
    if yaml.safe_load(path.read_text()).get("task") == "multi_label"
)


def best_of(point: SigmoidPoint, **changes: object) -> BestPoint:
    plain = BestPoint(
        trial=3,
        inner_score=0.7,
        epochs=2,
        parameters={},
        learning_rate=0.00316227766,
        weight_decay=0.0123456,
        decision_weights=None,
        thresholds=THRESHOLDS,
        curve=(0.6, 0.7),
        scale=(),
        margin=(),
        power=0.0,
        sampling=0.0,
        switch_epoch=None,
        head="linear",
        head_only=False,
        rows=None,
        expected_cost_temperature=None,
        posterior_weight=None,
        **sides(point),
    )
    return plain.model_copy(update=changes)


def searched(name: str) -> SigmoidPoint:
    arm = read_arm(name)
    middle = {key: 0.4 * limits.low + 0.6 * limits.high for key, limits in arm.search.items()}
    return load(arm.target, at=name)(COUNTS, **arm.options, **middle)


def snippet(best: BestPoint, family: str = "focal") -> str:
    return keras_snippet(
        best,
        family,
        class_names=NAMES,
        class_counts=POSITIVES.tolist(),
        optimizer="adamw",
        batch_size=32,
    )


def executed(code: str) -> dict[str, object]:
    """Run the code as a user would: after a model of one logit a label, and nothing else."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(len(NAMES))(inputs))
    names: dict[str, object] = {"model": model}
    exec(compile(code, "snippet", "exec"), names)
    return names


def pasted_losses(names: dict[str, object], targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the loss of each row, which a Keras loss object would average."""
    loss = names["loss"]
    of_rows = loss.call if isinstance(loss, keras.losses.Loss) else loss
    tensors = (keras.ops.convert_to_tensor(each) for each in (targets, logits))
    return keras.ops.convert_to_numpy(of_rows(*tensors))


def family_losses(point: SigmoidPoint, targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    rounded = sigmoid_loss(
        logits,
        targets,
        weight=point.weight.astype(np.float32),
        gamma=point.gamma.astype(np.float32),
        offset=point.offset.astype(np.float32),
        clip=np.float32(point.clip) if point.clip else None,
        smoothing=np.float32(point.smoothing) if point.smoothing else None,
    )
    return keras.ops.convert_to_numpy(rounded)


@pytest.fixture(scope="module")
def cells() -> tuple[np.ndarray, np.ndarray]:
    """Targets and logits, right and wrong by up to 30."""
    rng = np.random.default_rng(3)
    targets = (rng.random((60, len(NAMES))) < 0.4).astype(np.float32)
    return targets, rng.uniform(-30, 30, targets.shape).astype(np.float32)


def test_there_are_multi_label_arms():
    assert {"binary_cross_entropy", "pos_weighted", "binary_focal", "asymmetric"} <= set(ARMS)


@pytest.mark.parametrize("name", ARMS)
def test_the_pasted_loss_is_the_searched_one(name, cells):
    point = searched(name)
    names = executed(snippet(best_of(point), read_arm(name).family))
    # Numbers are written with four digits, and an exponent of 30 * gamma feels the last of them.
    np.testing.assert_allclose(
        pasted_losses(names, *cells), family_losses(point, *cells), rtol=5e-3, atol=1e-5
    )


def test_smoothing_is_applied_after_the_focal_factor(cells):
    point = SigmoidPoint(
        weight=np.tile([0.5, 1.5], (5, 1)),
        gamma=np.full((5, 2), 1.5),
        offset=np.linspace(-1, 1, 5),
        smoothing=0.1,
    )
    names = executed(snippet(best_of(point)))
    np.testing.assert_allclose(
        pasted_losses(names, *cells), family_losses(point, *cells), rtol=5e-3, atol=1e-5
    )


@pytest.mark.parametrize("name", ["binary_focal_tau", "asymmetric"])
def test_the_gradient_of_the_pasted_loss_is_finite_and_strong_when_wrong(name):
    import tensorflow as tf

    names = executed(snippet(best_of(searched(name))))
    targets = tf.constant([[1.0, 0.0, 1.0, 0.0, 1.0]])
    for gap in (0.0, 1.0, 30.0, 1000.0):
        logits = tf.Variable([[-gap, gap, gap, -gap, 0.0]])
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(names["loss"](targets, logits))
        gradient = tape.gradient(total, logits).numpy()
        assert np.isfinite(gradient).all()
    # A label that is there and called absent by far: minus its weight over five labels.
    assert gradient[0, 0] < -0.01


def test_rows_of_labels_train_and_are_decided_by_the_thresholds():
    names = executed(snippet(best_of(searched("pos_weighted"))))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    y = (rng.random((64, len(NAMES))) < 0.3).astype(np.int8)
    names["model"].fit(x, y, **names["fit"], verbose=0)
    decided = names["predict"](x)
    logits = keras.ops.convert_to_numpy(names["model"](x)).astype(np.float64)
    np.testing.assert_array_equal(decided, expit(logits) > np.array(THRESHOLDS))
    assert decided.shape == y.shape
    assert set(np.unique(decided)) <= {0, 1}


def test_positive_weights_are_tensorflows_own_and_cross_entropy_is_keras_own():
    assert "tf.nn.weighted_cross_entropy_with_logits" in snippet(best_of(searched("pos_weighted")))
    plain = executed(snippet(best_of(searched("binary_cross_entropy")), "cross_entropy"))
    assert isinstance(plain["loss"], keras.losses.BinaryCrossentropy)


@pytest.mark.parametrize("thresholds", [(), (0.5,) * 5])
def test_without_thresholds_a_label_is_called_above_one_half(thresholds):
    code = snippet(best_of(searched("binary_focal"), thresholds=thresholds))
    assert "numpy" not in code
    names = executed(code)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    logits = keras.ops.convert_to_numpy(names["model"](x))
    decided = names["predict"](x)
    np.testing.assert_array_equal(decided, logits > 0)
    assert decided.dtype == np.int8


def test_label_names_survive_whatever_stands_in_them():
    assert executed(snippet(best_of(searched("binary_focal"))))["label_names"] == list(NAMES)


@pytest.mark.parametrize("name", ARMS)
def test_lines_are_at_most_eighty_columns(name):
    lines = snippet(best_of(searched(name)), read_arm(name).family).splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_a_label_that_every_training_row_has_keeps_its_weights_apart(cells):
    point = searched("pos_weighted")
    weight = point.weight.copy()
    weight[0] = (0.0, 1.0)
    point = replace(point, weight=weight)
    names = executed(snippet(best_of(point), "class_weights"))
    np.testing.assert_allclose(
        pasted_losses(names, *cells), family_losses(point, *cells), rtol=5e-3, atol=1e-5
    )
