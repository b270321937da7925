"""What is pasted: every arm's code runs, and says the loss and the training that were searched."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import yaml

from focalsweep.config.arm_schema import ArmConfig, Family
from focalsweep.config.target import load
from focalsweep.evidence.arm_facts import BestPoint, KerasLoss
from focalsweep.evidence.decision_rule import ExpectedCost
from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import corrected_log_proba
from focalsweep.losses.recipe import Recipe
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
        scale=(),
        margin=(),
        smoothing=0.0,
        power=0.0,
        sampling=0.0,
        switch_epoch=None,
        head="linear",
        head_only=False,
        rows=None,
        expected_cost_temperature=None,
        posterior_weight=None,
        alpha_negative=(),
        gamma_negative=(),
        clip=0.0,
        thresholds=(),
    )


POINTS = {
    "cross_entropy": point(),
    "class_weights": point(tau=0.7),
    "logit_adjustment": point(offset_tau=0.8),
    "focal": point(tau=0.4, gamma=1.7),
    "folklore": point(gamma=2.0),
}
CONF = Path(__file__).parents[2] / "conf" / "loss"
ARMS = sorted(
    path.stem
    for path in CONF.glob("*.yaml")
    if yaml.safe_load(path.read_text()).get("task", "single_label") == "single_label"
)


class Searched(NamedTuple):
    family: Family
    loss: LossPoint
    best: BestPoint


def searched(name: str) -> Searched:
    """What a sweep would hand over for the first trial of an arm, with small numbers of rows."""
    arm = ArmConfig.model_validate(yaml.safe_load((CONF / f"{name}.yaml").read_text()))
    numbers = {"gamma": 1.7, "tau": 0.4} if "delta" in arm.search else {}
    numbers = numbers or (arm.baselines[-1] if "focal" in name and arm.baselines else {})
    numbers = numbers or (arm.baselines[0] if arm.baselines else {})
    made = load(arm.target, at=name)(np.array(COUNTS), **arm.options, **numbers)
    recipe = made if isinstance(made, Recipe) else Recipe.plain(made)
    stage = recipe.last
    best = point().model_copy(
        update={
            "epochs": 3,
            "alpha": tuple(stage.loss.weight.tolist()),
            "gamma": tuple(stage.loss.gamma.tolist()),
            "offset": tuple(stage.loss.offset.tolist()),
            "scale": tuple(stage.loss.scale.tolist()),
            "margin": tuple(stage.loss.margin.tolist()),
            "smoothing": stage.loss.smoothing,
            "power": stage.loss.power,
            "sampling": stage.sampling,
            "switch_epoch": stage.start_epoch(3) if len(recipe.stages) > 1 else None,
            "head": recipe.head,
            "head_only": stage.head_only,
            "rows": arm.rows,
        }
    )
    return Searched(arm.family, stage.loss, best)


def snippet(family, best=None, *, optimizer="adamw", costs=None):
    return keras_snippet(
        best or POINTS[family],
        family,
        class_names=NAMES,
        class_counts=COUNTS,
        optimizer=optimizer,
        batch_size=32,
        costs=costs,
    )


def executed(code: str) -> dict[str, object]:
    """Run the code as a user would: after a model of logits, and nothing else."""
    keras.utils.set_random_seed(0)  # some initial weights decide for one class alone
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(5, activation="relu")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(4)(hidden))
    names: dict[str, object] = {"model": model}
    exec(compile(code, "snippet", "exec"), names)
    return names


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train without compiling a graph, which takes far longer than a few steps."""
    always = property(lambda model: True, lambda model, asked: None)
    monkeypatch.setattr(keras.Model, "run_eagerly", always)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Classes of 10, 14, 18 and 28 rows that overlap, so that every sampler finds what it needs."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(4), (10, 14, 18, 28)))
    x = rng.normal(size=(70, 3)) + 0.3 * labels[:, None]
    return x.astype(np.float32), np.eye(4, dtype=np.float32)[labels]


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ARMS)
def test_the_snippet_of_every_arm_runs_under_a_model_and_trains_it(name, rows):
    x, y = rows
    made = searched(name)
    names = executed(snippet(made.family, made.best))
    model = names["model"]
    before = [weight.copy() for weight in model.get_weights()]
    if "train" in names:
        names["train"](x, y)
    else:
        history = model.fit(x, y, verbose=0, **names["fit"])
        assert len(history.history["loss"]) == 3
    after = model.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    assert any(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert set(names["predict"](x)) <= {0, 1, 2, 3}


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("sparse", [False, True], ids=["one-hot", "class codes"])
def test_the_snippet_of_an_arm_with_a_keras_loss_runs_and_has_its_numbers(sparse, rows):
    x, y = rows
    name = "SparseCategoricalCrossentropy" if sparse else "CategoricalFocalCrossentropy"
    numbers = {} if sparse else {"gamma": 1.25, "alpha": (0.1, 0.2, 0.3, 0.4)}
    outside = KerasLoss(path=f"keras.losses.{name}", arguments={"from_logits": True, **numbers})
    best = point().model_copy(update={"keras_loss": outside})
    names = executed(snippet("focal", best))
    assert type(names["loss"]) is getattr(keras.losses, name)
    config = names["loss"].get_config()
    assert config["from_logits"]
    assert config.get("gamma") == numbers.get("gamma")
    history = names["model"].fit(x, y.argmax(1) if sparse else y, verbose=0, **names["fit"])
    assert np.isfinite(history.history["loss"]).all()
    assert set(names["predict"](x)) <= {0, 1, 2, 3}


@pytest.mark.parametrize("name", ARMS)
def test_the_snippet_s_loss_is_the_loss_that_was_searched(name):
    made = searched(name)
    labels = np.arange(64) % 4
    logits = np.random.default_rng(1).normal(0, 0.3, (64, 4)).astype(np.float32)
    target = np.eye(4, dtype=np.float32)[labels]
    expected = sparse_family_loss(
        logits,
        labels,
        weight=made.loss.weight,
        gamma=made.loss.gamma,
        scale=made.loss.scale,
        offset=made.loss.offset,
        margin=made.loss.margin,
        smoothing=np.float32(made.loss.smoothing),
        power=np.float32(made.loss.power),
    )
    names = executed(snippet(made.family, made.best))
    # Keras turns `class_weight` into sample weights in `fit`; here that is done by hand.
    settings = {**names["fit"], **names.get("weights", {})}
    class_weight = settings.get("class_weight", dict.fromkeys(range(4), 1.0))
    if isinstance(names["loss"], keras.losses.Loss):
        names["loss"].reduction = None
    found = np.asarray(names["loss"](target, logits)) * [class_weight[code] for code in labels]
    np.testing.assert_allclose(found, np.asarray(expected), rtol=2e-3, atol=2e-4)


def test_every_way_of_training_is_among_the_arms():
    functions = {name: "def train(" in snippet(*searched(name)[::2]) for name in ARMS}
    assert {name for name, special in functions.items() if special} == {
        "adasyn",
        "borderline_smote",
        "class_balanced_sampling",
        "cross_entropy_cleaned",
        "deferred_class_weighted",
        "ldam_drw",
        "random_over_sampling",
        "smote",
        "smote_enn",
        "two_stage",
    }


def test_classes_are_drawn_in_proportion_to_their_strength(rows):
    _, y = rows
    best = point().model_copy(update={"sampling": 0.5})
    names = executed(snippet("resampling", best))
    drawn = np.concatenate([names["draw"](y) for _ in range(400)])
    share = y[drawn].mean(axis=0)
    expected = np.sqrt(y.sum(axis=0))
    # 28,000 draws: four standard errors are below 0.012.
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.012)


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_resampled_classes_grow_by_their_strength_and_steps_stay_as_many(rows, strength):
    x, y = rows
    best = searched("smote").best.model_copy(update={"sampling": strength, "epochs": 10})
    names = executed(snippet("resampling", best))
    seen = {}
    names["model"].fit = lambda x, y, epochs, **fit: seen.update(y=y, epochs=epochs)
    names["train"](x, y)
    counts = y.sum(axis=0)
    wanted = counts ** (1 - strength) * counts.max() ** strength
    np.testing.assert_allclose(seen["y"].sum(axis=0), wanted, atol=0.5001)
    assert seen["epochs"] * len(seen["y"]) == pytest.approx(10 * len(y), rel=0.1)


