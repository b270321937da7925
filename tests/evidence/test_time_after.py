"""What comes after training is told beforehand, to the right size."""

import time

import numpy as np
import pytest

from focalsweep.evidence.references import MOST_BOOSTED, reference_models, score_references
from focalsweep.evidence.time_after import time_after_training
from focalsweep.metrics.objective import cost_objective, multi_label_objective, objective
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View

F1 = objective("macro_f1")
NESTED = Evaluation(
    kind="nested", folds=3, repeats=1, inner_folds=2, refit_seeds=2, test_fraction=0.25
)
HOLDOUT = Evaluation(
    kind="holdout", folds=1, repeats=1, inner_folds=2, refit_seeds=2, test_fraction=0.25
)


def make_view(n_train=400, n_classes=3, labels=None) -> View:
    rng = np.random.default_rng(0)
    n = n_train + n_train // 3
    codes = np.arange(n, dtype=np.int32) % n_classes if labels is None else labels(rng, n)
    counts = np.bincount(codes[:n_train], minlength=n_classes) if codes.ndim == 1 else None
    if counts is None:
        present = codes[:n_train].sum(axis=0)
        counts = np.stack([n_train - present, present], axis=1)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    if codes.ndim == 1:
        features[:, 0] += codes
    return View(
        name="outer-0", features=features, labels=codes, n_train=n_train, natural_counts=counts
    )


def told(views, *, n_arms=2, evaluation=NESTED, goal=F1, references=True):
    return time_after_training(
        views, n_arms=n_arms, evaluation=evaluation, objective=goal, references=references
    )


def test_without_references_they_take_no_time():
    assert told([make_view()], references=False).references == 0.0


def test_references_take_about_what_they_are_said_to():
    views = [make_view(1200, 6)] * 3
    said = told(views).references
    began = time.perf_counter()
    score_references(views, evaluation=NESTED, objective=F1)
    took = time.perf_counter() - began
    assert said / 4 < took < 4 * said  # other work on the machine included


@pytest.mark.parametrize(
    ("goal", "evaluation", "labels"),
    [
        (F1, HOLDOUT, None),
        (objective("log_loss"), HOLDOUT, None),
        (cost_objective([[0, 1, 1], [2, 0, 1], [5, 1, 0]]), NESTED, None),
        (multi_label_objective("macro_f1"), HOLDOUT, True),
        (multi_label_objective("log_loss"), HOLDOUT, True),
    ],
    ids=["holdout", "log-loss", "costs", "labels", "labels, log-loss"],
)
def test_every_kind_of_sweep_has_its_time(goal, evaluation, labels):
    some = (lambda rng, n: (rng.random((n, 3)) < 0.3).astype(np.int8)) if labels else None
    after = told([make_view(labels=some)], evaluation=evaluation, goal=goal)
    assert min(after.references, after.evidence, after.report) > 0.0
    assert after.total == after.references + after.evidence + after.report


def test_more_rows_and_more_arms_take_longer():
    few = told([make_view(300)], references=False).evidence
    assert told([make_view(30_000)], references=False).evidence > 5 * few
    assert told([make_view(300)], n_arms=40, references=False).evidence > 5 * few


def test_many_classes_have_linear_references_only():
    assert set(reference_models(MOST_BOOSTED + 1)) < set(reference_models(MOST_BOOSTED))
    assert all("logistic" in name for name in reference_models(MOST_BOOSTED + 1))
