"""LDAM, its cosine control and vector scaling: the papers' formulas and what they contain."""

import numpy as np
import pytest

from focalsweep.losses import arms
from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.margin_arms import cross_entropy_cosine, ldam, ldam_drw, vector_scaling

COUNTS = np.array([1000, 300, 20, 5])


def losses(point, cosines, labels):
    """The family's losses of rows whose head gave `cosines`."""
    return np.asarray(
        sparse_family_loss(
            cosines.astype(np.float32),
            labels,
            weight=point.weight,
            gamma=point.gamma,
            scale=point.scale,
            offset=point.offset,
            margin=point.margin,
        )
    )


def test_ldam_is_the_papers_loss():
    rng = np.random.default_rng(0)
    cosines, labels = rng.uniform(-1, 1, (50, 4)), rng.integers(0, 4, 50)
    # As published: subtract the margin from the true cosine, then scale, then cross-entropy.
    margins = COUNTS**-0.25 * (0.5 / (COUNTS**-0.25).max())
    moved = cosines.copy()
    moved[np.arange(50), labels] -= margins[labels]
    proba = np.exp(30 * moved) / np.exp(30 * moved).sum(axis=1, keepdims=True)
    expected = -np.log(proba[np.arange(50), labels])
    recipe = ldam(COUNTS, scale=30.0, largest_margin=0.5)
    assert recipe.head == "cosine"
    np.testing.assert_allclose(losses(recipe.last.loss, cosines, labels), expected, rtol=1e-4)


def test_the_rarest_class_has_the_largest_margin_in_units_of_the_scale():
    for scale, largest in ((5.0, 0.1), (60.0, 0.8)):
        margin = ldam(COUNTS, scale=scale, largest_margin=largest).last.loss.margin
        assert margin.argmax() == COUNTS.argmin()
        assert margin.max() == pytest.approx(scale * largest)
        np.testing.assert_allclose(margin * COUNTS**0.25, margin[0] * COUNTS[0] ** 0.25)


def test_the_control_is_ldam_without_its_margin():
    control = cross_entropy_cosine(COUNTS, scale=12.0)
    bare = ldam(COUNTS, scale=12.0, largest_margin=0.0)
    assert control.head == bare.head == "cosine"
    for role in ("weight", "gamma", "scale", "offset", "margin"):
        found, expected = getattr(control.last.loss, role), getattr(bare.last.loss, role)
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(control.last.loss.margin, np.zeros(4))
    np.testing.assert_array_equal(control.last.loss.scale, np.full(4, 12.0))


def test_deferred_ldam_changes_its_weights_and_nothing_else():
    recipe = ldam_drw(COUNTS, scale=30.0, largest_margin=0.5, start=0.8)
    before, after = recipe.stages
    assert (before.start, after.start, recipe.head) == (0.0, 0.8, "cosine")
    assert not after.head_only
    assert after.sampling == 0.0
    np.testing.assert_array_equal(before.loss.weight, np.ones(4))
    np.testing.assert_array_equal(after.loss.weight, arms.class_weighted(COUNTS).weight)
    np.testing.assert_array_equal(before.loss.margin, after.loss.margin)
    np.testing.assert_array_equal(before.loss.scale, after.loss.scale)


def test_vector_scaling_contains_logit_adjustment_and_cross_entropy():
    for tau in (0.0, 1.3):
        point = vector_scaling(COUNTS, spread=0.0, tau=tau)
        expected = arms.logit_adjusted(COUNTS, tau=tau)
        np.testing.assert_array_equal(point.scale, np.ones(4))
        np.testing.assert_allclose(point.offset, expected.offset)


def test_vector_scaling_shrinks_the_logits_of_rare_classes():
    point = vector_scaling(COUNTS, spread=0.3, tau=0.0)
    np.testing.assert_allclose(point.scale, (COUNTS / COUNTS.max()) ** 0.3)
    np.testing.assert_array_equal(point.offset, np.zeros(4))


def test_equal_counts_leave_only_a_common_margin_and_no_scaling():
    equal = np.full(4, 50)
    np.testing.assert_allclose(
        ldam(equal, scale=10.0, largest_margin=0.5).last.loss.margin, np.full(4, 5.0)
    )
    np.testing.assert_array_equal(vector_scaling(equal, spread=0.4, tau=1.0).scale, np.ones(4))


def test_a_class_without_rows_gives_finite_numbers():
    for point in (
        ldam([50, 0], scale=30.0, largest_margin=0.5).last.loss,
        vector_scaling([50, 0], spread=0.5, tau=1.0),
    ):
        for role in ("weight", "scale", "offset", "margin"):
            assert np.isfinite(getattr(point, role)).all()