@pytest.mark.usefixtures("eager")
def test_the_second_of_two_stages_changes_the_last_layer_only(rows):
    x, y = rows
    names = executed(snippet(*searched("two_stage")[::2]))
    hidden, head = names["model"].layers[1:]
    seen = []
    fit = names["model"].fit

    def watched(*given, **settings):
        seen.append([weight.copy() for weight in (*hidden.get_weights(), *head.get_weights())])
        return fit(*given, verbose=0, **settings)

    names["model"].fit = watched
    names["train"](x, y)
    start, end = seen[1], [*hidden.get_weights(), *head.get_weights()]
    np.testing.assert_array_equal(start[0], end[0])
    np.testing.assert_array_equal(start[1], end[1])
    assert not np.array_equal(start[2], end[2])


def test_an_arm_that_ended_before_its_second_stage_is_pasted_as_one_fit():
    made = searched("two_stage")
    best = made.best.model_copy(update={"epochs": made.best.switch_epoch, "sampling": 0.0})
    assert "def train(" not in snippet(made.family, best)


def test_without_strength_no_rows_are_made():
    made = searched("smote")
    best = made.best.model_copy(update={"sampling": 0.0})
    assert snippet(made.family, best) == snippet(
        "cross_entropy", point().model_copy(update={"epochs": 3})
    )


def test_a_treatment_of_the_user_s_own_is_named():
    best = point().model_copy(update={"rows": "my.rows.clean"})
    code = snippet("resampling", best)
    assert "# The search treated training rows by my.rows.clean; do so first." in code
    assert "fit" in executed(code)


