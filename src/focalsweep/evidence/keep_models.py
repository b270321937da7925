"""Write the models that a sweep leaves behind, one an arm, trained on all rows.

Each stands at the point that the search on all rows chose, trained for its epochs with the first
refit seed; the score of the arm is that of the procedure that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep.data.answers import in_order
from focalsweep.data.conform import kinds_of
from focalsweep.data.dataset import Dataset
from focalsweep.data.portable_preprocessor import preprocessor_bytes
from focalsweep.evidence.label_thresholds import thresholds
from focalsweep.evidence.model_facts import PREPROCESSOR_FILE, SAMPLE_FILE, ModelFacts
from focalsweep.evidence.predictions import own_decision_rule
from focalsweep.evidence.refit import Chosen
from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.point import LossPoint
from focalsweep.losses.posterior import correction_refusal
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.metrics.objective import Objective
from focalsweep.models.cosine_head import with_cosine_head
from focalsweep.models.refusal import unsaveable
from focalsweep.search.folds import Folds
from focalsweep.training.member import Member

SAMPLE_ROWS = 10

Weights = Sequence[NDArray[np.floating]]


def keep_models(
    chosen: Sequence[Chosen],
    *,
    folds: Folds,
    dataset: Dataset,
    objective: Objective,
    build_model: Callable[[int], keras.Model],
    into: Path,
) -> list[str]:
    """Write one model an arm, and return the arms whose final training diverged.

    Parameters
    ----------
    chosen : sequence of Chosen
        Of the sweep; those of all rows with a final member are written.
    folds, dataset, objective
        The sweep's.
    build_model : callable
        Makes the Keras model for a number of preprocessed columns.
    into : Path
        The folder `MODELS_FOLDER`; made when missing.
    """
    final = [(entry, entry.final_member) for entry in chosen if entry.final_member is not None]
    if not final:
        return []
    into.mkdir(parents=True, exist_ok=True)
    assert folds.preprocessor is not None  # where there is a final member, it was fitted
    (into / PREPROCESSOR_FILE).write_bytes(preprocessor_bytes(folds.preprocessor))
    _sample(dataset).to_csv(into / SAMPLE_FILE, index=False)
    diverged = []
    for entry, member in final:
        name = entry.arm.name
        if entry.final_weights is None:
            diverged.append(name)
            continue
        model = build_model(folds.views[member.view].features.shape[1])
        if unsaveable(model):  # said before training
            continue
        _with_weights(model, entry, entry.final_weights).save(into / f"{name}.keras")
        facts = _facts(entry, member, folds=folds, dataset=dataset, objective=objective)
        (into / f"{name}.json").write_text(facts.model_dump_json(indent=2) + "\n", "utf-8")
    return diverged


def _with_weights(model: keras.Model, entry: Chosen, weights: Weights) -> keras.Model:
    if entry.recipe.head == "cosine":
        model = with_cosine_head(model)
    # Frozen features were not trained and stand before the head that was.
    for variable, value in zip(model.weights[-len(weights) :], weights, strict=True):
        variable.assign(value)
    return model


def _facts(
    entry: Chosen, member: Member, *, folds: Folds, dataset: Dataset, objective: Objective
) -> ModelFacts:
    view = folds.views[member.view]
    own = member.posterior_point(view.train_counts)
    refused = correction_refusal(own) or view.correctable
    rule = own_decision_rule(entry, folds=folds, objective=objective)
    undone = {}
    if refused is None and not isinstance(own, KerasPoint):
        point = own.two_class() if isinstance(own, SigmoidPoint) else own
        undone = {
            "weight": point.weight,
            "gamma": point.gamma,
            "scale": point.scale,
            "offset": point.offset,
            "margin": point.margin,
            "log_prior_shift": view.log_prior_shift,
        }
    scale = np.ones(dataset.n_classes)
    if isinstance(entry.point, LossPoint) and entry.recipe.head == "cosine":
        scale = entry.point.scale
    labelled = dataset.multi_label
    return ModelFacts(
        arm=entry.arm.name,
        task="multi_label" if labelled else "single_label",
        classes=dataset.class_names,
        answers=in_order(dataset.answers, dataset.class_names, labels=labelled),
        columns=dataset.input_columns,
        kinds=kinds_of(dataset),
        written=dict(dataset.written),
        rows=view.n_train,
        epochs=member.epochs,
        seed=member.key.seed,
        logit_scale=tuple(np.asarray(scale, float).tolist()),
        loss=None
        if refused
        else {name: tuple(np.asarray(v).tolist()) for name, v in undone.items()},
        refusal=refused,
        log_weights=() if labelled else tuple(rule.log_weights.tolist()),
        thresholds=tuple(thresholds(rule.log_weights).tolist()) if labelled else (),
        costs=None if rule.expected_cost is None else rule.expected_cost.costs,
        temperature=1.0 if rule.expected_cost is None else rule.expected_cost.temperature,
    )


def _sample(dataset: Dataset) -> pd.DataFrame:
    """Return the first row of each class or label, a few at most: what the model takes."""
    if dataset.multi_label:
        first = np.unique(dataset.labels.argmax(axis=0))
    else:
        _, first = np.unique(dataset.labels, return_index=True)
    rows = np.sort(first)[:SAMPLE_ROWS]
    plain = dataset.features.iloc[rows]
    if dataset.sparse is None:
        return plain
    names = dataset.input_columns[plain.shape[1] :]
    wide = pd.DataFrame(dataset.sparse[rows].toarray(), index=plain.index, columns=list(names))
    return pd.concat([plain, wide], axis=1)
