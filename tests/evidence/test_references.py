import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from threadpoolctl import threadpool_limits

from focalsweep.evidence import references
from focalsweep.evidence.paired import corrected_t
from focalsweep.evidence.references import (
    MOST_BOOSTED,
    _outputs,
    reference_models,
    score_references,
)
from focalsweep.metrics.objective import cost_objective, objective
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View

MEANS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.5]])


def evaluation(kind):
    return Evaluation(
        kind=kind, folds=5, repeats=2, inner_folds=3, refit_seeds=3, test_fraction=0.2
    )


NESTED, HOLDOUT = evaluation("nested"), evaluation("holdout")


def gaussian_view(seed, *, n_train=300, n_test=150, train_prior=(0.8, 0.15, 0.05), natural=None):
    """Three shifted Gaussians; a training prior of its own stands for an imbalance profile."""
    rng = np.random.default_rng(seed)
    prior = np.array(train_prior if natural is None else natural)
    labels = np.concatenate(
        [
            rng.choice(3, n_train, p=train_prior),
            rng.choice(3, n_test, p=prior),
        ]
    ).astype(np.int32)
    counts = np.bincount(labels[:n_train], minlength=3)
    return View(
        name=f"outer-{seed}",
        features=(MEANS[labels] + rng.normal(size=(len(labels), 2))).astype(np.float32),
        labels=labels,
        n_train=n_train,
        natural_counts=counts if natural is None else (1000 * prior).astype(np.int64),
    )


VIEWS = [gaussian_view(seed) for seed in range(3)]


@pytest.fixture
def only_logistic(monkeypatch):
    """Leave boosting out where a test is about what both kinds share."""
    models = {k: v for k, v in reference_models().items() if k.startswith("logistic")}
    monkeypatch.setattr(references, "reference_models", lambda n_classes: models)


def by_name(views, name="macro_f1", how=NESTED, **rest):
    found = score_references(views, evaluation=how, objective=objective(name), **rest)
    return {reference.name: reference for reference in found}


def test_there_are_two_kinds_of_model_each_plain_and_balanced():
    assert list(by_name(VIEWS[:2])) == [
        "logistic_regression",
        "logistic_regression_balanced",
        "gradient_boosting",
        "gradient_boosting_balanced",
    ]


@pytest.mark.usefixtures("only_logistic")
def test_scores_are_those_of_scikit_learn_on_the_views_own_split():
    scores = []
    for view in VIEWS:
        x, n = view.features.astype(float), view.n_train
        model = LogisticRegression(max_iter=500).fit(x[:n], view.labels[:n])
        scores.append(f1_score(view.labels[n:], model.predict(x[n:]), average="macro"))
    found = by_name(VIEWS)["logistic_regression"]
    assert found.score == pytest.approx(np.mean(scores))
    expected = np.clip(corrected_t(scores, test_train_ratio=0.5).interval(), 0.0, 1.0)
    assert (found.interval.low, found.interval.high) == pytest.approx(expected)


@pytest.mark.usefixtures("only_logistic")
def test_a_holdout_takes_its_interval_from_its_test_rows():
    view = gaussian_view(0, n_test=1000)
    found = by_name([view], how=HOLDOUT)["logistic_regression"]
    assert found.interval.low < found.score < found.interval.high
    assert 0.02 < found.interval.high - found.interval.low < 0.3


@pytest.mark.parametrize("name", ["mcc", "log_loss"])
def test_the_same_seed_gives_the_same_scores_twice(name):
    first, second = by_name(VIEWS[:2], name), by_name(VIEWS[:2], name)
    assert first == second
    assert all(np.isfinite(reference.score) for reference in first.values())


@pytest.mark.usefixtures("only_logistic")
def test_log_loss_of_two_classes_is_scikit_learns():
    rng = np.random.default_rng(5)
    labels = rng.choice(2, 500, p=[0.8, 0.2]).astype(np.int32)
    view = View(
        name="two",
        features=(labels[:, None] + rng.normal(size=(500, 2))).astype(np.float32),
        labels=labels,
        n_train=300,
        natural_counts=np.bincount(labels[:300]),
    )
    x = view.features.astype(float)
    model = LogisticRegression(max_iter=500).fit(x[:300], labels[:300])
    expected = -log_loss(labels[300:], model.predict_proba(x[300:]))
    found = by_name([view], "log_loss", HOLDOUT)["logistic_regression"]
    assert found.score == pytest.approx(expected)


