"""From logits to the evidence: every number of a result against its own computation."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import log_softmax, softmax
from sklearn import metrics as sklearn_metrics

from focalsweep.data.dataset import Dataset
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.assess import Assessment, assess
from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.decision_weights import fit_decision_weights
from focalsweep.evidence.facts import ClassFacts, PriorScenario
from focalsweep.evidence.refit import Chosen
from focalsweep.losses import arms as families
from focalsweep.losses.recipe import Recipe
from focalsweep.metrics.objective import OBJECTIVES, cost_objective, objective
from focalsweep.search.arm import Arm, Nuisance
from focalsweep.search.folds import ALL_ROWS, Evaluation, Folds, Scope
from focalsweep.search.rounds import OpenStudy
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, View

N_FOLDS, N_SEEDS, N_CLASSES = 3, 2, 3
TRAIN_COUNTS = np.array([60, 30, 10])
TEST_COUNTS = np.array([24, 12, 4])
INNER_COUNTS = np.array([30, 15, 5])
TEST_LABELS = np.repeat(np.arange(3), TEST_COUNTS).astype(np.int32)
INNER_LABELS = np.repeat(np.arange(3), INNER_COUNTS).astype(np.int32)
NESTED = Evaluation(
    kind="nested", folds=N_FOLDS, repeats=1, inner_folds=2, refit_seeds=N_SEEDS, test_fraction=0.3
)
HOLDOUT = replace(NESTED, kind="holdout", folds=1)
CROSS_ENTROPY = Arm(
    name="cross_entropy", label="CE", family="cross_entropy", make_loss=families.cross_entropy
)
WEIGHTED = Arm(
    name="class_weighted", label="W", family="class_weights", make_loss=families.class_weighted
)
FOCAL = Arm(name="focal_gamma", label="F", family="focal", make_loss=families.focal)
NUISANCE = Nuisance(defaults={"learning_rate": 1e-3, "weight_decay": 0.0}, search={})
SKILL = {"cross_entropy": 0.7, "class_weighted": 1.0, "focal_gamma": 1.6}
POINTS = {
    "cross_entropy": {},
    "class_weighted": {"tau": 1.0},
    "focal_gamma": {"gamma": 2.0},
}


DATASET = Dataset(
    name="planted",
    features=pd.DataFrame({"x": np.zeros(len(INNER_LABELS))}),
    labels=INNER_LABELS,
    class_names=("a", "b", "c"),
    origin="made here",
)


def make_view(name: str, evaluated: np.ndarray) -> View:
    labels = np.concatenate([np.repeat(np.arange(3), TRAIN_COUNTS), evaluated])
    return View(
        name=name,
        features=np.zeros((len(labels), 1), np.float32),
        labels=labels.astype(np.int32),
        n_train=int(TRAIN_COUNTS.sum()),
        natural_counts=TRAIN_COUNTS,
    )


def make_folds(n_folds: int) -> Folds:
    """One refit view an outer fold, and one inner view that all scopes share."""
    views = [make_view(f"{fold}/refit", TEST_LABELS) for fold in range(n_folds)]
    views.append(make_view("inner", INNER_LABELS))
    inner = (n_folds,)
    scopes = [
        Scope(name=str(fold), counts=TRAIN_COUNTS, inner=inner, refit=fold)
        for fold in range(n_folds)
    ]
    everything = TRAIN_COUNTS + TEST_COUNTS
    scopes.append(Scope(name=ALL_ROWS, counts=everything, inner=inner, refit=None))
    rows = [np.arange(len(view.labels)) for view in views]
    # The inner view's evaluation rows are the dataset's.
    rows[-1] = np.concatenate([np.zeros(TRAIN_COUNTS.sum(), int), np.arange(len(INNER_LABELS))])
    return Folds(views=tuple(views), scopes=tuple(scopes), rows=tuple(rows))


def logits(arm: Arm, fold: int | str, purpose: str, shape: tuple[int, ...], labels) -> np.ndarray:
    seed = [len(arm.name), 99 if fold == ALL_ROWS else int(fold), len(purpose)]
    noise = np.random.default_rng(seed).normal(size=(*shape, N_CLASSES))
    # Rare classes are scored too low, so that decision weights have something to do.
    prior = np.log(TRAIN_COUNTS / TRAIN_COUNTS.sum())
    skilled = noise + SKILL[arm.name] * np.eye(N_CLASSES)[labels] * 1.5 + prior
    return skilled.astype(np.float32)


def member(arm: Arm, scope: Scope, seed: int, *, inner: bool = False) -> Member:
    return Member(
        key=MemberKey(f"{arm.name}/{scope.name}", 0, -1, seed),
        view=scope.inner[0] if inner else scope.refit or 0,
        recipe=Recipe.plain(arm.make_loss(TRAIN_COUNTS, **POINTS[arm.name])),
        schedule=3,
        learning_rate=2e-3,
        weight_decay=3e-2,
        epochs=3,
    )


def make_chosen(arm: Arm, scope: Scope) -> Chosen:
    is_outer = scope.refit is not None
    inner_score = 0.3 + 0.2 * SKILL[arm.name] + 0.01 * (int(scope.name) if is_outer else 7)
    return Chosen(
        arm=arm,
        scope=scope,
        trial=Trial(
            number=4,
            parameters=POINTS[arm.name],
            outcome=Outcome(value=inner_score, epochs=3, curve=(0.1, 0.2, inner_score)),
        ),
        recipe=Recipe.plain(arm.make_loss(scope.counts, **POINTS[arm.name])),
        point=arm.make_loss(scope.counts, **POINTS[arm.name]),
        failed_trials=1,
        inner_logits=logits(arm, scope.name, "inner", (len(INNER_LABELS),), INNER_LABELS),
        inner_labels=INNER_LABELS,
        inner_members=(member(arm, scope, 0, inner=True),),
        test_logits=logits(arm, scope.name, "test", (N_SEEDS, len(TEST_LABELS)), TEST_LABELS)
        if is_outer
        else np.empty((0, 0, N_CLASSES), np.float32),
        test_labels=TEST_LABELS if is_outer else np.empty(0, np.int32),
        refit_members=tuple(member(arm, scope, 1 + i) for i in range(N_SEEDS)) if is_outer else (),
    )


def judged(
    name: str = "macro_f1",
    *,
    evaluation: Evaluation = NESTED,
    arms=(CROSS_ENTROPY, WEIGHTED, FOCAL),
    change: Callable[[Chosen], Chosen] = lambda chosen: chosen,
    costs=None,
) -> Assessment:
    folds = make_folds(evaluation.n_outer)
    chosen = [change(make_chosen(arm, scope)) for scope in folds.scopes for arm in arms]
    return assess(
        [make_study(entry) for entry in chosen],
        chosen,
        pd.DataFrame(columns=["arm", "fold", "trial", "state", "value"]),
        dataset=DATASET,
        folds=folds,
        evaluation=evaluation,
        nuisance=NUISANCE,
        objective=objective(name) if costs is None else cost_objective(costs),
        rule=VerdictRule(),
        estimator="order",
        classes=[ClassFacts(name=name, count=100, share=1 / 3) for name in DATASET.class_names],
        priors=[PriorScenario(name="rare", priors=(0.98, 0.01, 0.01))],
        references=[],
        shortfall=None,
        cut=None,
        seed=0,
    )


def make_study(chosen: Chosen) -> OpenStudy:
    """Stand for the finished study of one chosen trial."""
    return OpenStudy(
        arm=chosen.arm,
        scope=chosen.scope,
        study=SimpleNamespace(finished=lambda: [chosen.trial]),
        equal_priors=False,
        epochs=3,
    )


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    return judged()


def test_thresholds_on_costs_are_shares_of_what_cross_entropy_costs():
    costs = np.array([[0.0, 2.0, 2.0], [9.0, 0.0, 9.0], [50.0, 50.0, 0.0]])
    assessment = judged(costs=costs)
    paid = -arm_named(assessment, "cross_entropy").decision_score
    shares = (TRAIN_COUNTS + TEST_COUNTS) / (TRAIN_COUNTS + TEST_COUNTS).sum()
    unit = min(paid, (shares @ costs).min())
    for found in assessment.comparisons:
        low, high = corrected_interval(np.array(found.differences))
        scale = (high - low) / 2 / stats.t.ppf(0.975, N_FOLDS - 1)
        for threshold, probability in ((0.01, found.p_better), (0.03, found.p_much_better)):
            distance = (found.mean - threshold * unit) / scale
            assert probability == pytest.approx(stats.t.cdf(distance, N_FOLDS - 1))


def arm_named(assessment: Assessment, name: str) -> ArmResult:
    return next(arm for arm in assessment.arms if arm.name == name)


def f1(predicted) -> float:
    return sklearn_metrics.f1_score(TEST_LABELS, predicted, average="macro", zero_division=0)


def planted(arm: Arm, fold: int, *, decision: bool, name: str = "macro_f1") -> np.ndarray:
    """Predictions of each seed, computed here."""
    log_proba = log_softmax(
        logits(arm, fold, "test", (N_SEEDS, len(TEST_LABELS)), TEST_LABELS).astype(float), axis=-1
    )
    if decision:
        inner = logits(arm, fold, "inner", (len(INNER_LABELS),), INNER_LABELS).astype(float)
        log_proba = log_proba + fit_decision_weights(
            log_softmax(inner, axis=-1), INNER_LABELS, objective=objective(name)
        )
    return log_proba.argmax(axis=-1)


def fold_scores(arm: Arm, *, decision: bool, n_folds: int = N_FOLDS) -> np.ndarray:
    return np.array(
        [
            np.mean([f1(predicted) for predicted in planted(arm, fold, decision=decision)])
            for fold in range(n_folds)
        ]
    )


def corrected_interval(values: np.ndarray) -> tuple[float, float]:
    """Nadeau and Bengio's interval, written out."""
    n = len(values)
    scale = np.sqrt((1 / n + TEST_COUNTS.sum() / TRAIN_COUNTS.sum()) * values.var(ddof=1))
    return stats.t.interval(0.95, n - 1, loc=values.mean(), scale=scale)


