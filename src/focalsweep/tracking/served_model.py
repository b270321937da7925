"""What MLflow calls to load an arm's model: raw columns in, probabilities out.

`mlflow.pyfunc.load_model(uri).predict(frame)` gives a column of probabilities a class;
``params={"output": "logits"}`` the network's logits, and ``{"output": "classes"}`` the decided
class names. Where rows carry labels, ``{"output": "labels"}`` gives a column of 0 and 1 a label,
by the fitted thresholds. `mlflow.keras.load_model(uri)` gives the plain network for preprocessed
numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from focalsweep.data.conform import conform
from focalsweep.errors import InputError, UserError
from focalsweep.evidence.model_facts import PREPROCESSOR_FILE

if TYPE_CHECKING:
    from focalsweep.evidence.final_model import FinalModel

NETWORK_FILE = "model.keras"
FACTS_FILE = "model.json"

Output = Literal["probabilities", "logits", "classes", "labels"]
OUTPUTS: tuple[str, ...] = get_args(Output)


class ServedModel:
    """Predict the way MLflow asks: a table in, a table out."""

    def __init__(self, model: FinalModel) -> None:
        self.model = model

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return probabilities, logits, or what is decided, in the order of the rows.

        Raises
        ------
        ValueError
            When ``params["output"]`` is unknown or of the other task, or a column is missing.
        """
        output = (params or {}).get("output", OUTPUTS[0])
        facts = self.model.facts
        if facts.written:  # text that says more than the preprocessor reads
            index = model_input.index
            try:
                model_input = conform(
                    model_input, columns=facts.columns, kinds=facts.kinds, written=facts.written
                ).set_axis(index)
            except UserError as error:
                raise InputError(str(error)) from None
        names = list(self.model.facts.classes)
        decides = "labels" if self.model.facts.task == "multi_label" else "classes"
        outputs = ("probabilities", "logits", decides)
        if output not in outputs:
            raise ValueError(f"`output` must be one of {outputs}. Received: {output!r}.")
        if output == decides:
            return self.model.decisions(model_input).set_index(model_input.index)
        make = self.model.logits if output == "logits" else self.model.probabilities
        return pd.DataFrame(make(model_input), columns=names, index=model_input.index)


def _load_pyfunc(path: str) -> ServedModel:
    """Load from the data folder of an MLflow model: the name is MLflow's."""
    from focalsweep.evidence.final_model import load_final_model

    data = Path(path)
    return ServedModel(
        load_final_model(
            data / NETWORK_FILE, facts=data / FACTS_FILE, preprocessor=data / PREPROCESSOR_FILE
        )
    )
