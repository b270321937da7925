"""What every Keras loss of the library keeps: saving, precision, graphs, masks, weights, shapes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import focalsweep.losses as library
from focalsweep.losses import (
    LDAM,
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    ClassBalancedFocalCrossentropy,
    LogitAdjustedCrossentropy,
    SparseCategoricalFocalCrossentropy,
    VectorScaling,
)

COUNTS = [60, 30, 10]
RANDOM = np.random.default_rng(0)
LOGITS = (RANDOM.normal(size=(4, 5, 3)) * 3).astype(np.float32)
CODES = RANDOM.integers(0, 3, (4, 5))
ONE_HOT = np.eye(3, dtype=np.float32)[CODES]

MAKERS = {
    CategoricalFocalCrossentropy: {"alpha": [0.5, 1.0, 4.0], "gamma": [0, 1, 2]},
    SparseCategoricalFocalCrossentropy: {"alpha": 2.0, "gamma": 0.5},
    BinaryFocalCrossentropy: {"alpha": [0.2, 0.5, 0.9], "gamma": [[0, 1], [1, 1], [2, 0.5]]},
    LogitAdjustedCrossentropy: {"prior": COUNTS, "tau": 1.5},
    ClassBalancedFocalCrossentropy: {"counts": COUNTS, "beta": 0.9, "gamma": 1.0},
    LDAM: {"counts": COUNTS, "alpha": [1, 2, 3], "scale": 5.0},
    VectorScaling: {"counts": COUNTS, "spread": 0.3, "tau": 0.5},
}
ALL = pytest.mark.parametrize("loss_class", MAKERS, ids=lambda made: made.__name__)


def make(loss_class, **more):
    return loss_class(**{**MAKERS[loss_class], "from_logits": True, **more})


def targets_of(loss_class):
    return CODES if loss_class is SparseCategoricalFocalCrossentropy else ONE_HOT


def test_every_class_of_the_library_is_tested():
    assert {each.__name__ for each in MAKERS} == set(library.__all__)


@ALL
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_saved_model_keeps_its_loss_without_custom_objects(loss_class, suffix, tmp_path):
    loss = make(loss_class, label_smoothing=0.1, reduction="sum", name="mine", dtype="float64")
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(3)])
    model.compile("sgd", loss=loss)
    model.save(tmp_path / f"model.{suffix}")
    loaded = keras.models.load_model(tmp_path / f"model.{suffix}").loss
    assert type(loaded) is loss_class
    assert loaded.get_config() == loss.get_config()
    y = targets_of(loss_class)
    assert float(loaded(y, LOGITS)) == float(loss(y, LOGITS))


@ALL
@pytest.mark.parametrize("name", [{}, {"name": None}, {"name": "mse"}, {"name": "Dice"}])
def test_no_name_of_a_loss_is_one_that_keras_has_a_loss_for(loss_class, name):
    # As an older file holds it, such as "binary_focal_crossentropy", it is not kept either.
    loss = make(loss_class, **name)
    assert loss.name.startswith("focalsweep_")
    with pytest.raises(ValueError, match="Could not interpret loss identifier"):
        keras.losses.get(loss.name)
    old = {**loss.get_config(), "name": loss.name.removeprefix("focalsweep_")}
    again = loss_class.from_config(old)
    with pytest.raises(ValueError, match="Could not interpret loss identifier"):
        keras.losses.get(again.name)
    assert make(loss_class, name="mine").name == "mine"


@ALL
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_predictions_are_computed_in_float32(loss_class, dtype):
    y, half = targets_of(loss_class), tf.cast(LOGITS, dtype)
    plain = float(make(loss_class)(y, tf.cast(half, "float32")))
    for policy in (None, dtype, keras.DTypePolicy(f"mixed_{dtype}")):
        found = make(loss_class, dtype=policy)(y, half)
        assert found.dtype == tf.float32
        assert float(found) == pytest.approx(plain, rel=1e-6)


@ALL
@pytest.mark.parametrize("xla", [False, True])
def test_graphs_give_the_eager_loss_and_gradient(loss_class, xla):
    loss, y = make(loss_class, label_smoothing=0.1), tf.constant(targets_of(loss_class))

    def both(logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(y, logits)
        return value, tape.gradient(value, logits)

    logits = tf.constant(LOGITS)
    for one, other in zip(tf.function(both, jit_compile=xla)(logits), both(logits), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-7)


@ALL
@pytest.mark.parametrize("axis", [1, -2])
def test_classes_may_stand_on_any_axis(loss_class, axis):
    y = targets_of(loss_class)
    expected = make(loss_class, reduction=None)(y, LOGITS)
    moved = y if y.ndim == 2 else np.moveaxis(y, -1, axis)
    found = make(loss_class, reduction=None, axis=axis)(moved, np.moveaxis(LOGITS, -1, axis))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@ALL
def test_masks_and_sample_weights_are_keras(loss_class):
    y, loss = targets_of(loss_class), make(loss_class)
    each = make(loss_class, reduction=None)(y, LOGITS).numpy()
    mask = np.arange(20).reshape(4, 5) % 3 > 0
    masked = tf.constant(LOGITS)
    masked._keras_mask = tf.constant(mask)
    assert float(loss(y, masked)) == pytest.approx(each[mask].mean(), rel=1e-5)
    weights = np.linspace(0, 2, 20).reshape(4, 5)
    found = float(loss(y, LOGITS, sample_weight=weights))
    assert found == pytest.approx((each * weights).mean(), rel=1e-5)


@pytest.mark.parametrize("loss_class", [each for each in MAKERS if "Binary" not in each.__name__])
@pytest.mark.parametrize("ignored", [1, 255])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_rows_of_the_ignored_class_do_not_count(loss_class, ignored, smoothing):
    codes = CODES.copy()
    codes[0, :2] = ignored
    kept = codes != ignored
    options = {"label_smoothing": smoothing}
    each = make(loss_class, reduction=None, **options)(targets_of(loss_class), LOGITS).numpy()
    y = tf.one_hot(codes, 3) if loss_class is CategoricalFocalCrossentropy else codes
    found = float(make(loss_class, ignore_class=ignored, **options)(y, LOGITS))
    assert found == pytest.approx(each[kept].mean(), rel=1e-5)


def test_class_balanced_focal_is_focal_with_effective_number_weights():
    weights = (1 - 0.9) / (1 - 0.9 ** np.array(COUNTS))
    weights *= 100 / (np.array(COUNTS) @ weights)
    plain = SparseCategoricalFocalCrossentropy(alpha=weights, gamma=1.0, from_logits=True)
    for y in (CODES, ONE_HOT):
        found = float(make(ClassBalancedFocalCrossentropy)(y, LOGITS))
        assert found == pytest.approx(float(plain(CODES, LOGITS)), rel=1e-5)


def test_ldam_is_cross_entropy_less_a_margin_of_the_true_class():
    cosines = np.tanh(LOGITS)
    margin = 0.5 * (np.array(COUNTS) / 10.0) ** -0.25
    moved = 30.0 * (cosines - margin * ONE_HOT)
    expected = keras.losses.CategoricalCrossentropy(from_logits=True)(ONE_HOT, moved)
    for y in (CODES, ONE_HOT):
        assert float(LDAM(COUNTS)(y, cosines)) == pytest.approx(float(expected), rel=1e-5)


def test_vector_scaling_is_cross_entropy_on_scaled_and_moved_logits():
    share = np.array(COUNTS) / 100
    moved = (share / share.max()) ** 0.3 * LOGITS + 0.5 * np.log(share)
    expected = keras.losses.CategoricalCrossentropy(from_logits=True)(ONE_HOT, moved)
    for y in (CODES, ONE_HOT):
        assert float(make(VectorScaling)(y, LOGITS)) == pytest.approx(float(expected), rel=1e-5)
    with pytest.raises(ValueError, match="`from_logits` must be True"):
        VectorScaling(COUNTS, from_logits=False)