@pytest.mark.parametrize("arm", [CROSS_ENTROPY, WEIGHTED, FOCAL], ids=lambda arm: arm.name)
def test_scores_are_macro_f1_of_each_seed_and_fold_averaged(assessment, arm):
    result = arm_named(assessment, arm.name)
    argmax, decision = (fold_scores(arm, decision=decision) for decision in (False, True))
    assert [fold.argmax_score for fold in result.folds] == pytest.approx(argmax)
    assert [fold.decision_score for fold in result.folds] == pytest.approx(decision)
    assert result.argmax_score == pytest.approx(argmax.mean())
    assert result.decision_score == pytest.approx(decision.mean())
    assert not np.allclose(argmax, decision)


@pytest.mark.parametrize("arm", [CROSS_ENTROPY, FOCAL], ids=lambda arm: arm.name)
def test_intervals_are_corrected_for_folds_that_share_rows(assessment, arm):
    result = arm_named(assessment, arm.name)
    for interval, decision in ((result.argmax_interval, False), (result.decision_interval, True)):
        # No macro-F1 lies beyond 0 and 1.
        expected = np.clip(corrected_interval(fold_scores(arm, decision=decision)), 0.0, 1.0)
        assert (interval.low, interval.high) == pytest.approx(expected)


def test_differences_are_paired_by_fold_with_decision_weights_on_both_sides(assessment):
    assert arm_named(assessment, "cross_entropy").difference is None
    control = fold_scores(CROSS_ENTROPY, decision=True)
    for arm in (WEIGHTED, FOCAL):
        difference = arm_named(assessment, arm.name).difference
        d = fold_scores(arm, decision=True) - control
        assert difference.against == "cross_entropy"
        assert difference.mean == pytest.approx(d.mean())
        interval = (difference.interval.low, difference.interval.high)
        assert interval == pytest.approx(corrected_interval(d))
        assert difference.p_holm >= difference.p_value


