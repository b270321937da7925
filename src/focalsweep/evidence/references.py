"""Reference rows: two scikit-learn models, plain and balanced, beside the arms.

Multi-label data get one model a label.

They are never arms and no verdict reads them. They show when the network is the problem: where
boosted trees or a linear model score far above every arm, the choice of a loss is a detail.

Each is one sensible setting and not a search, so each is a lower bound of what its kind can do, and
cheap on purpose. Logistic regression has scikit-learn's own. Boosting has 30 rounds of trees with
8 leaves of at least 5 rows: scikit-learn's own 100 rounds of 31 leaves took ten times as long on
yeast (10 classes; 2.6 s a fit) and scored lower there, because rare classes do not fill a leaf of
20 rows. Models run on one thread: with two threads on two busy cores that fit took two minutes,
spent in waiting for each other.

Rows with weights are fitted and scored by them; that a leaf has 5 rows at least is asked of rows
whatever they weigh.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # by scikit-learn

from focalsweep.evidence.bootstrap import bootstrap_scores
from focalsweep.evidence.label_references import fitted, label_outputs
from focalsweep.evidence.paired import Posterior, SampledPosterior, corrected_t
from focalsweep.evidence.result import ReferenceResult
from focalsweep.evidence.score_interval import score_interval
from focalsweep.metrics.confusion import confusion_counts
from focalsweep.metrics.label_scores import label_counts
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.probability import row_log_loss
from focalsweep.metrics.row_mean import row_mean
from focalsweep.search.folds import Evaluation
from focalsweep.training.member import View

Array = NDArray[np.float64]


BOOSTING_ROUNDS = 30

MOST_BOOSTED = 100
"""Classes, or labels: boosting grows a tree a class and round, so that one fit of 600 classes and
10,000 rows takes 20 s, and a sweep has two a fold."""


class ReferenceModel(NamedTuple):
    """Hold a name for tables, whether classes are balanced, and how to make the estimator."""

    label: str
    is_balanced: bool
    make_estimator: Callable[[int], Any]
    """From a seed to an unfitted scikit-learn classifier."""


def reference_models(n_classes: int = 2) -> dict[str, ReferenceModel]:
    """Return the reference models by name; no boosting of more than `MOST_BOOSTED` classes."""

    def logistic(class_weight: str | None) -> Callable[[int], Any]:
        return lambda seed: LogisticRegression(max_iter=500, class_weight=class_weight)

    def boosting(class_weight: str | None) -> Callable[[int], Any]:
        return lambda seed: HistGradientBoostingClassifier(
            max_iter=BOOSTING_ROUNDS,
            max_leaf_nodes=8,
            min_samples_leaf=5,
            l2_regularization=1.0,
            early_stopping=False,
            class_weight=class_weight,
            random_state=seed,
        )

    linear = {
        "logistic_regression": ReferenceModel("Logistic regression", False, logistic(None)),
        "logistic_regression_balanced": ReferenceModel(
            "Logistic regression, balanced", True, logistic("balanced")
        ),
    }
    if n_classes > MOST_BOOSTED:
        return linear
    return linear | {
        "gradient_boosting": ReferenceModel("Gradient boosting", False, boosting(None)),
        "gradient_boosting_balanced": ReferenceModel(
            "Gradient boosting, balanced", True, boosting("balanced")
        ),
    }


def score_references(
    views: Sequence[View],
    *,
    evaluation: Evaluation,
    objective: Objective,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> tuple[ReferenceResult, ...]:
    """Fit every reference model on each outer fold's training rows and score its test rows.

    Log-loss is scored as it is for the arms: after moving probabilities from the priors that the
    model was trained to (uniform when balanced) to the natural ones. A logistic regression that
    has not converged after 500 iterations is scored as it is, without a warning.

    Parameters
    ----------
    views : sequence of View
        Outer folds, preprocessed.
    evaluation : Evaluation
        Nested or holdout: where the interval comes from, as for the arms.
    objective : Objective
        What is scored. Predictions are plain argmax: references get no decision weights.
    groups : int array of shape (test rows,), optional
        Of a holdout's test rows, which the bootstrap then draws whole.
    seed : int, default 0
        The same seed gives the same scores.

    Returns
    -------
    tuple of ReferenceResult
        One a model, with utilities: up is better.
    """
    return tuple(
        _result(
            name,
            model,
            views,
            evaluation=evaluation,
            objective=objective,
            groups=groups,
            seed=seed,
        )
        for name, model in reference_models(len(views[0].natural_counts)).items()
    )


def _result(
    name: str,
    model: ReferenceModel,
    views: Sequence[View],
    *,
    evaluation: Evaluation,
    objective: Objective,
    groups: NDArray[np.int64] | None,
    seed: int,
) -> ReferenceResult:
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        outputs = [_outputs(model, view, objective=objective, seed=seed) for view in views]
    posterior: Posterior
    if evaluation.kind == "nested":
        scores = [_utility(o, v, objective=objective) for o, v in zip(outputs, views, strict=True)]
        ratio = float(np.mean([len(v.eval_labels) / v.natural_rows for v in views]))
        posterior = corrected_t(scores, test_train_ratio=ratio)
    else:
        (view,), (output,) = views, outputs
        observed, samples = bootstrap_scores(
            output[None, None],
            labels=view.eval_labels,
            n_classes=len(view.natural_counts),
            objective=objective,
            groups=groups,
            weights=view.eval_weights,
            seed=seed,
        )
        posterior = SampledPosterior(mean=float(observed[0]), samples=samples[0])
    return ReferenceResult(
        name=name,
        label=model.label,
        score=posterior.mean,
        interval=score_interval(posterior, objective=objective),
    )


def _outputs(
    model: ReferenceModel, view: View, *, objective: Objective, seed: int
) -> NDArray[np.generic]:
    if objective.multi_label:
        return label_outputs(
            lambda: model.make_estimator(seed),
            view,
            is_balanced=model.is_balanced,
            objective=objective,
        )
    n = view.n_train
    features = np.asarray(view.features, dtype=np.float64)
    estimator = fitted(
        model.make_estimator(seed),
        features[:n],
        view.labels[:n],
        weights=view.train_weights,
        is_balanced=model.is_balanced,
    )
    if objective.uses_decisions:
        return np.asarray(estimator.predict(features[n:]), dtype=np.int64)
    raw = np.asarray(estimator.decision_function(features[n:]), dtype=np.float64)
    if raw.ndim == 1:  # two classes: the logit of the second
        raw = np.stack([np.zeros_like(raw), raw], axis=1)
    # A class without training rows is taken to be as likely as one row among them: probability 0
    # would make one row's log-loss infinite, and with it every comparison.
    log_proba = np.full((len(raw), len(view.natural_counts)), -np.log(n + 1.0))
    log_proba[:, estimator.classes_] = log_softmax(raw, axis=1)
    trained = np.ones(len(view.natural_counts)) if model.is_balanced else view.train_counts
    shift = _log_prior(view.natural_counts) - _log_prior(trained)
    return row_log_loss(log_softmax(log_proba + shift, axis=1), view.eval_labels)


def _log_prior(counts: NDArray[Any]) -> Array:
    # 1 instead of 0 rows: -inf minus -inf would be NaN where probability 0 is meant.
    rows = np.where(counts > 0, counts, 1)
    return np.asarray(np.log(rows / counts.sum()), dtype=np.float64)


def _utility(output: NDArray[np.generic], view: View, *, objective: Objective) -> float:
    if not objective.uses_decisions:
        losses = output.astype(np.float64)
        return float(objective.utility(log_loss=row_mean(losses, view.eval_weights)))
    if objective.multi_label:
        by_label = label_counts(view.eval_labels, output, weights=view.eval_weights)
        return float(objective.utility(confusion=by_label))
    n_classes = len(view.natural_counts)
    counts = confusion_counts(
        view.eval_labels, output, n_classes=n_classes, weights=view.eval_weights
    )
    return float(objective.utility(confusion=counts))
