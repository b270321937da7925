"""The ready loss of a point is the family's, whichever class expresses it, and can be saved."""

import doctest

import keras
import numpy as np
import pytest

from focalsweep.losses import point_loss
from focalsweep.losses.binary_focal import BinaryFocalCrossentropy
from focalsweep.losses.family import family_loss
from focalsweep.losses.point import LossPoint
from focalsweep.losses.point_loss import ready_loss
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.losses.sigmoid_point import SigmoidPoint

ONE, ZERO = np.ones(3), np.zeros(3)
PLAIN = {"weight": ONE, "gamma": ZERO, "scale": ONE, "offset": ZERO, "margin": ZERO}
POINTS = {
    "cross-entropy": {},
    "focal with weights": {"weight": np.array([0.5, 1, 4]), "gamma": np.array([0, 1, 2.5])},
    "label smoothing": {"smoothing": 0.1},
    "logit adjustment": {"offset": np.array([-0.1, -1, -3])},
    "margins": {"scale": 10 * ONE, "margin": np.array([1.0, 2, 5])},
    "generalised": {"power": 0.7},
    "everything": {"gamma": ONE, "offset": np.array([0, -1, 1]), "smoothing": 0.2},
}


@pytest.mark.parametrize("numbers", POINTS.values(), ids=POINTS)
def test_one_hot_targets_and_codes_have_the_loss_of_the_family(numbers):
    point = LossPoint(**(PLAIN | numbers))
    logits = np.random.default_rng(0).normal(0, 3, (20, 3)).astype(np.float32)
    codes = np.arange(20) % 3
    targets = np.eye(3, dtype=np.float32)[codes]
    vectors = {name: getattr(point, name).astype(np.float32) for name in PLAIN}
    expected = np.mean(
        family_loss(
            logits,
            targets,
            **vectors,
            smoothing=point.smoothing or None,
            power=point.power or None,
        )
    )
    for loss, y in ((ready_loss(point), targets), (ready_loss(point, sparse=True), codes)):
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        np.testing.assert_allclose(loss(y, logits), expected, rtol=1e-5)
        assert float(again(y, logits)) == float(loss(y, logits))


@pytest.mark.parametrize("offset", [False, True], ids=["no offset", "offset"])
@pytest.mark.parametrize("soft", [{}, {"clip": 0.05}, {"smoothing": 0.1}], ids=str)
def test_labels_have_the_loss_of_the_sigmoid_family(soft, offset):
    rng = np.random.default_rng(1)
    weight, gamma = rng.uniform(0.5, 2, (4, 2)), rng.uniform(0, 3, (4, 2))
    point = SigmoidPoint(weight=weight, gamma=gamma, offset=offset * rng.normal(size=4), **soft)
    logits, y = rng.normal(size=(9, 4)).astype(np.float32), rng.integers(0, 2, (9, 4))
    loss = ready_loss(point)
    given = {"weight": weight, "gamma": gamma, "offset": point.offset} | soft
    expected = np.mean(sigmoid_loss(logits, y, **given))
    assert isinstance(loss, BinaryFocalCrossentropy) == (not offset and "clip" not in soft)
    np.testing.assert_allclose(loss(y, logits), expected, rtol=1e-6)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(y, logits)) == float(loss(y, logits))


def test_another_number_of_classes_or_labels_is_refused():
    point = LossPoint(**(PLAIN | {"offset": np.array([0.0, 1, 2])}))
    with pytest.raises(ValueError, match="weight"):
        ready_loss(point)([[1.0, 0.0]], [[3.0, -1.0]])
    offset = SigmoidPoint(weight=np.ones((2, 2)), gamma=np.zeros((2, 2)), offset=np.array([0.0, 1]))
    with pytest.raises(ValueError, match="the 2 labels of the loss"):
        ready_loss(offset)(np.zeros((1, 3)), np.zeros((1, 3)))


def test_the_examples_in_the_docstrings_are_true():
    outcome = doctest.testmod(point_loss)
    assert outcome.attempted > 0
    assert outcome.failed == 0
