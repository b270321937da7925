"""Steps are timed on rows that are cut short, with every class in what is left."""

import numpy as np
import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.prepare import prepare
from focalsweep.search.folds import Folds
from focalsweep.time_limit.timed_training import MOST_STEPS, _shortened
from focalsweep.training.member import View

SMALL = ("tracking=none", "dataset=synthetic", "dataset.rows=90", "dataset.ratio=3", "model=linear")


def plan_of(*overrides):
    return prepare(compose_sweep("smoke", [*SMALL, *overrides]).config)


def test_long_epochs_are_cut_for_timing_and_every_class_stays():
    plan = plan_of("dataset.rows=3000", "optimizer.batch_size=16", "dataset.classes=6")
    short, share = _shortened(plan.folds, batch_size=16)
    assert max(view.n_train for view in short.views) == MOST_STEPS * 16
    assert share == pytest.approx(
        sum(len(view.labels) for view in short.views)
        / sum(len(view.labels) for view in plan.folds.views)
    )
    for view, whole in zip(short.views, plan.folds.views, strict=True):
        assert view.train_counts.min() > 0
        assert np.array_equal(view.natural_counts, view.train_counts)
        assert view.features.shape == (len(view.labels), whole.features.shape[1])
    assert max(view.n_train for view in plan.folds.views) > MOST_STEPS * 16


def test_views_of_several_labels_are_cut_with_every_label_present_and_absent():
    view = View(
        name="0/refit",
        features=np.ones((400, 3), np.float32),
        labels=np.zeros((400, 5), np.int8),
        n_train=300,
        natural_counts=np.array([[300, 0]] * 5),
    )
    short, share = _shortened(Folds(views=(view,), scopes=()), batch_size=5)
    (cut,) = short.views
    assert (cut.n_train, share) == (MOST_STEPS * 5, 0.5)
    assert cut.labels.shape == (200, 5)
    assert cut.train_counts.min() > 0


def test_short_epochs_are_timed_whole():
    plan = plan_of()
    assert _shortened(plan.folds, batch_size=plan.batch_size) == (plan.folds, 1.0)
