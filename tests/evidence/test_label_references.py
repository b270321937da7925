import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier

from focalsweep.data.multi_label_synthetic import latent_factors, sample_labels
from focalsweep.evidence import references
from focalsweep.evidence.label_references import label_outputs
from focalsweep.evidence.references import reference_models, score_references
from focalsweep.metrics.objective import multi_label_objective
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View

F1, LOSS = (multi_label_objective(name) for name in ("macro_f1", "log_loss"))
PROBLEM = latent_factors(
    labels=3, features=4, factors=2, share=0.4, ratio=4.0, common=0.9, noise=0.3
)


def labelled_view(seed, *, rows=400, n_train=300):
    points, labels = sample_labels(PROBLEM, rows=rows, seed=seed)
    present = labels[:n_train].sum(axis=0)
    return View(
        name=f"outer-{seed}",
        features=points.astype(np.float32),
        labels=labels,
        n_train=n_train,
        natural_counts=np.stack([n_train - present, present], axis=1),
    )


def logistic(class_weight=None):
    return LogisticRegression(max_iter=500, class_weight=class_weight)


def test_decisions_are_those_of_one_against_the_rest():
    view = labelled_view(0)
    x, n = np.asarray(view.features, np.float64), view.n_train
    expected = OneVsRestClassifier(logistic()).fit(x[:n], view.labels[:n]).predict(x[n:])
    found = label_outputs(logistic, view, is_balanced=False, objective=F1)
    assert (found == expected).all()


def test_boosting_says_a_label_by_its_logit_too():
    view = labelled_view(0)
    x, n = np.asarray(view.features, np.float64), view.n_train

    def boosting():
        return HistGradientBoostingClassifier(max_iter=5, early_stopping=False, random_state=0)

    found = label_outputs(boosting, view, is_balanced=False, objective=F1)
    own = boosting().fit(x[:n], view.labels[:n, 1]).predict(x[n:])
    assert (found[:, 1] == own).all()


def test_balanced_probabilities_are_moved_back_before_log_loss():
    view = labelled_view(1, rows=6000, n_train=4000)
    plain = label_outputs(logistic, view, is_balanced=False, objective=LOSS).mean()
    balanced = label_outputs(
        lambda: logistic("balanced"), view, is_balanced=True, objective=LOSS
    ).mean()
    as_it_is = label_outputs(
        lambda: logistic("balanced"), view, is_balanced=False, objective=LOSS
    ).mean()
    assert balanced == pytest.approx(plain, abs=0.01)
    assert as_it_is > plain + 0.05


def test_a_label_that_training_never_saw_is_never_said_and_costs_no_infinity():
    view = labelled_view(2)
    view.labels[: view.n_train, 2] = 0
    assert not label_outputs(logistic, view, is_balanced=False, objective=F1)[:, 2].any()
    losses = label_outputs(logistic, view, is_balanced=False, objective=LOSS)
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("kind", ["nested", "holdout"])
def test_references_are_scored_like_arms(kind, monkeypatch):
    models = {"logistic_regression": reference_models()["logistic_regression"]}
    monkeypatch.setattr(references, "reference_models", lambda n_classes: models)
    how = Evaluation(kind=kind, folds=3, repeats=1, inner_folds=3, refit_seeds=3, test_fraction=0.2)
    views = [labelled_view(seed) for seed in range(3 if kind == "nested" else 1)]
    (found,) = score_references(views, evaluation=how, objective=F1)
    expected = np.mean(
        [
            f1_score(
                view.eval_labels,
                label_outputs(logistic, view, is_balanced=False, objective=F1),
                average="macro",
            )
            for view in views
        ]
    )
    assert found.score == pytest.approx(expected)
    assert found.interval.low < found.score < found.interval.high