def test_balancing_finds_more_of_the_rare_classes():
    found = by_name(VIEWS, "balanced_accuracy")
    for kind in ("logistic_regression", "gradient_boosting"):
        assert found[f"{kind}_balanced"].score > found[kind].score


@pytest.mark.usefixtures("only_logistic")
def test_log_loss_of_a_balanced_model_is_scored_at_the_natural_priors():
    # Without the shift it would believe in uniform classes and lose more than a tenth of a nat.
    views = [gaussian_view(seed, n_train=3000, n_test=3000) for seed in (0, 1)]
    found = by_name(views, "log_loss")
    plain, balanced = found["logistic_regression"], found["logistic_regression_balanced"]
    assert balanced.score == pytest.approx(plain.score, abs=0.02)


@pytest.mark.usefixtures("only_logistic")
def test_log_loss_under_an_imbalance_profile_is_scored_at_the_natural_priors():
    natural = (0.3, 0.3, 0.4)
    views = [
        gaussian_view(s, n_train=6000, n_test=3000, train_prior=(0.9, 0.05, 0.05), natural=natural)
        for s in (0, 1)
    ]
    same = [
        gaussian_view(s, n_train=6000, n_test=3000, train_prior=natural, natural=natural)
        for s in (0, 1)
    ]
    profiled = by_name(views, "log_loss")["logistic_regression"].score
    assert profiled == pytest.approx(
        by_name(same, "log_loss")["logistic_regression"].score, abs=0.03
    )


def test_test_rows_never_reach_the_models():
    # The same training rows, but a test set of which only the first half is shared.
    view = gaussian_view(9, n_test=400)
    features = view.features.copy()
    features[view.n_train + 200 :] = 1e3
    changed = replace(view, features=features)
    with threadpool_limits(limits=1):
        for model in reference_models().values():
            one, other = (
                _outputs(model, v, objective=objective("log_loss"), seed=0)[:200]
                for v in (view, changed)
            )
            np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("only_logistic")
def test_a_model_that_has_not_converged_is_scored_without_a_warning():
    rng = np.random.default_rng(0)
    hard = View(
        name="hard",
        features=(rng.normal(size=(400, 20)) * np.logspace(-3, 3, 20)).astype(np.float32),
        labels=rng.integers(0, 3, 400).astype(np.int32),
        n_train=300,
        natural_counts=np.array([100, 100, 100]),
    )
    plain = LogisticRegression(max_iter=500)
    with threadpool_limits(limits=1), pytest.warns(ConvergenceWarning):
        plain.fit(hard.features[:300].astype(float), hard.labels[:300])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(by_name([hard], how=HOLDOUT)["logistic_regression"].score)


@pytest.mark.usefixtures("only_logistic")
@pytest.mark.parametrize("how", [NESTED, HOLDOUT], ids=["nested", "holdout"])
def test_costs_of_zero_and_one_are_one_minus_accuracy(how):
    views = VIEWS if how is NESTED else VIEWS[:1]
    costs = cost_objective(1 - np.eye(3))
    found = score_references(views, evaluation=how, objective=costs)[0]
    accuracies = []
    for view in views:
        x, n = view.features.astype(float), view.n_train
        model = LogisticRegression(max_iter=500).fit(x[:n], view.labels[:n])
        accuracies.append(model.score(x[n:], view.labels[n:]))
    assert found.score == pytest.approx(np.mean(accuracies) - 1)
    assert found.interval.low < found.score < found.interval.high


def test_many_classes_are_not_boosted_which_would_take_longer_than_the_sweep():
    assert set(reference_models(MOST_BOOSTED + 1)) < set(reference_models(MOST_BOOSTED))
    assert all("logistic" in name for name in reference_models(MOST_BOOSTED + 1))
