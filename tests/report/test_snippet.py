from __future__ import annotations

import keras
import numpy as np
import pytest

from focalsweep.evidence.result import BestPoint
from focalsweep.report.snippet import keras_snippet

NAMES = ("rare", 'a "quoted" one', "line\nbreak \\", "common")
COUNTS = (10, 40, 150, 800)
PRIOR = np.array(COUNTS) / sum(COUNTS)
WEIGHTS = (2.5, 1.25, 0.75, 0.3)


def point(*, tau=0.0, gamma=0.0, offset_tau=0.0, weights=WEIGHTS) -> BestPoint:
    alpha = PRIOR**-tau / (PRIOR @ PRIOR**-tau)
    return BestPoint(
        trial=3,
        inner_score=0.7,
        epochs=2,
        parameters={},
        learning_rate=0.00316227766,
        weight_decay=0.0123456,
        alpha=tuple(alpha.tolist()),
        gamma=(gamma,) * 4,
        offset=tuple((offset_tau * np.log(PRIOR)).tolist()),
        decision_weights=weights,
        curve=(0.6, 0.7),
    )


POINTS = {
    "cross_entropy": point(),
    "class_weights": point(tau=0.7),
    "logit_adjustment": point(offset_tau=0.8),
    "focal": point(tau=0.4, gamma=1.7),
    "folklore": point(gamma=2.0),
}


def snippet(family, best=None, *, optimizer="adamw", with_decision_weights=False) -> str:
    return keras_snippet(
        best or POINTS[family],
        family,
        class_names=NAMES,
        class_counts=COUNTS,
        optimizer=optimizer,
        batch_size=32,
        with_decision_weights=with_decision_weights,
    )


def executed(code: str) -> dict[str, object]:
    """Run the code as a user would: after a model of logits, and nothing else."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    names: dict[str, object] = {"model": model}
    exec(compile(code, "snippet", "exec"), names)
    return names


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(4), 16))
    return rng.normal(size=(64, 3)).astype(np.float32), np.eye(4, dtype=np.float32)[labels]


@pytest.mark.parametrize("family", POINTS)
def test_the_snippet_runs_under_a_model_and_trains_it(family, rows):
    x, y = rows
    names = executed(snippet(family, with_decision_weights=True))
    history = names["model"].fit(x, y, verbose=0, **names["fit"])
    assert len(history.history["loss"]) == 2
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("family", POINTS)
def test_the_snippet_s_loss_is_the_loss_that_was_searched(family):
    best = POINTS[family]
    logits = np.random.default_rng(1).normal(0, 3, (64, 4))
    target = np.eye(4)[np.arange(64) % 4]
    shifted = logits + np.array(best.offset)
    shifted -= shifted.max(axis=1, keepdims=True)
    proba = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    p = (proba * target).sum(axis=1)
    weight = target @ np.array(best.alpha)
    expected = (weight * (1 - p) ** best.gamma[0] * -np.log(p)).mean()

    names = executed(snippet(family))
    # Keras turns `class_weight` into sample weights in `fit`; here that is done by hand.
    class_weight = names["fit"].get("class_weight", dict.fromkeys(range(4), 1.0))
    sample_weight = target @ np.array([class_weight[code] for code in range(4)])
    loss = names["loss"](target.astype(np.float32), logits.astype(np.float32), sample_weight)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-3)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_tau_is_recovered_from_the_offset_whatever_its_constant(shift):
    best = POINTS["logit_adjustment"]
    offset = tuple(value + shift for value in best.offset)
    code = snippet("logit_adjustment", best.model_copy(update={"offset": offset}))
    assert "tau=0.8," in code


@pytest.mark.parametrize(
    ("optimizer", "name"), [("adamw", "AdamW"), ("adam", "Adam"), ("sgd", "SGD")]
)
def test_the_optimizer_is_the_searched_one_with_rounded_numbers(optimizer, name):
    made = executed(snippet("cross_entropy", optimizer=optimizer))["optimizer"]
    assert type(made).__name__ == name
    np.testing.assert_allclose(float(made.learning_rate), 0.003162, rtol=1e-6)
    assert made.weight_decay == (None if optimizer == "adam" else 0.01235)


def test_predict_multiplies_probabilities_by_the_decision_weights(rows):
    x, _ = rows
    names = executed(snippet("cross_entropy", with_decision_weights=True))
    proba = keras.ops.convert_to_numpy(keras.ops.softmax(names["model"](x)))
    expected = (proba * np.array(WEIGHTS)).argmax(axis=1)
    np.testing.assert_array_equal(names["predict"](x), expected)
    assert not np.array_equal(expected, proba.argmax(axis=1))


def test_decision_weights_are_left_out_unless_recommended_and_present():
    assert "decision_weights" not in snippet("focal")
    best = point(weights=None)
    assert "decision_weights" not in snippet("focal", best, with_decision_weights=True)


def test_class_names_survive_whatever_stands_in_them():
    assert executed(snippet("focal"))["class_names"] == list(NAMES)


def test_a_gamma_for_each_class_is_written_as_a_list():
    best = point().model_copy(update={"gamma": (0.5, 1.0, 2.0, 4.0)})
    names = executed(snippet("focal", best))
    assert names["gamma"] == [0.5, 1.0, 2.0, 4.0]


def test_long_vectors_are_wrapped_at_eighty_columns():
    n = 60
    best = point().model_copy(
        update={
            "alpha": tuple(np.linspace(0.5, 1.5, n)),
            "gamma": (1.0,) * n,
            "decision_weights": (1.0,) * n,
        }
    )
    code = keras_snippet(
        best,
        "focal",
        class_names=[f"class {k}" for k in range(n)],
        class_counts=[10] * n,
        optimizer="adamw",
        batch_size=32,
        with_decision_weights=True,
    )
    assert max(map(len, code.splitlines())) <= 80