def test_a_point_that_has_no_loss_of_its_own_is_written_by_the_family_s_formula():
    best = point(tau=0.5, gamma=1.5).model_copy(
        update={"scale": (1.0, 0.8, 0.6, 0.5), "margin": (0.1,) * 4, "smoothing": 0.05}
    )
    names = executed(snippet("focal", best))
    logits = np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32)
    labels = np.arange(8) % 4
    expected = sparse_family_loss(
        logits,
        labels,
        weight=np.array(best.alpha),
        gamma=np.array(best.gamma),
        scale=np.array(best.scale),
        offset=np.array(best.offset),
        margin=np.array(best.margin),
        smoothing=np.float32(0.05),
    )
    found = names["loss"](np.eye(4, dtype=np.float32)[labels], logits)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=2e-3)


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
    names = executed(snippet("cross_entropy"))
    proba = keras.ops.convert_to_numpy(keras.ops.softmax(names["model"](x)))
    expected = (proba * np.array(WEIGHTS)).argmax(axis=1)
    np.testing.assert_array_equal(names["predict"](x), expected)
    assert not np.array_equal(expected, proba.argmax(axis=1))


def test_the_numbers_that_decide_are_written_in_full():
    weights = (1 / 3, 2 / 3, 1.23456789, 1.0)
    assert executed(snippet("focal", point(weights=weights)))["decision_weights"] == list(weights)


@pytest.mark.parametrize("weights", [None, (1.0,) * 4])
def test_without_decision_weights_the_most_probable_class_is_decided(weights, rows):
    x, _ = rows
    code = snippet("focal", point(weights=weights))
    assert "numpy" not in code
    names = executed(code)
    expected = np.asarray(names["model"](x)).argmax(axis=1)
    np.testing.assert_array_equal(names["predict"](x), expected)


@pytest.mark.parametrize("name", ["cross_entropy", "focal_gamma_tau", "logit_adjusted", "ldam"])
def test_under_costs_predict_is_the_sweep_s_expected_cost_rule(name, rows):
    x, _ = rows
    # The second class is a cheap compromise, which no weight a class can express.
    costs = ((0.0, 3.0, 9.0, 9.0), (2.0, 0.0, 2.0, 2.0), (9.0, 3.0, 0.0, 3.0), (9.0, 3.0, 3.0, 0.0))
    made = searched(name)
    undone = (1.5, 0.5, 2.0, 1.0)  # not the loss's own: sampling and thinning count too
    best = made.best.model_copy(
        update={"expected_cost_temperature": 1.25, "posterior_weight": undone}
    )
    code = snippet(made.family, best, costs=costs)
    assert "decision_weights" not in code
    assert max(map(len, code.splitlines())) <= 80
    names = executed(code)
    head = names["model"].layers[-1]
    # Far from even, so that classes differ.
    head.set_weights([3 * value for value in head.get_weights()])
    log_posterior = corrected_log_proba(
        names["model"](x),
        weight=undone,
        gamma=made.loss.gamma,
        scale=made.loss.scale,
        offset=made.loss.offset,
        margin=made.loss.margin,
    )
    rule = ExpectedCost(costs=costs, temperature=1.25, log_prior_shift=np.zeros(4))
    expected = rule.decide(np.asarray(log_posterior))
    np.testing.assert_array_equal(names["predict"](x), expected)
    assert len(set(expected)) > 1


def test_expected_cost_reads_the_own_probabilities_where_there_is_no_correction(rows):
    x, _ = rows
    costs = tuple(map(tuple, (1.0 - np.eye(4)).tolist()))
    best = point().model_copy(update={"expected_cost_temperature": 2.0})
    names = executed(snippet("cross_entropy", best, costs=costs))
    expected = np.asarray(names["model"](x)).argmax(axis=1)
    np.testing.assert_array_equal(names["predict"](x), expected)


def test_under_costs_weights_are_pasted_where_they_were_cheaper():
    costs = tuple(map(tuple, (1.0 - np.eye(4)).tolist()))
    assert snippet("cross_entropy", costs=costs) == snippet("cross_entropy")


def test_class_names_survive_whatever_stands_in_them():
    assert executed(snippet("focal"))["class_names"] == list(NAMES)


def test_a_gamma_for_each_class_is_written_as_a_list():
    best = point().model_copy(update={"gamma": (0.5, 1.0, 2.0, 4.0)})
    names = executed(snippet("focal", best))
    assert names["gamma"] == [0.5, 1.0, 2.0, 4.0]


def test_probabilities_of_a_cosine_head_are_scaled_before_decision_weights(rows):
    x, _ = rows
    made = searched("ldam")
    names = executed(snippet(made.family, made.best))
    cosines = keras.ops.convert_to_numpy(names["model"](x))
    assert np.abs(cosines).max() <= 1.0 + 1e-6
    scores = 30.0 * cosines + np.log(WEIGHTS)
    np.testing.assert_array_equal(names["predict"](x), scores.argmax(axis=1))


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
    )
    assert max(map(len, code.splitlines())) <= 80