def test_the_inner_score_is_the_mean_over_outer_folds_and_that_of_the_best_point_is_its_own(
    assessment,
):
    result = arm_named(assessment, "focal_gamma")
    assert result.inner_score == pytest.approx(0.63)
    assert [fold.inner_score for fold in result.folds] == pytest.approx([0.62, 0.63, 0.64])
    assert result.best.inner_score == pytest.approx(0.3 + 0.2 * 1.6 + 0.07)


def test_the_best_point_is_that_of_the_search_on_all_rows(assessment):
    best = arm_named(assessment, "class_weighted").best
    everything = TRAIN_COUNTS + TEST_COUNTS
    assert best.alpha == pytest.approx(families.class_weighted(everything, tau=1.0).weight)
    assert best.gamma == (0.0, 0.0, 0.0)
    assert (best.trial, best.epochs, best.parameters) == (4, 3, {"tau": 1.0})
    assert (best.learning_rate, best.weight_decay) == (2e-3, 3e-2)
    assert best.curve[-1] == best.inner_score
    inner = logits(WEIGHTED, ALL_ROWS, "inner", (len(INNER_LABELS),), INNER_LABELS)
    weights = fit_decision_weights(
        log_softmax(inner.astype(float), axis=-1), INNER_LABELS, objective=objective("macro_f1")
    )
    assert best.decision_weights == pytest.approx(np.exp(weights))


