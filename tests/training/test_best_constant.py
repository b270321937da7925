import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.training.best_constant import best_constant, with_output_bias
from focalsweep.training.loss_variables import variable_loss

COUNTS = np.array([60, 30, 10])
PRIOR = COUNTS / COUNTS.sum()


def point(**changed):
    plain = LossPoint.cross_entropy(3)
    return LossPoint(**{**{name: getattr(plain, name) for name in vars(plain)}, **changed})


def mean_loss(each, z):
    loss = variable_loss(each, dtype="float64")
    logits = keras.ops.convert_to_tensor(np.tile(z, (3, 1)))
    return float(PRIOR @ loss(keras.ops.arange(3), logits).numpy())


def test_cross_entropy_starts_at_the_log_prior():
    found = best_constant(point(), COUNTS)
    np.testing.assert_allclose(softmax(found), PRIOR, rtol=1e-12)


def test_class_weights_and_offsets_start_at_the_weighted_prior():
    weight, offset = np.array([0.5, 1.0, 4.0]), np.array([0.0, -1.0, -2.0])
    found = best_constant(point(weight=weight, offset=offset), COUNTS)
    expected = weight * PRIOR / (weight @ PRIOR)
    np.testing.assert_allclose(softmax(found + offset), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "each",
    [
        point(gamma=np.full(3, 2.0)),
        point(gamma=np.array([0.5, 1.0, 3.0]), weight=np.array([0.5, 1.0, 4.0])),
        point(margin=np.array([0.1, 0.3, 0.5]), scale=np.array([1.0, 0.8, 0.6])),
        KerasPoint(
            make=keras.losses.CategoricalFocalCrossentropy,
            options={"from_logits": True},
            numbers={"gamma": 2.0, "alpha": 1.0},
        ),
    ],
    ids=["focal", "weighted focal", "margins", "Keras's focal loss"],
)
def test_no_other_constant_is_better(each):
    found = best_constant(each, COUNTS)
    best = mean_loss(each, found)
    assert best < mean_loss(each, np.zeros(3))
    rng = np.random.default_rng(0)
    for size in (0.01, 0.3):
        for _ in range(20):
            assert mean_loss(each, found + rng.normal(0, size, 3)) >= best - 1e-9


def test_labels_start_at_their_own_log_odds():
    counts = np.array([[90, 10], [40, 60]])
    found = best_constant(SigmoidPoint.cross_entropy(2), counts)
    np.testing.assert_allclose(found, np.log([10 / 90, 60 / 40]), rtol=1e-12)
    focal = SigmoidPoint(weight=np.ones((2, 2)), gamma=np.full((2, 2), 1e-9), offset=np.zeros(2))
    np.testing.assert_allclose(best_constant(focal, counts), found, atol=1e-3)


def test_a_class_without_rows_has_a_finite_start():
    assert np.isfinite(best_constant(point(), np.array([5, 0, 3]))).all()


def test_the_bias_of_the_last_layer_alone_is_moved():
    weights = [np.zeros((2, 4)), np.zeros(4), np.ones((4, 3)), np.zeros(3)]
    moved = with_output_bias(weights, [False, False, True, True], point=point(), counts=COUNTS)
    for value, own in zip(moved[:3], weights[:3], strict=True):
        assert value is own
    np.testing.assert_allclose(log_softmax(moved[3]), np.log(PRIOR), rtol=1e-12)
