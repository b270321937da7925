"""Predict with a model that a sweep left behind: from raw columns to probabilities and decisions.

The file ``<arm>.keras`` is a plain Keras model from preprocessed numbers to logits. This puts the
sweep's preprocessor before it, and after it the closed-form correction and the decision layer by
which the sweep's test rows were scored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit, log_softmax

from focalsweep.data.answers import answered, in_order
from focalsweep.data.portable_preprocessor import read_preprocessor
from focalsweep.data.preprocessing import Preprocessor
from focalsweep.errors import InputError
from focalsweep.evidence.decision_rule import DecisionRule, ExpectedCost
from focalsweep.evidence.model_facts import ModelFacts
from focalsweep.losses.posterior import corrected_log_proba, two_class_logits

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

    def preprocess(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return what the network takes, shape (rows, columns made).

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
        # Wide columns, which the sweep kept sparse, stand behind the others.
        plain = len(self.preprocessor.columns)
        wide = ordered.iloc[:, plain:]
        return self.preprocessor.transform(
            ordered.iloc[:, :plain],
            csr_array(wide.to_numpy(np.float32)) if wide.shape[1] else None,
        )

    def logits(self, features: pd.DataFrame) -> NDArray[np.float32]:
        """Return the network's logits z, shape (rows, classes).

        Raises
        ------
        ValueError
            As `preprocess`; or when a code is none of those that the network has a place for.
        """
        rows = self.preprocess(features)
        try:
            return np.asarray(self.network(rows))
        except tf.errors.InvalidArgumentError as error:
            raise InputError(
                f"The rows must hold codes that the model of `{self.facts.arm}` has a place for. "
                f"Received: numbers from {rows.min():g} to {rows.max():g}; leave rows with other "
                "codes out."
            ) from error

    def probabilities(self, features: pd.DataFrame) -> Floats:
        """Return probabilities (rows, classes): corrected where possible, else the arm's own.

        Of labels they are those of carrying each, (rows, labels).
        """
        proba = np.exp(self._log_posterior(self.logits(features)))
        return proba[..., 1] if self._is_multi_label else proba

    def decide(self, features: pd.DataFrame) -> NDArray[Any]:
        """Decide by the sweep's decision layer, in the type of the target.

        Returns
        -------
        array of shape (rows,), (rows, labels), or (rows, target columns) of one-hot targets
        """
        facts = self.facts
        answers = facts.answers or in_order({}, facts.classes, labels=self._is_multi_label)
        return answered(self._codes(features), answers)

    def decisions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Decide into a table: a column ``class``, or a column a label."""
        facts = self.facts
        if self._is_multi_label:
            return pd.DataFrame(self.decide(features), columns=list(facts.classes))
        codes = self._codes(features)
        one_hot = any(isinstance(answer, tuple) for answer in facts.answers)
        answers = facts.classes if one_hot else facts.answers or facts.classes
        return pd.DataFrame({"class": answered(codes, answers)})

    def _codes(self, features: pd.DataFrame) -> NDArray[np.integer]:
        logits, facts = self.logits(features), self.facts
        if self._is_multi_label:
            own = expit(logits.astype(np.float64))
            return np.asarray(own > np.array(facts.thresholds or (0.5,)), dtype=np.int8)
        costs = facts.costs and ExpectedCost(
            costs=facts.costs,
            temperature=facts.temperature,
            log_prior_shift=np.zeros(len(facts.classes)),
        )
        rule = DecisionRule(log_weights=np.array(facts.log_weights), expected_cost=costs or None)
        return rule.decide(log_proba=self._own(logits), log_posterior=self._log_posterior(logits))

    @property
    def _is_multi_label(self) -> bool:
        return self.facts.task == "multi_label"

    def _own(self, logits: NDArray[np.float32]) -> Floats:
        if self._is_multi_label:
            return np.asarray(log_softmax(two_class_logits(logits), axis=-1))
        scaled = np.array(self.facts.logit_scale) * logits.astype(np.float64)
        return np.asarray(log_softmax(scaled, axis=-1))

    def _log_posterior(self, logits: NDArray[np.float32]) -> Floats:
        if self.facts.loss is None:
            return self._own(logits)
        undone = {name: np.array(vector) for name, vector in self.facts.loss.items()}
        seen = two_class_logits(logits) if self._is_multi_label else logits
        return np.asarray(corrected_log_proba(seen, **undone), np.float64)


def load_final_model(network: Path, *, facts: Path, preprocessor: Path) -> FinalModel:
    """Load an arm's model from its three files; nothing that they hold is run."""
    model = keras.saving.load_model(network, compile=False)
    return FinalModel(
        network=lambda rows: model.predict(rows, batch_size=1024, verbose=0),
        preprocessor=read_preprocessor(preprocessor),
        facts=ModelFacts.model_validate_json(facts.read_text(encoding="utf-8")),
    )
