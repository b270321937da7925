"""Predict with a model that a sweep left behind: from raw columns to probabilities and decisions.

The file ``<arm>.keras`` is a plain Keras model from preprocessed numbers to logits. This puts the
sweep's preprocessor before it, and after it the closed-form correction and the decision layer by
which the sweep's test rows were scored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib
import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax

import focalsweep.models.cosine_head  # noqa: F401  (makes its layer known to Keras)
from focalsweep.data.preprocessing import Preprocessor
from focalsweep.evidence.decision_rule import DecisionRule, ExpectedCost
from focalsweep.evidence.model_facts import ModelFacts
from focalsweep.losses.posterior import corrected_log_proba

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FinalModel:
    """Predict from raw columns, as the sweep's test rows were predicted.

    Parameters
    ----------
    network : callable
        From preprocessed numbers, float32 (rows, columns made), to logits (rows, classes).
    preprocessor : Preprocessor
        Fitted on all rows.
    facts : ModelFacts
    """

    network: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    preprocessor: Preprocessor
    facts: ModelFacts

    def logits(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return the network's logits z, shape (rows, classes).

        Raises
        ------
        ValueError
            When a column is missing; further columns are not looked at.
        """
        missing = [name for name in self.facts.columns if name not in features.columns]
        if missing:
            raise ValueError(
                f"`features` must have the columns {list(self.facts.columns)}. Missing: {missing}."
            )
        ordered = features[list(self.facts.columns)]
        return np.asarray(self.network(self.preprocessor.transform(ordered)))

    def probabilities(self, features: pd.DataFrame) -> Floats:
        """Return class probabilities (rows, classes): corrected where possible, else softmax."""
        return np.exp(self._log_posterior(self.logits(features)))

    def decide(self, features: pd.DataFrame) -> NDArray[np.str_]:
        """Return class names (rows,), decided by the sweep's decision layer."""
        logits, facts = self.logits(features), self.facts
        costs = facts.costs and ExpectedCost(
            costs=facts.costs,
            temperature=facts.temperature,
            log_prior_shift=np.zeros(len(facts.classes)),
        )
        rule = DecisionRule(log_weights=np.array(facts.log_weights), expected_cost=costs or None)
        codes = rule.decide(log_proba=self._own(logits), log_posterior=self._log_posterior(logits))
        return np.array(facts.classes)[codes]

    def _own(self, logits: NDArray[np.float32]) -> Floats:
        scaled = np.array(self.facts.logit_scale) * logits.astype(np.float64)
        return np.asarray(log_softmax(scaled, axis=-1))

    def _log_posterior(self, logits: NDArray[np.float32]) -> Floats:
        if self.facts.loss is None:
            return self._own(logits)
        undone = {name: np.array(vector) for name, vector in self.facts.loss.items()}
        return np.asarray(corrected_log_proba(logits, **undone), np.float64)


def load_final_model(network: Path, *, facts: Path, preprocessor: Path) -> FinalModel:
    """Load an arm's model from its three files.

    The preprocessor is a pickle: load only what you trust, as with any scikit-learn model.
    """
    model = keras.saving.load_model(network, compile=False)
    return FinalModel(
        network=lambda rows: model.predict(rows, batch_size=1024, verbose=0),
        preprocessor=joblib.load(preprocessor),
        facts=ModelFacts.model_validate_json(facts.read_text(encoding="utf-8")),
    )