def test_a_best_value_of_zero_is_zero():
    def without_skill(chosen: Chosen) -> Chosen:
        outcome = Outcome(value=0.0, epochs=1, curve=(0.0,))
        return replace(chosen, trial=replace(chosen.trial, outcome=outcome))

    result = arm_named(judged("worst_class_recall", change=without_skill), "cross_entropy")
    assert result.best.inner_score == 0.0
    assert result.inner_score == 0.0


def test_confusions_add_test_rows_of_all_folds_averaged_over_seeds(assessment):
    result = arm_named(assessment, "focal_gamma")
    for shown, decision in ((result.confusion, False), (result.decision_confusion, True)):
        expected = np.sum(
            [
                np.mean(
                    [
                        sklearn_metrics.confusion_matrix(TEST_LABELS, p, labels=range(3))
                        for p in planted(FOCAL, fold, decision=decision)
                    ],
                    axis=0,
                )
                for fold in range(N_FOLDS)
            ],
            axis=0,
        )
        assert np.array(shown) == pytest.approx(expected)
        assert np.sum(shown, axis=1) == pytest.approx(N_FOLDS * TEST_COUNTS)


def test_further_metrics_are_those_of_scikit_learn(assessment):
    result = arm_named(assessment, "cross_entropy")
    predictions = [
        p for fold in range(N_FOLDS) for p in planted(CROSS_ENTROPY, fold, decision=False)
    ]
    probabilities = [
        softmax(z.astype(float), axis=-1)
        for fold in range(N_FOLDS)
        for z in logits(CROSS_ENTROPY, fold, "test", (N_SEEDS, len(TEST_LABELS)), TEST_LABELS)
    ]
    expected = {
        "balanced_accuracy": sklearn_metrics.balanced_accuracy_score,
        "mcc": sklearn_metrics.matthews_corrcoef,
    }
    for name, score in expected.items():
        assert result.metrics[name] == pytest.approx(
            np.mean([score(TEST_LABELS, p) for p in predictions])
        )
    log_loss = np.mean([sklearn_metrics.log_loss(TEST_LABELS, p) for p in probabilities])
    assert result.metrics["log_loss_raw"] == pytest.approx(log_loss)
    assert result.metrics["log_loss_corrected"] == pytest.approx(log_loss, rel=1e-5)
    brier = np.mean([((p - np.eye(3)[TEST_LABELS]) ** 2).sum(axis=1).mean() for p in probabilities])
    assert result.metrics["brier_score_corrected"] == pytest.approx(brier, rel=1e-5)
    assert {name for name, each in OBJECTIVES.items() if each.uses_decisions} < set(result.metrics)


def test_failed_trials_are_counted_over_all_studies_of_an_arm(assessment):
    assert arm_named(assessment, "focal_gamma").failed_trials == N_FOLDS + 1


def test_an_arm_says_how_its_probabilities_were_corrected_or_why_not(assessment):
    assert arm_named(assessment, "focal_gamma").correction == "corrected to the data's posterior"

    def smoothed(chosen: Chosen) -> Chosen:
        return replace(chosen, point=replace(chosen.point, smoothing=0.1))

    shown = arm_named(judged(change=smoothed), "focal_gamma").correction
    assert shown.startswith("not corrected: ")


