"""Evidence from weighted rows: whole weights are copies of rows, in every fit and every score."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from focalsweep.evidence.bootstrap import bootstrap_scores
from focalsweep.evidence.decision_rule import fit_decision_rule
from focalsweep.evidence.decision_weights import decide, fit_decision_weights
from focalsweep.evidence.gradient_shares import gradient_shares
from focalsweep.evidence.label_result import label_metrics, label_scores
from focalsweep.evidence.label_thresholds import fit_thresholds
from focalsweep.evidence.precision_recall import precision_recall
from focalsweep.evidence.predictions import predict
from focalsweep.evidence.prior_shift import prior_scores
from focalsweep.evidence.probabilities import probabilities
from focalsweep.evidence.references import score_references
from focalsweep.evidence.temperature import fit_temperature
from focalsweep.losses.arms import class_weighted
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.objective import cost_objective, multi_label_objective, objective
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View
from tests.evidence.labelled import labelled_fold

COUNTS = [60, 30, 10]
NAMES = ("a", "b", "c")
DECIDING = ["macro_f1", "balanced_accuracy", "mcc", "geometric_mean", "worst_class_recall"]
COSTS = cost_objective([[0, 1, 1], [2, 0, 2], [20, 9, 0]])


def whole_weights(rows, seed=5):
    return np.random.default_rng(seed).integers(1, 4, rows).astype(np.float64)


def copies(weights):
    return np.repeat(np.arange(len(weights)), weights.astype(int))


def with_weights(view, weights):
    both = np.concatenate([np.ones(view.n_train), weights])
    return replace(view, weights=both.astype(np.float32))


def with_copies(view, rows):
    order = np.concatenate([np.arange(view.n_train), view.n_train + rows])
    return replace(view, features=view.features[order], labels=view.labels[order])


def both(chosen, folds):
    """The same chosen point on weighted rows, and on copies of rows."""
    inner, test = whole_weights(len(chosen.inner_labels)), whole_weights(len(chosen.test_labels), 6)
    sizes = [len(folds.views[m.view].eval_labels) for m in chosen.inner_members]
    parts = np.split(inner, np.cumsum(sizes)[:-1])
    weighted, copied = list(folds.views), list(folds.views)
    for index, weights in [
        (chosen.scope.refit, test),
        *((m.view, part) for m, part in zip(chosen.inner_members, parts, strict=True)),
    ]:
        weighted[index] = with_weights(folds.views[index], weights)
        copied[index] = with_copies(folds.views[index], copies(weights))
    scope = replace(chosen.scope, inner=tuple(m.view for m in chosen.inner_members))
    heavy = replace(chosen, scope=scope, inner_weights=inner, test_weights=test)
    more = replace(
        chosen,
        scope=scope,
        inner_logits=chosen.inner_logits[copies(inner)],
        inner_labels=chosen.inner_labels[copies(inner)],
        test_logits=chosen.test_logits[:, copies(test)],
        test_labels=chosen.test_labels[copies(test)],
    )
    return (heavy, replace(folds, views=tuple(weighted))), (
        more,
        replace(folds, views=tuple(copied)),
    )


@pytest.fixture
def of_classes(draw_rows, make_chosen):
    draw = partial(draw_rows, prior=np.array(COUNTS) / 100)
    (chosen,), folds = make_chosen(
        [(draw(150, seed=1), draw(120, seed=2))],
        counts=COUNTS,
        point=class_weighted(COUNTS),
        logits=lambda log_eta: 1.4 * log_eta,
    )
    return both(chosen, folds)


@pytest.fixture
def of_labels():
    return both(*labelled_fold(n_inner=150, n_test=120, logits=lambda z: 1.3 * z + 0.4))


@pytest.mark.parametrize("choice", [*map(objective, DECIDING), COSTS], ids=lambda each: each.name)
def test_decision_weights_of_weighted_rows_are_those_of_copies(choice, of_classes):
    (heavy, _), (more, _) = of_classes
    fitted = fit_decision_weights(
        heavy.inner_logits, heavy.inner_labels, objective=choice, weights=heavy.inner_weights
    )
    copied = fit_decision_weights(more.inner_logits, more.inner_labels, objective=choice)

    def reached(weights):
        counts = confusion_counts(
            more.inner_labels, decide(more.inner_logits, weights), n_classes=3
        )
        return choice.utility(confusion=counts)

    # From 200 rows on not every position is looked at, and there are more copies than rows.
    assert reached(fitted) == pytest.approx(reached(copied), abs=0.01)
    assert reached(fitted) >= reached(np.zeros(3))
    ones = np.ones(len(heavy.inner_labels))
    plain = fit_decision_weights(heavy.inner_logits, heavy.inner_labels, objective=choice)
    given = fit_decision_weights(
        heavy.inner_logits, heavy.inner_labels, objective=choice, weights=ones
    )
    np.testing.assert_array_equal(plain, given)


def test_few_weighted_rows_get_exactly_the_decision_weights_of_copies(draw_rows):
    rows, weights = draw_rows(60, prior=np.array(COUNTS) / 100, seed=4), whole_weights(60)
    order = copies(weights)
    for choice in (objective("macro_f1"), COSTS):
        fitted = fit_decision_weights(rows.log_eta, rows.labels, objective=choice, weights=weights)
        copied = fit_decision_weights(rows.log_eta[order], rows.labels[order], objective=choice)
        np.testing.assert_allclose(fitted, copied, atol=1e-9)


def test_masses_of_classes_and_of_rows_multiply(draw_rows):
    rows = draw_rows(80, prior=np.array(COUNTS) / 100, seed=4)
    mass, choice = np.array([0.5, 1.0, 3.0]), objective("macro_f1")
    by_class = fit_decision_weights(rows.log_eta, rows.labels, objective=choice, mass=mass)
    by_row = fit_decision_weights(
        rows.log_eta, rows.labels, objective=choice, weights=mass[rows.labels]
    )
    np.testing.assert_allclose(by_class, by_row, atol=1e-9)
    one, other = (
        fit_decision_weights(rows.log_eta, rows.labels, objective=choice, mass=m, weights=w)
        for m, w in ((mass, 2.0 * mass[rows.labels]), (2.0 * mass**2, np.ones(80)))
    )
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_temperature_and_expected_cost_read_the_weights(of_classes):
    (heavy, _), (more, _) = of_classes
    fitted = fit_temperature(heavy.inner_logits, heavy.inner_labels, weights=heavy.inner_weights)
    assert fitted == pytest.approx(fit_temperature(more.inner_logits, more.inner_labels), rel=1e-4)
    rule = fit_decision_rule(
        heavy.inner_logits,
        heavy.inner_labels,
        objective=COSTS,
        log_posterior=heavy.inner_logits,
        weights=np.where(heavy.inner_labels == 2, 1e-6, 1.0),
    )
    plain = fit_decision_rule(
        heavy.inner_logits, heavy.inner_labels, objective=COSTS, log_posterior=heavy.inner_logits
    )
    called = [
        (each.decide(log_proba=heavy.inner_logits, log_posterior=heavy.inner_logits) == 2).sum()
        for each in (rule, plain)
    ]
    assert called[0] < called[1]


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "balanced_accuracy", "mcc"])
def test_thresholds_of_weighted_rows_are_those_of_copies(name, of_labels):
    (heavy, _), (more, _) = of_labels
    choice = multi_label_objective(name)
    table, other = (
        np.stack([-z / 2, z / 2], axis=-1) for z in (heavy.inner_logits, more.inner_logits)
    )
    fitted = fit_thresholds(
        table, heavy.inner_labels, objective=choice, weights=heavy.inner_weights
    )
    copied = fit_thresholds(other, more.inner_labels, objective=choice)
    np.testing.assert_allclose(fitted, copied, atol=1e-9)
    assert (fitted != 0).any()


@pytest.mark.parametrize("name", ["macro_f1", "log_loss"])
@pytest.mark.parametrize("data", ["of_classes", "of_labels"])
def test_scores_on_test_rows_are_those_of_copies(data, name, request):
    sides = request.getfixturevalue(data)
    choice = multi_label_objective(name) if data == "of_labels" else objective(name)
    heavy, more = (predict(entry, folds=folds, objective=choice) for entry, folds in sides)
    more = replace(more, decision=heavy.decision[:, copies(heavy.weights)])
    for decision in (False, True):
        np.testing.assert_array_equal(
            heavy.confusions(decision=decision), more.confusions(decision=decision)
        )
        assert heavy.score(choice, decision=decision) == pytest.approx(
            more.score(choice, decision=decision), abs=1e-12
        )


@pytest.mark.parametrize("data", ["of_classes", "of_labels"])
def test_curves_and_probabilities_are_those_of_copies(data, request):
    sides = request.getfixturevalue(data)
    choice = multi_label_objective("macro_f1") if data == "of_labels" else objective("macro_f1")
    (heavy, more) = (
        ([entry], [predict(entry, folds=folds, objective=choice)], folds) for entry, folds in sides
    )
    for curve, other in zip(
        precision_recall(heavy[1], class_names=NAMES),
        precision_recall(more[1], class_names=NAMES),
        strict=True,
    ):
        assert curve.average_precision == pytest.approx(other.average_precision, abs=1e-12)
    own, copied = (probabilities(c, p, folds=folds) for c, p, folds in (heavy, more))
    assert own.temperature == pytest.approx(copied.temperature, rel=1e-4)
    for part in ("raw", "corrected", "scaled"):
        one, other = getattr(own, part), getattr(copied, part)
        assert one.log_loss == pytest.approx(other.log_loss, rel=1e-5)
        assert one.brier_score == pytest.approx(other.brier_score, rel=1e-5)
        # Bins of weighted rows end at other quantiles, see `reliability`.
        assert one.calibration_error == pytest.approx(other.calibration_error, abs=0.02)


def test_further_scores_of_labels_are_those_of_copies(of_labels):
    choice = multi_label_objective("macro_f1")
    heavy, more = ([predict(e, folds=f, objective=choice)] for e, f in of_labels)
    own, copied = label_metrics(heavy), label_metrics(more)
    assert own == pytest.approx(copied, abs=1e-12)
    for label, other in zip(
        label_scores(heavy, class_names=NAMES), label_scores(more, class_names=NAMES), strict=True
    ):
        assert label.argmax == other.argmax
        assert label.average_precision == pytest.approx(other.average_precision, abs=1e-12)


@pytest.mark.parametrize("name", ["macro_f1", "log_loss"])
def test_scores_under_other_priors_are_those_of_copies(name, of_classes):
    choice = objective(name)
    scores = []
    for entry, folds in of_classes:
        fold = predict(entry, folds=folds, objective=choice)
        priors = {"even": [1, 1, 1]}
        scores.append(prior_scores([entry], [fold], folds=folds, objective=choice, priors=priors))
    assert scores[0]["even"] == pytest.approx(scores[1]["even"], abs=0.01)


@pytest.mark.parametrize("data", ["of_classes", "of_labels"])
def test_shares_of_the_gradient_are_those_of_copies(data, request):
    (heavy, folds), (more, others) = request.getfixturevalue(data)
    own = gradient_shares(heavy, None, folds=folds)
    copied = gradient_shares(more, None, folds=others)
    for part in ("by_class", "by_difficulty", "rows_by_difficulty"):
        assert getattr(own, part) == pytest.approx(getattr(copied, part), abs=1e-9)


@pytest.mark.parametrize("grouped", [False, True], ids=["rows", "groups"])
@pytest.mark.parametrize("name", ["macro_f1", "log_loss"])
@pytest.mark.parametrize("data", ["of_classes", "of_labels"])
def test_the_bootstrap_draws_rows_and_counts_weights(data, name, grouped, request):
    (heavy, folds), (more, others) = request.getfixturevalue(data)
    choice = multi_label_objective(name) if data == "of_labels" else objective(name)
    fold, copied = (
        predict(entry, folds=views, objective=choice)
        for entry, views in ((heavy, folds), (more, others))
    )
    output = partial(fold.output, choice, decision=False)
    groups = np.arange(len(fold.labels)) // 4 if grouped else None
    shared = {"n_classes": 3, "objective": choice, "replicates": 200, "seed": 3}
    bootstrap = partial(bootstrap_scores, labels=fold.labels, groups=groups, **shared)
    observed, samples = bootstrap(output()[None], weights=fold.weights)
    other, _ = bootstrap_scores(
        copied.output(choice, decision=False)[None], labels=copied.labels, **shared
    )
    np.testing.assert_allclose(observed, other, atol=1e-12)
    assert np.isfinite(samples).all()
    # Weights of one draw the very same rows.
    plain, same = (bootstrap(output()[None], weights=w) for w in (None, np.ones(len(fold.labels))))
    np.testing.assert_allclose(plain[1], same[1], rtol=1e-12)
    assert not np.allclose(plain[1], samples)


def test_rows_that_one_heavy_row_outweighs_leave_a_wide_interval():
    labels = np.repeat([0, 1], 50)
    predicted = np.where(np.arange(100) % 2 == 0, labels, 1 - labels)
    weights = np.where(np.arange(100) % 50 == 0, 100.0, 1.0)
    shared = {"labels": labels, "n_classes": 2, "objective": objective("balanced_accuracy")}
    _, even = bootstrap_scores(predicted[None, None], **shared)
    _, heavy = bootstrap_scores(predicted[None, None], weights=weights, **shared)
    assert heavy.std() > 2 * even.std()


def reference_view(multi_label, *, copied):
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(3), [60, 40, 20])).astype(np.int32)
    features = (rng.normal(size=(120, 3)) + 1.2 * np.eye(3)[codes]).astype(np.float32)
    labels = np.eye(3, dtype=np.int8)[codes] if multi_label else codes
    weights = whole_weights(120)
    order = np.arange(120)
    if copied:
        order = np.concatenate([copies(weights[:80]), 80 + copies(weights[80:])])
    n_train = int(weights[:80].sum()) if copied else 80
    counts = np.bincount(codes[:80], weights=weights[:80], minlength=3)
    natural = np.stack([counts.sum() - counts, counts], axis=1) if multi_label else counts
    view = View(
        name="outer",
        features=features[order],
        labels=labels[order],
        n_train=n_train,
        natural_counts=natural,
    )
    if copied:
        return view
    # In the unit of copies, which scikit-learn's penalty sees.
    return WholeWeights(**{**vars(view), "weights": weights.astype(np.float32)})


class WholeWeights(View):
    """A view whose training weights stay whole numbers, as copies of rows are."""

    @property
    def train_weights(self):
        return self.weights[: self.n_train].astype(np.float64)


@pytest.mark.parametrize("name", ["macro_f1", "log_loss"])
@pytest.mark.parametrize("multi_label", [False, True], ids=["classes", "labels"])
def test_linear_references_are_those_of_copies(name, multi_label):
    choice = multi_label_objective(name) if multi_label else objective(name)
    evaluation = Evaluation(
        kind="nested", folds=2, repeats=1, inner_folds=2, refit_seeds=1, test_fraction=0.25
    )
    own, copied = (
        score_references(
            [reference_view(multi_label, copied=each)] * 2, evaluation=evaluation, objective=choice
        )
        for each in (False, True)
    )
    for one, other in zip(own, copied, strict=True):
        # Trees bin by rows and leave five rows to a leaf, so that they agree only roughly.
        near = 1e-3 if "logistic" in one.name else 0.15
        assert one.score == pytest.approx(other.score, abs=near)