def test_arms_keep_their_order_and_the_order_changes_no_number(assessment):
    other = judged(arms=(FOCAL, CROSS_ENTROPY, WEIGHTED))
    assert [arm.name for arm in assessment.arms] == [
        "cross_entropy",
        "class_weighted",
        "focal_gamma",
    ]
    assert [arm.name for arm in other.arms] == ["focal_gamma", "cross_entropy", "class_weighted"]
    assert {arm.name: arm for arm in assessment.arms} == {arm.name: arm for arm in other.arms}
    assert assessment.verdict == other.verdict


def test_an_arm_that_is_far_ahead_in_every_fold_wins_the_verdict():
    def planted_skill(chosen: Chosen) -> Chosen:
        if chosen.arm is not FOCAL or chosen.scope.refit is None:
            return chosen
        perfect = np.broadcast_to(20 * np.eye(3)[TEST_LABELS], chosen.test_logits.shape)
        return replace(chosen, test_logits=perfect.astype(np.float32))

    assessment = judged(change=planted_skill)
    assert assessment.verdict.decision == "use_focal"
    assert assessment.verdict.arm == "focal_gamma"
    assert arm_named(assessment, "focal_gamma").argmax_score == 1.0


def test_log_loss_is_a_utility_and_has_no_decision_weights():
    assessment = judged("log_loss")
    for arm in (CROSS_ENTROPY, WEIGHTED, FOCAL):
        result = arm_named(assessment, arm.name)
        assert result.argmax_score == result.decision_score
        assert result.argmax_interval == result.decision_interval
        assert result.best.decision_weights is None
        assert result.argmax_score == pytest.approx(-result.metrics["log_loss_corrected"])
    raw = arm_named(assessment, "class_weighted").metrics
    assert raw["log_loss_raw"] != pytest.approx(raw["log_loss_corrected"])


def test_a_holdout_scores_its_one_split_and_resamples_test_rows_for_intervals():
    assessment = judged(evaluation=HOLDOUT)
    for arm in (CROSS_ENTROPY, WEIGHTED, FOCAL):
        result = arm_named(assessment, arm.name)
        (argmax,) = fold_scores(arm, decision=False, n_folds=1)
        (decision,) = fold_scores(arm, decision=True, n_folds=1)
        assert result.argmax_score == pytest.approx(argmax)
        assert result.decision_score == pytest.approx(decision)
        assert len(result.folds) == 1
        for interval, score in (
            (result.argmax_interval, argmax),
            (result.decision_interval, decision),
        ):
            # Macro-F1 is biased under resampling; 40 rows give a width of tens of points.
            assert 0.05 < interval.high - interval.low < 0.5
            assert interval.low < score + 0.1
            assert interval.high > score - 0.1
    focal = arm_named(assessment, "focal_gamma").difference
    assert focal.mean == pytest.approx(
        fold_scores(FOCAL, decision=True, n_folds=1)[0]
        - fold_scores(CROSS_ENTROPY, decision=True, n_folds=1)[0]
    )


def test_a_holdout_of_log_losses_is_judged_too():
    assessment = judged("log_loss", evaluation=HOLDOUT)
    for arm in assessment.arms:
        assert arm.argmax_interval.low < arm.argmax_score < arm.argmax_interval.high


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT], ids=["nested", "holdout"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_refit_that_predicts_nothing_lowers_a_score_and_breaks_nothing(name, evaluation):
    def diverged(chosen: Chosen) -> Chosen:
        if chosen.arm is not FOCAL or chosen.scope.name != "0":
            return chosen
        test_logits = chosen.test_logits.copy()
        test_logits[0] = 0.0
        return replace(chosen, test_logits=test_logits)

    before = arm_named(judged(name, evaluation=evaluation), "focal_gamma")
    after = arm_named(judged(name, evaluation=evaluation, change=diverged), "focal_gamma")
    assert np.isfinite(after.argmax_score)
    assert after.argmax_score < before.argmax_score
    assert after.folds[1:] == before.folds[1:]
